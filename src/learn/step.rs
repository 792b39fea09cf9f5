//! One training step: views → h → z → NT-Xent → gradients → new weights.

use super::encoder::Encoder;
use super::head::ProjectionHead;
use super::init::draw;
use super::nt_xent::{Masks, NtXent, nt_xent_with};
use super::optim::Optimizer;
use crate::core::config::{EncoderConfig, HeadConfig};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

/// Encoder and projection head, trained as one.
#[derive(Module, Debug)]
pub struct SimClr {
    pub encoder: Encoder,
    pub head: ProjectionHead,
}

impl SimClr {
    /// Both networks with the initial weights of `seed`: the same on every
    /// device.
    pub fn new(encoder: &EncoderConfig, head: &HeadConfig, seed: u64, device: &Device) -> Self {
        Self {
            encoder: initial_encoder(encoder, seed, device),
            head: draw(ProjectionHead::new(head, encoder.features(), device), seed, "head"),
        }
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

/// What is trained and by which rule.
pub struct Learner {
    pub model: SimClr,
    pub optimizer: Optimizer,
    /// τ of NT-Xent.
    pub temperature: f32,
    /// For the batch size met last.
    masks: Option<Masks>,
}

impl Learner {
    pub fn new(model: SimClr, optimizer: Optimizer, temperature: f32) -> Self {
        Self { model, optimizer, temperature, masks: None }
    }

    /// One step on `views` [2N, 3, S, S], where rows i and i + N are views of one
    /// image, at learning rate `rate`. One forward pass over all views, so they
    /// share their batch statistics.
    ///
    /// Everything is enqueued, nothing is waited for. Returns loss, contrastive
    /// accuracy and std of z before the step, [3], still on the device.
    pub fn step(&mut self, views: Tensor<4>, rate: f32) -> Tensor<1> {
        let result = self.forward(views);
        let metrics = vec![result.loss.clone().inner(), result.contrastive_accuracy, result.std];
        let gradients = GradientsParams::from_grads(result.loss.backward(), &self.model);
        self.update(gradients, rate);
        Tensor::cat(metrics, 0)
    }

    /// The first part of a step: loss and metrics of `views`.
    pub fn forward(&mut self, views: Tensor<4>) -> NtXent {
        let [rows, ..] = views.dims();
        let masks = match self.masks.take().filter(|m| m.rows() == rows) {
            Some(masks) => masks,
            None => Masks::new(rows, &views.device()),
        };
        let result = nt_xent_with(self.model.forward(views.autodiff()), self.temperature, &masks);
        self.masks = Some(masks);
        result
    }

    /// The last part of a step: new weights at learning rate `rate`.
    pub fn update(&mut self, gradients: GradientsParams, rate: f32) {
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
    }
}

#[cfg(test)]
mod tests;
