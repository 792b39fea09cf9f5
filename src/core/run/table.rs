//! Runs side by side: in what they differ, in which order they stand, which is the
//! best, and a configuration like one of theirs.

use super::RunRecord;
use crate::core::config::RunConfig;
use crate::core::config::bounds::{Bounds, Field, Value};
use crate::core::error::ConfigFault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::report::{Baseline, EvaluationReport, RunState};
use crate::core::weights::WeightsIdentity;
use std::cmp::Ordering;

/// Something in which runs can differ besides their results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Field(Field),
    /// The published weights that those started from that started from some, by fingerprint.
    Weights,
    /// The images, by fingerprint.
    Data,
    Device,
    /// The program's version.
    Program,
}

/// In what `records` differ: settings in the order of a form, then the rest.
pub fn differing(records: &[&RunRecord]) -> Vec<Column> {
    let Some((first, others)) = records.split_first() else { return Vec::new() };
    let differs = |same: &dyn Fn(&RunRecord) -> bool| !others.iter().all(|other| same(other));
    let fields = Field::ALL.into_iter().filter(|field| {
        let value = field.get(&first.config);
        differs(&|other| field.get(&other.config) == value)
    });
    let device = |r: &RunRecord| (r.device.backend, r.device.name.clone());
    let mut weights = records.iter().filter_map(|record| record.weights.as_ref());
    let other_weights = weights.next().is_some_and(|first| weights.any(|other| !other.is_same(first)));
    let rest = [
        (Column::Weights, other_weights),
        (Column::Data, differs(&|other| other.data.fingerprint == first.data.fingerprint)),
        (Column::Device, differs(&|other| device(other) == device(first))),
        (Column::Program, differs(&|other| other.program == first.program)),
    ];
    fields
        .map(Column::Field)
        .chain(rest.into_iter().filter_map(|(column, differs)| differs.then_some(column)))
        .collect()
}

/// Places of runs of the same images, in the order of the first of each. More than
/// one group: their accuracies cannot be compared, for the test images differ.
pub fn by_data(records: &[&RunRecord]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let like = |group: &&mut Vec<usize>| records[group[0]].data.fingerprint == record.data.fingerprint;
        match groups.iter_mut().find(like) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

/// What to know before numbers in one table are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableWarning {
    /// The runs are of so many different sets of images.
    DifferentData { sets: usize },
}

pub fn warning(records: &[&RunRecord]) -> Option<TableWarning> {
    let sets = by_data(records).len();
    (sets > 1).then_some(TableWarning::DifferentData { sets })
}

/// The place of the best run: by accuracy on validation, never on test; between
/// equals by kNN, then the earlier one. None where none was evaluated on validation.
/// Of runs on different images ask for each group of [`by_data`].
pub fn best(records: &[&RunRecord]) -> Option<usize> {
    let rank = |place: usize| {
        let record = records[place];
        let accuracy = f64::from(record.validation_accuracy().filter(|a| !a.is_nan())?);
        Some([accuracy, record.knn.map_or(-1.0, f64::from), -record.created])
    };
    let better = |a: &[f64; 3], b: &[f64; 3]| {
        a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let mut best: Option<(usize, [f64; 3])> = None;
    for place in 0..records.len() {
        if let Some(rank) = rank(place)
            && best.as_ref().is_none_or(|(_, so_far)| better(&rank, so_far).is_gt())
        {
            best = Some((place, rank));
        }
    }
    best.map(|(place, _)| place)
}

/// A result of published weights as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub net: ImageNetEncoder,
    /// None in records from before it was noted.
    pub weights: Option<WeightsIdentity>,
    pub report: EvaluationReport,
}

/// Those on images of this fingerprint: the newest of each weights.
pub fn published(records: &[RunRecord], fingerprint: &str) -> Vec<Published> {
    let mut found: Vec<(Published, f64)> = Vec::new();
    for record in records.iter().filter(|record| record.data.fingerprint == fingerprint) {
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

/// By what runs are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    Created,
    Name,
    /// Where they came from.
    Images,
    /// Where the published weights came from.
    Weights,
    /// From under way to failed.
    State,
    Device,
    Program,
    Field(Field),
    /// Linear evaluation on validation.
    ValidationAccuracy,
    /// Linear evaluation on test.
    TestAccuracy,
    /// Of linear evaluation on test.
    MacroF1,
    /// The newest kNN accuracy on validation.
    Knn,
}

enum Rank {
    Number(f64),
    Text(String),
}

impl SortKey {
    /// None where the run has no such value.
    fn of(self, record: &RunRecord) -> Option<Rank> {
        let test = record.evaluation.as_ref().map(|e| &e.trained.test);
        let text = match self {
            Self::Name => Some(record.name.to_lowercase()),
            Self::Images => Some(record.data.sources.join(", ").to_lowercase()),
            Self::Weights => Some(record.weights.as_ref().map(|w| w.source.to_lowercase()).unwrap_or_default()),
            Self::Device => Some(record.device.name.to_lowercase()),
            Self::Program => Some(record.program.clone()),
            _ => None,
        };
        if let Some(text) = text {
            return (!text.is_empty()).then_some(Rank::Text(text));
        }
        let number = match self {
            Self::Name | Self::Images | Self::Weights | Self::Device | Self::Program => None,
            Self::State => Some(match record.state {
                RunState::Idle | RunState::Running(_) => 0.0,
                RunState::Paused => 1.0,
                RunState::Finished => 2.0,
                RunState::Cancelled => 3.0,
                RunState::Failed => 4.0,
            }),
            Self::Created => Some(record.created),
            Self::Field(field) => Some(field_rank(field, &record.config)),
            Self::ValidationAccuracy => record.validation_accuracy().map(f64::from),
            Self::TestAccuracy => test.map(|t| t.accuracy),
            Self::MacroF1 => test.map(|t| t.macro_average.f1),
            Self::Knn => record.knn.map(f64::from),
        };
        number.filter(|n| !n.is_nan()).map(Rank::Number)
    }
}

/// A choice ranks by its place among the choices; whole numbers stay below 2⁵³.
fn field_rank(field: Field, config: &RunConfig) -> f64 {
    match (field.get(config), field.bounds()) {
        (Value::Choice(key), Bounds::Choice(all)) => all.iter().position(|k| *k == key).unwrap_or(all.len()) as f64,
        (Value::Whole(v), _) => v as f64,
        (Value::Real(v), _) => f64::from(v),
        (Value::Switch(v), _) => f64::from(u8::from(v)),
        (Value::Choice(_), _) => f64::NAN,
    }
}

/// Places of `records` in sorted order; equals stay as they were. Runs without the
/// value come last in both directions.
pub fn sorted(records: &[&RunRecord], key: SortKey, descending: bool) -> Vec<usize> {
    let ranks: Vec<Option<Rank>> = records.iter().map(|record| key.of(record)).collect();
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
/// from `text`. The learning rate goes along with batch and optimiser, as
/// [`RunConfig::follow_rate`] says.
///
/// # Errors
/// What is wrong with the setting, by itself or beside the others.
pub fn like(record: &RunRecord, field: Field, text: &str) -> Result<RunConfig, Vec<ConfigFault>> {
    let mut config = record.config;
    field.set_text(&mut config, text).map_err(|fault| vec![fault])?;
    if field != Field::PeakRate {
        config.follow_rate(&record.config);
    }
    config.check().map(|()| config)
}

#[cfg(test)]
mod tests;
