//! Reports about images, training and evaluation: plain values that travel from worker to page.

pub use super::run_state::{Phase, RunState};
use super::{
    config::RunConfig, config::preset::ImageFacts, config::preset::ImageKind, dataset::Split, error::SkippedFile,
    metrics::ClassificationReport, metrics::MOST_CLASSES, sample,
};
use serde::{Deserialize, Serialize};

/// Most images that kNN after an epoch knows, and that it judges.
pub const KNN_BANK: usize = 2_000;
pub const KNN_QUERIES: usize = 1_000;

/// Counts of one class by split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    pub name: String,
    pub train: usize,
    pub validation: usize,
    pub test: usize,
    /// Indices of some images to show.
    pub thumbnails: Vec<u32>,
}

/// Something that the user should know before training.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetWarning {
    /// Fewer than ten images, over all splits.
    SmallClass { class: String, images: usize },
    /// A class of ten images or more that has none for validation or test, for example because a
    /// test set leaves it out. `splits` are those without an image of it.
    NotHeldOut { class: String, images: usize, splits: Vec<Split> },
    /// All labelled images are of one class.
    OneClass { class: String },
    /// No image has a label.
    NoLabels,
    /// Images with the same pixels as others.
    Duplicates { groups: usize, images: usize },
    /// Same pixels, different labels.
    ConflictingLabels { images: usize },
    /// Images of the test set without a label: neither trained on nor evaluated.
    UnlabelledTest { images: usize },
    /// A class that is held out only: none of its images trains.
    NotInTraining { class: String, images: usize },
    /// More classes than [`MOST_CLASSES`]: no classifier is trained.
    TooManyClasses { classes: usize },
}

/// Images with the same pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicateGroup {
    pub images: usize,
    /// Names of the first few.
    pub names: Vec<String>,
    /// Some of them have another label than others.
    pub labels_differ: bool,
}

/// The pre-flight report of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetReport {
    /// What was loaded, in order: names of folders, archives or "sample set".
    pub sources: Vec<String>,
    pub size: usize,
    /// Crops are cut from images of twice that side.
    pub has_detail: bool,
    pub images: usize,
    pub classes: Vec<ClassCount>,
    /// Training images without a label.
    pub unlabelled: usize,
    /// Indices of some images without a label, to show.
    pub unlabelled_thumbnails: Vec<u32>,
    pub left_out: Vec<SkippedFile>,
    pub warnings: Vec<DatasetWarning>,
    /// The first groups of exact copies; [`DatasetWarning::Duplicates`] counts all.
    pub duplicates: Vec<DuplicateGroup>,
    /// Hash of pixels, labels and splits, as 16 hex digits.
    pub fingerprint: String,
    /// The same of the files' bytes and the size, whatever a decoder makes of them. Empty for a set that was kept
    /// before this was known.
    pub files_fingerprint: String,
    /// The seed that drew the splits.
    pub split_seed: u64,
}

impl DatasetReport {
    /// Images that pre-training sees: the training split, labelled or not.
    pub fn training_images(&self) -> usize {
        self.classes.iter().map(|c| c.train).sum::<usize>() + self.unlabelled
    }

    /// What presets need to know of these images.
    pub fn facts(&self) -> ImageFacts {
        let images = ImageFacts::new(self.size, self.training_images());
        if self.sources == [sample::NAME] {
            return ImageFacts { kind: ImageKind::SampleSet, ..images };
        }
        let classes: Vec<&str> = self.classes.iter().map(|class| class.name.as_str()).collect();
        images.known(&classes, self.has_detail)
    }

    /// Images whose features kNN looks at after an epoch; 0 if it cannot be measured.
    pub fn knn_images(&self) -> usize {
        let of = |count: fn(&ClassCount) -> usize, most| self.classes.iter().map(count).sum::<usize>().min(most);
        if self.can_measure() { of(|c| c.train, KNN_BANK) + of(|c| c.validation, KNN_QUERIES) } else { 0 }
    }

    /// Part of the labelled test images that are of the most frequent class: accuracy by chance.
    pub fn majority(&self) -> f64 {
        let all: usize = self.classes.iter().map(|c| c.test).sum();
        self.classes.iter().map(|c| c.test).max().unwrap_or(0) as f64 / all.max(1) as f64
    }

    /// Whether kNN can be measured during training: labelled training and validation images.
    pub fn can_measure(&self) -> bool {
        self.classes.iter().any(|c| c.train > 0) && self.classes.iter().any(|c| c.validation > 0)
    }

    /// Whether linear evaluation is possible: two classes or more with training and test images, and no more in all than
    /// [`MOST_CLASSES`].
    pub fn can_evaluate(&self) -> bool {
        self.classes.len() <= MOST_CLASSES && self.classes.iter().filter(|c| c.train > 0 && c.test > 0).count() >= 2
    }
}

/// An image to draw: interleaved RGBA, `4 * size * size` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub index: u32,
    pub size: u32,
    pub rgba: Vec<u8>,
    pub name: String,
    pub label: Option<u16>,
    pub split: Split,
}

/// Where a number was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    WebGpu,
    Cpu,
}

/// The device in use, in words that a user may check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    pub backend: Backend,
    /// Vendor, architecture and description, as far as the browser gives them.
    pub name: String,
    /// The adapter emulates a GPU on the CPU.
    pub software: bool,
    /// Why WebGPU is not in use; None if it is.
    pub why_not_gpu: Option<super::error::DeviceFault>,
}

/// Measured in one training step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Steps done, from 1.
    pub step: u32,
    pub epoch: u32,
    pub loss: f32,
    /// Part of anchors whose positive is the nearest of all 2N − 1 candidates; a
    /// tie is a miss. See [`super::nt_xent::Similarities::contrastive_accuracy`].
    pub contrastive_accuracy: f32,
    /// Mean over dimensions of the standard deviation of normalised z.
    pub std: f32,
    pub learning_rate: f32,
    /// Wall time of the step in milliseconds.
    pub milliseconds: f32,
}

/// λ of every layer in one step of a run with LARS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrustRatios {
    pub step: u32,
    /// In the order of the network's layers.
    pub ratios: Vec<f32>,
}

/// Measured at the end of an epoch and, as epoch 0, before the first step; only with labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    pub epoch: u32,
    /// kNN accuracy on validation.
    pub knn: f32,
}

/// How long a run takes on a device, as timed there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub config: RunConfig,
    pub backend: Backend,
    /// Median of a few steps.
    pub step_milliseconds: f64,
    /// kNN at the end of an epoch; 0 without labels.
    pub knn_milliseconds: f64,
}

impl Estimate {
    /// Whether it holds for another configuration and device.
    pub fn holds(&self, config: &RunConfig, backend: &Backend) -> bool {
        self.backend == *backend && self.config.same_step(config)
    }

    /// One epoch of `config` over so many training images, kNN included.
    pub fn epoch_milliseconds(&self, config: &RunConfig, training_images: usize) -> f64 {
        f64::from(config.steps_per_epoch(training_images)) * self.step_milliseconds + self.knn_milliseconds
    }
}

/// A classifier on frozen features, evaluated on the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearReport {
    /// None without validation images: then the rate is 0.1 and the epoch the last.
    pub validation_accuracy: Option<f32>,
    /// Learning rate and epoch chosen on validation, from 1.
    pub chosen_rate: f32,
    pub chosen_epoch: u32,
    /// Epochs trained: 100, or fewer for long features (raw pixels).
    pub epochs: u32,
    pub test: ClassificationReport,
    /// Predicted class of each test image, in the order of [`EvaluationReport::test_images`].
    pub predicted: Vec<u16>,
}

/// The running statistics that an encoder is judged with that has seen no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statistics {
    /// Mean 0 and variance 1, as it was made.
    Initial,
    /// Estimated from training images.
    Estimated,
}

/// The encoder that a trained one is compared with: its state before the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Baseline {
    /// The run's random weights, with the [`Statistics`] that serve it better.
    #[default]
    Untrained,
    /// The published weights that it started from, as they are.
    ImageNet,
    /// Published weights that the run did not change are what was evaluated.
    Itself,
    /// Published weights that have changed and are not loaded.
    Missing,
}

/// Linear evaluation of a run beside its baselines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    pub classes: Vec<String>,
    /// Dataset indices of the test images and their true classes.
    pub test_images: Vec<u32>,
    pub truth: Vec<u16>,
    pub trained: LinearReport,
    /// What the results of the baseline are of.
    #[serde(default)]
    pub baseline: Baseline,
    /// The encoder as the run started; None if it is missing or the same.
    #[serde(rename = "untrained")]
    pub linear_baseline: Option<LinearReport>,
    pub raw_pixels: LinearReport,
    /// Side that the raw pixels were averaged to; None if they were not.
    pub raw_side: Option<u32>,
    /// kNN accuracy on test of trained h and of the baseline's.
    pub knn_trained: f32,
    #[serde(rename = "knn_untrained")]
    pub knn_baseline: Option<f32>,
    /// The statistics with which the untrained encoder was the better one on test, for the linear classifier and for
    /// kNN. `None` for other baselines, for networks without batch normalisation, and in older results, whose
    /// statistics are estimated.
    #[serde(default)]
    pub baseline_statistics: Option<[Statistics; 2]>,
    /// Neighbours that voted; not known of older results.
    #[serde(default)]
    pub knn_k: Option<u32>,
    /// Steps of pre-training behind the trained encoder.
    pub steps: u32,
    /// Which result of this run on the test split this is, from 1. A later one is not an independent measurement.
    pub test_use: u32,
    pub seconds: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_of_what_was_loaded_and_knn_looks_at_so_many_images() {
        let class = |train, validation| ClassCount { train, validation, ..ClassCount::default() };
        let classes = vec![class(700, 200), class(500, 200)];
        let set =
            DatasetReport { sources: vec!["mine".into()], size: 32, unlabelled: 9, classes, ..Default::default() };
        assert_eq!(set.facts(), ImageFacts::new(32, 1_209));
        assert_eq!(set.knn_images(), 1_600);
        let sample = DatasetReport { sources: vec![sample::NAME.into()], ..set.clone() };
        assert_eq!(sample.facts().kind, ImageKind::SampleSet);
        assert_eq!(
            DatasetReport { sources: vec![sample::NAME.into(), "more".into()], ..set.clone() }.facts(),
            set.facts()
        );
        let many = DatasetReport { classes: vec![class(9_000, 3_000)], ..set.clone() };
        assert_eq!(many.knn_images(), KNN_BANK + KNN_QUERIES);
        assert_eq!(DatasetReport { classes: vec![class(9_000, 0)], ..set }.knn_images(), 0, "none to judge");
    }
}
