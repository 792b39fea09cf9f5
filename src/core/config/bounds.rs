//! One table of every setting: its key, what it accepts, and how to read it from
//! and write it into a [`RunConfig`]. Links, checks and the page's form all go
//! through it, so that a setting added here is known everywhere. Labels and help
//! are user-facing and live in `app::text`.

use super::{Architecture, IMAGE_SIZES, InitialWeights, Optimizer, RunConfig, Stem, TrainedPart};
use crate::core::error::ConfigFault;

pub use super::value::{Bounds, Value};

/// A setting. [`Field::ALL`] is in the order of a form: images, encoder, head,
/// augmentation, loss, optimiser, run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    ImageSize,
    Encoder,
    Stem,
    Width,
    Start,
    Trained,
    HeadLayers,
    HeadOutput,
    Crop,
    CropMinArea,
    FlipProbability,
    JitterProbability,
    JitterStrength,
    GrayProbability,
    BlurProbability,
    BlurSigmaMin,
    BlurSigmaMax,
    Temperature,
    Optimizer,
    PeakRate,
    WeightDecay,
    Momentum,
    TrustCoefficient,
    Warmup,
    Batch,
    Chunk,
    Epochs,
    Seed,
}

const SIZES: &[u64] = &{
    let mut all = [0; IMAGE_SIZES.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = IMAGE_SIZES[i] as u64;
        i += 1;
    }
    all
};
const ENCODERS: &[&str] =
    &["convnet4", "resnet10", "resnet18", "resnet50", "resnet101", "vgg19", "inception_resnet_v2"];
const STARTS: &[&str] = &["random", "imagenet_weights"];
const TRAINED: &[&str] = &["all", "last3", "last2", "last1", "head"];
const STEMS: &[&str] = &["small", "imagenet"];
const OPTIMIZERS: &[&str] = &["lars", "sgd", "adamw"];
const WIDTHS: &[u64] = &[8, 16, 32, 64];
/// What ResNet-18 has to be for its published weights.
const PUBLISHED_STEM: &[&str] = &["imagenet"];
const PUBLISHED_WIDTH: &[u64] = &[64];
const RESNET_WIDTHS: &[u64] = &[16, 32, 64];
/// The largest whole number that a number field of a web page keeps exactly.
const MAX_SEED: u64 = (1 << 53) - 1;

const MAX_EPOCHS: u64 = 10_000;

const fn real(min: f32, max: f32, step: f32) -> Bounds {
    Bounds::Real { min, max, step }
}

const PROBABILITY: Bounds = real(0.0, 1.0, 0.05);

impl Field {
    pub const ALL: [Self; 28] = [
        Self::ImageSize,
        Self::Encoder,
        Self::Stem,
        Self::Width,
        Self::Start,
        Self::Trained,
        Self::HeadLayers,
        Self::HeadOutput,
        Self::Crop,
        Self::CropMinArea,
        Self::FlipProbability,
        Self::JitterProbability,
        Self::JitterStrength,
        Self::GrayProbability,
        Self::BlurProbability,
        Self::BlurSigmaMin,
        Self::BlurSigmaMax,
        Self::Temperature,
        Self::Optimizer,
        Self::PeakRate,
        Self::WeightDecay,
        Self::Momentum,
        Self::TrustCoefficient,
        Self::Warmup,
        Self::Batch,
        Self::Chunk,
        Self::Epochs,
        Self::Seed,
    ];

    /// Name in links and faults, and the bounds.
    const fn row(self) -> (&'static str, Bounds) {
        match self {
            Self::ImageSize => ("size", Bounds::OneOf(SIZES)),
            Self::Encoder => ("encoder", Bounds::Choice(ENCODERS)),
            Self::Stem => ("stem", Bounds::Choice(STEMS)),
            Self::Width => ("width", Bounds::OneOf(WIDTHS)),
            Self::Start => ("start", Bounds::Choice(STARTS)),
            Self::Trained => ("trained", Bounds::Choice(TRAINED)),
            Self::HeadLayers => ("head_layers", Bounds::Whole { min: 1, max: 3 }),
            Self::HeadOutput => ("head_output", Bounds::OneOf(&[32, 64, 128])),
            Self::Crop => ("crop", Bounds::Switch),
            Self::CropMinArea => ("crop_min_area", real(0.01, 1.0, 0.01)),
            Self::FlipProbability => ("flip", PROBABILITY),
            Self::JitterProbability => ("jitter", PROBABILITY),
            Self::JitterStrength => ("jitter_strength", real(0.0, 2.0, 0.05)),
            Self::GrayProbability => ("gray", PROBABILITY),
            Self::BlurProbability => ("blur", PROBABILITY),
            Self::BlurSigmaMin => ("blur_sigma_min", real(0.05, 5.0, 0.05)),
            Self::BlurSigmaMax => ("blur_sigma_max", real(0.05, 5.0, 0.05)),
            Self::Temperature => ("temperature", real(0.01, 5.0, 0.01)),
            Self::Optimizer => ("optimizer", Bounds::Choice(OPTIMIZERS)),
            Self::PeakRate => ("rate", real(1e-6, 10.0, 0.001)),
            Self::WeightDecay => ("weight_decay", real(0.0, 0.1, 1e-6)),
            Self::Momentum => ("momentum", real(0.0, 0.999, 0.001)),
            Self::TrustCoefficient => ("trust", real(1e-5, 0.1, 1e-4)),
            Self::Warmup => ("warmup", real(0.0, 0.5, 0.01)),
            Self::Batch => ("batch", Bounds::Whole { min: 2, max: 4096 }),
            Self::Chunk => ("chunk", Bounds::Whole { min: 0, max: 4096 }),
            Self::Epochs => ("epochs", Bounds::Whole { min: 0, max: MAX_EPOCHS }),
            Self::Seed => ("seed", Bounds::Whole { min: 0, max: MAX_SEED }),
        }
    }

    /// Name in links and faults.
    pub const fn key(self) -> &'static str {
        self.row().0
    }

    /// What the setting accepts by itself; [`Field::bounds_in`] knows the others.
    pub const fn bounds(self) -> Bounds {
        self.row().1
    }

    /// What the setting accepts beside the other settings of `config`: a ResNet
    /// has no width of 8, a published network needs images of some size, and the blur's
    /// range can't be reversed.
    pub fn bounds_in(self, config: &RunConfig) -> Bounds {
        let encoder = &config.encoder;
        match (self, self.bounds()) {
            (Self::ImageSize, _) => {
                let least = encoder.published().map_or(0, |net| net.min_size() as u64);
                Bounds::OneOf(&SIZES[SIZES.partition_point(|size| *size < least)..])
            }
            (Self::Stem, _) if encoder.weights().is_some() && !encoder.is_fixed() => Bounds::Choice(PUBLISHED_STEM),
            (Self::Width, _) if encoder.weights().is_some() && !encoder.is_fixed() => Bounds::OneOf(PUBLISHED_WIDTH),
            (Self::Width, bounds) if encoder.architecture == Architecture::ConvNet4 || encoder.is_fixed() => bounds,
            (Self::Width, _) => Bounds::OneOf(RESNET_WIDTHS),
            (Self::Start, _) if matches!(encoder.architecture, Architecture::ConvNet4 | Architecture::ResNet10) => {
                Bounds::Choice(&STARTS[..1])
            }
            (Self::Epochs, _) if encoder.start == InitialWeights::Random => Bounds::Whole { min: 1, max: MAX_EPOCHS },
            // The lower end keeps its own bounds, so a reversed pair is one fault.
            (Self::BlurSigmaMax, Bounds::Real { min, max, step }) => {
                let low = config.augment.blur_sigma.0;
                real(if (min..=max).contains(&low) { low } else { min }, max, step)
            }
            (_, bounds) => bounds,
        }
    }

    /// Whether the setting changes anything beside the other settings of `config`.
    pub fn is_used(self, config: &RunConfig) -> bool {
        let RunConfig { encoder, augment, optimizer, .. } = config;
        match self {
            Self::Stem => encoder.architecture != Architecture::ConvNet4 && !encoder.is_fixed(),
            Self::Width => !encoder.is_fixed(),
            Self::Trained => encoder.start == InitialWeights::ImageNet,
            Self::CropMinArea => augment.crop,
            Self::JitterStrength => augment.jitter_probability > 0.0,
            Self::BlurSigmaMin | Self::BlurSigmaMax => augment.blur_probability > 0.0,
            Self::Momentum => optimizer.optimizer != Optimizer::AdamW,
            Self::TrustCoefficient => optimizer.optimizer == Optimizer::Lars,
            _ => true,
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.key() == key)
    }

    /// The setting's value in `config`.
    pub fn get(self, config: &RunConfig) -> Value {
        let RunConfig { encoder, head, augment, optimizer, .. } = config;
        match self {
            Self::ImageSize => Value::Whole(config.image_size as u64),
            Self::Encoder => Value::Choice(match encoder.architecture {
                Architecture::ConvNet4 => "convnet4",
                Architecture::ResNet10 => "resnet10",
                Architecture::ResNet18 => "resnet18",
                Architecture::ResNet50 => "resnet50",
                Architecture::ResNet101 => "resnet101",
                Architecture::Vgg19 => "vgg19",
                Architecture::InceptionResNetV2 => "inception_resnet_v2",
            }),
            Self::Stem => Value::Choice(match encoder.stem {
                Stem::Small => "small",
                Stem::ImageNet => "imagenet",
            }),
            Self::Width => Value::Whole(encoder.width as u64),
            Self::Start => Value::Choice(match encoder.start {
                InitialWeights::Random => "random",
                InitialWeights::ImageNet => "imagenet_weights",
            }),
            Self::Trained => Value::Choice(match config.trained {
                TrainedPart::All => "all",
                TrainedPart::Last3 => "last3",
                TrainedPart::Last2 => "last2",
                TrainedPart::Last1 => "last1",
                TrainedPart::Head => "head",
            }),
            Self::HeadLayers => Value::Whole(head.layers as u64),
            Self::HeadOutput => Value::Whole(head.output as u64),
            Self::Crop => Value::Switch(augment.crop),
            Self::CropMinArea => Value::Real(augment.crop_min_area),
            Self::FlipProbability => Value::Real(augment.flip_probability),
            Self::JitterProbability => Value::Real(augment.jitter_probability),
            Self::JitterStrength => Value::Real(augment.jitter_strength),
            Self::GrayProbability => Value::Real(augment.gray_probability),
            Self::BlurProbability => Value::Real(augment.blur_probability),
            Self::BlurSigmaMin => Value::Real(augment.blur_sigma.0),
            Self::BlurSigmaMax => Value::Real(augment.blur_sigma.1),
            Self::Temperature => Value::Real(config.temperature),
            Self::Optimizer => Value::Choice(match optimizer.optimizer {
                Optimizer::Lars => "lars",
                Optimizer::Sgd => "sgd",
                Optimizer::AdamW => "adamw",
            }),
            Self::PeakRate => Value::Real(optimizer.peak_rate),
            Self::WeightDecay => Value::Real(optimizer.weight_decay),
            Self::Momentum => Value::Real(optimizer.momentum),
            Self::TrustCoefficient => Value::Real(optimizer.trust_coefficient),
            Self::Warmup => Value::Real(optimizer.warmup),
            Self::Batch => Value::Whole(config.batch as u64),
            Self::Chunk => Value::Whole(config.chunk as u64),
            Self::Epochs => Value::Whole(u64::from(config.epochs)),
            Self::Seed => Value::Whole(config.seed),
        }
    }

    /// Puts `value` into `config`.
    ///
    /// # Errors
    /// If the value is of the wrong kind or out of [`Field::bounds`]; `config`
    /// then stays as it was. What depends on other settings is left to
    /// [`RunConfig::check`], because the other setting may be set next.
    pub fn set(self, config: &mut RunConfig, value: Value) -> Result<(), ConfigFault> {
        if !self.bounds().accept(value) {
            return Err(self.fault(&value.to_string(), &self.bounds()));
        }
        match value {
            Value::Whole(v) => self.set_whole(config, v),
            Value::Real(v) => self.set_real(config, v),
            // The crop is the only switch.
            Value::Switch(v) => config.augment.crop = v,
            Value::Choice(v) => self.set_choice(config, v),
        }
        Ok(())
    }

    /// Reads `text` and puts it into `config`.
    ///
    /// # Errors
    /// As [`Field::set`], and where `text` can't be read.
    pub fn set_text(self, config: &mut RunConfig, text: &str) -> Result<(), ConfigFault> {
        let value = self.bounds().parse(text).ok_or_else(|| self.fault(text, &self.bounds()))?;
        self.set(config, value)
    }

    fn set_whole(self, config: &mut RunConfig, v: u64) {
        match self {
            Self::ImageSize => config.image_size = v as usize,
            Self::Width => config.encoder.width = v as usize,
            Self::HeadLayers => config.head.layers = v as usize,
            Self::HeadOutput => config.head.output = v as usize,
            Self::Batch => config.batch = v as usize,
            Self::Chunk => config.chunk = v as usize,
            Self::Epochs => config.epochs = v as u32,
            Self::Seed => config.seed = v,
            _ => unreachable!("bounds accept whole numbers for whole fields only"),
        }
    }

    fn set_real(self, config: &mut RunConfig, v: f32) {
        let RunConfig { augment, optimizer, temperature, .. } = config;
        *match self {
            Self::CropMinArea => &mut augment.crop_min_area,
            Self::FlipProbability => &mut augment.flip_probability,
            Self::JitterProbability => &mut augment.jitter_probability,
            Self::JitterStrength => &mut augment.jitter_strength,
            Self::GrayProbability => &mut augment.gray_probability,
            Self::BlurProbability => &mut augment.blur_probability,
            Self::BlurSigmaMin => &mut augment.blur_sigma.0,
            Self::BlurSigmaMax => &mut augment.blur_sigma.1,
            Self::Temperature => temperature,
            Self::PeakRate => &mut optimizer.peak_rate,
            Self::WeightDecay => &mut optimizer.weight_decay,
            Self::Momentum => &mut optimizer.momentum,
            Self::TrustCoefficient => &mut optimizer.trust_coefficient,
            Self::Warmup => &mut optimizer.warmup,
            _ => unreachable!("bounds accept numbers for number fields only"),
        } = v;
    }

    fn set_choice(self, config: &mut RunConfig, v: &str) {
        match v {
            "convnet4" => config.encoder.architecture = Architecture::ConvNet4,
            "resnet10" => config.encoder.architecture = Architecture::ResNet10,
            "resnet18" => config.encoder.architecture = Architecture::ResNet18,
            "resnet50" => config.encoder.architecture = Architecture::ResNet50,
            "resnet101" => config.encoder.architecture = Architecture::ResNet101,
            "vgg19" => config.encoder.architecture = Architecture::Vgg19,
            "inception_resnet_v2" => config.encoder.architecture = Architecture::InceptionResNetV2,
            "random" => config.encoder.start = InitialWeights::Random,
            "imagenet_weights" => config.encoder.start = InitialWeights::ImageNet,
            "all" => config.trained = TrainedPart::All,
            "last3" => config.trained = TrainedPart::Last3,
            "last2" => config.trained = TrainedPart::Last2,
            "last1" => config.trained = TrainedPart::Last1,
            "head" => config.trained = TrainedPart::Head,
            "small" => config.encoder.stem = Stem::Small,
            "imagenet" => config.encoder.stem = Stem::ImageNet,
            "lars" => config.optimizer.optimizer = Optimizer::Lars,
            "sgd" => config.optimizer.optimizer = Optimizer::Sgd,
            "adamw" => config.optimizer.optimizer = Optimizer::AdamW,
            _ => unreachable!("bounds accept the listed choices only"),
        }
    }

    fn fault(self, value: &str, accepts: &Bounds) -> ConfigFault {
        ConfigFault { field: self.key().into(), value: value.into(), accepts: accepts.to_string() }
    }
}

impl RunConfig {
    /// Checks every setting, by itself and beside the others.
    ///
    /// # Errors
    /// All settings out of bounds, in the order of [`Field::ALL`].
    pub fn check(&self) -> Result<(), Vec<ConfigFault>> {
        let faults: Vec<ConfigFault> = Field::ALL
            .into_iter()
            .filter_map(|field| {
                let (value, bounds) = (field.get(self), field.bounds_in(self));
                (!bounds.accept(value)).then(|| field.fault(&value.to_string(), &bounds))
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Makes the settings go together after `changed` was set by a person: each of the others
    /// that is not accepted any more becomes the nearest that is. What `changed` itself is at
    /// fault in stays.
    pub fn settle(&mut self, changed: Field) {
        for field in [Field::Start, Field::Stem, Field::Width, Field::ImageSize, Field::Epochs] {
            let (value, bounds) = (field.get(self), field.bounds_in(self));
            if field == changed || bounds.accept(value) {
                continue;
            }
            match (value, bounds) {
                (Value::Whole(v), Bounds::OneOf(all)) => {
                    let nearest = all.iter().copied().min_by_key(|one| one.abs_diff(v));
                    field.set_whole(self, nearest.unwrap_or(v));
                }
                (Value::Whole(v), Bounds::Whole { min, max }) => field.set_whole(self, v.clamp(min, max)),
                (_, Bounds::Choice(all)) => field.set_choice(self, all[0]),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
