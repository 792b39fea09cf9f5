//! What `cargo xtask bench` times: training steps of two fixed settings, with the weights and the input
//! that the other libraries in tests/bench/peers get, the full step taken apart, forward passes of the
//! published encoders, and linear evaluation.

mod inputs;

pub use inputs::{Setting, fixed_views, fixed_weights, mulberry};

use super::simclr::{SimClr, initial_encoder};
use super::trainer::{Trainer, view_pair};
use super::walk::{TensorPath, TensorVisitor, flat, flat_gradients, visit};
use super::{
    augment::views, checkpoint::Snapshot, encoder::Evaluated, features::Stopped, learner::Learner,
    linear_evaluation::Evaluation, optim, store::ByteStore, training::Training,
};
use crate::core::config::{EncoderConfig, Optimizer, OptimizerConfig, RunConfig};
use crate::core::report::{Baseline, EvaluationReport};
use crate::core::{error::Fault, imagenet::ImageNetEncoder};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use inputs::{BATCHES, SIZE, first_value, labelled, noise};
use serde::{Deserialize, Serialize};

/// Of the step that is compared with other libraries.
const PEER_RATE: f32 = 0.05;

/// Which of the two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What the other libraries compute: fixed views, SGD with momentum 0.9 at rate 0.05.
    Peer,
    /// What training computes: a batch from the bytes on the device, both views made of it, LARS.
    Full,
}

/// A step to be timed. In both kinds a step ends when its loss has been read.
#[allow(clippy::large_enum_variant, reason = "one exists at a time")]
pub enum Bench {
    Peer { learner: Box<Learner>, views: Tensor<4> },
    Full(Box<Trainer>),
}

impl Bench {
    /// `device` without autodiff.
    ///
    /// # Errors
    /// [`Fault::Internal`] where the device gives no values.
    pub async fn new(setting: Setting, kind: Kind, device: &Device) -> Result<Self, Fault> {
        let config = setting.config();
        Ok(match kind {
            Kind::Peer => Self::Peer {
                learner: Box::new(peer_learner(&config, device).await?),
                views: fixed_views(2 * config.batch, SIZE, device),
            },
            Kind::Full => {
                let set = noise(BATCHES * config.batch);
                let images: Vec<usize> = (0..set.examples.len()).collect();
                let store = ByteStore::new(&set, device, 1 << 27);
                Self::Full(Box::new(Trainer::new(&config, store, &images, device)?))
            }
        })
    }

    /// What a checkpoint stores; of the full step only.
    ///
    /// # Errors
    /// [`Fault::Internal`] of the other one.
    pub fn snapshot(&self) -> Result<Snapshot, Fault> {
        match self {
            Self::Peer { .. } => Err(Fault::Internal { detail: "only the full step has checkpoints".into() }),
            Self::Full(trainer) => Ok(trainer.snapshot()),
        }
    }

    /// One step; its loss.
    ///
    /// # Errors
    /// [`Fault::Internal`] where the device gives no values.
    pub async fn step(&mut self) -> Result<f32, Fault> {
        match self {
            Self::Peer { learner, views } => first_value(learner.step(views.clone(), PEER_RATE)).await,
            Self::Full(trainer) => {
                trainer.step();
                Ok(trainer.read().await?.first().map_or(f32::NAN, |report| report.loss))
            }
        }
    }
}

/// The network with its fixed weights, and the optimiser of the comparison.
async fn peer_learner(config: &RunConfig, device: &Device) -> Result<Learner, Fault> {
    let rule = OptimizerConfig {
        peak_rate: PEER_RATE,
        weight_decay: 0.0,
        momentum: 0.9,
        ..OptimizerConfig::preset(Optimizer::Sgd, config.batch)
    };
    let model = fixed_weights(&config.encoder, &config.head, &device.clone().autodiff()).await?;
    Ok(Learner::new(model, optim::Optimizer::new(&rule), 0.5))
}

/// Milliseconds of each part of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PartTimes {
    /// Drawing, gathering and making both views.
    pub augmentation: f64,
    /// Encoder, head and NT-Xent with its metrics.
    pub forward: f64,
    pub backward: f64,
    pub optimizer: f64,
}

/// A step of [`Kind::Full`] that waits after every part. The
/// parts together take longer than the step, which waits once.
pub struct Parts {
    config: RunConfig,
    learner: Learner,
    store: ByteStore,
    steps: u32,
}

impl Parts {
    /// `device` without autodiff.
    pub fn new(setting: Setting, device: &Device) -> Self {
        let config = setting.config();
        let model = SimClr::new(&config.encoder, &config.head, config.seed, &device.clone().autodiff());
        let learner = Learner::new(model, optim::Optimizer::new(&config.optimizer), config.temperature);
        let store = ByteStore::new(&noise(BATCHES * config.batch), device, 1 << 27);
        Self { config, learner, store, steps: 0 }
    }

    /// One step, timed with `clock`, which gives milliseconds.
    ///
    /// # Errors
    /// [`Fault::Internal`] where the device gives no values.
    pub async fn step(&mut self, clock: impl Fn() -> f64) -> Result<PartTimes, Fault> {
        let RunConfig { augment, seed, batch, optimizer, .. } = self.config;
        self.steps += 1;
        let indices: Vec<u32> = (0..batch as u32).collect();

        let start = clock();
        let params: Vec<_> = indices.iter().map(|&i| view_pair(&augment, SIZE, seed, self.steps, i)).collect();
        let made = views(&self.store, &indices, &params);
        first_value(made.clone()).await?;
        let augmented = clock();

        let result = self.learner.forward(made);
        let loss = result.loss.clone().inner();
        first_value(Tensor::cat(vec![loss, result.contrastive_accuracy, result.std], 0)).await?;
        let forward = clock();

        let gradients = GradientsParams::from_grads(result.loss.backward(), &self.learner.model);
        // The first layer's gradient is the last to be known.
        read_first(flat_gradients(&self.learner.model, &gradients)).await?;
        let backward = clock();

        self.learner.update(gradients, optimizer.peak_rate);
        let mut weights = Weights::default();
        visit(&self.learner.model, &mut weights);
        read_first(weights.0).await?;
        Ok(PartTimes {
            augmentation: augmented - start,
            forward: forward - augmented,
            backward: backward - forward,
            optimizer: clock() - backward,
        })
    }
}

async fn read_first(tensors: Vec<Tensor<1>>) -> Result<f32, Fault> {
    let none = || Fault::Internal { detail: "the network has no parameter with a gradient".into() };
    first_value(tensors.into_iter().next().ok_or_else(none)?).await
}

/// All tensors of a network as vectors.
#[derive(Default)]
struct Weights(Vec<Tensor<1>>);

impl TensorVisitor for Weights {
    fn tensor<const D: usize>(&mut self, _path: &TensorPath, param: &Param<Tensor<D>>) {
        self.0.push(flat(param.val()));
    }
}

/// The forward pass of a published encoder, with any weights.
pub struct Forward {
    encoder: Evaluated,
    /// [B, 3, S, S]
    images: Tensor<4>,
}

impl Forward {
    /// `images` images of `side` pixels; `device` without autodiff.
    pub fn new(which: ImageNetEncoder, side: usize, images: usize, device: &Device) -> Self {
        let shape = [images, 3, side, side];
        let values = mulberry(5, shape.iter().product());
        Self {
            encoder: initial_encoder(&EncoderConfig::with_weights(which), 1, device).evaluated(),
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

/// Images a forward pass.
const EVALUATION_BATCH: usize = 128;

/// Everything that linear evaluation does, on `images` images in ten classes and three splits with the encoder of
/// [`Setting::Tiny`]. `device` without autodiff; `pause` as in [`features`](crate::learn::features::features).
///
/// # Errors
/// Where the device fails, or `pause` says stop.
pub async fn evaluation(
    images: usize,
    device: &Device,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<EvaluationReport, Stopped> {
    let config = Setting::Tiny.config();
    let dataset = labelled(images);
    let store = ByteStore::new(&dataset, device, 1 << 27);
    let encoder = initial_encoder(&config.encoder, config.seed, &device.clone().autodiff()).valid();
    let evaluation = Evaluation {
        dataset: &dataset,
        store: &store,
        trained: &encoder,
        baseline: Baseline::Untrained,
        initial: Some(&encoder),
        batch: EVALUATION_BATCH,
        seed: config.seed,
        steps: 0,
        test_use: 1,
    };
    evaluation.run(pause).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::block_on::block_on;

    /// The same steps in torch, TensorFlow.js and jax-js gave these losses: one number checks convolutions, batch
    /// normalisation, head, loss, gradients and momentum together.
    #[test]
    fn four_steps_give_the_losses_of_other_libraries() {
        let mut bench = block_on(Bench::new(Setting::Tiny, Kind::Peer, &Device::flex())).unwrap();
        for want in [4.1481f32, 4.1382, 4.1201, 4.0953] {
            let got = block_on(bench.step()).unwrap();
            assert!((got - want).abs() < 2e-4, "loss {got}, expected {want}");
        }
    }

    #[test]
    fn the_full_step_trains() {
        let mut bench = block_on(Bench::new(Setting::Tiny, Kind::Full, &Device::flex())).unwrap();
        // Chance for N = 32 is ln 63 = 4.14; an untrained encoder is near it.
        let loss = block_on(bench.step()).unwrap();
        assert!((2.5..4.3).contains(&loss), "{loss}");
    }

    #[test]
    fn parts_take_time_each() {
        let clock = std::time::Instant::now();
        let mut parts = Parts::new(Setting::Tiny, &Device::flex());
        let t = block_on(parts.step(|| clock.elapsed().as_secs_f64() * 1e3)).unwrap();
        for part in [t.augmentation, t.forward, t.backward, t.optimizer] {
            assert!(part > 0.0, "{t:?}");
        }
        assert!(t.backward > t.optimizer, "{t:?}");
    }

    #[test]
    fn evaluation_judges_all_three_on_the_test_split() {
        let report = block_on(evaluation(200, &Device::flex(), &mut async |_| true)).unwrap();
        assert_eq!((report.test_images.len(), report.classes.len()), (40, 10));
        for linear in [&report.trained, report.linear_baseline.as_ref().unwrap(), &report.raw_pixels] {
            assert_eq!(linear.predicted.len(), 40);
        }
    }
}
