//! Batch normalisation with the residual sum and the ReLU that follow it, as one operation: two passes over memory
//! where burn's operations make some ten. A backend extension of burn, as in [`conv`](super::conv).

#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gpu")]
mod gpu_kernels;

use super::conv::{tensor, values};
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
use kernels::Norm;

/// Normalisation of x [B, C, …] by the statistics of the batch; weight, bias, mean and variance are [C].
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait BatchNormalisation: Backend {
    /// The output, the mean and the biased variance. If `summed`, `residual`, of x's shape, is added before ReLU; else the bias
    /// stands in its place.
    #[fusion(meta = |x, weight, _, _, _, _, _| (x.clone(), weight.clone(), weight.clone()))]
    fn batch_normalised(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        epsilon: f64,
        summed: bool,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients of x, weight, bias and the residual, in whose place anything stands unless `summed`; y is the output.
    #[fusion(meta = |x, _, weight, _, _, _, _, _, _, _| (x.clone(), weight.clone(), weight.clone(), x.clone()))]
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
        summed: bool,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let _ = (bias, summed);
        let gradient = if rectified { Self::relu_backward(y, gradient) } else { gradient };
        let of = Self::batch_norm_train_backward(x, weight, mean, variance, epsilon, gradient.clone());
        (of.x_grad, of.gamma_grad, of.beta_grad, gradient)
    }
}

/// `x` [B, C, …] normalised by the statistics of the batch, plus `residual` of its shape, with ReLU if `rectified`; the mean and
/// the biased variance, both [C].
pub fn batch_norm<const D: usize>(
    x: Tensor<D>,
    [weight, bias]: [Tensor<1>; 2],
    residual: Option<Tensor<D>>,
    epsilon: f64,
    rectified: bool,
) -> (Tensor<D>, Tensor<1>, Tensor<1>) {
    let [weight, bias] = [weight.into_dispatch(), bias.into_dispatch()];
    let summed = residual.is_some();
    let residual = residual.map_or_else(|| bias.clone(), Tensor::into_dispatch);
    let (y, mean, variance) =
        Dispatch::batch_normalised(x.into_dispatch(), weight, bias, residual, epsilon, summed, rectified);
    (Tensor::from_dispatch(y), Tensor::from_dispatch(mean), Tensor::from_dispatch(variance))
}

type OnCpu = FloatTensor<Flex>;

/// The first and the second numbers of pairs.
fn parted(pairs: &[f32]) -> [OnCpu; 2] {
    [0, 1].map(|i| tensor(pairs.iter().skip(i).step_by(2).copied().collect(), &[pairs.len() / 2]))
}

/// How x of `shape` is normalised.
fn norm<'a>(shape: &[usize], weight: &'a OnCpu, bias: &'a OnCpu, epsilon: f64, rectified: bool) -> Norm<'a> {
    let size = shape[2..].iter().product();
    Norm { channels: shape[1], size, weight: values(weight), bias: values(bias), epsilon, relu: rectified }
}

impl BatchNormalisation for Flex {
    fn batch_normalised(
        x: OnCpu,
        weight: OnCpu,
        bias: OnCpu,
        residual: OnCpu,
        epsilon: f64,
        summed: bool,
        rectified: bool,
    ) -> (OnCpu, OnCpu, OnCpu) {
        let shape = x.shape().to_vec();
        let [x, weight, bias, residual] = [x, weight, bias, residual].map(|tensor| tensor.to_contiguous());
        let (of, x) = (norm(&shape, &weight, &bias, epsilon, rectified), values(&x));
        let (statistics, mut y) = (of.statistics(x), kernels::zeros(x.len()));
        of.apply(x, &statistics, summed.then(|| values(&residual)), &mut y);
        let [mean, variance] = parted(&statistics);
        (tensor(y, &shape), mean, variance)
    }

    fn batch_normalised_gradients(
        x: OnCpu,
        y: OnCpu,
        weight: OnCpu,
        bias: OnCpu,
        mean: OnCpu,
        variance: OnCpu,
        gradient: OnCpu,
        epsilon: f64,
        summed: bool,
        rectified: bool,
    ) -> (OnCpu, OnCpu, OnCpu, OnCpu) {
        let shape = x.shape().to_vec();
        let [x, y, weight, bias, mut gradient] = [x, y, weight, bias, gradient].map(|tensor| tensor.to_contiguous());
        let of = norm(&shape, &weight, &bias, epsilon, rectified);
        let pairs = values(&mean).iter().zip(values(&variance));
        let statistics: Vec<f32> = pairs.flat_map(|(&mean, &variance)| [mean, variance]).collect();
        // In place, where nobody else has it.
        let slopes = gradient.storage_mut::<f32>();
        if !summed {
            let [of_weight, of_bias] = parted(&of.gradients(values(&x), &statistics, slopes));
            return (gradient, of_weight, of_bias.clone(), of_bias);
        }
        let mut dx = kernels::zeros(slopes.len());
        let sums = of.gradients_of_sum(values(&x), &statistics, values(&y), slopes, &mut dx);
        let [of_weight, of_bias] = parted(&sums);
        (tensor(dx, &shape), of_weight, of_bias, gradient)
    }
}

#[derive(Debug)]
struct Differentiated;

/// Where the checkpoints of x and weight are; bias, y, mean and variance; ε, whether there is a residual, and ReLU.
type State<B> = (NodeId, NodeId, [FloatTensor<B>; 4], f64, bool, bool);

impl<B: BatchNormalisation> Backward<B, 4> for Differentiated {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, 4>, gradients: &mut Gradients, checkpoints: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, weight, [bias, y, mean, variance], epsilon, summed, rectified) = ops.state;
        let x: FloatTensor<B> = checkpoints.retrieve_node_output(x);
        let weight: FloatTensor<B> = checkpoints.retrieve_node_output(weight);
        let (of_x, of_weight, of_bias, of_residual) =
            B::batch_normalised_gradients(x, y, weight, bias, mean, variance, gradient, epsilon, summed, rectified);
        let values = [Some(of_x), Some(of_weight), Some(of_bias), summed.then_some(of_residual)];
        for (node, value) in ops.parents.into_iter().zip(values) {
            if let (Some(node), Some(value)) = (node, value) {
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
        residual: FloatTensor<Self>,
        epsilon: f64,
        summed: bool,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), weight.node(), bias.node(), residual.node()];
        let prepared = Differentiated.prepare::<C>(nodes).compute_bound().stateful();
        let compute = |x, weight, bias| {
            B::batch_normalised(x, weight, bias, residual.into_primitive(), epsilon, summed, rectified)
        };
        let (y, mean, variance) = match prepared {
            OpsKind::Tracked(mut prep) => {
                let [of_x, of_weight] = [prep.checkpoint(&x), prep.checkpoint(&weight)];
                let bias = bias.into_primitive();
                let (y, mean, variance) = compute(x.into_primitive(), weight.into_primitive(), bias.clone());
                let kept = [bias, y.clone(), mean.clone(), variance.clone()];
                (prep.finish((of_x, of_weight, kept, epsilon, summed, rectified), y), mean, variance)
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
        let cases = [[5, 3, 4, 7], [9, 4, 1, 1]]
            .map(|shape| [(false, true), (true, false), (true, true)].map(|of| (shape, of)));
        for (shape, (summed, rectified)) in cases.into_iter().flatten() {
            let draw = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.3, 1.0), &device);
            let (input, factors) = (draw(shape), draw(shape));
            let vectors = [draw([1, shape[1], 1, 1]), draw([1, shape[1], 1, 1])].map(|t| t.reshape([shape[1]]));
            let of = |ours: bool| {
                let input = input.clone().require_grad();
                // The residual's gradient meets another one of its node.
                let (x, residual) = (input.clone() * 0.7, summed.then(|| input.clone()));
                let [weight, bias]: [Tensor<1>; 2] = vectors.clone().map(|vector| vector.require_grad());
                let (y, mean, variance) = if ours {
                    batch_norm(x, [weight.clone(), bias.clone()], residual, 1e-3, rectified)
                } else {
                    let batch = batch_norm_train(x, weight.clone(), bias.clone(), 1e-3);
                    let sum = residual.into_iter().fold(batch.output, |y, residual| y + residual);
                    (if rectified { relu(sum) } else { sum }, batch.mean, batch.variance)
                };
                let gradients = (y.clone() * factors.clone()).sum().backward();
                let vectors = [mean, variance].map(|vector| vector.inner().into_data());
                let slopes = [weight.grad(&gradients).unwrap(), bias.grad(&gradients).unwrap()].map(Tensor::into_data);
                let wide = [y.inner().into_data(), input.grad(&gradients).unwrap().into_data()];
                wide.into_iter().chain(vectors).chain(slopes).collect::<Vec<_>>()
            };
            for (ours, burns) in of(true).into_iter().zip(of(false)) {
                ours.assert_approx_eq::<f32>(&burns, Tolerance::rel_abs(1e-4, 1e-5));
            }
        }
    }
}
