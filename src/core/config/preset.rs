//! Presets: fixed recipes for the images at hand. Time never changes them. They say what they change of the defaults in
//! [`pretrain_settings`](super::pretrain_settings).

use super::setting::Choice;
use super::{Architecture, AugmentConfig, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem};

/// Batch of a set that is large enough.
pub const DEFAULT_BATCH: usize = 128;
/// Training images below which a set is small: its batch is smaller than [`DEFAULT_BATCH`], and an epoch is few steps.
pub const FEW_IMAGES: usize = 500;
/// Training images above which a set is large: an epoch is many steps.
pub const MANY_IMAGES: usize = 10_000;

/// Most epochs of the sample set but for the thorough preset, so that two processor cores need at most 20 minutes.
const SAMPLE_EPOCHS: u32 = 60;

/// How much work a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// The smallest encoder: about a minute on two processor cores with the sample set.
    QuickLook,
    /// For 1,000 to 10,000 images.
    #[default]
    Balanced,
    /// The recipe of the published CIFAR-10 results.
    Thorough,
}

/// What images show, as far as recipes differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageKind {
    SampleSet,
    Cifar10,
    Stl10,
    /// Others of the size of CIFAR-10's.
    #[default]
    Small,
    /// Larger ones, or larger before they were shrunk.
    Photos,
}

/// What a preset needs to know of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageFacts {
    pub kind: ImageKind,
    /// Side in pixels, as they train.
    pub size: usize,
    pub training_images: usize,
}

/// A preset's part that does not depend on what the images show.
struct Recipe {
    architecture: Architecture,
    width: usize,
    /// Fewest epochs, up to [`MANY_IMAGES`] and above.
    epochs: [u32; 2],
    /// More epochs follow until there are so many steps.
    steps: u32,
}

impl Preset {
    pub const ALL: [Self; 3] = [Self::QuickLook, Self::Balanced, Self::Thorough];

    const fn recipe(self) -> Recipe {
        let (architecture, width, epochs, steps) = match self {
            Self::QuickLook => (Architecture::ConvNet4, 8, [1, 1], 270),
            Self::Balanced => (Architecture::ResNet10, 16, [100, 30], 900),
            Self::Thorough => (Architecture::ResNet18, 64, [200, 200], 1_800),
        };
        Recipe { architecture, width, epochs, steps }
    }

    /// The run of this preset: always the same for the same images.
    pub fn config(self, images: &ImageFacts) -> RunConfig {
        let ImageFacts { kind, size, training_images } = *images;
        let Recipe { architecture, width, epochs, steps } = self.recipe();
        let suited = RunConfig::preset(size, training_images);
        let each = suited.steps_per_epoch(training_images).max(1);
        let config = RunConfig {
            encoder: EncoderConfig { architecture, width, ..suited.encoder },
            epochs: epochs[usize::from(training_images > MANY_IMAGES)].max(steps.div_ceil(each)),
            ..suited
        };
        let published = self == Self::Thorough && is_small(size);
        match kind {
            _ if published => config.as_published(kind),
            ImageKind::SampleSet => RunConfig { epochs: config.epochs.min(SAMPLE_EPOCHS), ..config.for_sample_set() },
            _ => config,
        }
    }

    /// Its name in links.
    pub fn key(self) -> &'static str {
        Self::TABLE.iter().find(|(_, preset)| *preset == self).map_or("", |(key, _)| key)
    }

    /// The preset that equals `config` in every setting.
    pub fn of(config: &RunConfig, images: &ImageFacts) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.config(images) == *config)
    }
}

impl Choice for Preset {
    const TABLE: &'static [(&'static str, Self)] =
        &[("quick_look", Self::QuickLook), ("balanced", Self::Balanced), ("thorough", Self::Thorough)];
}

impl ImageFacts {
    /// What presets show before images are loaded.
    pub fn unknown(size: usize) -> Self {
        Self::new(size, 5_000)
    }

    /// The same images at another size.
    pub fn at(self, size: usize) -> Self {
        match self.kind {
            _ if size == self.size => self,
            ImageKind::SampleSet => Self { size, ..self },
            _ => Self::new(size, self.training_images),
        }
    }

    /// Of images that nobody knows more of than their side in pixels and the number that train.
    pub fn new(size: usize, training_images: usize) -> Self {
        let kind = if is_small(size) { ImageKind::Small } else { ImageKind::Photos };
        Self { kind, size, training_images }
    }

    /// CIFAR-10 and STL-10 are known by their classes and the size that suits them. `had_detail` says that the images
    /// were larger than they train.
    pub fn known(self, classes: &[&str], had_detail: bool) -> Self {
        const CIFAR10: [&str; 10] =
            ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
        const STL10: [&str; 10] = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"];
        let mut names: Vec<String> = classes.iter().map(|name| name.to_lowercase()).collect();
        names.sort_unstable();
        let kind = match is_small(self.size) {
            true if names == CIFAR10 => ImageKind::Cifar10,
            false if names == STL10 => ImageKind::Stl10,
            true if had_detail => ImageKind::Photos,
            _ => self.kind,
        };
        Self { kind, ..self }
    }
}

/// N for a training split: a power of two, at least 2, at most half of the images, so that an epoch has two steps.
pub fn default_batch(training_images: usize) -> usize {
    let half = (training_images / 2).clamp(2, DEFAULT_BATCH);
    1 << half.ilog2()
}

/// Learning rate at the end of warm-up for N images a step.
///
/// LARS: 0.075·√N (Chen et al. 2020, appendix B.1), which beats the linear rule for small batches. SGD: 0.06·N/128, as
/// lightly's CIFAR-10 benchmark. AdamW: 0.001·√(N/256), the square-root rule that fits adaptive optimisers.
pub fn default_rate(optimizer: Optimizer, batch: usize) -> f32 {
    let n = batch as f64;
    let rate = match optimizer {
        Optimizer::Lars => 0.075 * n.sqrt(),
        Optimizer::Sgd => 0.06 * n / 128.0,
        Optimizer::AdamW => 1e-3 * (n / 256.0).sqrt(),
    };
    rate as f32
}

/// Weight decay that suits an optimiser: the paper's for LARS, whose steps follow the size of the weights anyway; that
/// of CIFAR-10's usual recipes for SGD, which lightly's benchmark takes too; PyTorch's default for AdamW.
pub fn default_decay(optimizer: Optimizer) -> f32 {
    match optimizer {
        Optimizer::Lars => 1e-6,
        Optimizer::Sgd => 5e-4,
        Optimizer::AdamW => 1e-2,
    }
}

/// Whether images of `image_size` pixels are treated like CIFAR-10's, not like ImageNet's.
const fn is_small(image_size: usize) -> bool {
    image_size <= 48
}

/// τ for images of `image_size` pixels (Chen et al. 2020: 0.5 for CIFAR-10, appendix B.9; 0.1 for ImageNet, section 5.1).
pub const fn default_temperature(image_size: usize) -> f32 {
    if is_small(image_size) { 0.5 } else { 0.1 }
}

impl AugmentConfig {
    /// The paper's operations for images of `image_size` pixels: up to 48 pixels
    /// as for CIFAR-10 (half the colour strength, no blur), above as for ImageNet.
    pub fn preset(image_size: usize) -> Self {
        let small = RunConfig::default().augment;
        if is_small(image_size) { small } else { Self { jitter_strength: 1.0, blur_probability: 0.5, ..small } }
    }
}

impl OptimizerConfig {
    /// Usual settings of `optimizer` for N images a step.
    pub fn preset(optimizer: Optimizer, batch: usize) -> Self {
        let (peak_rate, weight_decay) = (default_rate(optimizer, batch), default_decay(optimizer));
        Self { optimizer, peak_rate, weight_decay, ..RunConfig::default().optimizer }
    }
}

impl RunConfig {
    /// What suits images of `image_size` pixels and a training split of `training_images`, whatever the preset.
    pub fn preset(image_size: usize, training_images: usize) -> Self {
        let (batch, default) = (default_batch(training_images), Self::default());
        let stem = if image_size <= 64 { Stem::Small } else { Stem::ImageNet };
        Self {
            image_size,
            encoder: EncoderConfig { stem, ..default.encoder },
            augment: AugmentConfig::preset(image_size),
            temperature: default_temperature(image_size),
            optimizer: OptimizerConfig::preset(default.optimizer.optimizer, batch),
            batch,
            ..default
        }
    }

    /// This configuration with settings that suit the sample set. Colour says nothing about its classes, so half of the
    /// views are grey. Few steps must do, so τ is lower and the optimiser is AdamW. With these, ConvNet-4 of width 8
    /// reached 75 % linear accuracy in 270 steps; with what suits others of their size, 50 % in 300.
    fn for_sample_set(self) -> Self {
        Self {
            temperature: 0.2,
            augment: AugmentConfig { gray_probability: 0.5, ..self.augment },
            optimizer: OptimizerConfig { peak_rate: 0.003, ..OptimizerConfig::preset(Optimizer::AdamW, self.batch) },
            ..self
        }
    }

    /// This configuration with the recipe of lightly's CIFAR-10 benchmark (84.7 % by kNN after 200 epochs of ResNet-18):
    /// SGD, no warm-up, a normalised head.
    fn as_published(self, kind: ImageKind) -> Self {
        let gray_probability = if kind == ImageKind::SampleSet { 0.5 } else { self.augment.gray_probability };
        Self {
            head: HeadConfig { batch_norm: true, ..self.head },
            augment: AugmentConfig { gray_probability, ..self.augment },
            optimizer: OptimizerConfig { warmup: 0.0, ..OptimizerConfig::preset(Optimizer::Sgd, self.batch) },
            ..self
        }
    }

    /// Whether the learning rate is that of [`default_rate`], so that nobody chose another.
    pub fn rate_follows_rule(&self) -> bool {
        self.optimizer.peak_rate == default_rate(self.optimizer.optimizer, self.batch)
    }

    /// After batch or optimiser changed from those of `old`, sets the learning rate to [`default_rate`] again, and weight
    /// decay to [`default_decay`], each if it followed its rule and was not changed itself.
    pub fn follow_rules(&mut self, old: &Self) {
        let (now, before) = (&mut self.optimizer, &old.optimizer);
        if old.rate_follows_rule() && now.peak_rate == before.peak_rate {
            now.peak_rate = default_rate(now.optimizer, self.batch);
        }
        if before.weight_decay == default_decay(before.optimizer) && now.weight_decay == before.weight_decay {
            now.weight_decay = default_decay(now.optimizer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_follow_the_number_of_images_alone() {
        let epochs = |preset: Preset, images| {
            let config = preset.config(&ImageFacts::new(32, images));
            (config.epochs, config.total_steps(images))
        };
        let sample = ImageFacts { kind: ImageKind::SampleSet, ..ImageFacts::new(32, 1_200) };
        assert_eq!(Preset::ALL.map(|preset| preset.config(&sample).epochs), [30, 60, 200]);
        // As many others, and few, some and many images.
        assert_eq!(Preset::ALL.map(|p| epochs(p, 1_200)), [(30, 270), (100, 900), (200, 1_800)]);
        assert_eq!(Preset::ALL.map(|p| epochs(p, 100)), [(90, 270), (300, 900), (600, 1_800)]);
        assert_eq!(Preset::ALL.map(|p| epochs(p, 5_000)), [(7, 273), (100, 3_900), (200, 7_800)]);
        assert_eq!(Preset::ALL.map(|p| epochs(p, 50_000)), [(1, 390), (30, 11_700), (200, 78_000)]);
        assert_eq!(RunConfig::default(), Preset::Balanced.config(&ImageFacts::new(32, 5_000)));
    }

    #[test]
    fn images_are_known_by_classes_and_size() {
        const CIFAR10: [&str; 10] =
            ["Airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
        const STL10: [&str; 10] = ["monkey", "airplane", "bird", "car", "cat", "deer", "dog", "horse", "ship", "truck"];
        let kind = |size, classes: &[&str], had_detail| ImageFacts::new(size, 5_000).known(classes, had_detail).kind;
        assert_eq!([32, 96].map(|size| kind(size, &CIFAR10, false)), [ImageKind::Cifar10, ImageKind::Photos]);
        assert_eq!([32, 96].map(|size| kind(size, &STL10, false)), [ImageKind::Small, ImageKind::Stl10]);
        assert_eq!([32, 96].map(|size| kind(size, &["a", "b"], true)), [ImageKind::Photos; 2]);
        let thorough = |kind| Preset::Thorough.config(&ImageFacts { kind, ..ImageFacts::new(32, 45_000) });
        let published = thorough(ImageKind::Cifar10);
        assert_eq!((published.optimizer.optimizer, published.optimizer.peak_rate), (Optimizer::Sgd, 0.06));
        assert_eq!((published.batch, published.epochs, published.temperature), (128, 200, 0.5));
        assert_eq!(thorough(ImageKind::SampleSet).augment.gray_probability, 0.5);
    }

    #[test]
    fn batches_are_powers_of_two_and_leave_two_steps_an_epoch() {
        let wanted = [(0, 2), (4, 2), (7, 2), (8, 4), (100, 32), (255, 64), (256, 128), (50_000, 128)];
        for (images, batch) in wanted {
            assert_eq!(default_batch(images), batch, "{images} images");
        }
    }

    #[test]
    fn rates_are_the_papers() {
        let lars = default_rate(Optimizer::Lars, 128);
        assert!((lars - 0.848_528_1).abs() < 1e-6, "{lars}");
        assert_eq!(default_rate(Optimizer::Lars, 4096), 4.8);
        assert_eq!(default_rate(Optimizer::Sgd, 128), 0.06);
        assert_eq!(default_rate(Optimizer::AdamW, 256), 1e-3);
        for optimizer in [Optimizer::Lars, Optimizer::Sgd, Optimizer::AdamW] {
            for batch in [2, 4096] {
                let optimizer = OptimizerConfig::preset(optimizer, batch);
                assert_eq!(RunConfig { batch, optimizer, ..RunConfig::default() }.check(), Ok(()));
            }
        }
    }

    #[test]
    fn a_rate_goes_along_until_it_is_chosen() {
        let old = RunConfig::default();
        let mut new = RunConfig { batch: 32, ..old };
        assert!(!new.rate_follows_rule());
        new.follow_rules(&old);
        assert!(new.rate_follows_rule());
        assert_eq!(new.optimizer.peak_rate, default_rate(Optimizer::Lars, 32));
        // Chosen before, or together with the batch.
        let sample = old.for_sample_set();
        let mut new = RunConfig { batch: 32, ..sample };
        new.follow_rules(&sample);
        assert_eq!(new.optimizer.peak_rate, 0.003);
        let mut new = RunConfig { batch: 32, ..old };
        new.optimizer.peak_rate = 0.7;
        new.follow_rules(&old);
        assert_eq!(new.optimizer.peak_rate, 0.7);
    }

    #[test]
    fn weight_decay_is_the_optimisers_until_it_is_chosen() {
        let mut config = RunConfig::default();
        for (optimizer, decay) in [(Optimizer::Sgd, 5e-4), (Optimizer::AdamW, 1e-2), (Optimizer::Lars, 1e-6)] {
            let old = config;
            config.optimizer.optimizer = optimizer;
            config.follow_rules(&old);
            assert_eq!(config.optimizer, OptimizerConfig::preset(optimizer, config.batch));
            assert_eq!(config.optimizer.weight_decay, decay, "{optimizer:?}");
        }
        config.optimizer.weight_decay = 1e-4;
        let old = config;
        config.optimizer.optimizer = Optimizer::Sgd;
        config.follow_rules(&old);
        assert_eq!(config.optimizer.weight_decay, 1e-4);
    }

    #[test]
    fn small_images_get_no_blur_and_half_the_colour() {
        let (small, large) = (AugmentConfig::preset(32), AugmentConfig::preset(64));
        assert_eq!((small.blur_probability, small.jitter_strength), (0.0, 0.5));
        assert_eq!((large.blur_probability, large.jitter_strength), (0.5, 1.0));
        assert_eq!([32, 48, 64, 224].map(|size| RunConfig::preset(size, 5_000).temperature), [0.5, 0.5, 0.1, 0.1]);
    }

    #[test]
    fn a_preset_with_any_setting_of_ones_own_is_none() {
        let images = ImageFacts::new(32, 1_000);
        for change in [
            (|c| c.encoder.width = 32) as fn(&mut RunConfig),
            |c| c.epochs += 1,
            |c| c.augment.crop = false,
            |c| c.optimizer.peak_rate *= 2.0,
        ] {
            let mut config = Preset::Balanced.config(&images);
            assert_eq!(Preset::of(&config, &images), Some(Preset::Balanced));
            change(&mut config);
            assert_eq!(Preset::of(&config, &images), None);
        }
    }
}
