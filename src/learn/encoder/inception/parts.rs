//! The parts of Inception-ResNet-v2, named like timm's.

use crate::learn::encoder::layers::convolve;
use crate::learn::encoder::norm::BatchNorm;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2d, MaxPool2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// ε of every normalisation here: timm's and the original's, 100 times PyTorch's default.
const EPSILON: f64 = 1e-3;

/// Convolution without bias, normalisation, ReLU.
#[derive(Module, Debug)]
pub struct ConvNorm {
    conv: Conv2d,
    bn: BatchNorm,
}

/// A convolution: channels that leave it, kernel [height, width], stride, padding
/// [height, width].
pub type Shape = (usize, [usize; 2], usize, [usize; 2]);

impl ConvNorm {
    pub fn new(input: usize, (output, kernel, stride, [high, wide]): Shape, device: &Device) -> Self {
        let conv = Conv2dConfig::new([input, output], kernel)
            .with_stride([stride; 2])
            .with_padding(PaddingConfig2d::Explicit(high, wide, high, wide))
            .with_bias(false)
            .init(device);
        Self { conv, bn: BatchNorm::new(output, device).with_epsilon(EPSILON) }
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(self.bn.forward(convolve(&self.conv, x)))
    }

    pub fn norm(&mut self) -> &mut BatchNorm {
        &mut self.bn
    }
}

/// One layer or several in a row; several are numbered in the names of their tensors.
#[expect(clippy::large_enum_variant, reason = "few exist at a time, and burn has no boxed modules")]
#[derive(Module, Debug)]
pub enum Branch {
    One(ConvNorm),
    Row(Vec<ConvNorm>),
}

impl Branch {
    /// `shapes`, at least one, each fed by the one before.
    pub fn new(input: usize, shapes: &[Shape], device: &Device) -> Self {
        let inputs = std::iter::once(input).chain(shapes.iter().map(|shape| shape.0));
        let mut layers: Vec<_> =
            inputs.zip(shapes).map(|(input, &shape)| ConvNorm::new(input, shape, device)).collect();
        match layers.len() {
            1 => Self::One(layers.remove(0)),
            _ => Self::Row(layers),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::One(layer) => layer.forward(x),
            Self::Row(layers) => layers.iter().fold(x, |x, layer| layer.forward(x)),
        }
    }

    fn norms(&mut self) -> Vec<&mut BatchNorm> {
        match self {
            Self::One(layer) => vec![layer.norm()],
            Self::Row(layers) => layers.iter_mut().map(ConvNorm::norm).collect(),
        }
    }
}

/// Branches side by side, their channels joined: `Mixed_5b`, `Mixed_6a` and `Mixed_7a`.
#[derive(Module, Debug)]
pub struct Mixed {
    pub branch0: Branch,
    pub branch1: Branch,
    pub branch2: Option<Branch>,
    /// An average pool, then a layer.
    pub branch3: Option<(AvgPool2d, ConvNorm)>,
    /// The last branch where it is nothing but this.
    pub pool: Option<MaxPool2d>,
}

impl Mixed {
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mut out = vec![self.branch0.forward(x.clone()), self.branch1.forward(x.clone())];
        out.extend(self.branch2.as_ref().map(|branch| branch.forward(x.clone())));
        out.extend(self.branch3.as_ref().map(|(pool, layer)| layer.forward(pool.forward(x.clone()))));
        out.extend(self.pool.as_ref().map(|pool| pool.forward(x)));
        Tensor::cat(out, 1)
    }

    pub fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let mut norms = self.branch0.norms();
        norms.extend(self.branch1.norms());
        norms.extend(self.branch2.iter_mut().flat_map(Branch::norms));
        norms.extend(self.branch3.iter_mut().map(|(_, layer)| layer.norm()));
        norms
    }
}

/// Branches side by side, brought to the channels of the input by a 1×1 convolution with
/// bias, scaled and added to it: `Block35`, `Block17` and `Block8`.
#[derive(Module, Debug)]
pub struct Residual {
    branch0: Branch,
    branch1: Branch,
    branch2: Option<Branch>,
    conv2d: Conv2d,
    scale: f64,
    /// Whether ReLU follows the sum.
    activated: bool,
}

impl Residual {
    /// Two or three `branches` on `channels` channels.
    pub fn new(channels: usize, branches: &[&[Shape]], scale: f64, activated: bool, device: &Device) -> Self {
        let joined = branches.iter().filter_map(|shapes| shapes.last()).map(|shape| shape.0).sum();
        let branch = |shapes: &[Shape]| Branch::new(channels, shapes, device);
        Self {
            branch0: branch(branches[0]),
            branch1: branch(branches[1]),
            branch2: branches.get(2).map(|shapes| branch(shapes)),
            conv2d: Conv2dConfig::new([joined, channels], [1, 1]).init(device),
            scale,
            activated,
        }
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mut out = vec![self.branch0.forward(x.clone()), self.branch1.forward(x.clone())];
        out.extend(self.branch2.as_ref().map(|branch| branch.forward(x.clone())));
        let y = convolve(&self.conv2d, Tensor::cat(out, 1)) * self.scale + x;
        if self.activated { relu(y) } else { y }
    }

    pub fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let mut norms = self.branch0.norms();
        norms.extend(self.branch1.norms());
        norms.extend(self.branch2.iter_mut().flat_map(Branch::norms));
        norms
    }
}
