//! Batch normalisation with the ReLU that follows it, as one operation: on the CPU backend two passes over memory where
//! burn's operations make some ten. Other backends take burn's. A backend extension of burn, as in [`conv`](super::conv).

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, TensorData};
use kernels::Norm;

/// Normalisation of x [B, C, …] by the statistics of the batch; weight, bias, mean and variance are [C].
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait BatchNormalisation: Backend {
    /// The output, the mean and the biased variance.
    #[fusion(default)]
    fn batch_normalised(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let batch = Self::batch_norm_train(x, weight, bias, epsilon);
        let y = if rectified { Self::relu(batch.output) } else { batch.output };
        (y, batch.mean, batch.variance)
    }

    /// The gradients of x, weight and bias; y is the output.
    #[fusion(default)]
    #[allow(clippy::too_many_arguments)]
    fn batch_normalised_gradients(
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let _ = bias;
        let gradient = if rectified { Self::relu_backward(y, gradient) } else { gradient };
        let of = Self::batch_norm_train_backward(x, weight, mean, variance, epsilon, gradient);
        (of.x_grad, of.gamma_grad, of.beta_grad)
    }
}

#[cfg(feature = "gpu")]
impl BatchNormalisation for burn_cubecl::CubeBackend {}

/// `x` [B, C, …] normalised by the statistics of the batch, with ReLU if `rectified`; the mean and the biased variance, both
/// [C].
pub fn batch_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    rectified: bool,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    let [x, weight, bias] = [x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()];
    let (y, mean, variance) = Dispatch::batch_normalised(x, weight, bias, epsilon, rectified);
    (Tensor::from_dispatch(y), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

type OnCpu = FloatTensor<Flex>;

/// A tensor on the CPU backend.
fn tensor(values: Vec<f32>, shape: &[usize]) -> OnCpu {
    OnCpu::from_data(TensorData::new(values, shape.to_vec()))
}

/// The first and the second numbers of pairs.
fn parted(pairs: &[f32]) -> [OnCpu; 2] {
    [0, 1].map(|i| tensor(pairs.iter().skip(i).step_by(2).copied().collect(), &[pairs.len() / 2]))
}

/// The values of a contiguous tensor.
fn values(tensor: &OnCpu) -> &[f32] {
    tensor.as_slice().expect("numbers of 32 bits: burn's default on the CPU backend, which nothing here changes")
}

/// How x of `shape` is normalised.
fn norm<'a>(shape: &[usize], weight: &'a OnCpu, bias: &'a OnCpu, epsilon: f64, rectified: bool) -> Norm<'a> {
    let size = shape[2..].iter().product();
    Norm { channels: shape[1], size, weight: values(weight), bias: values(bias), epsilon, relu: rectified }
}

impl BatchNormalisation for Flex {
    fn batch_normalised(x: OnCpu, weight: OnCpu, bias: OnCpu, epsilon: f64, rectified: bool) -> (OnCpu, OnCpu, OnCpu) {
        let shape = x.shape().to_vec();
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.to_contiguous());
        let (of, x) = (norm(&shape, &weight, &bias, epsilon, rectified), values(&x));
        let (statistics, mut y) = (of.statistics(x), vec![0.0; x.len()]);
        of.apply(x, &statistics, &mut y);
        let [mean, variance] = parted(&statistics);
        (tensor(y, &shape), mean, variance)
    }

    fn batch_normalised_gradients(
        x: OnCpu,
        _: OnCpu,
        weight: OnCpu,
        bias: OnCpu,
        mean: OnCpu,
        variance: OnCpu,
        gradient: OnCpu,
        epsilon: f64,
        rectified: bool,
    ) -> (OnCpu, OnCpu, OnCpu) {
        let shape = x.shape().to_vec();
        let [x, weight, bias, gradient] = [x, weight, bias, gradient].map(|tensor| tensor.to_contiguous());
        let of = norm(&shape, &weight, &bias, epsilon, rectified);
        let pairs = values(&mean).iter().zip(values(&variance));
        let statistics: Vec<f32> = pairs.flat_map(|(&mean, &variance)| [mean, variance]).collect();
        let mut dx = vec![0.0; values(&x).len()];
        let [of_weight, of_bias] = parted(&of.gradients(values(&x), &statistics, values(&gradient), &mut dx));
        (tensor(dx, &shape), of_weight, of_bias)
    }
}

#[derive(Debug)]
struct Differentiated;

/// Where the checkpoints of x and weight are; bias, y, mean and variance; ε and whether ReLU follows.
type State<B> = (NodeId, NodeId, [FloatTensor<B>; 4], f64, bool);

impl<B: BatchNormalisation> Backward<B, 3> for Differentiated {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, 3>, gradients: &mut Gradients, checkpoints: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, weight, [bias, y, mean, variance], epsilon, rectified) = ops.state;
        let x: FloatTensor<B> = checkpoints.retrieve_node_output(x);
        let weight: FloatTensor<B> = checkpoints.retrieve_node_output(weight);
        let (of_x, of_weight, of_bias) =
            B::batch_normalised_gradients(x, y, weight, bias, mean, variance, gradient, epsilon, rectified);
        for (node, value) in ops.parents.into_iter().zip([of_x, of_weight, of_bias]) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, value);
            }
        }
    }
}

impl<B: BatchNormalisation, C: CheckpointStrategy> BatchNormalisation for Autodiff<B, C> {
    fn batch_normalised(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let prepared = Differentiated.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful();
        let compute = |x, weight, bias| B::batch_normalised(x, weight, bias, epsilon, rectified);
        let (y, mean, variance) = match prepared {
            OpsKind::Tracked(mut prep) => {
                let [of_x, of_weight] = [prep.checkpoint(&x), prep.checkpoint(&weight)];
                let bias = bias.into_primitive();
                let (y, mean, variance) = compute(x.into_primitive(), weight.into_primitive(), bias.clone());
                let kept = [bias, y.clone(), mean.clone(), variance.clone()];
                (prep.finish((of_x, of_weight, kept, epsilon, rectified), y), mean, variance)
            }
            OpsKind::UnTracked(prep) => {
                let (y, mean, variance) = compute(x.into_primitive(), weight.into_primitive(), bias.into_primitive());
                (prep.finish(y), mean, variance)
            }
        };
        (y, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }
}

#[cfg(test)]
mod tests {
    use super::batch_norm;
    use burn::tensor::{Device, Distribution, Tensor, Tolerance, activation::relu, module::batch_norm_train};

    #[test]
    fn values_and_gradients_are_those_of_burns_operations() {
        let device = Device::flex().autodiff();
        for (shape, rectified) in [([5, 3, 4, 7], true), ([5, 3, 4, 7], false), ([9, 4, 1, 1], true)] {
            let draw = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.3, 1.0), &device);
            let (x, factors) = (draw(shape), draw(shape));
            let vectors = [draw([1, shape[1], 1, 1]), draw([1, shape[1], 1, 1])].map(|t| t.reshape([shape[1]]));
            let of = |ours: bool| {
                let x = x.clone().require_grad();
                let [weight, bias]: [Tensor<1>; 2] = vectors.clone().map(|vector| vector.require_grad());
                let (y, mean, variance) = if ours {
                    batch_norm(x.clone(), weight.clone(), bias.clone(), 1e-3, rectified)
                } else {
                    let batch = batch_norm_train(x.clone(), weight.clone(), bias.clone(), 1e-3);
                    let y = if rectified { relu(batch.output) } else { batch.output };
                    (y, batch.mean, batch.variance)
                };
                let gradients = (y.clone() * factors.clone()).sum().backward();
                let vectors = [mean, variance].map(|vector| vector.inner().into_data());
                let slopes = [weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap()].map(Tensor::into_data);
                let wide = [y.inner().into_data(), x.grad(&gradients).unwrap().into_data()];
                wide.into_iter().chain(vectors).chain(slopes).collect::<Vec<_>>()
            };
            for (ours, burns) in of(true).into_iter().zip(of(false)) {
                ours.assert_approx_eq::<f32>(&burns, Tolerance::rel_abs(1e-4, 1e-5));
            }
        }
    }
}
