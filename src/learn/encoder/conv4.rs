//! The smallest encoder: four convolutions.

use super::layers::{BatchNorm, conv, convolve, global_average};
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// Four times 3×3 convolution (stride 1, 2, 2, 2), batch normalisation, ReLU; widths w, 2w, 4w, 8w; global average.
#[derive(Module, Debug)]
pub struct ConvNet4 {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    conv3: Conv2d,
    bn3: BatchNorm,
    conv4: Conv2d,
    bn4: BatchNorm,
}

impl ConvNet4 {
    pub fn new(width: usize, device: &Device) -> Self {
        let [w1, w2, w3, w4] = [width, 2 * width, 4 * width, 8 * width];
        Self {
            conv1: conv([3, w1], 3, 1, device),
            bn1: BatchNorm::new(w1, device),
            conv2: conv([w1, w2], 3, 2, device),
            bn2: BatchNorm::new(w2, device),
            conv3: conv([w2, w3], 3, 2, device),
            bn3: BatchNorm::new(w3, device),
            conv4: conv([w3, w4], 3, 2, device),
            bn4: BatchNorm::new(w4, device),
        }
    }

    /// `x` [B, 3, S, S] to h [B, 8w].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu(self.bn1.forward(convolve(&self.conv1, x)));
        let x = relu(self.bn2.forward(convolve(&self.conv2, x)));
        let x = relu(self.bn3.forward(convolve(&self.conv3, x)));
        global_average(relu(self.bn4.forward(convolve(&self.conv4, x))))
    }

    #[cfg(test)]
    pub(super) fn stem(&self, x: Tensor<4>) -> Tensor<4> {
        convolve(&self.conv1, x)
    }

    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        vec![&mut self.bn1, &mut self.bn2, &mut self.bn3, &mut self.bn4]
    }
}
