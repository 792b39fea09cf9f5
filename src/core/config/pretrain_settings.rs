//! The table of every setting of pre-training. A setting that is added here is known to
//! links, checks, sweeps, comparisons of runs, model cards and the page's form. Its words
//! are a row of `app::text::settings`. Every setting can be swept.

use super::setting::{Bounds, Choice, Field, Setting, Value, check, find, keys};
use super::{Architecture, EncoderConfig, IMAGE_SIZES, InitialWeights, Optimizer, RunConfig, Stem, TrainedPart};
use super::{AugmentConfig, HeadConfig, OptimizerConfig, preset::DEFAULT_BATCH};
use crate::core::{error::ConfigFault, query::pairs};

/// A row of [`SETTINGS`].
pub type RunSetting = &'static Setting<RunConfig>;

/// In the order of links, tables and model cards: images, encoder, head, augmentation, loss, optimiser, run.
pub static SETTINGS: [Setting<RunConfig>; 30] = [
    row("size", one_of(32, SIZES), |c| &mut c.image_size).within(|c, _| {
        let least = c.encoder.published().map_or(0, |net| net.weights().min_image_size as u64);
        Bounds::OneOf(&SIZES[SIZES.partition_point(|size| *size < least)..])
    }),
    row("encoder", choice("resnet10", &keys::<_, { Architecture::ALL.len() }>(Architecture::TABLE)), |c| {
        &mut c.encoder.architecture
    }),
    row("stem", choice("small", &keys::<_, 2>(Stem::TABLE)), |c| &mut c.encoder.stem)
        .within(|c, own| if is_published_resnet18(c) { Bounds::Choice(&["imagenet"]) } else { own })
        .used_if(|c| c.encoder.architecture.facts().has_stems),
    row("width", one_of(16, &[8, 16, 32, 64]), |c| &mut c.encoder.width)
        .within(|c, _| match is_published_resnet18(c) {
            true => Bounds::OneOf(&[64]),
            false => Bounds::OneOf(c.encoder.architecture.facts().widths),
        })
        .used_if(|c| !c.encoder.is_fixed()),
    row("start", choice("random", &keys::<_, 2>(InitialWeights::TABLE)), |c| &mut c.encoder.start).within(|c, own| {
        match c.encoder.architecture.facts().weights {
            None => Bounds::Choice(&["random"]),
            Some(_) => own,
        }
    }),
    row("trained", choice("all", &keys::<_, 5>(TrainedPart::TABLE)), |c| &mut c.trained)
        .used_if(|c| c.encoder.start == InitialWeights::ImageNet),
    row("head_layers", whole(2, 1, 3), |c| &mut c.head.layers),
    row("head_output", one_of(128, &[32, 64, 128]), |c| &mut c.head.output),
    row("head_norm", switch(false), |c| &mut c.head.batch_norm),
    row("crop", switch(true), |c| &mut c.augment.crop),
    row("crop_min_area", real(0.08, 0.01, 1.0, 0.01), |c| &mut c.augment.crop_min_area).used_if(|c| c.augment.crop),
    row("detail", switch(true), |c| &mut c.augment.detail).used_if(|c| c.augment.crop),
    row("flip", probability(0.5), |c| &mut c.augment.flip_probability),
    row("jitter", probability(0.8), |c| &mut c.augment.jitter_probability),
    row("jitter_strength", real(0.5, 0.0, 2.0, 0.05), |c| &mut c.augment.jitter_strength)
        .used_if(|c| c.augment.jitter_probability > 0.0),
    row("gray", probability(0.2), |c| &mut c.augment.gray_probability),
    row("blur", probability(0.0), |c| &mut c.augment.blur_probability),
    row("blur_sigma_min", real(0.1, 0.05, 5.0, 0.05), |c| &mut c.augment.blur_sigma.0)
        .used_if(|c| c.augment.blur_probability > 0.0),
    row("blur_sigma_max", real(2.0, 0.05, 5.0, 0.05), |c| &mut c.augment.blur_sigma.1)
        // The lower end keeps its own bounds, so a reversed pair is one fault.
        .within(|c, own| match own {
            Bounds::Real { min, max, step } if (min..=max).contains(&c.augment.blur_sigma.0) => {
                Bounds::Real { min: c.augment.blur_sigma.0, max, step }
            }
            _ => own,
        })
        .used_if(|c| c.augment.blur_probability > 0.0),
    // By `preset::default_temperature`.
    row("temperature", real(0.5, 0.01, 5.0, 0.01), |c| &mut c.temperature),
    row("optimizer", choice("lars", &keys::<_, 3>(Optimizer::TABLE)), |c| &mut c.optimizer.optimizer),
    // By `preset::default_rate`.
    row("rate", real(0.848_528_15, 1e-6, 10.0, 0.001), |c| &mut c.optimizer.peak_rate),
    row("weight_decay", real(1e-6, 0.0, 0.1, 1e-6), |c| &mut c.optimizer.weight_decay),
    row("momentum", real(0.9, 0.0, 0.999, 0.001), |c| &mut c.optimizer.momentum)
        .used_if(|c| c.optimizer.optimizer != Optimizer::AdamW),
    row("trust", real(0.001, 1e-5, 0.1, 1e-4), |c| &mut c.optimizer.trust_coefficient)
        .used_if(|c| c.optimizer.optimizer == Optimizer::Lars),
    row("warmup", real(0.1, 0.0, 0.5, 0.01), |c| &mut c.optimizer.warmup),
    row("batch", whole(DEFAULT_BATCH as u64, 2, 4096), |c| &mut c.batch),
    row("chunk", whole(0, 0, 4096), |c| &mut c.chunk),
    // By `preset::Preset`.
    row("epochs", whole(100, 0, MAX_EPOCHS), |c| &mut c.epochs).within(|c, own| match c.encoder.start {
        InitialWeights::Random => Bounds::Whole { min: 1, max: MAX_EPOCHS },
        InitialWeights::ImageNet => own,
    }),
    row("seed", whole(0, 0, MAX_SEED), |c| &mut c.seed),
];

// Settings that the program itself names.
pub const IMAGE_SIZE: RunSetting = setting("size");
pub const ENCODER: RunSetting = setting("encoder");
pub const START: RunSetting = setting("start");
pub const TEMPERATURE: RunSetting = setting("temperature");
pub const PEAK_RATE: RunSetting = setting("rate");
pub const EPOCHS: RunSetting = setting("epochs");
pub const SEED: RunSetting = setting("seed");

/// The setting with this key.
///
/// # Panics
/// If there is none; see [`find`].
pub const fn setting(key: &str) -> RunSetting {
    find(&SETTINGS, key)
}

/// The setting with this key, if there is one.
pub fn from_key(key: &str) -> Option<RunSetting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// A setting's default, and what it accepts.
type Range = (Value, Bounds);

const fn row(key: &'static str, range: Range, field: fn(&mut RunConfig) -> &mut dyn Field) -> Setting<RunConfig> {
    Setting::new(key, range.0, range.1, field)
}

const fn switch(default: bool) -> Range {
    (Value::Switch(default), Bounds::Switch)
}

const fn real(default: f32, min: f32, max: f32, step: f32) -> Range {
    (Value::Real(default), Bounds::Real { min, max, step })
}

const fn probability(default: f32) -> Range {
    real(default, 0.0, 1.0, 0.05)
}

const fn whole(default: u64, min: u64, max: u64) -> Range {
    (Value::Whole(default), Bounds::Whole { min, max })
}

const fn one_of(default: u64, all: &'static [u64]) -> Range {
    (Value::Whole(default), Bounds::OneOf(all))
}

const fn choice(default: &'static str, all: &'static [&'static str]) -> Range {
    (Value::Choice(default), Bounds::Choice(all))
}

const MAX_EPOCHS: u64 = 10_000;
/// The largest whole number that a number field of a web page keeps exactly.
const MAX_SEED: u64 = (1 << 53) - 1;

const SIZES: &[u64] = &{
    let mut all = [0; IMAGE_SIZES.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = IMAGE_SIZES[i] as u64;
        i += 1;
    }
    all
};

impl Choice for Architecture {
    const TABLE: &'static [(&'static str, Self)] = &{
        let mut all = [("", Self::ConvNet4); Self::ALL.len()];
        let mut i = 0;
        while i < all.len() {
            all[i] = (Self::ALL[i].facts().key, Self::ALL[i]);
            i += 1;
        }
        all
    };
}

impl Choice for Stem {
    const TABLE: &'static [(&'static str, Self)] = &[("small", Self::Small), ("imagenet", Self::ImageNet)];
}

impl Choice for InitialWeights {
    const TABLE: &'static [(&'static str, Self)] = &[("random", Self::Random), ("imagenet_weights", Self::ImageNet)];
}

impl Choice for TrainedPart {
    const TABLE: &'static [(&'static str, Self)] = &[
        ("all", Self::All),
        ("last3", Self::Last3),
        ("last2", Self::Last2),
        ("last1", Self::Last1),
        ("head", Self::Head),
    ];
}

impl Choice for Optimizer {
    const TABLE: &'static [(&'static str, Self)] = &[("lars", Self::Lars), ("sgd", Self::Sgd), ("adamw", Self::AdamW)];
}

/// A configuration as a link: `size=32&encoder=resnet10&…`, without a leading `?`. It names
/// every setting, so that a link means the same when defaults change later. Needs no escaping.
pub fn to_query(config: &RunConfig) -> String {
    let pairs: Vec<String> = SETTINGS.iter().map(|one| format!("{}={}", one.key, one.get(config))).collect();
    pairs.join("&")
}

/// Reads a link, with or without `?` or `#` before it. Settings that it does not name are taken from `base`.
///
/// # Errors
/// All faults found: values out of bounds, keys given twice, and keys that do not exist, whose `accepts` is empty.
pub fn from_query(query: &str, base: &RunConfig) -> Result<RunConfig, Vec<ConfigFault>> {
    from_pairs(pairs(query), base)
}

/// The same of the keys and values of a link.
pub(super) fn from_pairs(
    pairs: impl Iterator<Item = (String, String)>,
    base: &RunConfig,
) -> Result<RunConfig, Vec<ConfigFault>> {
    let mut config = *base;
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for (key, value) in pairs {
        match from_key(&key) {
            None => faults.push(ConfigFault { field: key, value, accepts: String::new() }),
            Some(setting) if seen.contains(&setting) => {
                let accepts = format!("{} (once)", setting.bounds);
                faults.push(ConfigFault { field: key, value, accepts });
            }
            Some(setting) => {
                seen.push(setting);
                faults.extend(setting.set_text(&mut config, &value).err());
            }
        }
    }
    if faults.is_empty() { config.check().map(|()| config) } else { Err(faults) }
}

/// The settings in which configurations differ, in the order of [`SETTINGS`].
pub fn differing<'a>(configs: impl Iterator<Item = &'a RunConfig> + Clone) -> Vec<RunSetting> {
    let differs = |setting: &RunSetting| {
        let mut values = configs.clone().map(|config| setting.get(config));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    SETTINGS.iter().filter(differs).collect()
}

/// ResNet-18 that starts from published weights, which are of one stem and one width. The
/// larger networks have a stem and a width of their own anyway.
fn is_published_resnet18(config: &RunConfig) -> bool {
    config.encoder.weights().is_some() && !config.encoder.is_fixed()
}

/// Every setting at its default: the preset for 32-pixel images and enough of them for a full batch.
impl Default for RunConfig {
    fn default() -> Self {
        let mut config = Self {
            image_size: 0,
            encoder: EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 0),
            trained: TrainedPart::All,
            head: HeadConfig::default(),
            augment: AugmentConfig::default(),
            temperature: 0.0,
            optimizer: OptimizerConfig::default(),
            batch: 0,
            chunk: 0,
            epochs: 0,
            seed: 0,
        };
        SETTINGS.iter().for_each(|setting| setting.reset(&mut config));
        config
    }
}

impl RunConfig {
    /// Checks every setting, by itself and beside the others.
    ///
    /// # Errors
    /// All settings out of bounds, in the order of [`SETTINGS`].
    pub fn check(&self) -> Result<(), Vec<ConfigFault>> {
        check(&SETTINGS, self)
    }

    /// Makes the settings go together after a person has set `changed`: each of the others that is not accepted any
    /// more becomes the nearest value that is. A fault of `changed` itself stays.
    pub fn settle(&mut self, changed: RunSetting) {
        const DEPENDENT: [RunSetting; 5] = [START, setting("stem"), setting("width"), IMAGE_SIZE, EPOCHS];
        for setting in DEPENDENT {
            let (value, bounds) = (setting.get(self), setting.bounds_in(self));
            if setting == changed || bounds.accept(value) {
                continue;
            }
            let nearest = match (value, bounds) {
                (Value::Whole(v), Bounds::OneOf(all)) => {
                    Value::Whole(all.iter().copied().min_by_key(|one| one.abs_diff(v)).unwrap_or(v))
                }
                (Value::Whole(v), Bounds::Whole { min, max }) => Value::Whole(v.clamp(min, max)),
                (_, Bounds::Choice(all)) => Value::Choice(all[0]),
                _ => value,
            };
            // The nearest value is within the setting's own bounds.
            let _ = setting.set(self, nearest);
        }
    }
}

#[cfg(test)]
mod tests;
