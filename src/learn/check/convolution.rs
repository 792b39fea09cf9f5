//! A convolution and its gradients, on numbers that any device makes alike.

use super::numbers;
use crate::core::error::Fault;
use crate::learn::conv::convolution;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;

/// Sizes of a convolution with padding K / 2.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Convolution {
    /// B, C, H, W.
    pub input: [usize; 4],
    /// O.
    pub channels: usize,
    /// K.
    pub kernel: usize,
    pub stride: usize,
}

impl Convolution {
    /// The output; the gradients of its sum, weighted, over input and weight.
    pub(super) async fn answer(self, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
        let device = device.clone().autodiff();
        let x = ramp(self.input, &device).require_grad();
        let weight = ramp([self.channels, self.input[1], self.kernel, self.kernel], &device).require_grad();
        let y = convolution(x.clone(), weight.clone(), self.stride, self.kernel / 2);
        let gradients = (y.clone() * ramp(y.dims(), &device)).sum().backward();
        let missing = || super::unusable("a convolution has no gradient");
        let of_x = x.grad(&gradients).ok_or_else(missing)?;
        let of_weight = weight.grad(&gradients).ok_or_else(missing)?;
        Ok(vec![numbers(y.inner()).await?, numbers(of_x).await?, numbers(of_weight).await?])
    }
}

/// Numbers between −1 and 1 without a period that a size could share.
fn ramp(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}
