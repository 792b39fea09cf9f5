//! The layers that the networks are made of: convolution, pooling, and batch normalisation with
//! PyTorch's conventions and names.

use crate::core::architecture::{Conv, EPSILON, Normalisation};
use crate::learn::{batch_norm::batch_norm, conv::convolution};
use burn::module::{Content, Devices, Flag, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor};
use burn::module::{Param, ParamId};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::AvgPool2dConfig;
use burn::tensor::{Device, Tensor, TensorData, activation::relu, module};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The convolution `of` a network.
pub fn conv(of: &Conv, device: &Device) -> Conv2d {
    let [high, wide] = of.padding();
    Conv2dConfig::new([of.input, of.output], of.kernel)
        .with_stride([of.stride; 2])
        .with_padding(PaddingConfig2d::Explicit(high, wide, high, wide))
        .with_bias(of.bias)
        .init(device)
}

/// The average of each padded 3×3 window, of stride 1. Padding does not count.
pub fn average_pool(x: Tensor<4>) -> Tensor<4> {
    let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
    let pool = AvgPool2dConfig::new([3, 3]).with_strides([1, 1]).with_padding(padding);
    pool.with_count_include_pad(false).init().forward(x)
}

/// What a layer makes of `x` [B, C, H, W]. burn's layer holds the weights; the convolution is ours where it can be. Dilation
/// and groups are in no network here.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let padding = match layer.padding {
        PaddingConfig2d::Explicit(top, left, bottom, right) if [top, left] == [bottom, right] => [top, left],
        PaddingConfig2d::Valid => [0, 0],
        _ => return layer.forward(x),
    };
    let y = convolution(x, layer.weight.val(), layer.stride[0], padding);
    match &layer.bias {
        Some(bias) => {
            let bias = bias.val();
            let channels = bias.dims()[0];
            y + bias.reshape([1, channels, 1, 1])
        }
        None => y,
    }
}

/// (`x` − mean) / std by channel, as encoders trained elsewhere want it; `x` [B, 3, H, W].
pub fn normalise(x: Tensor<4>, by: &Normalisation) -> Tensor<4> {
    if *by == Normalisation::NONE {
        return x;
    }
    let device = x.device();
    let channels = |values: [f32; 3]| Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), &device);
    (x - channels(by.mean)) / channels(by.std)
}

/// Part of the new batch in the running statistics, PyTorch's convention (and
/// burn's): running ← (1 − m) running + m batch.
pub const MOMENTUM: f64 = 0.1;

/// [`MOMENTUM`] of a network from random weights after `steps` steps: the plain mean over the first ten, so that the
/// starting values 0 and 1, which say nothing about the images, are gone after one.
pub fn momentum_after(steps: u32) -> f64 {
    MOMENTUM.max(1.0 / (f64::from(steps) + 1.0))
}

/// Batch normalisation over all but the second dimension.
///
/// On an autodiff device (training) it normalises by the statistics of the batch, which for SimCLR are those of all 2N
/// views, and moves the running ones; on a plain device (evaluation, after [`Module::valid`]) it uses the running ones.
/// [`Module::freeze`] gives the second while training.
///
/// Unlike burn's layer, the running variance takes the unbiased estimate (divisor n − 1), as PyTorch's does, so that
/// weights travel between the two and mean the same.
#[derive(Module, Debug)]
pub struct BatchNorm {
    pub weight: Param<Tensor<1>>,
    pub bias: Param<Tensor<1>>,
    pub training: Param<Flag>,
    pub running_mean: Buffer,
    pub running_var: Buffer,
    pub momentum: f64,
    pub epsilon: f64,
    /// Whether the bias learns; else it stays 0.
    shifts: bool,
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
            shifts: true,
        }
    }

    /// With a bias that stays 0.
    pub fn without_shift(self) -> Self {
        Self { shifts: false, ..self }
    }

    /// With another ε.
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// `x` [B, C, …] to the same shape, plus `residual`, with ReLU after it if `rectified`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>, residual: Option<Tensor<D>>, rectified: bool) -> Tensor<D> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        let bias = if self.shifts { bias } else { bias.detach() };
        if !(x.device().is_autodiff() && self.training.is_enabled()) {
            let (mean, variance) = (self.running_mean.get(), self.running_var.get());
            let y = module::batch_norm(x, weight, bias, mean, variance, self.epsilon);
            let y = residual.into_iter().fold(y, |y, residual| y + residual);
            return if rectified { relu(y) } else { y };
        }
        let shape = x.dims();
        let samples = (shape.iter().product::<usize>() / shape[1]) as f64;
        let (y, mean, variance) = batch_norm(x, [weight, bias], residual, self.epsilon, rectified);
        let blend = |running: &Buffer, batch: Tensor<1>, factor: f64| {
            running.set(running.get().mul_scalar(1.0 - self.momentum) + batch.inner().mul_scalar(factor));
        };
        blend(&self.running_mean, mean, self.momentum);
        // burn returns the biased variance; a batch of one value has no other.
        blend(&self.running_var, variance, self.momentum * samples / (samples - 1.0).max(1.0));
        y
    }
}

/// A vector of a layer that is not trained but that the forward pass may replace: running statistics. burn's own `RunningState` keeps
/// one value a thread and averages them with an extra kernel each; training
/// here has one thread, so the value is simply stored.
///
/// A `clone` shares the value, like burn's; [`Module::valid`], [`Module::fork`]
/// and [`Module::train`] give a copy of its own.
#[derive(Clone, Debug)]
pub struct Buffer {
    id: ParamId,
    value: Arc<Mutex<Tensor<1>>>,
}

impl Buffer {
    pub fn new(value: Tensor<1>) -> Self {
        Self::with_id(ParamId::new(), value)
    }

    fn with_id(id: ParamId, value: Tensor<1>) -> Self {
        Self { id, value: Arc::new(Mutex::new(value)) }
    }

    fn lock(&self) -> MutexGuard<'_, Tensor<1>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, without a graph.
    pub fn get(&self) -> Tensor<1> {
        self.lock().clone().inner()
    }

    /// Replaces the value; what led to it is dropped with its graph.
    pub fn set(&self, value: Tensor<1>) {
        *self.lock() = value.inner();
    }
}

impl Module for Buffer {
    fn collect_devices(&self, mut devices: Devices) -> Devices {
        let device = self.get().device();
        if !devices.contains(&device) {
            devices.push(device);
        }
        devices
    }

    fn fork(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn to_device(self, device: &Device) -> Self {
        Self::with_id(self.id, self.get().to_device(&device.clone().inner()))
    }

    fn train(self) -> Self {
        Self::with_id(self.id, self.get())
    }

    fn valid(&self) -> Self {
        Self::with_id(self.id, self.get())
    }

    fn materialize(self) -> Self {
        self
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.visit_float(&Param::initialized(self.id, self.get()));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let mapped = mapper.map_float(Param::initialized(self.id, self.get()));
        self.set(mapped.val());
        self
    }
}

impl ModuleDisplayDefault for Buffer {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&format!("Buffer({})", self.id)).optional()
    }
}

impl ModuleDisplay for Buffer {}
