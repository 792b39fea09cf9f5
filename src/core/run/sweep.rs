//! Sweeps: runs of every combination of values of a few settings.

use crate::core::config::pretrain_settings::{PEAK_RATE, RunSetting, SEED, SETTINGS, from_key, setting};
use crate::core::{config::RunConfig, config::setting::Value, error::ConfigFault};
use serde::{Deserialize, Serialize};

/// Runs of one sweep at most.
pub const MOST_RUNS: usize = 100;

/// One setting and the values that it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// Key of the setting.
    pub field: String,
    /// As a person writes them.
    pub values: Vec<String>,
}

/// Which settings of which configuration vary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    pub base: RunConfig,
    pub axes: Vec<Axis>,
    /// Whether the learning rate follows a varied batch or optimiser, by [`RunConfig::follow_rules`]. If not, a larger
    /// batch is compared at a rate that suits the smaller one.
    pub scale_rate: bool,
    /// Runs of every combination, with the seed of `base` and those after it. More than one go with no axis of seeds.
    pub seeds: usize,
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
pub type Combination = Vec<(RunSetting, Value)>;

/// A run of the sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub config: RunConfig,
    /// The varied settings.
    pub settings: Combination,
}

/// A combination that is no valid configuration, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub settings: Combination,
    pub faults: Vec<ConfigFault>,
}

/// The runs of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The last axis changes fastest; values in the order given.
    pub runs: Vec<Planned>,
    /// Same order.
    pub refused: Vec<Refused>,
    /// Combinations left out because an earlier one gives the same run, such as two stems of
    /// a network without a choice of stem.
    pub duplicates: usize,
}

impl Sweep {
    /// Every combination once.
    ///
    /// # Errors
    /// All faults of the axes, or more than [`MOST_RUNS`] runs.
    pub fn plan(&self) -> Result<Plan, SweepFault> {
        let mut axes = self.parse().map_err(SweepFault::Settings)?;
        let runs = axes.iter().fold(self.seeds, |runs, (_, values)| runs.saturating_mul(values.len()));
        if runs > MOST_RUNS {
            return Err(SweepFault::TooMany { runs, most: MOST_RUNS });
        }
        if self.seeds > 1 {
            if axes.iter().any(|(setting, _)| *setting == SEED) {
                let (field, value) = (SEED.key.to_owned(), format!("{} seeds", self.seeds));
                let accepts = format!("{} (once)", SEED.bounds);
                return Err(SweepFault::Settings(vec![ConfigFault { field, value, accepts }]));
            }
            let first = self.base.seed;
            axes.push((SEED, (first..first.saturating_add(self.seeds as u64)).map(Value::Whole).collect()));
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

    /// Settings and their values; a value given twice counts once.
    fn parse(&self) -> Result<Vec<(RunSetting, Vec<Value>)>, Vec<ConfigFault>> {
        let mut axes: Vec<(RunSetting, Vec<Value>)> = Vec::new();
        let mut faults = Vec::new();
        for Axis { field: key, values } in &self.axes {
            let fault =
                |value: &str, accepts: String| ConfigFault { field: key.clone(), value: value.to_owned(), accepts };
            let Some(setting) = from_key(key) else {
                faults.push(fault(&values.join(", "), String::new()));
                continue;
            };
            let bounds = setting.bounds;
            if axes.iter().any(|(other, _)| *other == setting) {
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
            axes.push((setting, read));
        }
        if faults.is_empty() { Ok(axes) } else { Err(faults) }
    }

    fn configure(&self, settings: &Combination) -> Result<RunConfig, Vec<ConfigFault>> {
        let mut config = self.base;
        for &(setting, value) in settings {
            setting.set(&mut config, value).map_err(|fault| vec![fault])?;
        }
        if self.scale_rate && settings.iter().all(|(setting, _)| *setting != PEAK_RATE) {
            config.follow_rules(&self.base);
        }
        config.check().map(|()| config)
    }
}

/// All combinations, the last axis fastest.
fn product(axes: &[(RunSetting, Vec<Value>)]) -> Vec<Combination> {
    axes.iter().fold(vec![Vec::new()], |all, (setting, values)| {
        let longer = |start: &Combination| {
            values.iter().map(|value| [&start[..], &[(*setting, *value)]].concat()).collect::<Vec<_>>()
        };
        all.iter().flat_map(longer).collect()
    })
}

/// `config` with every setting that changes nothing in it at its default. Two runs on the
/// same images with equal results of this function give the same curve.
pub fn effective(mut config: RunConfig) -> RunConfig {
    if config.chunk_images() == config.batch {
        setting("chunk").reset(&mut config);
    }
    for setting in &SETTINGS {
        if !setting.is_used(&config) {
            setting.reset(&mut config);
        }
    }
    config
}

#[cfg(test)]
mod tests;
