//! Residual networks (He et al. 2016, arXiv 1512.03385), built and named like
//! torchvision's, so that weights travel both ways.

use super::block::{Block, Kind};
use super::layers::{conv, convolve, global_average, pool3};
use super::norm::BatchNorm;
use crate::core::config::Stem;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::pool::MaxPool2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// A residual network without its classifier.
#[derive(Module, Debug)]
pub struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    maxpool: Option<MaxPool2d>,
    layer1: Vec<Block>,
    layer2: Vec<Block>,
    layer3: Vec<Block>,
    layer4: Vec<Block>,
}

/// The stem and four stages of blocks.
pub(super) const STAGES: usize = 5;

/// ResNet-10's blocks a stage, all of [`Kind::Basic`].
pub const RESNET10: [usize; 4] = [1; 4];
/// ResNet-18's, all of [`Kind::Basic`].
pub const RESNET18: [usize; 4] = [2; 4];
/// ResNet-50's, all of [`Kind::Bottleneck`].
pub const RESNET50: [usize; 4] = [3, 4, 6, 3];
/// ResNet-101's, all of [`Kind::Bottleneck`].
pub const RESNET101: [usize; 4] = [3, 4, 23, 3];

impl ResNet {
    /// `blocks` blocks in each of four stages of widths w, 2w, 4w, 8w.
    pub fn new(kind: Kind, blocks: [usize; 4], width: usize, stem: Stem, device: &Device) -> Self {
        let out = kind.expansion();
        let stage = |input: usize, width: usize, stride: usize, blocks: usize| -> Vec<Block> {
            (0..blocks)
                .map(|i| match i {
                    0 => Block::new(kind, input, width, stride, device),
                    _ => Block::new(kind, width * out, width, 1, device),
                })
                .collect()
        };
        let (conv1, maxpool) = match stem {
            Stem::Small => (conv([3, width], 3, 1, device), None),
            Stem::ImageNet => (conv([3, width], 7, 2, device), Some(pool3(1))),
        };
        Self {
            conv1,
            bn1: BatchNorm::new(width, device),
            maxpool,
            layer1: stage(width, width, 1, blocks[0]),
            layer2: stage(width * out, 2 * width, 2, blocks[1]),
            layer3: stage(2 * width * out, 4 * width, 2, blocks[2]),
            layer4: stage(4 * width * out, 8 * width, 2, blocks[3]),
        }
    }

    /// `x` [B, 3, S, S] to h [B, 8w × expansion].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu(self.bn1.forward(convolve(&self.conv1, x)));
        let x = match &self.maxpool {
            Some(pool) => pool.forward(x),
            None => x,
        };
        let stages = [&self.layer1, &self.layer2, &self.layer3, &self.layer4];
        global_average(stages.into_iter().flatten().fold(x, |x, block| block.forward(x)))
    }

    /// Freezes all but the last `trained` stages.
    pub(super) fn freeze_but_last(mut self, trained: usize) -> Self {
        let frozen = STAGES.saturating_sub(trained);
        if frozen > 0 {
            (self.conv1, self.bn1) = (self.conv1.freeze(), self.bn1.freeze());
        }
        if frozen > 1 {
            self.layer1 = self.layer1.freeze();
        }
        if frozen > 2 {
            self.layer2 = self.layer2.freeze();
        }
        if frozen > 3 {
            self.layer3 = self.layer3.freeze();
        }
        if frozen > 4 {
            self.layer4 = self.layer4.freeze();
        }
        self
    }

    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let stages = [&mut self.layer1, &mut self.layer2, &mut self.layer3, &mut self.layer4];
        std::iter::once(&mut self.bn1).chain(stages.into_iter().flatten().flat_map(Block::norms)).collect()
    }
}
