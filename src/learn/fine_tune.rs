//! Fine-tuning: an encoder with a linear classifier on top, trained on labelled
//! images (Chen et al. 2020, appendix B.5), one step at a time.

use super::baseline::{Normalised, with_statistics};
use super::checkpoint::{self, Snapshot};
use super::encoder::{Encoder, momentum_after};
use super::features::{Features, Stopped, outputs};
use super::named_tensors::{NamedTensor, WeightsError, load, pack, tensors};
use super::training::{Training, is_finite};
use super::{augment::apply, init::draw, optim::Optimizer, simclr::ProjectionHead, store::ByteStore};
use crate::core::run::fine_tune::{FineTuneConfig, GENTLY, TrainedLayers, TunedFrom, TuningStart};
use crate::core::{
    augment::ViewParams, config::AugmentConfig, config::RunConfig, error::Fault, rng::Rng, schedule::Schedule,
};
use burn::module::{Flag, Module, ModuleMapper, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Nesterov's, as in the paper.
const MOMENTUM: f32 = 0.9;

/// The paper's augmentation for training with labels: crop and flip.
const AUGMENT: AugmentConfig = AugmentConfig {
    crop: true,
    crop_min_area: 0.08,
    detail: false,
    flip_probability: 0.5,
    jitter_probability: 0.0,
    jitter_strength: 0.0,
    gray_probability: 0.0,
    blur_probability: 0.0,
    blur_sigma: (0.1, 2.0),
};

/// Encoder and linear classifier.
#[derive(Module, Debug)]
pub struct Classifier {
    pub encoder: Encoder,
    /// The first layer of the projection head, where the classifier is put on it.
    pub head: Option<ProjectionHead>,
    pub fc: Linear,
}

impl Classifier {
    /// With the weights that [`FineTuner::weights`] stored of one with this one's shapes, for
    /// evaluation: on the plain device.
    ///
    /// # Errors
    /// [`WeightsError`] where the bytes are not of such a one.
    pub fn restore(self, bytes: &[u8]) -> Result<Self, WeightsError> {
        Ok(checkpoint::restore(self, &mut Optimizer::sgd(MOMENTUM, 0.0, true), bytes)?.0.valid())
    }

    /// The whole network as a safetensors file with torchvision's names: the encoder's tensors
    /// without a prefix, `head` if it has one, and `fc`.
    ///
    /// # Errors
    /// [`WeightsError::Device`] where the device fails.
    pub async fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        let mut tensors = tensors(self).await?;
        for tensor in &mut tensors {
            if let Some(name) = tensor.name.strip_prefix("encoder.") {
                tensor.name = name.to_owned();
            }
        }
        pack(&tensors)
    }

    /// `encoder` (of `features` numbers an image), perhaps with the projection head's first layer, and a classifier of
    /// `classes` classes, whose weights are drawn by `seed`, on `device`.
    pub fn new(
        encoder: Encoder,
        head: Option<ProjectionHead>,
        features: usize,
        classes: usize,
        seed: u64,
        device: &Device,
    ) -> Self {
        let fc = draw(LinearConfig::new(features, classes).init(device), seed, "classifier");
        Self { encoder, head, fc }
    }

    /// What `config` trains on `run`, with unspecified weights, to [`Classifier::restore`] them.
    pub fn unspecified(run: &RunConfig, config: &FineTuneConfig, classes: usize, device: &Device) -> Self {
        let features = run.encoder.features();
        let head = head_layer(config, ProjectionHead::new(&run.head, features, device));
        Self::new(Encoder::new(&run.encoder, device), head, features, classes, config.seed, device)
    }

    /// `x` [B, 3, S, S] in [0, 1] to logits [B, classes].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.classify(self.encoder.forward(x))
    }

    /// h [B, F] to logits [B, classes].
    fn classify(&self, h: Tensor<2>) -> Tensor<2> {
        self.fc.forward(match &self.head {
            Some(head) => head.activations(h),
            None => h,
        })
    }

    /// Logits of stored images without augmentation, [rows, classes]; `self` on the
    /// plain device. `pause` as in [`features`](super::features::features).
    pub async fn logits(
        &self,
        store: &ByteStore,
        images: &[u32],
        batch: usize,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<Features, Stopped> {
        let encoder = self.encoder.evaluated();
        outputs(|x| self.classify(encoder.forward(x)), store, images, batch, pause).await
    }
}

impl Normalised for Classifier {
    fn set_momentum(&mut self, momentum: f64) {
        self.encoder.set_momentum(momentum);
        self.head.iter_mut().for_each(|head| head.set_momentum(momentum));
    }

    fn pass(&self, images: Tensor<4>) {
        let _ = self.forward(images);
    }
}

/// The part of a run's projection `head` that the classifier of `config` is put on.
pub fn head_layer(config: &FineTuneConfig, head: ProjectionHead) -> Option<ProjectionHead> {
    head.first_layer().filter(|_| config.from == TunedFrom::HeadLayer)
}

/// Images whose labels may be used, as indices into the store, and their classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledImages {
    pub images: Vec<u32>,
    /// One an image, below `classes`.
    pub labels: Vec<usize>,
    pub classes: usize,
}

/// Loss of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineTuneStep {
    pub step: u32,
    /// Cross-entropy, mean over the batch, before the step.
    pub loss: f32,
}

/// Training of one classifier. Everything random comes from the configuration's seed, drawn on the host.
pub struct FineTuner {
    config: FineTuneConfig,
    store: ByteStore,
    set: LabelledImages,
    /// By [`FineTuneConfig::is_gentle`].
    gentle: bool,
    /// The current epoch's order, of positions in `set`.
    order: Vec<usize>,
    model: Classifier,
    optimizer: Optimizer,
    steps: u32,
    pending: Vec<(u32, Tensor<1>)>,
}

impl FineTuner {
    /// At its start: `encoder`, of `features` numbers an image, and what [`head_layer`] leaves of the head, on the autodiff
    /// device over `store`'s; `set` is what the label fraction chose.
    ///
    /// # Errors
    /// [`Fault::NoLabels`] where fewer than two classes have images.
    pub fn new(
        config: &FineTuneConfig,
        encoder: Encoder,
        head: Option<ProjectionHead>,
        features: usize,
        store: ByteStore,
        set: LabelledImages,
        device: &Device,
    ) -> Result<Self, Fault> {
        if set.labels.iter().all(|l| Some(l) == set.labels.first()) {
            return Err(Fault::NoLabels);
        }
        let model = Classifier::new(encoder, head, features, set.classes, config.seed, &device.clone().autodiff());
        let gentle = config.is_gentle(set.labels.len(), set.classes);
        Ok(Self {
            config: *config,
            store,
            set,
            gentle,
            order: Vec::new(),
            model: freeze(model, config.trained, gentle),
            optimizer: Optimizer::sgd(MOMENTUM, config.weight_decay, true),
            steps: 0,
            pending: Vec::new(),
        })
    }

    /// With a classifier that is trained already, of the tensors that
    /// [`LinearClassifier::tensors`](super::linear_evaluation::LinearClassifier::tensors) gives.
    ///
    /// # Errors
    /// [`WeightsError`] where they are of other shapes.
    pub fn with_head(mut self, head: [NamedTensor; 2]) -> Result<Self, WeightsError> {
        let plain = |t: NamedTensor| NamedTensor { name: t.name.replace("fc.", ""), ..t };
        self.model.fc = load(self.model.fc, head.map(plain).to_vec())?;
        Ok(self)
    }

    /// Replaces the running statistics of what learned by those of `images`, `batch` at a time: the last steps' are of
    /// crops of a few labelled images, seen again and again. It takes no label, so `images` may be the whole training
    /// split. A gentle training keeps its statistics. `pause` as in [`features`](super::features::features).
    ///
    /// # Errors
    /// As [`with_statistics`].
    pub async fn estimate_statistics(
        &mut self,
        images: &[u32],
        batch: usize,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<(), Stopped> {
        if self.gentle {
            return Ok(());
        }
        let model = with_statistics(&self.model.valid(), &self.store, images, batch, self.config.seed, pause).await?;
        self.model = freeze(model.train(), self.config.trained, self.gentle);
        Ok(())
    }

    /// Puts back what [`Training::snapshot`] left; it then goes on as if it had not been interrupted.
    ///
    /// # Errors
    /// [`Fault::Internal`] where the bytes are not those of such a training.
    pub fn restore(mut self, checkpoint: &[u8]) -> Result<Self, Fault> {
        let (model, steps) = checkpoint::restore(self.model, &mut self.optimizer, checkpoint)
            .map_err(|e| Fault::Internal { detail: format!("checkpoint: {e}") })?;
        self.model = freeze(model, self.config.trained, self.gentle);
        self.steps = steps;
        Ok(self)
    }

    /// The classifier as it is now, for evaluation: on the plain device.
    pub fn classifier(&self) -> Classifier {
        self.model.valid()
    }

    /// The classifier frozen as it is now, to be stored without what its training needs.
    pub fn weights(&self) -> Snapshot {
        Snapshot::new(&self.model, &Optimizer::sgd(MOMENTUM, 0.0, true), self.steps)
    }

    pub fn config(&self) -> &FineTuneConfig {
        &self.config
    }

    /// Training images whose labels are used.
    pub fn labelled(&self) -> usize {
        self.set.images.len()
    }

    /// Mean cross-entropy of logits [B, C].
    fn loss(&self, logits: Tensor<2>, positions: &[usize]) -> Tensor<1> {
        let mut truth = vec![0.0; positions.len() * self.set.classes];
        positions
            .iter()
            .zip(truth.chunks_exact_mut(self.set.classes))
            .for_each(|(&p, row)| row[self.set.labels[p]] = 1.0);
        let device = logits.device();
        let truth = Tensor::<2>::from_data(TensorData::new(truth, [positions.len(), self.set.classes]), &device);
        (log_softmax(logits, 1) * truth).sum().neg().div_scalar(positions.len() as f32)
    }
}

/// Only what `trained` names still learns. `gentle`: by the running statistics, which stay.
fn freeze(model: Classifier, trained: TrainedLayers, gentle: bool) -> Classifier {
    let last = match trained {
        TrainedLayers::All => model.encoder.stages(),
        TrainedLayers::Last(stages) => usize::from(stages),
        TrainedLayers::Classifier => 0,
    };
    // Of pre-training with frozen stages the freeze is still on: it survives `valid` and `train`.
    let head = model.head.map(|head| if last > 0 { head.unfreeze() } else { head.freeze() });
    let encoder = model.encoder.unfreeze().freeze_but_last(last);
    let model = Classifier { encoder, head, fc: model.fc.unfreeze() };
    if gentle { model.map(&mut FixedStatistics) } else { model }
}

/// Batch normalisation by the running statistics in training too, while its weights learn.
struct FixedStatistics;

impl ModuleMapper for FixedStatistics {
    fn map_flag(&mut self, of_training: Param<Flag>) -> Param<Flag> {
        of_training.with_value(false)
    }
}

impl Training for FineTuner {
    type Step = FineTuneStep;

    fn step(&mut self) {
        let (epoch, batch) = (self.epochs_done() + 1, self.config.batch_of(self.labelled()));
        let first = (self.steps % self.steps_per_epoch()) as usize * batch;
        if first == 0 || self.order.is_empty() {
            self.order = (0..self.set.images.len()).collect();
            Rng::stream(self.config.seed, "fine-tuning").fork(u64::from(epoch)).shuffle(&mut self.order);
        }
        let positions = self.order[first..first + batch].to_vec();
        let images: Vec<u32> = positions.iter().map(|&p| self.set.images[p]).collect();
        let size = self.store.size();
        let augment = AugmentConfig { crop: !self.gentle, ..AUGMENT };
        let draw =
            |&image: &u32| ViewParams::draw(&augment, size, &mut Rng::for_view(self.config.seed, epoch, image, 0));
        let params: Vec<ViewParams> = images.iter().map(draw).collect();
        let views = apply(self.store.gather(&images), &params).autodiff();

        if self.config.start == TuningStart::Random {
            self.model.set_momentum(momentum_after(self.steps));
        }
        let loss = self.loss(self.model.forward(views), &positions);
        self.steps += 1;
        self.pending.push((self.steps, loss.clone().inner()));
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        let peak = if self.gentle { GENTLY * self.config.peak_rate } else { self.config.peak_rate };
        let rate = Schedule::without_warmup(peak, self.total_steps()).rate(self.steps) as f32;
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
    }

    async fn read(&mut self) -> Result<Vec<FineTuneStep>, Fault> {
        let (steps, losses): (Vec<u32>, Vec<Tensor<1>>) = std::mem::take(&mut self.pending).into_iter().unzip();
        if losses.is_empty() {
            return Ok(Vec::new());
        }
        let losses = super::features::read(Tensor::cat(losses, 0)).await?;
        Ok(steps.into_iter().zip(losses).map(|(step, loss)| FineTuneStep { step, loss }).collect())
    }

    async fn is_finite(&self) -> Result<bool, Fault> {
        is_finite(&self.model).await
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.model, &self.optimizer, self.steps)
    }

    fn steps(&self) -> u32 {
        self.steps
    }

    fn total_steps(&self) -> u32 {
        self.steps_per_epoch() * self.config.total_epochs(self.labelled())
    }

    fn steps_per_epoch(&self) -> u32 {
        self.config.steps_per_epoch(self.labelled())
    }

    fn unread(&self) -> usize {
        self.pending.len()
    }
}

#[cfg(test)]
mod tests;
