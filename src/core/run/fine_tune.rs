//! Fine-tuning: its settings, its progress and its results.

use crate::core::architecture::{Architecture, PUBLISHED_WIDTH, Stem};
use crate::core::config::RunConfig;
use crate::core::config::setting::{Bounds, Choice, Field, Setting, Value, check};
use crate::core::error::{ConfigFault, StorageFault};
use crate::core::{metrics::ClassificationReport, report::RunState};
use serde::{Deserialize, Serialize};

/// Which weights the network starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TuningStart {
    /// The pre-trained encoder.
    Pretrained,
    /// The run's random weights: the baseline without pre-training.
    Random,
}

/// Which layers learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrainedLayers {
    All,
    /// This many of the encoder's last stages, and the classifier. The rest is frozen, with
    /// its normalisation in evaluation mode.
    Last(u8),
    /// The classifier alone, on frozen features: linear evaluation with fewer labels.
    Classifier,
}

/// What the classifier is put on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunedFrom {
    /// h.
    #[default]
    Encoder,
    /// The first layer of the projection head, with its normalisation and ReLU, which learns too (SimCLR v2: Chen et al.
    /// 2020, arXiv 2006.10029, section 2).
    HeadLayer,
}

impl Choice for TunedFrom {
    const TABLE: &'static [(&'static str, Self)] = &[("h", Self::Encoder), ("head_layer", Self::HeadLayer)];
}

/// Steps of the recipe at least: few labels are few steps an epoch, too few of them to learn from.
pub const LEAST_STEPS: u32 = 300;
/// Labels a class from which a pre-trained network is trained as in the paper; see [`FineTuneConfig::is_gentle`].
pub const ENOUGH_LABELS: usize = 10;
/// Part of the learning rate of a gentle training: with fixed statistics the whole rate diverges (BENCHMARKS.md).
pub const GENTLY: f32 = 0.01;
/// Most validation images that are judged at a time.
const MOST_VALIDATION: u64 = 1_000;

/// Percentages of the training labels that the page offers.
pub const FRACTIONS: [u8; 6] = [1, 5, 10, 25, 50, 100];

/// A training beside what it needs to know of the run that it fine-tunes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// On which the number of stages depends.
    pub architecture: Architecture,
    /// Whether the projection head learned, and has a layer before its last.
    pub has_head_layer: bool,
    pub config: FineTuneConfig,
}

impl Tuning {
    /// `config` after `steps` steps of `run`.
    pub fn of(run: &RunConfig, steps: u32, config: FineTuneConfig) -> Self {
        Self { architecture: run.encoder.architecture, has_head_layer: steps > 0 && run.head.layers > 1, config }
    }
}

/// A row of [`SETTINGS`].
pub type TuningSetting = &'static Setting<Tuning>;

/// Every setting of fine-tuning, in the order of the form. Their words are rows of `app::text::settings`.
pub static SETTINGS: [Setting<Tuning>; 7] = [
    row("labels", Value::Whole(10), Bounds::OneOf(&[1, 5, 10, 25, 50, 100]), |t| &mut t.config.fraction),
    // The last stages that learn; 0 stands for all layers, and for none but the classifier.
    row("stages", Value::Whole(0), Bounds::Whole { min: 0, max: 4 }, |t| &mut t.config.trained).within(|t, _| {
        let min = u64::from(matches!(t.config.trained, TrainedLayers::Last(_)));
        Bounds::Whole { min, max: u64::from(stages(t.architecture)) - 1 }
    }),
    row("from", Value::Choice("h"), Bounds::Choice(&["h", "head_layer"]), |t| &mut t.config.from)
        .within(|t, own| if t.has_head_layer { own } else { Bounds::Choice(&["h"]) })
        .used_if(|t| t.has_head_layer),
    row("epochs", Value::Whole(60), Bounds::Whole { min: 1, max: 1000 }, |t| &mut t.config.epochs),
    row("steps", Value::Whole(LEAST_STEPS as u64), Bounds::Whole { min: 0, max: 1_000_000 }, |t| {
        &mut t.config.least_steps
    }),
    row("batch", Value::Whole(64), Bounds::Whole { min: 2, max: 4096 }, |t| &mut t.config.batch),
    // By [`default_rate`].
    row("rate", Value::Real(0.0125), Bounds::Real { min: 1e-6, max: 10.0, step: 0.001 }, |t| &mut t.config.peak_rate),
];

const fn row(
    key: &'static str,
    default: Value,
    bounds: Bounds,
    field: fn(&mut Tuning) -> &mut dyn Field,
) -> Setting<Tuning> {
    Setting::new(key, default, bounds, field)
}

impl Field for TrainedLayers {
    fn get(&self) -> Value {
        Value::Whole(match self {
            Self::Last(last) => u64::from(*last),
            Self::All | Self::Classifier => 0,
        })
    }

    fn set(&mut self, value: Value) {
        if let Value::Whole(last) = value {
            *self = if last == 0 { Self::All } else { Self::Last(last as u8) };
        }
    }
}

/// Stages of an encoder that can be trained by themselves, including the stem.
pub fn stages(architecture: Architecture) -> u8 {
    (architecture.facts().layers)(PUBLISHED_WIDTH, Stem::ImageNet).len() as u8
}

/// Chen et al. 2020, appendix B.5: 0.05 · batch / 256.
pub fn default_rate(batch: usize) -> f32 {
    0.05 * batch as f32 / 256.0
}

/// One training of a classifier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneConfig {
    pub start: TuningStart,
    pub trained: TrainedLayers,
    /// Older records have no such field: they put the classifier on h.
    #[serde(default)]
    pub from: TunedFrom,
    /// Per cent of the labelled training images, balanced over classes.
    pub fraction: u8,
    pub epochs: u32,
    /// Where the epochs have fewer steps, more of them follow. 0 in older records.
    #[serde(default)]
    pub least_steps: u32,
    /// With a pre-trained encoder the classifier starts as the linear classifier on the same labels. Older
    /// records, where this is false, drew its weights.
    #[serde(default)]
    pub linear_head: bool,
    /// A pre-trained network with few labels is trained as [`FineTuneConfig::is_gentle`] says. Older records, where this
    /// is false, treated all fractions alike.
    #[serde(default)]
    pub gentle: bool,
    /// Images a step.
    pub batch: usize,
    /// Learning rate at the start; half a cosine to 0, no warm-up. See [`default_rate`].
    pub peak_rate: f32,
    pub weight_decay: f32,
    /// Choice of labels, order of images, crops, and the classifier's first weights.
    pub seed: u64,
}

/// The pre-trained encoder, and every setting at its default.
impl Default for FineTuneConfig {
    fn default() -> Self {
        let config = Self {
            start: TuningStart::Pretrained,
            trained: TrainedLayers::All,
            from: TunedFrom::Encoder,
            fraction: 0,
            epochs: 0,
            least_steps: 0,
            linear_head: true,
            gentle: true,
            batch: 0,
            peak_rate: 0.0,
            weight_decay: 0.0,
            seed: 0,
        };
        let mut tuning = Tuning { architecture: Architecture::ConvNet4, has_head_layer: false, config };
        SETTINGS.iter().for_each(|setting| setting.reset(&mut tuning));
        tuning.config
    }
}

impl FineTuneConfig {
    /// The recipe at one label fraction: every other setting at its default, Nesterov 0.9.
    pub fn recipe(start: TuningStart, trained: TrainedLayers, fraction: u8, seed: u64) -> Self {
        Self { start, trained, fraction, seed, ..Self::default() }
    }

    /// Whether a linear classifier on frozen features has to be trained for it.
    pub fn needs_linear(&self) -> bool {
        self.trained == TrainedLayers::Classifier || (self.linear_head && self.start == TuningStart::Pretrained)
    }

    /// Whether images come whole, only mirrored, batch normalisation keeps the statistics of pre-training, and steps are
    /// [`GENTLY`] as long: with fewer than [`ENOUGH_LABELS`] labels a class. The linear classifier that it starts from was
    /// fitted to whole images under these statistics; others, crops and long steps lose what it had (BENCHMARKS.md).
    pub fn is_gentle(&self, labels: usize, classes: usize) -> bool {
        self.gentle && self.start == TuningStart::Pretrained && labels < ENOUGH_LABELS * classes
    }

    /// The same with `batch` images a step; the learning rate follows by [`Self::follow_rate`].
    pub fn with_batch(&self, batch: usize) -> Self {
        let mut other = Self { batch, ..*self };
        other.follow_rate(self);
        other
    }

    /// After the batch changed from that of `old`, sets the learning rate to
    /// [`default_rate`] again if it followed that rule and was not changed itself.
    pub fn follow_rate(&mut self, old: &Self) {
        if old.peak_rate == default_rate(old.batch) && self.peak_rate == old.peak_rate {
            self.peak_rate = default_rate(self.batch);
        }
    }

    /// The three trainings that are compared at the same fraction and budget: this one; the same network from random
    /// weights, all of which learn, since frozen random layers are of no use; and a linear classifier on the frozen
    /// encoder, trained as in linear evaluation whatever the settings.
    pub fn contestants(&self) -> [Self; 3] {
        let random = Self { start: TuningStart::Random, trained: TrainedLayers::All, ..*self };
        [*self, random, Self::recipe(TuningStart::Pretrained, TrainedLayers::Classifier, self.fraction, self.seed)]
    }

    /// All three contestants at every fraction, the quickest first.
    pub fn curve(&self) -> Vec<Self> {
        FRACTIONS.into_iter().flat_map(|fraction| Self { fraction, ..*self }.contestants()).collect()
    }

    /// Images a step with this many labels: all where there are fewer than the batch asked for.
    pub fn batch_of(&self, labels: usize) -> usize {
        self.batch.clamp(1, labels.max(1))
    }

    /// Whole batches in an epoch with this many labels, at least one.
    pub fn steps_per_epoch(&self, labels: usize) -> u32 {
        (labels / self.batch_of(labels)).max(1) as u32
    }

    /// Epochs of the training with this many labels.
    pub fn total_epochs(&self, labels: usize) -> u32 {
        self.epochs.max(self.least_steps.div_ceil(self.steps_per_epoch(labels)))
    }

    /// Steps of the training with this many labels; 0 for a linear classifier.
    pub fn total_steps(&self, labels: usize) -> u32 {
        match (self.trained, labels) {
            (TrainedLayers::Classifier, _) | (_, 0) => 0,
            _ => self.steps_per_epoch(labels).saturating_mul(self.total_epochs(labels)),
        }
    }

    /// A tenth of the images that the steps go over: so many may be validated, and take less time than these did.
    fn validated(&self, labels: usize) -> u64 {
        u64::from(self.total_steps(labels)) * self.batch_of(labels) as u64 / 10
    }

    /// How many of `available` validation images are judged at a time.
    pub fn validation_images(&self, labels: usize, available: usize) -> usize {
        self.validated(labels).min(MOST_VALIDATION).min(available as u64) as usize
    }

    /// Whether `images` validation images are judged after an epoch (from 1): in as many epochs as a tenth of the
    /// time allows, spread evenly; the last is one of them.
    pub fn validates_after(&self, epoch: u32, labels: usize, images: usize) -> bool {
        let times = self.validated(labels).checked_div(images as u64).unwrap_or(0);
        let by = |epoch: u32| u64::from(epoch) * times / u64::from(self.total_epochs(labels).max(1));
        by(epoch) > by(epoch.saturating_sub(1))
    }

    /// Whether such a training can be done after `steps` steps of `run`.
    ///
    /// # Errors
    /// Every setting that is out of bounds.
    pub fn check(&self, run: &RunConfig, steps: u32) -> Result<(), Vec<ConfigFault>> {
        check(&SETTINGS, &Tuning::of(run, steps, *self))
    }
}

/// Measured over one epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FineTuneEpoch {
    pub epoch: u32,
    /// Mean cross-entropy over the epoch's steps; `None` for a linear classifier, whose training reports no epochs.
    pub loss: Option<f32>,
    /// To look at: nothing is chosen by it. `None` where no validation image was judged.
    pub validation_accuracy: Option<f32>,
}

/// Most epochs of a training that are kept: of few labels an epoch is one step, and a training tens of thousands.
const MOST_EPOCHS: u32 = 500;

/// Adds the next epoch, as it is. Of those before, at most [`MOST_EPOCHS`] stay, evenly spread: of each span the newest
/// that was validated, or the newest.
pub fn push_epoch(epochs: &mut Vec<FineTuneEpoch>, next: FineTuneEpoch) {
    let span = next.epoch.div_ceil(MOST_EPOCHS - 1).next_power_of_two();
    let of = |epoch: &FineTuneEpoch| epoch.epoch.saturating_sub(1) / span;
    epochs.dedup_by(|later, kept| {
        let same = of(later) == of(kept);
        if same && (later.validation_accuracy.is_some() || kept.validation_accuracy.is_none()) {
            *kept = *later;
        }
        same
    });
    epochs.push(next);
}

/// The progress of a list of trainings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneProgress {
    pub state: RunState,
    /// The training under way, and its index among all.
    pub config: FineTuneConfig,
    pub place: usize,
    pub of: usize,
    /// Training images whose labels it uses.
    pub labels: usize,
    /// Steps done, and steps of the training. The latter are 0 while the linear classifier is
    /// trained, which reports no steps.
    pub step: u32,
    pub total_steps: u32,
    /// Wall time of a step in milliseconds.
    pub milliseconds: f32,
    /// Loss of the newest step.
    pub loss: Option<f32>,
    /// By [`push_epoch`]; all in older values.
    pub epochs: Vec<FineTuneEpoch>,
    /// Steps of the trainings after this one.
    pub steps_ahead: u32,
    /// Why the newest save failed, if it did; training goes on.
    pub not_saved: Option<StorageFault>,
}

impl FineTuneProgress {
    /// Epochs done and evaluated.
    pub fn epochs_done(&self) -> u32 {
        self.epochs.last().map_or(0, |newest| newest.epoch)
    }
}

/// A list of trainings as it is stored, so that it survives its tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredList {
    /// Steps of pre-training behind the encoder that it starts from.
    pub steps: u32,
    /// The trainings left; the first is under way.
    pub waiting: Vec<FineTuneConfig>,
    pub done: usize,
    /// The progress of the first; `None` before its first step.
    pub at_work: Option<StoredTuning>,
}

/// A training between two steps; its weights are stored with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredTuning {
    pub progress: FineTuneProgress,
    /// Losses of the epoch under way.
    pub losses: Vec<f32>,
    /// Milliseconds spent on it.
    pub spent: f64,
}

/// The result of one training on the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FineTuneReport {
    pub config: FineTuneConfig,
    /// Training images whose labels were used.
    pub labels: usize,
    /// By [`push_epoch`]; all in older records.
    pub epochs: Vec<FineTuneEpoch>,
    /// With the weights of the last epoch, where the schedule ends: no contestant chooses anything by labels outside
    /// its fraction.
    pub test: ClassificationReport,
    /// Predicted class of each labelled test image, in the data set's order.
    pub predicted: Vec<u16>,
    pub truth: Vec<u16>,
    /// Dataset indices of those images.
    pub test_images: Vec<u32>,
    /// Steps of pre-training behind the encoder that it started from.
    pub steps: u32,
    pub seconds: f32,
}

impl FineTuneReport {
    /// Whether `config` would give this result now, after `steps` of pre-training. Random
    /// weights do not depend on them.
    pub fn answers(&self, config: &FineTuneConfig, steps: u32) -> bool {
        self.config == *config && (self.steps == steps || config.start == TuningStart::Random)
    }
}

#[cfg(test)]
mod tests;
