//! Residual networks of basic blocks (He et al. 2016, arXiv 1512.03385), built
//! and named like torchvision's, so that weights travel both ways.

use super::layers::{conv, convolve, global_average};
use super::norm::BatchNorm;
use crate::core::config::Stem;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// Two 3×3 convolutions around which the input is added back.
#[derive(Module, Debug)]
pub struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    /// 1×1 convolution and normalisation where shapes differ; a pair, so that
    /// its parts are named `downsample.0` and `downsample.1`.
    downsample: Option<(Conv2d, BatchNorm)>,
}

impl BasicBlock {
    fn new(input: usize, output: usize, stride: usize, device: &Device) -> Self {
        let differs = stride != 1 || input != output;
        Self {
            conv1: conv([input, output], 3, stride, device),
            bn1: BatchNorm::new(output, device),
            conv2: conv([output, output], 3, 1, device),
            bn2: BatchNorm::new(output, device),
            downsample: differs.then(|| (conv([input, output], 1, stride, device), BatchNorm::new(output, device))),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = relu(self.bn1.forward(convolve(&self.conv1, x.clone())));
        let y = self.bn2.forward(convolve(&self.conv2, y));
        let shortcut = match &self.downsample {
            Some((conv, norm)) => norm.forward(convolve(conv, x)),
            None => x,
        };
        relu(y + shortcut)
    }

    fn norms(&mut self) -> impl Iterator<Item = &mut BatchNorm> {
        let shortcut = self.downsample.as_mut().map(|(_, norm)| norm);
        [&mut self.bn1, &mut self.bn2].into_iter().chain(shortcut)
    }
}

/// ResNet-10 (one block a stage) and ResNet-18 (two), without the classifier.
#[derive(Module, Debug)]
pub struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    maxpool: Option<MaxPool2d>,
    layer1: Vec<BasicBlock>,
    layer2: Vec<BasicBlock>,
    layer3: Vec<BasicBlock>,
    layer4: Vec<BasicBlock>,
}

/// The stem and four stages of blocks.
pub(super) const STAGES: usize = 5;

impl ResNet {
    /// `blocks` basic blocks in each of four stages of widths w, 2w, 4w, 8w.
    pub fn new(blocks: usize, width: usize, stem: Stem, device: &Device) -> Self {
        let stage = |input: usize, output: usize, stride: usize| -> Vec<BasicBlock> {
            (0..blocks)
                .map(|i| match i {
                    0 => BasicBlock::new(input, output, stride, device),
                    _ => BasicBlock::new(output, output, 1, device),
                })
                .collect()
        };
        let (conv1, maxpool) = match stem {
            Stem::Small => (conv([3, width], 3, 1, device), None),
            Stem::ImageNet => {
                let pool = MaxPool2dConfig::new([3, 3])
                    .with_strides([2, 2])
                    .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                    .init();
                (conv([3, width], 7, 2, device), Some(pool))
            }
        };
        Self {
            conv1,
            bn1: BatchNorm::new(width, device),
            maxpool,
            layer1: stage(width, width, 1),
            layer2: stage(width, 2 * width, 2),
            layer3: stage(2 * width, 4 * width, 2),
            layer4: stage(4 * width, 8 * width, 2),
        }
    }

    /// `x` [B, 3, S, S] to h [B, 8w].
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
        std::iter::once(&mut self.bn1).chain(stages.into_iter().flatten().flat_map(BasicBlock::norms)).collect()
    }
}
