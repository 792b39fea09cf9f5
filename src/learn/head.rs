//! Projection head g: h → z. Used for pre-training only, then thrown away.

use crate::core::config::HeadConfig;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// One to three linear layers with ReLU between them; hidden layers are as wide
/// as h (Chen et al. 2020, section 4.2: two layers; SimCLR v2: three).
#[derive(Module, Debug)]
pub struct ProjectionHead {
    layers: Vec<Linear>,
}

impl ProjectionHead {
    /// The head of `config` for h of length `features`, with unspecified
    /// weights: draw them with [`init::draw`](super::init::draw).
    pub fn new(config: &HeadConfig, features: usize, device: &Device) -> Self {
        let hidden = config.layers.saturating_sub(1);
        let layer = |output| LinearConfig::new(features, output).init(device);
        let layers = (0..hidden).map(|_| layer(features)).chain([layer(config.output)]).collect();
        Self { layers }
    }

    /// h [B, F] to z [B, D].
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(h, |x, (i, layer)| {
            let y = layer.forward(x);
            if i < last { relu(y) } else { y }
        })
    }
}
