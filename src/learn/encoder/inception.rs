//! Inception-ResNet-v2 (Szegedy et al. 2017, arXiv 1602.07261), built and named like timm's
//! `inception_resnet_v2`, without its classifier.

use super::layers::{BatchNorm, convolve, global_average, pool3};
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig, MaxPool2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// Field names are timm's.
#[derive(Module, Debug)]
pub struct InceptionResNetV2 {
    conv2d_1a: ConvNorm,
    conv2d_2a: ConvNorm,
    conv2d_2b: ConvNorm,
    maxpool_3a: MaxPool2d,
    conv2d_3b: ConvNorm,
    conv2d_4a: ConvNorm,
    maxpool_5a: MaxPool2d,
    mixed_5b: Mixed,
    repeat: Vec<Residual>,
    mixed_6a: Mixed,
    repeat_1: Vec<Residual>,
    mixed_7a: Mixed,
    repeat_2: Vec<Residual>,
    block8: Residual,
    conv2d_7b: ConvNorm,
}

/// A 1×1 layer.
const fn point(output: usize) -> Shape {
    (output, [1, 1], 1, [0, 0])
}

/// A 3×3 layer that keeps the size.
const fn same(output: usize) -> Shape {
    (output, [3, 3], 1, [1, 1])
}

/// A 3×3 layer of stride 2 without padding.
const fn half(output: usize) -> Shape {
    (output, [3, 3], 2, [0, 0])
}

/// A layer of a row of pixels that keeps the size.
const fn wide(output: usize, length: usize) -> Shape {
    (output, [1, length], 1, [0, length / 2])
}

/// A layer of a column of pixels that keeps the size.
const fn high(output: usize, length: usize) -> Shape {
    (output, [length, 1], 1, [length / 2, 0])
}

/// Branches of the blocks at a stride of 8, 16 and 32.
const BLOCK35: [&[Shape]; 3] = [&[point(32)], &[point(32), same(32)], &[point(32), same(48), same(64)]];
const BLOCK17: [&[Shape]; 2] = [&[point(192)], &[point(128), wide(160, 7), high(192, 7)]];
const BLOCK8: [&[Shape]; 2] = [&[point(192)], &[point(192), wide(224, 3), high(256, 3)]];

impl InceptionResNetV2 {
    pub fn new(device: &Device) -> Self {
        let layer = |input, shape| ConvNorm::new(input, shape, device);
        let branch = |input, shapes: &[Shape]| Branch::new(input, shapes, device);
        let blocks = |count, channels, branches: &[&[Shape]], scale| -> Vec<Residual> {
            (0..count).map(|_| Residual::new(channels, branches, scale, true, device)).collect()
        };
        // Padding does not count in the average at the border.
        let average = AvgPool2dConfig::new([3, 3])
            .with_strides([1, 1])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .with_count_include_pad(false)
            .init();
        Self {
            conv2d_1a: layer(3, half(32)),
            conv2d_2a: layer(32, (32, [3, 3], 1, [0, 0])),
            conv2d_2b: layer(32, same(64)),
            maxpool_3a: pool3(0),
            conv2d_3b: layer(64, point(80)),
            conv2d_4a: layer(80, (192, [3, 3], 1, [0, 0])),
            maxpool_5a: pool3(0),
            mixed_5b: Mixed {
                branch0: branch(192, &[point(96)]),
                branch1: branch(192, &[point(48), (64, [5, 5], 1, [2, 2])]),
                branch2: Some(branch(192, &[point(64), same(96), same(96)])),
                branch3: Some((average, layer(192, point(64)))),
                pool: None,
            },
            repeat: blocks(10, 320, &BLOCK35, 0.17),
            mixed_6a: Mixed {
                branch0: branch(320, &[half(384)]),
                branch1: branch(320, &[point(256), same(256), half(384)]),
                branch2: None,
                branch3: None,
                pool: Some(pool3(0)),
            },
            repeat_1: blocks(20, 1088, &BLOCK17, 0.10),
            mixed_7a: Mixed {
                branch0: branch(1088, &[point(256), half(384)]),
                branch1: branch(1088, &[point(256), half(288)]),
                branch2: Some(branch(1088, &[point(256), same(288), half(320)])),
                branch3: None,
                pool: Some(pool3(0)),
            },
            repeat_2: blocks(9, 2080, &BLOCK8, 0.20),
            block8: Residual::new(2080, &BLOCK8, 1.0, false, device),
            conv2d_7b: layer(2080, point(1536)),
        }
    }

    /// `x` [B, 3, S, S], S at least 75, to h [B, 1536].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = [&self.conv2d_1a, &self.conv2d_2a, &self.conv2d_2b].into_iter().fold(x, |x, l| l.forward(x));
        let x = self.conv2d_3b.forward(self.maxpool_3a.forward(x));
        let x = self.maxpool_5a.forward(self.conv2d_4a.forward(x));
        let row = |blocks: &[Residual], x| blocks.iter().fold(x, |x, block| block.forward(x));
        let x = row(&self.repeat, self.mixed_5b.forward(x));
        let x = row(&self.repeat_1, self.mixed_6a.forward(x));
        let x = row(&self.repeat_2, self.mixed_7a.forward(x));
        global_average(self.conv2d_7b.forward(self.block8.forward(x)))
    }

    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let stem = [&mut self.conv2d_1a, &mut self.conv2d_2a, &mut self.conv2d_2b, &mut self.conv2d_3b];
        let mut norms: Vec<_> = stem.into_iter().chain([&mut self.conv2d_4a]).map(ConvNorm::norm).collect();
        let parts = [
            (&mut self.mixed_5b, &mut self.repeat),
            (&mut self.mixed_6a, &mut self.repeat_1),
            (&mut self.mixed_7a, &mut self.repeat_2),
        ];
        for (mixed, blocks) in parts {
            norms.extend(mixed.norms());
            norms.extend(blocks.iter_mut().flat_map(Residual::norms));
        }
        norms.extend(self.block8.norms());
        norms.push(self.conv2d_7b.norm());
        norms
    }
}

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
