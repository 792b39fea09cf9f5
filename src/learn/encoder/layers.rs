//! Convolutions as the networks of this family use them.

use crate::learn::conv::convolution;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
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

/// A 3×3 max-pool of stride 2.
pub fn pool3(padding: usize) -> MaxPool2d {
    MaxPool2dConfig::new([3, 3])
        .with_strides([2, 2])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .init()
}

/// What a layer makes of `x` [B, C, H, W]. burn's layer holds the weights; the
/// convolution is ours where it can be, since its kernels suit a GPU better:
/// square, and padded alike on all sides. Dilation and groups are in no network
/// here.
pub fn convolve(layer: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let alike = match layer.padding {
        PaddingConfig2d::Explicit(a, b, c, d) if [b, c, d] == [a; 3] => Some(a),
        PaddingConfig2d::Valid => Some(0),
        _ => None,
    };
    let square = layer.kernel_size[0] == layer.kernel_size[1] && layer.stride[0] == layer.stride[1];
    let Some(padding) = alike.filter(|_| square) else { return layer.forward(x) };
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

/// Mean over height and width: [B, C, H, W] to [B, C].
pub fn global_average(x: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height * width]).mean_dim(2).reshape([batch, channels])
}
