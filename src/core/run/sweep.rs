//! Many runs that differ in a few settings: every combination of chosen values.

use crate::core::config::bounds::{Field, Value};
use crate::core::config::{Architecture, Optimizer, RunConfig, Stem};
use crate::core::error::ConfigFault;
use serde::{Deserialize, Serialize};

/// Runs of one sweep at most.
pub const MOST_RUNS: usize = 100;

/// One setting and the values that it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// [`Field::key`].
    pub field: String,
    /// As a person writes them.
    pub values: Vec<String>,
}

/// What to vary about which configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    pub base: RunConfig,
    pub axes: Vec<Axis>,
    /// Where batch or optimiser vary and the base's learning rate is the rule's: take
    /// the rule's for each ([`RunConfig::follow_rate`]). Else a larger batch is
    /// compared at a rate that suits the smaller one.
    pub scale_rate: bool,
}

/// Why a sweep gives no runs.
#[derive(Clone, Debug, PartialEq)]
pub enum SweepFault {
    /// Unknown or repeated settings, values that are not accepted, axes without a value.
    Settings(Vec<ConfigFault>),
    TooMany {
        runs: usize,
        most: usize,
    },
}

/// One combination of the axes' values, in the order of the axes.
pub type Combination = Vec<(Field, Value)>;

/// A run of the sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub config: RunConfig,
    /// By which it differs from the others.
    pub settings: Combination,
}

/// A combination that is no valid configuration, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub settings: Combination,
    pub faults: Vec<ConfigFault>,
}

/// What a sweep comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The last axis changes fastest; values in the order given.
    pub runs: Vec<Planned>,
    /// Same order.
    pub refused: Vec<Refused>,
    /// Combinations left out because an earlier one gives the same run, such as two
    /// stems of a network that has none.
    pub duplicates: usize,
}

impl Sweep {
    /// Every combination once.
    ///
    /// # Errors
    /// All faults of the axes, or more than [`MOST_RUNS`] combinations.
    pub fn plan(&self) -> Result<Plan, SweepFault> {
        let axes = self.parse().map_err(SweepFault::Settings)?;
        let runs = axes.iter().fold(1_usize, |runs, (_, values)| runs.saturating_mul(values.len()));
        if runs > MOST_RUNS {
            return Err(SweepFault::TooMany { runs, most: MOST_RUNS });
        }
        let mut plan = Plan::default();
        let mut seen: Vec<RunConfig> = Vec::new();
        for settings in product(&axes) {
            let config = match self.configure(&settings) {
                Ok(config) => config,
                Err(faults) => {
                    plan.refused.push(Refused { settings, faults });
                    continue;
                }
            };
            let same = effective(config);
            if seen.contains(&same) {
                plan.duplicates += 1;
            } else {
                seen.push(same);
                plan.runs.push(Planned { config, settings });
            }
        }
        Ok(plan)
    }

    /// Fields and values; a value given twice counts once.
    fn parse(&self) -> Result<Vec<(Field, Vec<Value>)>, Vec<ConfigFault>> {
        let mut axes: Vec<(Field, Vec<Value>)> = Vec::new();
        let mut faults = Vec::new();
        for Axis { field: key, values } in &self.axes {
            let fault =
                |value: &str, accepts: String| ConfigFault { field: key.clone(), value: value.to_owned(), accepts };
            let Some(field) = Field::from_key(key) else {
                faults.push(fault(&values.join(", "), String::new()));
                continue;
            };
            let bounds = field.bounds();
            if axes.iter().any(|(other, _)| *other == field) {
                faults.push(fault(&values.join(", "), format!("{bounds} (once)")));
                continue;
            }
            let mut read: Vec<Value> = Vec::new();
            if values.is_empty() {
                faults.push(fault("", bounds.to_string()));
            }
            for text in values {
                match bounds.parse(text) {
                    Some(value) if read.contains(&value) => {}
                    Some(value) => read.push(value),
                    None => faults.push(fault(text, bounds.to_string())),
                }
            }
            axes.push((field, read));
        }
        if faults.is_empty() { Ok(axes) } else { Err(faults) }
    }

    fn configure(&self, settings: &Combination) -> Result<RunConfig, Vec<ConfigFault>> {
        let mut config = self.base;
        for &(field, value) in settings {
            field.set(&mut config, value).map_err(|fault| vec![fault])?;
        }
        if self.scale_rate && settings.iter().all(|(field, _)| *field != Field::PeakRate) {
            config.follow_rate(&self.base);
        }
        config.check().map(|()| config)
    }
}

/// All combinations, the last axis fastest.
fn product(axes: &[(Field, Vec<Value>)]) -> Vec<Combination> {
    axes.iter().fold(vec![Vec::new()], |all, (field, values)| {
        let longer = |start: &Combination| {
            values.iter().map(|value| [&start[..], &[(*field, *value)]].concat()).collect::<Vec<_>>()
        };
        all.iter().flat_map(longer).collect()
    })
}

/// `config` with every setting that has no effect in it set to one and the same
/// value: two runs of the same images with equal ones give the same curve.
pub fn effective(mut config: RunConfig) -> RunConfig {
    let preset = RunConfig::default();
    config.trained = config.trained();
    if config.chunk_images() == config.batch {
        config.chunk = 0;
    }
    let RunConfig { encoder, augment, optimizer, .. } = &mut config;
    if encoder.architecture == Architecture::ConvNet4 || encoder.is_fixed() {
        encoder.stem = Stem::Small;
    }
    if encoder.is_fixed() {
        encoder.width = preset.encoder.width;
    }
    if optimizer.optimizer != Optimizer::Lars {
        optimizer.trust_coefficient = preset.optimizer.trust_coefficient;
    }
    if optimizer.optimizer == Optimizer::AdamW {
        optimizer.momentum = preset.optimizer.momentum;
    }
    if !augment.crop {
        augment.crop_min_area = preset.augment.crop_min_area;
    }
    if augment.jitter_probability == 0.0 {
        augment.jitter_strength = preset.augment.jitter_strength;
    }
    if augment.blur_probability == 0.0 {
        augment.blur_sigma = preset.augment.blur_sigma;
    }
    config
}

#[cfg(test)]
mod tests;
