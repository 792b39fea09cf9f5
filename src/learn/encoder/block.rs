//! The blocks that residual networks are made of, named like torchvision's.

use super::layers::{conv, convolve};
use super::norm::BatchNorm;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// Which block a network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Basic,
    Bottleneck,
}

impl Kind {
    /// Channels that leave a block, by its width.
    pub fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
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
pub enum Block {
    Basic(BasicBlock),
    Bottleneck(Bottleneck),
}

impl Block {
    /// `input` channels to `width` × [`Kind::expansion`].
    pub fn new(kind: Kind, input: usize, width: usize, stride: usize, device: &Device) -> Self {
        let output = width * kind.expansion();
        let norm = |channels| BatchNorm::new(channels, device);
        let downsample = shortcut(input, output, stride, device);
        match kind {
            Kind::Basic => Self::Basic(BasicBlock {
                conv1: conv([input, width], 3, stride, device),
                bn1: norm(width),
                conv2: conv([width, width], 3, 1, device),
                bn2: norm(width),
                downsample,
            }),
            Kind::Bottleneck => Self::Bottleneck(Bottleneck {
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
