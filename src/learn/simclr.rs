//! The model of pre-training: encoder f: image → h and projection head g: h → z.

use super::{encoder::BatchNorm, encoder::Encoder, init::draw};
use crate::core::config::{EncoderConfig, HeadConfig};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// Used for pre-training only: one to three linear layers with ReLU between them; hidden layers are
/// as wide as h (Chen et al. 2020, section 4.2: two layers; SimCLR v2: three).
///
/// With batch normalisation as in the authors' code: after every layer, which then has no bias; the last normalisation
/// scales and does not shift.
#[derive(Module, Debug)]
pub struct ProjectionHead {
    layers: Vec<Linear>,
    /// One a layer, or none.
    norms: Vec<BatchNorm>,
}

impl ProjectionHead {
    /// The head of `config` for h of length `features`, with unspecified weights: draw them with [`draw`].
    pub fn new(config: &HeadConfig, features: usize, device: &Device) -> Self {
        let hidden = config.layers.saturating_sub(1);
        let layer = |output| LinearConfig::new(features, output).with_bias(!config.batch_norm).init(device);
        let layers = (0..hidden).map(|_| layer(features)).chain([layer(config.output)]).collect();
        let norms = (0..hidden).map(|_| BatchNorm::new(features, device));
        let norms = norms.chain([BatchNorm::new(config.output, device).without_shift()]);
        Self { layers, norms: norms.filter(|_| config.batch_norm).collect() }
    }

    /// The head as a run of this seed starts with it.
    pub fn initial(config: &HeadConfig, features: usize, seed: u64, device: &Device) -> Self {
        draw(Self::new(config, features, device), seed, "head")
    }

    /// Its first layer, if that is not its last.
    pub fn first_layer(mut self) -> Option<Self> {
        let is_hidden = self.layers.len() > 1;
        self.layers.truncate(1);
        self.norms.truncate(1);
        is_hidden.then_some(self)
    }

    /// Of a [`ProjectionHead::first_layer`]: h [B, F] to what the next layer would get, [B, F].
    pub fn activations(&self, h: Tensor<2>) -> Tensor<2> {
        relu(self.forward(h))
    }

    /// Sets the part of the new batch in the running statistics.
    pub fn set_momentum(&mut self, momentum: f64) {
        self.norms.iter_mut().for_each(|norm| norm.momentum = momentum);
    }

    /// h [B, F] to z [B, D].
    pub fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(h, |x, (i, layer)| {
            let y = layer.forward(x);
            match self.norms.get(i) {
                Some(norm) => norm.forward(y, None, i < last),
                None if i < last => relu(y),
                None => y,
            }
        })
    }
}

/// Encoder and projection head, trained as one.
#[derive(Module, Debug)]
pub struct SimClr {
    pub encoder: Encoder,
    pub head: ProjectionHead,
}

impl SimClr {
    /// Both networks with the initial weights of `seed`: the same on every device.
    pub fn new(encoder: &EncoderConfig, head: &HeadConfig, seed: u64, device: &Device) -> Self {
        Self::with_encoder(initial_encoder(encoder, seed, device), encoder.features(), head, seed, device)
    }

    /// An encoder that has its weights (published ones, say), of `features` numbers an image,
    /// with a new head of `seed`'s initial weights.
    pub fn with_encoder(encoder: Encoder, features: usize, head: &HeadConfig, seed: u64, device: &Device) -> Self {
        Self { encoder, head: ProjectionHead::initial(head, features, seed, device) }
    }

    /// Only the head and the encoder's last `trained` stages train from here on: the others keep their weights and
    /// running statistics, their normalisation is in evaluation mode, and no graph is kept for them. Weights that are
    /// read into the model afterwards train again: freeze it after a checkpoint was restored.
    pub fn freeze_but_last(self, trained: usize) -> Self {
        Self { encoder: self.encoder.freeze_but_last(trained), ..self }
    }

    /// Views [B, 3, S, S] to embeddings z [B, D].
    pub fn forward(&self, views: Tensor<4>) -> Tensor<2> {
        self.head.forward(self.encoder.forward(views))
    }
}

/// The encoder as a run of this seed starts with it.
pub fn initial_encoder(config: &EncoderConfig, seed: u64, device: &Device) -> Encoder {
    draw(Encoder::new(config, device), seed, "encoder")
}
