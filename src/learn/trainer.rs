//! A pre-training run, one step at a time.

use super::augment::some_views;
use super::checkpoint::{self, Snapshot};
use super::encoder::{Encoder, momentum_after};
use super::simclr::SimClr;
use super::training::{Training, is_finite};
use super::{learner::Learner, optim::Optimizer, store::ByteStore, walk::list};
use crate::core::config::{AugmentConfig, RunConfig, TrainedPart};
use crate::core::report::{Baseline, StepReport, TrustRatios};
use crate::core::{augment::ViewParams, error::Fault, lars::adapts, rng::Rng, schedule::Schedule};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// Steps whose measurements may wait on the device at once; the oldest are dropped unread beyond that.
const RING: usize = 4096;

/// Pre-training of one encoder on the images of one split.
///
/// Everything random comes from the configuration's seed, drawn on the host: two trainers of equal configuration on
/// equal images go the same way. [`Training::step`] waits for nothing, so that it can be called where waiting is
/// impossible (WebGPU in a browser); its `read` fetches what the steps measured, asynchronously.
pub struct Trainer {
    config: RunConfig,
    store: ByteStore,
    /// Images that are trained on, as indices into the store.
    images: Vec<u32>,
    /// The current epoch's order of `images`.
    order: Vec<u32>,
    learner: Learner,
    device: Device,
    /// The published weights that the run started from, if they are loaded.
    published: Option<Encoder>,
    /// Steps done.
    steps: u32,
    pending: Vec<(StepReport, Tensor<1>, Option<Tensor<1>>)>,
    /// λ of the steps read last.
    ratios: Vec<TrustRatios>,
}

/// The images of a step, and what is drawn for both views of each.
struct Batch {
    images: Vec<u32>,
    params: Vec<[ViewParams; 2]>,
}

impl Trainer {
    /// A run at its start. `device` is the plain device that holds `store`;
    /// `images` are the indices of the training split.
    ///
    /// # Errors
    /// [`Fault::TooFewImages`] where not even one batch can be filled; [`Fault::NoWeights`] where it
    /// starts from published weights, which [`Trainer::from_weights`] takes.
    pub fn new(config: &RunConfig, store: ByteStore, images: &[usize], device: &Device) -> Result<Self, Fault> {
        match config.encoder.weights() {
            Some(encoder) => Err(Fault::NoWeights { encoder }),
            None => Self::begin(config, store, images, device, None),
        }
    }

    /// A run at its start, whose encoder begins with `weights`, on the plain device. The stages that
    /// the configuration does not train are frozen. Otherwise as [`Trainer::new`].
    ///
    /// # Errors
    /// [`Fault::TooFewImages`] as there.
    pub fn from_weights(
        config: &RunConfig,
        store: ByteStore,
        images: &[usize],
        device: &Device,
        weights: Encoder,
    ) -> Result<Self, Fault> {
        let trainer = Self::begin(config, store, images, device, Some(weights.clone()))?;
        Ok(trainer.with_published(Some(weights)))
    }

    fn begin(
        config: &RunConfig,
        store: ByteStore,
        images: &[usize],
        device: &Device,
        weights: Option<Encoder>,
    ) -> Result<Self, Fault> {
        if images.len() < config.batch {
            return Err(Fault::TooFewImages { have: images.len(), need: config.batch });
        }
        let RunConfig { encoder, head, seed, .. } = config;
        let autodiff = device.clone().autodiff();
        let model = match weights {
            Some(weights) => SimClr::with_encoder(weights.train(), encoder.features(), head, *seed, &autodiff),
            None => SimClr::new(encoder, head, *seed, &autodiff),
        };
        let mut learner = Learner::new(frozen(model, config), Optimizer::new(&config.optimizer), config.temperature);
        learner.chunk = views_at_once(config.chunk);
        Ok(Self {
            config: *config,
            store,
            images: images.iter().map(|&i| i as u32).collect(),
            order: Vec::new(),
            learner,
            device: device.clone(),
            published: None,
            steps: 0,
            pending: Vec::new(),
            ratios: Vec::new(),
        })
    }

    /// A run as [`Training::snapshot`] saved it: it continues as if it had not been interrupted. Arguments as in
    /// [`Trainer::new`], and the snapshot's bytes, which hold all weights, frozen ones too.
    ///
    /// # Errors
    /// [`Fault::TooFewImages`] as there; [`Fault::Internal`] where the bytes are
    /// not those of a run of this configuration.
    pub fn resume(
        config: &RunConfig,
        store: ByteStore,
        images: &[usize],
        device: &Device,
        checkpoint: &[u8],
    ) -> Result<Self, Fault> {
        let mut trainer = Self::begin(config, store, images, device, None)?;
        let Learner { model, optimizer, .. } = &mut trainer.learner;
        let (model_then, steps) = checkpoint::restore(model.clone(), optimizer, checkpoint)
            .map_err(|e| Fault::Internal { detail: format!("checkpoint: {e}") })?;
        // Tensors that are read into a network train.
        *model = frozen(model_then, config);
        trainer.steps = steps;
        Ok(trainer)
    }

    /// With the published weights that the run started from, on the plain device, as its
    /// baseline: a checkpoint holds only the trained ones.
    pub fn with_published(mut self, weights: Option<Encoder>) -> Self {
        self.published = weights;
        self
    }

    /// Sets the baseline of a run that was resumed before its published weights were loaded.
    pub fn set_published(&mut self, weights: Encoder) {
        self.published = Some(weights);
    }

    /// From the next step on, `images` images go through the networks at once; 0 for the whole batch.
    pub fn set_chunk(&mut self, images: usize) {
        self.config.chunk = images;
        self.learner.chunk = views_at_once(images);
    }

    /// [`Training::step`] on what `change` makes of the views [2N, 3, S, S], rows
    /// i and i + N of one image: for control experiments, such as wrong positives.
    pub fn step_on(&mut self, change: impl FnOnce(Tensor<4>) -> Tensor<4>) {
        let Batch { images, params } = self.next_batch();
        let rate = self.learning_rate();
        let all: Vec<usize> = (0..2 * images.len()).collect();
        let views = some_views(self.source(), self.config.image_size, &images, &params, &all);
        let measured = self.learner.step(change(views), rate);
        self.stepped(measured, rate);
    }

    /// What the next step works on.
    fn next_batch(&mut self) -> Batch {
        let epoch = self.epoch();
        let first = (self.steps % self.steps_per_epoch()) as usize * self.config.batch;
        if first == 0 || self.order.is_empty() {
            self.order = epoch_order(&self.images, self.config.seed, epoch);
        }
        let images = self.order[first..first + self.config.batch].to_vec();
        let (RunConfig { augment, seed, .. }, side) = (&self.config, self.source().size());
        let params = images.iter().map(|&image| view_pair(augment, side, *seed, epoch, image)).collect();
        // Published weights come with statistics of their own.
        if self.config.encoder.weights().is_none() {
            self.learner.model.encoder.set_momentum(momentum_after(self.steps));
        }
        Batch { images, params }
    }

    /// The images that crops are cut from.
    fn source(&self) -> &ByteStore {
        self.store.source(self.config.augment.cuts_detail())
    }

    fn stepped(&mut self, measured: Tensor<1>, learning_rate: f32) {
        let epoch = self.epoch();
        self.steps += 1;
        let report = StepReport { step: self.steps, epoch, learning_rate, ..StepReport::default() };
        if self.pending.len() == RING {
            self.pending.remove(0);
        }
        self.pending.push((report, measured, self.learner.optimizer.trust_ratios().cloned()));
    }

    /// Takes λ of every layer in the steps that [`Training::read`] returned last; empty without LARS.
    pub fn take_trust_ratios(&mut self) -> Vec<TrustRatios> {
        std::mem::take(&mut self.ratios)
    }

    /// Names of the layers that have a λ, in the order of its values. Frozen layers have no λ, and
    /// without LARS no layer has one.
    pub fn layers(&self) -> Vec<String> {
        match self.learner.optimizer {
            Optimizer::Lars(_) => {
                let adapted = list(&self.learner.model).into_iter().filter(|t| t.trains && adapts(&t.shape));
                adapted.map(|tensor| tensor.name).collect()
            }
            Optimizer::Sgd(_) | Optimizer::AdamW(_) => Vec::new(),
        }
    }

    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// The epoch that the next step belongs to, from 1.
    pub fn epoch(&self) -> u32 {
        self.steps / self.steps_per_epoch() + 1
    }

    /// Learning rate of the next step.
    pub fn learning_rate(&self) -> f32 {
        Schedule::new(&self.config.optimizer, self.total_steps()).rate(self.steps + 1) as f32
    }

    /// The encoder as it is now, for evaluation: on the plain device, with
    /// running statistics. Training goes on without touching it.
    pub fn encoder(&self) -> Encoder {
        self.learner.model.encoder.valid()
    }

    /// Encoder and projection head as they are now, for evaluation.
    pub fn model(&self) -> SimClr {
        self.learner.model.valid()
    }

    /// The same with this run's random weights.
    pub fn initial_model(&self) -> SimClr {
        let RunConfig { encoder, head, seed, .. } = &self.config;
        SimClr::new(encoder, head, *seed, &self.device.clone().autodiff()).valid()
    }

    /// The baseline of an evaluation: the encoder as it was when the run started. There is no encoder
    /// if it is the trained one itself, or if its weights are not loaded.
    pub fn baseline(&self) -> (Baseline, Option<Encoder>) {
        if self.config.encoder.weights().is_none() {
            return (Baseline::Untrained, Some(self.initial_encoder()));
        }
        if self.steps == 0 || self.config.trained() == TrainedPart::Head {
            return (Baseline::Itself, None);
        }
        match &self.published {
            Some(published) => (Baseline::ImageNet, Some(published.clone())),
            None => (Baseline::Missing, None),
        }
    }

    /// The encoder with this run's random weights, drawn again from the seed, for evaluation. It has seen no image, so
    /// its running statistics mean nothing: see [`with_statistics`](super::baseline::with_statistics).
    pub fn initial_encoder(&self) -> Encoder {
        self.initial_model().encoder
    }

    /// The images that are trained on, as indices into the store.
    pub fn images(&self) -> &[u32] {
        &self.images
    }

    pub fn store(&self) -> &ByteStore {
        &self.store
    }
}

impl Training for Trainer {
    type Step = StepReport;

    /// Draws the batch and its views, makes them on the device, forward, loss, backward, new weights.
    fn step(&mut self) {
        let Batch { images, params } = self.next_batch();
        let rate = self.learning_rate();
        let source = self.store.source(self.config.augment.cuts_detail());
        let made = |rows: &[usize]| some_views(source, self.config.image_size, &images, &params, rows);
        let mut rng = Rng::stream(self.config.seed, "chunks").fork(u64::from(self.steps));
        let measured = self.learner.step_by(2 * images.len(), &made, &mut rng, rate);
        self.stepped(measured, rate);
    }

    /// Wall time is left at 0: only the caller has a clock in every environment.
    async fn read(&mut self) -> Result<Vec<StepReport>, Fault> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        // All measurements of a step stand together; with LARS its λ too.
        let each = 3 + pending[0].2.as_ref().map_or(0, |ratios| ratios.dims()[0]);
        let mut reports = Vec::with_capacity(pending.len());
        let mut measured = Vec::with_capacity(2 * pending.len());
        for (report, metrics, ratios) in pending {
            reports.push(report);
            measured.push(metrics);
            measured.extend(ratios);
        }
        let values = super::features::read(Tensor::cat(measured, 0)).await?;
        let fill = |(report, v): (StepReport, &[f32])| StepReport {
            loss: v[0],
            contrastive_accuracy: v[1],
            std: v[2],
            ..report
        };
        let rows = || reports.iter().copied().zip(values.chunks_exact(each));
        self.ratios = match each {
            3 => Vec::new(),
            _ => rows().map(|(report, v)| TrustRatios { step: report.step, ratios: v[3..].to_vec() }).collect(),
        };
        Ok(rows().map(fill).collect())
    }

    async fn is_finite(&self) -> Result<bool, Fault> {
        is_finite(&self.learner.model).await
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.learner.model, &self.learner.optimizer, self.steps)
    }

    fn steps(&self) -> u32 {
        self.steps
    }

    fn total_steps(&self) -> u32 {
        self.config.total_steps(self.images.len())
    }

    /// Full batches in the training images; the incomplete rest is dropped, and is another one every epoch.
    fn steps_per_epoch(&self) -> u32 {
        self.config.steps_per_epoch(self.images.len())
    }

    fn unread(&self) -> usize {
        self.pending.len()
    }
}

/// Two views for each image of a chunk.
fn views_at_once(images: usize) -> Option<usize> {
    (images > 0).then_some(2 * images)
}

/// `model` with what does not train frozen.
fn frozen(model: SimClr, config: &RunConfig) -> SimClr {
    match config.trained().stages() {
        Some(trained) => model.freeze_but_last(trained),
        None => model,
    }
}

/// What is drawn for both views of one image, of side `size`, in one epoch (from 1): the run's own draws, also for
/// previews.
pub fn view_pair(augment: &AugmentConfig, size: usize, seed: u64, epoch: u32, image: u32) -> [ViewParams; 2] {
    [0, 1].map(|view| ViewParams::draw(augment, size, &mut Rng::for_view(seed, epoch, image, view)))
}

/// The order of `images` in one epoch (from 1).
fn epoch_order(images: &[u32], seed: u64, epoch: u32) -> Vec<u32> {
    let mut order = images.to_vec();
    Rng::stream(seed, "order").fork(u64::from(epoch)).shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests;
