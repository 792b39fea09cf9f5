//! Convolutions as the networks of this family use them.

use crate::learn::conv::convolution;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor};

/// A square convolution without bias (normalisation follows and has one),
/// padded so that stride 1 keeps the size.
pub fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    let side = kernel / 2;
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(side, side, side, side))
        .with_bias(false)
        .init(device)
}

/// What a layer of [`conv`] makes of `x` [B, C, H, W]. burn's layer holds the
/// weights; the convolution is ours, whose kernels suit a GPU better.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let weight = layer.weight.val();
    let padding = weight.dims()[2] / 2;
    convolution(x, weight, layer.stride[0], padding)
}

/// Mean over height and width: [B, C, H, W] to [B, C].
pub fn global_average(x: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels])
}
