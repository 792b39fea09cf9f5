//! The forward pass of a published encoder, with any weights.

use super::{first_value, mulberry};
use crate::core::config::EncoderConfig;
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::learn::encoder::Encoder;
use crate::learn::simclr::initial_encoder;
use burn::tensor::{Device, Tensor, TensorData};

pub struct Forward {
    encoder: Encoder,
    /// [B, 3, S, S]
    images: Tensor<4>,
}

impl Forward {
    /// `images` images of `side` pixels; `device` without autodiff.
    pub fn new(which: ImageNetEncoder, side: usize, images: usize, device: &Device) -> Self {
        let shape = [images, 3, side, side];
        let values = mulberry(5, shape.iter().product());
        Self {
            encoder: initial_encoder(&EncoderConfig::with_weights(which), 1, device),
            images: Tensor::from_data(TensorData::new(values, shape), device),
        }
    }

    /// One pass, until a number of its features is here.
    ///
    /// # Errors
    /// [`Fault::Internal`] where the device gives no values.
    pub async fn pass(&self) -> Result<f32, Fault> {
        first_value(self.encoder.forward(self.images.clone())).await
    }
}
