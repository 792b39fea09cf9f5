//! What a run is made of. Every field is a setting that the page offers; its row in [`pretrain_settings`] holds its key,
//! bounds and checks; its words are in `app::text::settings`.

pub use super::architecture::{Architecture, Stem};

use super::architecture::{PUBLISHED_WIDTH, Row};
use super::imagenet::ImageNetEncoder;
use serde::{Deserialize, Serialize};

pub mod link;
pub mod preset;
pub mod pretrain_settings;
pub mod setting;

/// The weights that a run begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitialWeights {
    /// Drawn from the seed.
    #[default]
    Random,
    /// Published ones, trained with labels on ImageNet.
    ImageNet,
}

/// The part of an encoder with published weights that is trained; the head always is. The
/// rest keeps its weights, and its normalisation is in evaluation mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrainedPart {
    #[default]
    All,
    /// The last three, two or one of the encoder's five stages.
    Last3,
    Last2,
    Last1,
    /// The head alone.
    Head,
}

impl TrainedPart {
    /// How many of the last stages are trained; `None` for all of the encoder.
    pub fn stages(self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Last3 => Some(3),
            Self::Last2 => Some(2),
            Self::Last1 => Some(1),
            Self::Head => Some(0),
        }
    }
}

/// Encoder f: image → h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderConfig {
    pub architecture: Architecture,
    /// Ignored by networks without a choice of stem.
    pub stem: Stem,
    /// Channels of the first stage; the published networks have their own.
    pub width: usize,
    /// Older records have no such field: they started from random weights.
    #[serde(default)]
    pub start: InitialWeights,
}

impl EncoderConfig {
    /// An encoder that starts from random weights.
    pub const fn random(architecture: Architecture, stem: Stem, width: usize) -> Self {
        Self { architecture, stem, width, start: InitialWeights::Random }
    }

    /// A published network that starts from its weights.
    pub const fn with_weights(of: ImageNetEncoder) -> Self {
        let architecture = of.architecture();
        Self { architecture, stem: Stem::ImageNet, width: PUBLISHED_WIDTH, start: InitialWeights::ImageNet }
    }

    /// The published network that this is, whose input is normalised as its weights expect:
    /// always for the large networks, and for ResNet-18 if it starts from published weights.
    pub fn published(&self) -> Option<ImageNetEncoder> {
        let is_published = self.is_fixed() || self.start == InitialWeights::ImageNet;
        ImageNetEncoder::of(self.architecture).filter(|_| is_published)
    }

    /// The published weights that the encoder starts from.
    pub fn weights(&self) -> Option<ImageNetEncoder> {
        self.published().filter(|_| self.start == InitialWeights::ImageNet)
    }

    /// The published weights that this very network could start from: those of its stem and width.
    pub fn could_start_from(&self) -> Option<ImageNetEncoder> {
        let as_published = (self.stem, self.width) == (Stem::ImageNet, PUBLISHED_WIDTH);
        self.published().or(ImageNetEncoder::of(self.architecture).filter(|_| as_published))
    }

    /// Whether the network has a stem and a width of its own.
    pub fn is_fixed(&self) -> bool {
        self.architecture.facts().is_fixed
    }

    /// Its layers by stages, the stem's first.
    pub fn stages(&self) -> Vec<Row> {
        let own = || (self.architecture.facts().layers)(self.width, self.stem);
        self.published().map_or_else(own, ImageNetEncoder::stages)
    }

    /// Length of h, the global average of the last feature map: the channels of the last stage.
    pub fn features(&self) -> usize {
        self.stages().last().map_or(0, |stage| stage.channels)
    }
}

/// Projection head g: h → z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadConfig {
    /// 1 (linear), 2 (linear, ReLU, linear) or 3.
    pub layers: usize,
    /// Length of z: 32, 64 or 128.
    pub output: usize,
    /// Batch normalisation after every layer, before ReLU. Older records have no such field, and had none.
    #[serde(default)]
    pub batch_norm: bool,
}

impl HeadConfig {
    /// A head without batch normalisation.
    pub const fn new(layers: usize, output: usize) -> Self {
        Self { layers, output, batch_norm: false }
    }
}

/// The six operations of SimCLR's augmentation (Chen et al. 2020, appendix A); by `default` all are off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AugmentConfig {
    /// Random resized crop on or off.
    pub crop: bool,
    /// Least area of the crop as a part of the image's.
    pub crop_min_area: f32,
    /// Crops are cut from images of twice the training size, where the set has them. Older runs had none.
    #[serde(default)]
    pub detail: bool,
    /// Probability of a horizontal flip.
    pub flip_probability: f32,
    /// Probability of colour jitter.
    pub jitter_probability: f32,
    /// Strength s of colour jitter: brightness, contrast, saturation ± 0.8 s, hue ± 0.2 s of a turn.
    pub jitter_strength: f32,
    /// Probability of grayscale.
    pub gray_probability: f32,
    /// Probability of Gaussian blur.
    pub blur_probability: f32,
    /// Range of the blur's σ in pixels.
    pub blur_sigma: (f32, f32),
}

impl AugmentConfig {
    /// Whether crops are cut from images of twice the training size. Without a crop a view is the whole image, which
    /// shows no more detail than the training size has.
    pub fn cuts_detail(&self) -> bool {
        self.crop && self.detail
    }
}

/// The rule that turns gradients into steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Optimizer {
    /// Layer-wise adaptive rate scaling (You et al. 2017).
    #[default]
    Lars,
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// Optimiser and learning-rate schedule; by `default` every number is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OptimizerConfig {
    pub optimizer: Optimizer,
    /// Learning rate at the end of warm-up.
    pub peak_rate: f32,
    pub weight_decay: f32,
    /// μ; AdamW ignores it.
    pub momentum: f32,
    /// η of LARS; the others ignore it.
    pub trust_coefficient: f32,
    /// Part of all steps spent on linear warm-up from 0.
    pub warmup: f32,
}

/// Everything that shapes a pre-training run. Two runs with equal configurations on equal images give the same curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunConfig {
    /// Side of the square training images in pixels.
    pub image_size: usize,
    pub encoder: EncoderConfig,
    /// Ignored if the encoder starts from random weights: see [`RunConfig::trained`].
    #[serde(default)]
    pub trained: TrainedPart,
    pub head: HeadConfig,
    pub augment: AugmentConfig,
    /// τ of NT-Xent.
    pub temperature: f32,
    pub optimizer: OptimizerConfig,
    /// N: images a step; 2N views. The last, incomplete batch is dropped.
    pub batch: usize,
    /// Images whose views go through the networks at once, by gradient caching; 0 for the whole batch.
    #[serde(default)]
    pub chunk: usize,
    /// 0 only if the encoder starts from published weights, which are then evaluated as they are.
    pub epochs: u32,
    /// Data order, views and initial weights.
    pub seed: u64,
}

impl RunConfig {
    /// Whether a step takes as long with `other`, because the same tensors go through the same operations. Epochs,
    /// rates and seeds do not matter. Of an operation on views it matters only whether it is on.
    pub fn same_step(&self, other: &Self) -> bool {
        let work = |c: &Self| {
            let views = (c.augment.blur_probability > 0.0, c.augment.jitter_probability > 0.0, c.augment.cuts_detail());
            let passes = (c.trained(), c.chunk_images());
            (c.encoder, c.head, c.image_size, c.batch, c.optimizer.optimizer, views, passes)
        };
        work(self) == work(other)
    }

    /// The part of the encoder that is trained. Random weights are never frozen.
    pub fn trained(&self) -> TrainedPart {
        if self.encoder.start == InitialWeights::Random { TrainedPart::All } else { self.trained }
    }

    /// Images that go through the networks at once.
    pub fn chunk_images(&self) -> usize {
        if self.chunk == 0 { self.batch } else { self.chunk.min(self.batch) }
    }

    /// Whether a chunk is normalised by other statistics than the whole batch. That is so
    /// if normalisation layers are trained.
    pub fn has_batch_statistics(&self) -> bool {
        let encoder = self.encoder.architecture.facts().has_batch_norm && self.trained() != TrainedPart::Head;
        encoder || self.head.batch_norm
    }

    /// The same in chunks of about half as many images: the next smaller power of two. `None`
    /// if the chunk is one image already.
    pub fn in_smaller_chunks(&self) -> Option<Self> {
        let at_once = self.chunk_images();
        (at_once > 1).then(|| Self { chunk: 1 << (at_once - 1).ilog2(), ..*self })
    }

    /// The same with about half of what takes the memory. That is the chunk if one is set or if
    /// chunks give the gradient of the whole batch, else the batch. Each becomes the next smaller
    /// power of two. `None` if neither can be smaller.
    pub fn halved(&self) -> Option<Self> {
        let in_chunks = self.chunk_images() < self.batch || !self.has_batch_statistics();
        match self.in_smaller_chunks() {
            Some(smaller) if in_chunks => Some(smaller),
            _ if self.has_batch_statistics() && self.batch > 2 => {
                let mut smaller = Self { batch: 1 << (self.batch - 1).ilog2(), ..*self };
                smaller.follow_rules(self);
                Some(smaller)
            }
            _ => None,
        }
    }

    /// Steps of one epoch over `training_images`: whole batches only.
    pub fn steps_per_epoch(&self, training_images: usize) -> u32 {
        (training_images / self.batch.max(1)) as u32
    }

    /// Steps of the whole run.
    pub fn total_steps(&self, training_images: usize) -> u32 {
        self.steps_per_epoch(training_images).saturating_mul(self.epochs)
    }
}

/// Sides that images can be shrunk to, in pixels.
pub const IMAGE_SIZES: [usize; 9] = [16, 32, 48, 64, 96, 128, 160, 224, 299];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_is_halved_where_one_is_set() {
        let base = RunConfig { batch: 64, ..RunConfig::default() };
        let halved = |chunk| RunConfig { chunk, ..base }.halved().map(|c| (c.batch, c.chunk));
        assert!(base.has_batch_statistics());
        assert_eq!([0, 64, 100].map(halved), [(32, 0), (32, 64), (32, 100)].map(Some), "no chunk is in use");
        assert_eq!([48, 32, 2].map(halved), [(64, 32), (64, 16), (64, 1)].map(Some));
        assert_eq!(halved(1), Some((32, 1)), "then the views take the memory");
        let vgg = EncoderConfig { architecture: Architecture::Vgg19, ..base.encoder };
        let halved = |chunk| RunConfig { encoder: vgg, chunk, ..base }.halved().map(|c| (c.batch, c.chunk));
        assert_eq!([0, 48, 1].map(halved), [Some((64, 32)), Some((64, 32)), None]);
        let normalised = HeadConfig { batch_norm: true, ..base.head };
        assert!(RunConfig { encoder: vgg, head: normalised, ..base }.has_batch_statistics(), "its head has");
    }

    #[test]
    fn a_step_is_the_same_where_only_numbers_differ() {
        let base = RunConfig::default();
        let changed = |change: fn(&mut RunConfig)| {
            let mut config = base;
            change(&mut config);
            base.same_step(&config)
        };
        assert!(changed(|c| (c.epochs, c.seed, c.temperature) = (7, 99, 0.3)));
        assert!(changed(|c| c.optimizer.peak_rate *= 2.0));
        assert!(!changed(|c| c.batch += 1));
        assert!(!changed(|c| c.image_size *= 2));
        assert!(!changed(|c| c.head.layers += 1));
        assert!(!changed(|c| c.encoder.width *= 2));
        assert!(!changed(|c| c.chunk = 2));
        assert!(changed(|c| c.trained = TrainedPart::Head), "random weights all train");
        assert!(!changed(|c| c.augment.blur_probability = 0.5 - c.augment.blur_probability.min(0.5)));
    }
}
