//! Inception-ResNet-v2 (Szegedy et al. 2017, arXiv 1602.07261), built and named like timm's
//! `inception_resnet_v2`, without its classifier.

mod parts;

use super::layers::{global_average, pool3};
use super::norm::BatchNorm;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::pool::{AvgPool2dConfig, MaxPool2d};
use burn::tensor::{Device, Tensor};
use parts::{Branch, ConvNorm, Mixed, Residual, Shape};

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

/// The stem; the parts at a stride of 8, 16 and 32; the last convolution.
pub(super) const STAGES: usize = 5;

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

    /// Freezes all but the last `trained` stages.
    pub(super) fn freeze_but_last(mut self, trained: usize) -> Self {
        let frozen = STAGES.saturating_sub(trained);
        if frozen > 0 {
            (self.conv2d_1a, self.conv2d_2a) = (self.conv2d_1a.freeze(), self.conv2d_2a.freeze());
            (self.conv2d_2b, self.conv2d_3b) = (self.conv2d_2b.freeze(), self.conv2d_3b.freeze());
            self.conv2d_4a = self.conv2d_4a.freeze();
        }
        if frozen > 1 {
            (self.mixed_5b, self.repeat) = (self.mixed_5b.freeze(), self.repeat.freeze());
        }
        if frozen > 2 {
            (self.mixed_6a, self.repeat_1) = (self.mixed_6a.freeze(), self.repeat_1.freeze());
        }
        if frozen > 3 {
            (self.mixed_7a, self.repeat_2) = (self.mixed_7a.freeze(), self.repeat_2.freeze());
            self.block8 = self.block8.freeze();
        }
        if frozen > 4 {
            self.conv2d_7b = self.conv2d_7b.freeze();
        }
        self
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
