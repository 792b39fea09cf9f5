//! What `cargo xtask bench` times: training steps of two fixed settings, with
//! the weights and the input that the other libraries in tests/bench/peers get.

mod evaluation;
mod fixed;
mod forward;
mod parts;

pub use evaluation::evaluation;
pub use fixed::{fixed_views, fixed_weights, mulberry};
pub use forward::Forward;
pub use parts::{PartTimes, Parts};

use super::checkpoint::Snapshot;
use super::learner::Learner;
use super::store::ByteStore;
use super::trainer::Trainer;
use super::training::Training;
use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem};
use crate::core::dataset::{Dataset, Example, Split};
use crate::core::error::Fault;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Side of the images in pixels.
const SIZE: usize = 32;
/// Batches in the set that the full step draws from.
const BATCHES: usize = 4;
/// Of the step that is compared with other libraries.
const PEER_RATE: f32 = 0.05;

/// A network and a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// ResNet-10 of width 16, N = 32.
    Tiny,
    /// ResNet-18 of width 64, N = 16.
    R18,
}

impl Setting {
    /// The run that the full step is a step of: the presets of 32-pixel images
    /// (crop, flip, jitter, grayscale; LARS), for longer than anybody times.
    pub fn config(self) -> RunConfig {
        let (architecture, width, batch) = match self {
            Self::Tiny => (Architecture::ResNet10, 16, 32),
            Self::R18 => (Architecture::ResNet18, 64, 16),
        };
        RunConfig {
            encoder: EncoderConfig::random(architecture, Stem::Small, width),
            head: HeadConfig { layers: 2, output: 128 },
            optimizer: OptimizerConfig::preset(Optimizer::Lars, batch),
            batch,
            epochs: 1_000_000,
            ..RunConfig::preset(SIZE, BATCHES * batch)
        }
    }
}

/// Which of the two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What the other libraries compute: fixed views, SGD with momentum 0.9 at
    /// rate 0.05.
    Peer,
    /// What training computes: a batch from the bytes on the device, both views
    /// made of it, LARS.
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
    Ok(Learner::new(model, super::optim::Optimizer::new(&rule), 0.5))
}

/// Images of noise without labels: what is in them changes no time.
fn noise(images: usize) -> Dataset {
    let pixels = mulberry(5, images * 3 * SIZE * SIZE).iter().map(|v| (v * 256.0) as u8).collect();
    let example = |i: usize| Example { label: None, split: Split::Train, name: format!("noise {i}") };
    Dataset { size: SIZE, classes: Vec::new(), examples: (0..images).map(example).collect(), pixels }
}

/// The first number of a tensor. Once it is here, everything that was enqueued
/// before it is done: a device works in order.
async fn first_value<const D: usize>(tensor: Tensor<D>) -> Result<f32, Fault> {
    let count: usize = tensor.dims().iter().product();
    let internal = |e| Fault::Internal { detail: format!("a value could not be read: {e:?}") };
    let data = tensor.reshape([count]).narrow(0, 0, 1).into_data_async().await.map_err(internal)?;
    data.iter::<f32>().next().ok_or_else(|| Fault::Internal { detail: "an empty tensor was read".into() })
}

#[cfg(test)]
mod tests;
