//! The table of stored runs: the columns in which they differ, their order, and a configuration like one of theirs.

use super::{DataIdentity, RunRecord};
use crate::core::config::pretrain_settings::{self, PEAK_RATE, RunSetting};
use crate::core::config::setting::{Bounds, Value};
use crate::core::report::{Baseline, EvaluationReport, RunState};
use crate::core::{config::RunConfig, error::ConfigFault, imagenet::ImageNetEncoder, weights_file::WeightsIdentity};
use std::cmp::Ordering;

/// A column of the table of runs, by which they can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Name,
    Created,
    /// Where the images came from; they differ by fingerprint.
    Images,
    /// Where the published weights came from; they differ by fingerprint.
    Weights,
    /// From under way to failed.
    State,
    Device,
    /// The program's version.
    Program,
    Setting(RunSetting),
    /// Linear evaluation on validation.
    ValidationAccuracy,
    /// Linear evaluation on test.
    TestAccuracy,
    /// Of linear evaluation on test.
    MacroF1,
    /// The newest kNN accuracy on validation.
    Knn,
}

/// The columns in which `records` differ besides their results: settings in the order of
/// links, then the rest. Of the weights, only runs that started from published ones count.
pub fn differing(records: &[&RunRecord]) -> Vec<Column> {
    let Some((first, others)) = records.split_first() else { return Vec::new() };
    let differs = |same: &dyn Fn(&RunRecord) -> bool| !others.iter().all(|other| same(other));
    let settings = pretrain_settings::differing(records.iter().map(|record| &record.config)).into_iter();
    let device = |r: &RunRecord| (r.device.backend, r.device.name.clone());
    let mut weights = records.iter().filter_map(|record| record.weights.as_ref());
    let other_weights = weights.next().is_some_and(|first| weights.any(|other| !other.is_same(first)));
    let rest = [
        (Column::Weights, other_weights),
        (Column::Images, differs(&|other| other.data.is_same(&first.data))),
        (Column::Device, differs(&|other| device(other) == device(first))),
        (Column::Program, differs(&|other| other.program == first.program)),
    ];
    let rest = rest.into_iter().filter_map(|(column, differs)| differs.then_some(column));
    settings.map(Column::Setting).chain(rest).collect()
}

/// Indices of the runs on each set of images, in the order of the first run of each set.
/// Accuracies of different sets cannot be compared, for their test images differ.
pub fn by_data(records: &[&RunRecord]) -> Vec<Vec<usize>> {
    parted(records, |a, b| a.data.is_same(&b.data))
}

/// Indices of the records of each kind, in the order of the first of each. One belongs where any is the same as it: equal
/// images can be a chain, of which the ends have no fingerprint in common.
pub(super) fn parted(records: &[&RunRecord], same: impl Fn(&RunRecord, &RunRecord) -> bool) -> Vec<Vec<usize>> {
    let mut kinds: Vec<Vec<usize>> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        match kinds.iter_mut().find(|kind| kind.iter().any(|&place| same(records[place], record))) {
            Some(kind) => kind.push(place),
            None => kinds.push(vec![place]),
        }
    }
    kinds
}

/// A result of published weights, without any training.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub net: ImageNetEncoder,
    /// `None` in older records.
    pub weights: Option<WeightsIdentity>,
    pub report: EvaluationReport,
}

/// The newest result of each published weights on these images.
pub fn published(records: &[RunRecord], images: &DataIdentity) -> Vec<Published> {
    let mut found: Vec<(Published, f64)> = Vec::new();
    for record in records.iter().filter(|record| record.data.is_same(images)) {
        let report = record.evaluation.as_ref().filter(|report| report.baseline == Baseline::Itself);
        let Some((net, report)) = record.config.encoder.weights().zip(report) else { continue };
        let (weights, report) = (record.weights.clone(), report.clone());
        let print = |weights: &Option<WeightsIdentity>| weights.as_ref().map(|weights| weights.fingerprint.clone());
        let same = |(other, _): &&mut (Published, f64)| other.net == net && print(&other.weights) == print(&weights);
        match found.iter_mut().find(same) {
            Some(older) if older.1 < record.created => *older = (Published { net, weights, report }, record.created),
            Some(_) => {}
            None => found.push((Published { net, weights, report }, record.created)),
        }
    }
    found.into_iter().map(|(published, _)| published).collect()
}

/// What a run is sorted by.
enum Rank {
    Number(f64),
    Text(String),
}

impl Column {
    pub(super) fn is_result(self) -> bool {
        matches!(self, Self::ValidationAccuracy | Self::TestAccuracy | Self::MacroF1 | Self::Knn)
    }

    /// The run's result in this column, from 0 to 1; `None` in columns of no results, and where the run has none.
    pub fn result(self, record: &RunRecord) -> Option<f64> {
        let test = record.evaluation.as_ref().map(|e| &e.trained.test);
        match self {
            Self::ValidationAccuracy => record.validation_accuracy().map(f64::from),
            Self::TestAccuracy => test.map(|t| t.accuracy),
            Self::MacroF1 => test.map(|t| t.macro_average.f1),
            Self::Knn => record.knn.map(f64::from),
            _ => None,
        }
    }

    /// `None` if the run has no such value.
    fn rank(self, record: &RunRecord) -> Option<Rank> {
        let text = |text: &str| (!text.is_empty()).then(|| Rank::Text(text.to_lowercase()));
        let number = |number: Option<f64>| number.filter(|n| !n.is_nan()).map(Rank::Number);
        match self {
            Self::Name => text(&record.name),
            Self::Images => text(&record.data.sources.join(", ")),
            Self::Weights => text(record.weights.as_ref().map_or("", |w| &w.source)),
            Self::Device => text(&record.device.name),
            Self::Program => text(&record.program),
            Self::State => number(Some(match record.state {
                RunState::Idle | RunState::Running(_) => 0.0,
                RunState::Paused => 1.0,
                RunState::Finished => 2.0,
                RunState::Cancelled => 3.0,
                RunState::Failed => 4.0,
            })),
            Self::Created => number(Some(record.created)),
            Self::Setting(setting) => number(Some(setting_rank(setting, &record.config))),
            Self::ValidationAccuracy | Self::TestAccuracy | Self::MacroF1 | Self::Knn => number(self.result(record)),
        }
    }
}

/// A choice ranks by its place among the choices; whole numbers stay below 2⁵³.
fn setting_rank(setting: RunSetting, config: &RunConfig) -> f64 {
    match (setting.get(config), setting.bounds) {
        (Value::Choice(key), Bounds::Choice(all)) => all.iter().position(|k| *k == key).unwrap_or(all.len()) as f64,
        (Value::Whole(v), _) => v as f64,
        (Value::Real(v), _) => f64::from(v),
        (Value::Switch(v), _) => f64::from(u8::from(v)),
        (Value::Choice(_), _) => f64::NAN,
    }
}

/// Indices of `records` in sorted order; equals stay as they were. Runs without the value come last in both directions.
pub fn sorted(records: &[&RunRecord], by: Column, descending: bool) -> Vec<usize> {
    let ranks: Vec<Option<Rank>> = records.iter().map(|record| by.rank(record)).collect();
    let compare = |a: &Rank, b: &Rank| match (a, b) {
        (Rank::Number(a), Rank::Number(b)) => a.total_cmp(b),
        (Rank::Text(a), Rank::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    let mut places: Vec<usize> = (0..records.len()).collect();
    places.sort_by(|&a, &b| match (&ranks[a], &ranks[b]) {
        (Some(a), Some(b)) if descending => compare(b, a),
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    places
}

/// "Start a run like this, but": the configuration of `record` with one setting read
/// from `text`. The learning rate follows batch and optimiser by [`RunConfig::follow_rules`].
///
/// # Errors
/// What is wrong with the setting, by itself or beside the others.
pub fn like(record: &RunRecord, setting: RunSetting, text: &str) -> Result<RunConfig, Vec<ConfigFault>> {
    let mut config = record.config;
    setting.set_text(&mut config, text).map_err(|fault| vec![fault])?;
    if setting != PEAK_RATE {
        config.follow_rules(&record.config);
    }
    config.check().map(|()| config)
}

#[cfg(test)]
mod tests;
