//! Presets by image size and number of images: what they change of the defaults in [`pretrain_settings`](super::pretrain_settings).

use super::{Architecture, AugmentConfig, EncoderConfig, Optimizer, OptimizerConfig, RunConfig, Stem};
use serde::{Deserialize, Serialize};

/// Batch of a set that is large enough.
pub const DEFAULT_BATCH: usize = 128;

/// How much work a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preset {
    /// The smallest encoder: something to see within a minute.
    QuickLook,
    #[default]
    Balanced,
    /// The encoder of the published CIFAR-10 results.
    Thorough,
}

impl Preset {
    pub const ALL: [Self; 3] = [Self::QuickLook, Self::Balanced, Self::Thorough];

    /// The preset's encoder for images of `image_size` pixels.
    pub fn encoder(self, image_size: usize) -> EncoderConfig {
        let (architecture, width) = match self {
            Self::QuickLook => (Architecture::ConvNet4, 8),
            Self::Balanced => (Architecture::ResNet10, 16),
            Self::Thorough => (Architecture::ResNet18, 64),
        };
        let stem = if image_size <= 64 { Stem::Small } else { Stem::ImageNet };
        EncoderConfig::random(architecture, stem, width)
    }

    /// The preset that equals `config` in every setting. `suited` gives the configuration of
    /// each preset for the loaded images.
    pub fn of(config: &RunConfig, suited: impl Fn(Self) -> RunConfig) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| suited(*preset) == *config)
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
    /// The balanced preset for images of `image_size` pixels and a training split of `training_images`.
    pub fn preset(image_size: usize, training_images: usize) -> Self {
        Self::named(Preset::Balanced, image_size, training_images)
    }

    /// A named preset.
    pub fn named(preset: Preset, image_size: usize, training_images: usize) -> Self {
        let (batch, default) = (default_batch(training_images), Self::default());
        Self {
            image_size,
            encoder: preset.encoder(image_size),
            augment: AugmentConfig::preset(image_size),
            temperature: default_temperature(image_size),
            optimizer: OptimizerConfig::preset(default.optimizer.optimizer, batch),
            batch,
            ..default
        }
    }

    /// This configuration with settings that suit the sample set. Colour says nothing about its classes, so half of the
    /// views are grey. Few steps must do, so τ is lower and the optimiser is AdamW. With these, ConvNet-4 of width 8
    /// reached 75 % linear accuracy in 270 steps; with the general preset, 50 % in 300.
    pub fn for_sample_set(self) -> Self {
        Self {
            temperature: 0.2,
            augment: AugmentConfig { gray_probability: 0.5, ..self.augment },
            optimizer: OptimizerConfig { peak_rate: 0.003, ..OptimizerConfig::preset(Optimizer::AdamW, self.batch) },
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
    use crate::core::config::IMAGE_SIZES;

    #[test]
    fn every_preset_is_within_bounds() {
        for size in IMAGE_SIZES {
            for images in [0, 1, 4, 5, 300, 5_000, 1_000_000] {
                for preset in Preset::ALL {
                    let config = RunConfig::named(preset, size, images);
                    assert_eq!(config.check(), Ok(()), "{preset:?} {size} {images}");
                    assert_eq!(config.for_sample_set().check(), Ok(()));
                    assert_eq!(Preset::of(&config, |p| RunConfig::named(p, size, images)), Some(preset));
                }
            }
        }
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
        let suited = |preset| RunConfig::named(preset, 32, 1_000);
        for change in [
            (|c| c.encoder.width = 32) as fn(&mut RunConfig),
            |c| c.epochs += 1,
            |c| c.augment.crop = false,
            |c| c.optimizer.peak_rate *= 2.0,
        ] {
            let mut config = suited(Preset::Balanced);
            assert_eq!(Preset::of(&config, suited), Some(Preset::Balanced));
            change(&mut config);
            assert_eq!(Preset::of(&config, suited), None);
        }
    }
}
