//! One training step: views → h → z → NT-Xent → gradients → new weights.

use super::gradient_cache::{Cached, cached_gradients};
use super::nt_xent::{Masks, NtXent, nt_xent_with};
use super::{optim::Optimizer, simclr::SimClr};
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

    /// One step on `views` [2N, 3, S, S], where rows i and i + N are views of one image, at learning rate `rate`. One
    /// forward pass over all views, so they share their batch statistics; in chunks where [`Learner::chunk`] says so.
    ///
    /// Everything is enqueued, nothing is waited for. Returns loss, contrastive
    /// accuracy and std of z before the step, `[3]`, still on the device.
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
mod tests {
    use super::*;
    use crate::core::config::{self, Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem};
    use crate::learn::{
        baseline::reestimate_batch_norm, bench::mulberry, block_on::block_on, encoder::Encoder, named_tensors::tensors,
        simclr::initial_encoder,
    };
    use burn::module::Module;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn every_optimizer_lowers_the_loss_of_one_batch() {
        let device = Device::flex();
        let encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 4);
        let head = HeadConfig { layers: 2, output: 32 };
        let shape = [16, 3, 16, 16];
        let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
        for (rule, rate) in
            [(config::Optimizer::Lars, 0.5), (config::Optimizer::Sgd, 0.1), (config::Optimizer::AdamW, 1e-3)]
        {
            let optimizer = OptimizerConfig {
                optimizer: rule,
                peak_rate: rate,
                weight_decay: 1e-4,
                momentum: 0.9,
                trust_coefficient: 0.001,
                warmup: 0.0,
            };
            let model = SimClr::new(&encoder, &head, 1, &device.clone().autodiff());
            let mut learner = Learner::new(model, Optimizer::new(&optimizer), 0.5);
            let losses: Vec<f32> = (0..12)
                .map(|_| learner.step(views.clone(), rate).into_data().try_to_vec::<f32>().unwrap()[0])
                .collect();
            assert!(losses[11] < losses[0] - 0.05, "{rule:?}: {losses:?}");
        }
    }

    #[test]
    fn a_frozen_encoder_stays_while_its_head_learns() {
        let device = Device::flex();
        let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, 4);
        let shape = [16, 3, 16, 16];
        let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
        let autodiff = device.clone().autodiff();
        // Statistics of these views, which evaluation uses.
        let loaded = reestimate_batch_norm(&initial_encoder(&encoder, 5, &autodiff), [views.clone()]).train();
        let head = HeadConfig { layers: 2, output: 32 };
        let model = SimClr::with_encoder(loaded, encoder.features(), &head, 1, &autodiff).freeze_but_last(0);
        let named = |model: &SimClr| block_on(tensors(model)).unwrap();
        let before = named(&model);
        // Evaluation, on the training device.
        let h = |encoder: &Encoder, x: Tensor<4>| encoder.forward(x).into_data().iter::<f32>().collect::<Vec<f32>>();
        assert_eq!(h(&model.encoder, views.clone().autodiff()), h(&model.encoder.valid(), views.clone()));

        let mut learner = Learner::new(model, Optimizer::sgd(0.9, 1e-4, false), 0.5);
        let losses: Vec<f32> =
            (0..20).map(|_| learner.step(views.clone(), 0.5).into_data().try_to_vec::<f32>().unwrap()[0]).collect();
        assert!(losses[19] < losses[0] - 0.02, "{losses:?}");
        let after = named(&learner.model);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before == after, before.name.starts_with("encoder."), "{}", before.name);
        }
    }
}
