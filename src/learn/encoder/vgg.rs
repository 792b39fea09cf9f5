//! VGG networks without batch normalisation (Simonyan & Zisserman 2015, arXiv 1409.1556; VGG19 is
//! their configuration E), built and named like torchvision's, up to and with the last max-pool. The
//! classifier, two thirds of the published file, is left out.

use super::layers::{convolve, global_average};
use crate::core::architecture::VGG_CHANNELS;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{PaddingConfig2d, Relu};
use burn::tensor::{Device, Tensor};

/// One entry of torchvision's `features`, whose positions are the tensors' names.
#[derive(Module, Debug)]
pub enum Layer {
    Conv(Conv2d),
    Relu(Relu),
    /// 2×2, stride 2.
    Pool(MaxPool2d),
}

/// 3×3 convolutions with bias, each followed by ReLU, in five stages that end with a max-pool.
#[derive(Module, Debug)]
pub struct Vgg {
    features: Vec<Layer>,
}

impl Vgg {
    /// `convolutions` in each stage.
    pub fn new(convolutions: [usize; 5], device: &Device) -> Self {
        let conv = |input, output| {
            Layer::Conv(
                Conv2dConfig::new([input, output], [3, 3])
                    .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                    .init(device),
            )
        };
        let (mut features, mut input) = (Vec::new(), 3);
        for (channels, convolutions) in VGG_CHANNELS.into_iter().zip(convolutions) {
            for _ in 0..convolutions {
                features.extend([conv(input, channels), Layer::Relu(Relu::new())]);
                input = channels;
            }
            features.push(Layer::Pool(MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init()));
        }
        Self { features }
    }

    /// `x` [B, 3, S, S], S at least 32, to h [B, 512].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        global_average(self.features.iter().fold(x, |x, layer| match layer {
            Layer::Conv(conv) => convolve(conv, x),
            Layer::Relu(relu) => relu.forward(x),
            Layer::Pool(pool) => pool.forward(x),
        }))
    }
}
