//! One training step: views → h → z → NT-Xent → gradients → new weights.

use super::encoder::Encoder;
use super::gradient_cache::{Cached, cached_gradients};
use super::head::ProjectionHead;
use super::init::draw;
use super::nt_xent::{Masks, NtXent, nt_xent_with};
use super::optim::Optimizer;
use crate::core::config::{EncoderConfig, HeadConfig};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use std::ops::Range;

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

    /// An encoder that has its weights (published ones, say), of `features` numbers an image,
    /// with a new head of `seed`'s initial weights.
    pub fn with_encoder(encoder: Encoder, features: usize, head: &HeadConfig, seed: u64, device: &Device) -> Self {
        Self { encoder, head: draw(ProjectionHead::new(head, features, device), seed, "head") }
    }

    /// Only the head and the encoder's last `trained` stages train from here on: the others keep
    /// their weights and running statistics, their normalisation is in evaluation mode, and no
    /// graph is kept for them. Weights that are read into the model afterwards train again: freeze
    /// it after a checkpoint was restored.
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

/// What is trained and by which rule.
pub struct Learner {
    pub model: SimClr,
    pub optimizer: Optimizer,
    /// τ of NT-Xent.
    pub temperature: f32,
    /// Views that go through the networks at once; all where there is no number. See
    /// [`gradient_cache`](super::gradient_cache).
    pub chunk: Option<usize>,
    /// For the batch size met last.
    masks: Option<Masks>,
}

impl Learner {
    pub fn new(model: SimClr, optimizer: Optimizer, temperature: f32) -> Self {
        Self { model, optimizer, temperature, chunk: None, masks: None }
    }

    /// One step on `views` [2N, 3, S, S], where rows i and i + N are views of one
    /// image, at learning rate `rate`. One forward pass over all views, so they
    /// share their batch statistics; in chunks where [`Learner::chunk`] says so.
    ///
    /// Everything is enqueued, nothing is waited for. Returns loss, contrastive
    /// accuracy and std of z before the step, [3], still on the device.
    pub fn step(&mut self, views: Tensor<4>, rate: f32) -> Tensor<1> {
        let [rows, ..] = views.dims();
        self.step_by(rows, &|part| if part.len() == rows { views.clone() } else { views.clone().slice([part]) }, rate)
    }

    /// [`Learner::step`] on `rows` = 2N views of which `views` makes some rows, the same whenever it is
    /// asked: in chunks, no more of them are in memory than go through the networks at once.
    pub fn step_by(&mut self, rows: usize, views: &dyn Fn(Range<usize>) -> Tensor<4>, rate: f32) -> Tensor<1> {
        let (measured, gradients) = match self.chunk {
            Some(chunk) if chunk < rows => {
                let Cached { measured, gradients } =
                    cached_gradients(&self.model, rows, views, chunk, self.temperature);
                (measured, gradients)
            }
            _ => {
                let result = self.forward(views(0..rows));
                let gradients = GradientsParams::from_grads(result.loss.backward(), &self.model);
                (result.measured(), gradients)
            }
        };
        self.update(gradients, rate);
        measured
    }

    /// The first part of a step: loss and metrics of `views`.
    pub fn forward(&mut self, views: Tensor<4>) -> NtXent {
        let [rows, ..] = views.dims();
        let kept = self.masks.take().filter(|masks| masks.rows() == rows);
        let masks = kept.unwrap_or_else(|| Masks::new(rows, &views.device()));
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
