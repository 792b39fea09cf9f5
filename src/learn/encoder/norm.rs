//! Batch normalisation with PyTorch's conventions and names.

use super::buffer::Buffer;
use burn::module::{Flag, Module, Param};
use burn::tensor::{Device, Tensor, module};

/// ε under the root, as in PyTorch and the paper's networks.
pub const EPSILON: f64 = 1e-5;
/// Part of the new batch in the running statistics, PyTorch's convention (and
/// burn's): running ← (1 − m) running + m batch.
pub const MOMENTUM: f64 = 0.1;

/// Batch normalisation over all but the second dimension.
///
/// On an autodiff device (training) it normalises by the statistics of the
/// batch, which for SimCLR are those of all 2N views, and moves the running
/// ones; on a plain device (evaluation, after [`Module::valid`]) it uses the
/// running ones. [`Module::freeze`] gives the second while training.
///
/// Unlike burn's layer, the running variance takes the unbiased estimate
/// (divisor n − 1), as PyTorch's does, so that weights travel between the two
/// and mean the same.
#[derive(Module, Debug)]
pub struct BatchNorm {
    pub weight: Param<Tensor<1>>,
    pub bias: Param<Tensor<1>>,
    pub training: Param<Flag>,
    pub running_mean: Buffer,
    pub running_var: Buffer,
    pub momentum: f64,
    pub epsilon: f64,
}

impl BatchNorm {
    /// Weight 1, bias 0, running mean 0, running variance 1; ε [`EPSILON`].
    pub fn new(channels: usize, device: &Device) -> Self {
        let plain = device.clone().inner();
        let parameter = |t| Param::from_tensor(t).set_require_grad(true);
        Self {
            weight: parameter(Tensor::ones([channels], device)),
            bias: parameter(Tensor::zeros([channels], device)),
            training: Param::from_bool(true),
            running_mean: Buffer::new(Tensor::zeros([channels], &plain)),
            running_var: Buffer::new(Tensor::ones([channels], &plain)),
            momentum: MOMENTUM,
            epsilon: EPSILON,
        }
    }

    /// With another ε.
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// `x` [B, C, …] to the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        if !(x.device().is_autodiff() && self.training.is_enabled()) {
            return module::batch_norm(x, weight, bias, self.running_mean.get(), self.running_var.get(), self.epsilon);
        }
        let shape = x.dims();
        let samples = (shape.iter().product::<usize>() / shape[1]) as f64;
        let batch = module::batch_norm_train(x, weight, bias, self.epsilon);
        let blend = |running: &Buffer, batch: Tensor<1>, factor: f64| {
            running.set(running.get().mul_scalar(1.0 - self.momentum) + batch.inner().mul_scalar(factor));
        };
        blend(&self.running_mean, batch.mean, self.momentum);
        // burn returns the biased variance; a batch of one value has no other.
        blend(&self.running_var, batch.variance, self.momentum * samples / (samples - 1.0).max(1.0));
        batch.output
    }
}
