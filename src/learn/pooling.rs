//! Pooling with its gradient, on the CPU backend by the crate `kernels`; other backends take burn's. A backend extension of burn,
//! as in [`conv`](super::conv).

use super::conv::{tensor, values};
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{IntDType, Shape, Tensor};

/// What becomes of each plane of [B, C, H, W].
#[derive(Clone, Copy, Debug)]
pub enum Pool {
    /// The greatest of each window, `side` × `side` numbers, two apart.
    Max { side: usize, padding: usize },
    /// The mean: [B, C, 1, 1].
    Mean,
}

/// Pooling of x [B, C, H, W].
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Pooling: Backend {
    /// The output [B, C, H′, W′].
    #[fusion(default)]
    fn pooled(x: FloatTensor<Self>, by: Pool) -> FloatTensor<Self> {
        let [batch, channels, height, width] = x.shape().dims();
        match by {
            Pool::Max { side, padding } => Self::max_pool2d(x, [side; 2], [2; 2], [padding; 2], [1; 2], false),
            Pool::Mean => {
                let rows = Self::float_reshape(x, Shape::from([batch, channels, height * width]));
                Self::float_reshape(Self::float_mean_dim(rows, 2), Shape::from([batch, channels, 1, 1]))
            }
        }
    }

    /// The gradient of x by that of the output.
    #[fusion(default)]
    fn pooled_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>, by: Pool) -> FloatTensor<Self> {
        match by {
            Pool::Max { side, padding } => {
                let (side, step, padding, dilation) = ([side; 2], [2; 2], [padding; 2], [1; 2]);
                let of = Self::max_pool2d_with_indices(x.clone(), side, step, padding, dilation, false, IntDType::I32);
                let indices = of.indices;
                Self::max_pool2d_with_indices_backward(x, side, step, padding, dilation, false, gradient, indices)
                    .x_grad
            }
            Pool::Mean => {
                let [.., height, width] = x.shape().dims::<4>();
                Self::float_expand(Self::float_div_scalar(gradient, (height * width).into()), x.shape())
            }
        }
    }
}

#[cfg(feature = "gpu")]
impl Pooling for burn_cubecl::CubeBackend {}

/// The greatest of each square window of `x`, two apart.
pub fn max_pool(x: Tensor<4>, side: usize, padding: usize) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::pooled(x.into_dispatch(), Pool::Max { side, padding }))
}

/// Mean over height and width: [B, C, H, W] to [B, C].
pub fn global_average(x: Tensor<4>) -> Tensor<2> {
    let [batch, channels, ..] = x.dims();
    Tensor::<4>::from_dispatch(Dispatch::pooled(x.into_dispatch(), Pool::Mean)).reshape([batch, channels])
}

type OnCpu = FloatTensor<Flex>;

impl Pooling for Flex {
    fn pooled(x: OnCpu, by: Pool) -> OnCpu {
        let ([batch, channels, height, width], x) = (x.shape().dims(), x.to_contiguous());
        let [rows, row] = match by {
            Pool::Max { side, padding } => [height, width].map(|length| (length + 2 * padding - side) / 2 + 1),
            Pool::Mean => [1, 1],
        };
        let mut y = kernels::zeros(batch * channels * rows * row);
        match by {
            Pool::Max { side, padding } => kernels::max_pool([height, width], side, padding, values(&x), &mut y),
            Pool::Mean => kernels::average(height * width, values(&x), &mut y),
        }
        tensor(y, &[batch, channels, rows, row])
    }

    fn pooled_gradient(x: OnCpu, gradient: OnCpu, by: Pool) -> OnCpu {
        let ([.., height, width], shape) = (x.shape().dims::<4>(), x.shape().to_vec());
        let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
        let (x, gradient) = (values(&x), values(&gradient));
        let mut dx = kernels::zeros(x.len());
        match by {
            Pool::Max { side, padding } => {
                kernels::max_pool_gradient([height, width], side, padding, x, gradient, &mut dx);
            }
            Pool::Mean => kernels::average_gradient(height * width, gradient, &mut dx),
        }
        tensor(dx, &shape)
    }
}

#[derive(Debug)]
struct Differentiated;

impl<B: Pooling> Backward<B, 1> for Differentiated {
    /// Where the checkpoint of x is.
    type State = (NodeId, Pool);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, checkpoints: &mut Checkpointer) {
        let (gradient, (x, by)) = (gradients.consume::<B>(&ops.node), ops.state);
        let x: FloatTensor<B> = checkpoints.retrieve_node_output(x);
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::pooled_gradient(x, gradient, by));
        }
    }
}

impl<B: Pooling, C: CheckpointStrategy> Pooling for Autodiff<B, C> {
    fn pooled(x: FloatTensor<Self>, by: Pool) -> FloatTensor<Self> {
        match Differentiated.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), by);
                prep.finish(state, B::pooled(x.into_primitive(), by))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::pooled(x.into_primitive(), by)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{global_average, max_pool};
    use burn::nn::{PaddingConfig2d, pool::MaxPool2dConfig};
    use burn::tensor::{Device, Distribution, Tensor, Tolerance};

    #[test]
    fn values_and_gradients_are_those_of_burns_operations() {
        let device = Device::flex().autodiff();
        let x = Tensor::<4>::random([3, 5, 9, 12], Distribution::Normal(0.0, 1.0), &device);
        let compared = |ours: &dyn Fn(Tensor<4>) -> Tensor<4>, burns: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            let [ours, burns] = [ours, burns].map(|pool| {
                let x = x.clone().require_grad();
                let y = pool(x.clone().swap_dims(2, 3));
                let gradients = y.clone().powi_scalar(2).sum().backward();
                [y.inner(), x.grad(&gradients).unwrap()].map(Tensor::into_data)
            });
            for (ours, burns) in ours.into_iter().zip(burns) {
                ours.assert_approx_eq::<f32>(&burns, Tolerance::rel_abs(1e-5, 1e-6));
            }
        };
        for (side, padding) in [(3, 1), (3, 0), (2, 0)] {
            let [high, wide] = [padding; 2];
            let of = MaxPool2dConfig::new([side; 2]).with_strides([2; 2]);
            let of = of.with_padding(PaddingConfig2d::Explicit(high, wide, high, wide)).init();
            compared(&|x| max_pool(x, side, padding), &|x| of.forward(x));
        }
        compared(&|x| global_average(x).reshape([3, 5, 1, 1]), &|x| x.mean_dim(2).mean_dim(3));
    }
}
