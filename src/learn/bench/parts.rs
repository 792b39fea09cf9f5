//! The full step taken apart.

use super::{BATCHES, SIZE, Setting, first_value, noise};
use crate::core::config::RunConfig;
use crate::core::error::Fault;
use crate::learn::augment::views;
use crate::learn::learner::Learner;
use crate::learn::optim::Optimizer;
use crate::learn::simclr::SimClr;
use crate::learn::store::ByteStore;
use crate::learn::trainer::view_pair;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use serde::Serialize;

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

/// A step of [`Kind::Full`](super::Kind::Full) that waits after every part. The
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
        let learner = Learner::new(model, Optimizer::new(&config.optimizer), config.temperature);
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
        let mut first = First { gradients: Some(&gradients), found: None };
        self.learner.model.visit(&mut first);
        read(first.found).await?;
        let backward = clock();

        self.learner.update(gradients, optimizer.peak_rate);
        let mut first = First { gradients: None, found: None };
        self.learner.model.visit(&mut first);
        read(first.found).await?;
        Ok(PartTimes {
            augmentation: augmented - start,
            forward: forward - augmented,
            backward: backward - forward,
            optimizer: clock() - backward,
        })
    }
}

async fn read(found: Option<Tensor<1>>) -> Result<f32, Fault> {
    let none = || Fault::Internal { detail: "the network has no parameter with a gradient".into() };
    first_value(found.ok_or_else(none)?).await
}

/// The first parameter's gradient, or without gradients its value.
struct First<'a> {
    gradients: Option<&'a GradientsParams>,
    found: Option<Tensor<1>>,
}

impl ModuleVisitor for First<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.found.is_some() {
            return;
        }
        let tensor = match self.gradients {
            Some(gradients) => gradients.get::<D>(param.id),
            None => Some(param.val()),
        };
        self.found = tensor.map(|t| {
            let count: usize = t.dims().iter().product();
            t.inner().reshape([count])
        });
    }
}
