//! One training step: views → h → z → NT-Xent → gradients → new weights.

use super::gradient_cache::{Cached, cached_gradients};
use super::nt_xent::{Masks, NtXent, nt_xent_with};
use super::optim::Optimizer;
use super::simclr::SimClr;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use std::ops::Range;

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
