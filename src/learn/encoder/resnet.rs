//! Residual networks (He et al. 2016, arXiv 1512.03385), built and named like
//! torchvision's, so that weights travel both ways.

use super::layers::{BatchNorm, conv, convolve, global_average, pool3};
use crate::core::architecture::{Block, Stem};
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
    layer1: Vec<ResidualBlock>,
    layer2: Vec<ResidualBlock>,
    layer3: Vec<ResidualBlock>,
    layer4: Vec<ResidualBlock>,
}

impl ResNet {
    /// `blocks` blocks in each of four stages of widths w, 2w, 4w, 8w.
    pub fn new(block: Block, blocks: [usize; 4], width: usize, stem: Stem, device: &Device) -> Self {
        let out = block.expansion();
        let stage = |input: usize, width: usize, stride: usize, blocks: usize| -> Vec<ResidualBlock> {
            (0..blocks)
                .map(|i| match i {
                    0 => ResidualBlock::new(block, input, width, stride, device),
                    _ => ResidualBlock::new(block, width * out, width, 1, device),
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

    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let stages = [&mut self.layer1, &mut self.layer2, &mut self.layer3, &mut self.layer4];
        std::iter::once(&mut self.bn1).chain(stages.into_iter().flatten().flat_map(ResidualBlock::norms)).collect()
    }
}

/// 1×1 convolution and normalisation where shapes differ; a pair, so that its
/// parts are named `downsample.0` and `downsample.1`.
type Shortcut = Option<(Conv2d, BatchNorm)>;

fn shortcut(input: usize, output: usize, stride: usize, device: &Device) -> Shortcut {
    let differs = stride != 1 || input != output;
    differs.then(|| (conv([input, output], 1, stride, device), BatchNorm::new(output, device)))
}

/// Two 3×3 convolutions around which the input is added back.
#[derive(Module, Debug)]
pub struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    downsample: Shortcut,
}

/// 1×1 to the width, 3×3, 1×1 to four times the width. The 3×3 has the stride, as in
/// torchvision (the paper's first 1×1 has it).
#[derive(Module, Debug)]
pub struct Bottleneck {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    conv3: Conv2d,
    bn3: BatchNorm,
    downsample: Shortcut,
}

/// Either of them; a network has one kind.
#[expect(clippy::large_enum_variant, reason = "few exist at a time, and burn has no boxed modules")]
#[derive(Module, Debug)]
pub enum ResidualBlock {
    Basic(BasicBlock),
    Bottleneck(Bottleneck),
}

impl ResidualBlock {
    /// `input` channels to `width` × [`Block::expansion`].
    pub fn new(block: Block, input: usize, width: usize, stride: usize, device: &Device) -> Self {
        let output = width * block.expansion();
        let norm = |channels| BatchNorm::new(channels, device);
        let downsample = shortcut(input, output, stride, device);
        match block {
            Block::Basic => Self::Basic(BasicBlock {
                conv1: conv([input, width], 3, stride, device),
                bn1: norm(width),
                conv2: conv([width, width], 3, 1, device),
                bn2: norm(width),
                downsample,
            }),
            Block::Bottleneck => Self::Bottleneck(Bottleneck {
                conv1: conv([input, width], 1, 1, device),
                bn1: norm(width),
                conv2: conv([width, width], 3, stride, device),
                bn2: norm(width),
                conv3: conv([width, output], 1, 1, device),
                bn3: norm(output),
                downsample,
            }),
        }
    }

    /// `x` [B, C, H, W] to [B, C′, ⌈H / stride⌉, ⌈W / stride⌉].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let (y, downsample) = match self {
            Self::Basic(block) => {
                let y = relu(block.bn1.forward(convolve(&block.conv1, x.clone())));
                (block.bn2.forward(convolve(&block.conv2, y)), &block.downsample)
            }
            Self::Bottleneck(block) => {
                let y = relu(block.bn1.forward(convolve(&block.conv1, x.clone())));
                let y = relu(block.bn2.forward(convolve(&block.conv2, y)));
                (block.bn3.forward(convolve(&block.conv3, y)), &block.downsample)
            }
        };
        let shortcut = match downsample {
            Some((conv, norm)) => norm.forward(convolve(conv, x)),
            None => x,
        };
        relu(y + shortcut)
    }

    pub fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let (mut norms, downsample) = match self {
            Self::Basic(block) => (vec![&mut block.bn1, &mut block.bn2], &mut block.downsample),
            Self::Bottleneck(block) => (vec![&mut block.bn1, &mut block.bn2, &mut block.bn3], &mut block.downsample),
        };
        norms.extend(downsample.as_mut().map(|(_, norm)| norm));
        norms
    }
}
