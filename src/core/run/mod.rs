//! A pre-training run as a value: its configuration, the identity of its images, what was measured, its
//! results. Runs are stored, compared and exported; the images are not part of them.

pub mod archive;
mod check;
pub mod classify;
#[cfg(test)]
pub mod examples;
pub mod fine_tune;
pub mod group;
mod history;
pub mod queue;
pub mod saving;
pub mod slots;
pub mod starts;
pub mod starts_compared;
pub mod stored;
pub mod sweep;
pub mod table;
pub mod unfinished;

use super::report::{Baseline, DatasetReport, DeviceReport, EpochReport, EvaluationReport, RunState, StepReport};
use super::{config::RunConfig, error::StorageFault, imagenet::DownloadedWeights, weights_file::WeightsIdentity};
use fine_tune::FineTuneReport;
use serde::{Deserialize, Serialize};

/// Which images a run was trained on; enough to tell whether others are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataIdentity {
    /// See [`DatasetReport::fingerprint`].
    pub fingerprint: String,
    /// See [`DatasetReport::files_fingerprint`]; empty in records that are older than this field.
    #[serde(default)]
    pub files_fingerprint: String,
    /// Names of folders, archives or the sample set, in order.
    pub sources: Vec<String>,
    pub images: usize,
    pub training_images: usize,
    pub classes: Vec<String>,
    /// Seed of the splits: with another seed the same images are another set. 0 in records that are older than
    /// this field.
    #[serde(default)]
    pub split_seed: u64,
}

impl From<&DatasetReport> for DataIdentity {
    fn from(report: &DatasetReport) -> Self {
        Self {
            fingerprint: report.fingerprint.clone(),
            files_fingerprint: report.files_fingerprint.clone(),
            sources: report.sources.clone(),
            images: report.images,
            training_images: report.training_images(),
            classes: report.classes.iter().map(|c| c.name.clone()).collect(),
            split_seed: report.split_seed,
        }
    }
}

impl DataIdentity {
    /// Whether both are the same images at the same size with the same labels and splits: the same files, or, as older
    /// records know pixels only, the same pixels.
    pub fn is_same(&self, other: &Self) -> bool {
        let files = &self.files_fingerprint;
        self.fingerprint == other.fingerprint || !files.is_empty() && *files == other.files_fingerprint
    }

    /// The fingerprint to show.
    pub fn shown(&self) -> &str {
        if self.files_fingerprint.is_empty() { &self.fingerprint } else { &self.files_fingerprint }
    }
}

/// A run without its curve and its weights: what a list of runs needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Names the run's folder; letters and digits.
    pub id: String,
    /// The user's own name for it; may be empty.
    pub name: String,
    /// Milliseconds since 1970.
    pub created: f64,
    pub config: RunConfig,
    /// The published weights that it started from; `None` if it started from random weights, and in records
    /// that are older than this field: any weights of the network are their baseline.
    #[serde(default)]
    pub weights: Option<WeightsIdentity>,
    /// In order; the configuration has the chunk in use.
    #[serde(default)]
    pub chunk_changes: Vec<ChunkChange>,
    pub data: DataIdentity,
    /// The device that trained it last.
    pub device: DeviceReport,
    /// Version of the program that started it.
    pub program: String,
    /// Its state when it was last stored. A run that was running then was cut off, and can continue like a paused one.
    pub state: RunState,
    /// Steps done, and steps of the whole run.
    pub steps: u32,
    pub total_steps: u32,
    /// The newest kNN accuracy on validation.
    pub knn: Option<f32>,
    /// Results on the test split so far; see [`EvaluationReport::test_use`].
    pub evaluations: u32,
    pub evaluation: Option<EvaluationReport>,
    pub fine_tuned: Vec<FineTuneReport>,
    /// The user's own words about it.
    #[serde(default)]
    pub notes: String,
    /// In order; empty in older records.
    #[serde(default)]
    pub history: Vec<Happened>,
    /// When it was deleted, in milliseconds since 1970. For [`DELETED_FOR`] it can be brought back.
    #[serde(default)]
    pub deleted: Option<f64>,
}

/// Most characters of a run's notes.
pub const MOST_NOTES: usize = 10_000;

/// Milliseconds for which a deleted run stays: a day.
pub const DELETED_FOR: f64 = 86_400_000.0;

/// A step from which a run continued in other chunks; see [`RunConfig::chunk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkChange {
    /// Steps done by then.
    pub steps: u32,
    /// Images that went through the networks at once before.
    pub before: usize,
}

/// An entry of a run's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// Milliseconds since 1970.
    pub at: f64,
    /// Steps done by then.
    pub steps: u32,
    pub what: RunEvent,
}

/// What can happen to a run. A new variant needs a new schema of records: older programs cannot read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEvent {
    /// With the device's name, as below.
    Started(String),
    /// After a pause, or after it was cut off.
    WentOn(String),
    Paused,
    Finished,
    Cancelled,
    Failed,
    Evaluated,
    FineTuned,
    Exported,
    Imported,
    /// It is a copy of the run with this id; what stands before happened to that one.
    Copied(String),
}

impl RunRecord {
    /// Lets the run continue in chunks of at most `images`. Does nothing if those are not smaller.
    pub fn go_on_in_chunks(&mut self, images: usize) {
        let before = self.config.chunk_images();
        if (1..before).contains(&images) {
            self.config.chunk = images;
            // Only a chunk that at least one step used is a change.
            if self.steps > self.chunk_changes.last().map_or(0, |change| change.steps) {
                self.chunk_changes.push(ChunkChange { steps: self.steps, before });
            }
        }
    }

    /// Whether it can continue: it was paused, or cut off by a crash or a closed tab. After its last step only
    /// its evaluation is left.
    pub fn can_resume(&self) -> bool {
        self.state.is_active()
    }

    /// Without what its results hold of each test image, which no list of runs shows. Only a result of published
    /// weights keeps what the page Evaluate compares others with, and a result of compared starts what decides.
    pub fn for_a_list(mut self) -> Self {
        if let Some(evaluation) = &mut self.evaluation {
            evaluation.truth = Vec::new();
            evaluation.raw_pixels.predicted = Vec::new();
            evaluation.linear_baseline.iter_mut().for_each(|linear| linear.predicted = Vec::new());
            if evaluation.baseline != Baseline::Itself {
                (evaluation.test_images, evaluation.trained.predicted) = Default::default();
            }
        }
        for report in &mut self.fine_tuned {
            report.test_images = Vec::new();
            if starts::start_of(&self.config, self.data.training_images, self.steps, report).is_none() {
                (report.truth, report.predicted) = Default::default();
            }
        }
        self
    }

    /// Accuracy of linear evaluation on the validation split. Runs are chosen by it: the test split has no part
    /// in a choice.
    pub fn validation_accuracy(&self) -> Option<f32> {
        self.evaluation.as_ref().and_then(|e| e.trained.validation_accuracy)
    }
}

/// What was measured over a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// One a step, in order.
    pub steps: Vec<StepReport>,
    /// One an epoch, from epoch 0.
    pub epochs: Vec<EpochReport>,
    /// What a newer program measured too; it is stored again, not shown.
    #[serde(skip)]
    pub unknown: Vec<UnknownColumn>,
}

/// A column of a stored curve that this program has no field for.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownColumn {
    /// One that begins with `steps.` or `epochs.` has a row for each of them.
    pub name: String,
    /// As safetensors calls it.
    pub dtype: String,
    /// [rows, …]; of steps or epochs at most as many rows as there are of them.
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl UnknownColumn {
    fn truncate(&mut self, rows: usize) {
        if let Some(had) = self.shape.first_mut().filter(|had| **had > rows) {
            self.bytes.truncate(self.bytes.len() / *had * rows);
            *had = rows;
        }
    }
}

impl Curve {
    /// Drops what was measured after `step`: a checkpoint can be older than the curve beside it. `epochs_done`
    /// epochs had ended by then.
    pub fn truncate(&mut self, step: u32, epochs_done: u32) {
        self.steps.retain(|s| s.step <= step);
        self.epochs.retain(|e| e.epoch <= epochs_done);
        for column in &mut self.unknown {
            match column.name.split_once('.') {
                Some(("steps", _)) => column.truncate(self.steps.len()),
                Some(("epochs", _)) => column.truncate(self.epochs.len()),
                // Its rows may be anything.
                _ => {}
            }
        }
    }
}

/// A stored run that was opened and is now the current one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenedRun {
    pub record: RunRecord,
    pub curve: Curve,
}

/// What is stored on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredReport {
    /// Newest first, as [`RunRecord::for_a_list`] gives them.
    pub runs: Vec<RunRecord>,
    /// Runs that can still be brought back, likewise, with the bytes that each takes; the one that was deleted last
    /// first.
    pub deleted: Vec<(RunRecord, u64)>,
    /// Runs whose record can't be read, by id, with the cause.
    pub damaged: Vec<(String, StorageFault)>,
    /// Fingerprints of the sets whose images are stored.
    pub images: Vec<String>,
    /// Published weights that were fetched.
    pub weights: Vec<DownloadedWeights>,
    /// Bytes used by this site and allowed to it, as the browser tells them.
    pub used: u64,
    pub quota: u64,
}

/// How far a run under way is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaveReport {
    pub id: String,
    /// Step of the checkpoint.
    pub step: u32,
    /// Why the newest save failed, if it did. Training continues.
    pub fault: Option<StorageFault>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_the_same_by_their_files_or_by_their_pixels() {
        let identity = |pixels: &str, files: &str| DataIdentity {
            fingerprint: pixels.into(),
            files_fingerprint: files.into(),
            ..DataIdentity::default()
        };
        let now = identity("p", "f");
        assert!(now.is_same(&identity("another decoder's", "f")));
        assert!(now.is_same(&identity("p", "")) && identity("p", "").is_same(&now), "a record of before");
        assert!(!now.is_same(&identity("q", "g")));
        assert!(!identity("q", "").is_same(&identity("p", "")), "two unknown files are not the same file");
        assert_eq!((now.shown(), identity("p", "").shown()), ("f", "p"));
        let json = serde_json::to_string(&examples::record("a").data).unwrap();
        let old = json.replace(r#","files_fingerprint":"""#, "");
        assert_ne!(old, json);
        assert_eq!(serde_json::from_str::<DataIdentity>(&old).unwrap(), examples::record("a").data);
    }

    #[test]
    fn a_run_can_be_gone_on_with_until_it_is_over_even_after_its_last_step() {
        let phase = crate::core::report::Phase::Train;
        for (state, can) in [
            (RunState::Running(phase), true),
            (RunState::Paused, true),
            (RunState::Finished, false),
            (RunState::Cancelled, false),
            (RunState::Failed, false),
        ] {
            for steps in [0, 59, 60] {
                let record = RunRecord { state, steps, ..examples::record("a") };
                assert_eq!(record.can_resume(), can, "{state:?} after {steps} of 60 steps");
            }
        }
    }

    #[test]
    fn a_list_has_no_vectors_of_images_but_those_that_others_are_compared_with() {
        use crate::core::run::table::published;
        let mut run = examples::evaluated("a", 0.8);
        let evaluation = run.evaluation.as_mut().unwrap();
        (evaluation.test_images, evaluation.truth) = (vec![4, 7], vec![0, 1]);
        evaluation.trained.predicted = vec![0, 0];
        evaluation.raw_pixels.predicted = vec![1, 1];
        evaluation.linear_baseline.as_mut().unwrap().predicted = vec![1, 0];
        let listed = run.clone().for_a_list();
        assert_eq!(listed, examples::evaluated("a", 0.8), "only the vectors go");
        run.config.encoder.start = crate::core::config::InitialWeights::ImageNet;
        run.config.encoder.architecture = crate::core::config::Architecture::ResNet18;
        run.evaluation.as_mut().unwrap().baseline = Baseline::Itself;
        let found = published(&[run.for_a_list()], &examples::record("a").data);
        let [found] = &found[..] else { panic!("no published result") };
        assert_eq!((&found.report.test_images[..], &found.report.trained.predicted[..]), (&[4, 7][..], &[0, 0][..]));
        assert!(found.report.truth.is_empty() && found.report.raw_pixels.predicted.is_empty());
        // Of compared starts, what McNemar's test needs.
        use fine_tune::{FineTuneConfig, TrainedLayers, TuningStart};
        let mut run = examples::record("a");
        for trained in [TrainedLayers::Classifier, TrainedLayers::All] {
            let config = FineTuneConfig::recipe(TuningStart::Pretrained, trained, 10, run.config.seed);
            let results = FineTuneReport { steps: run.steps, ..examples::tuned(config) };
            run.fine_tuned.push(FineTuneReport { truth: vec![1], predicted: vec![0], test_images: vec![3], ..results });
        }
        let listed = run.for_a_list().fine_tuned;
        assert_eq!(listed.iter().map(|r| (r.truth.len(), r.test_images.len())).collect::<Vec<_>>(), [(1, 0), (0, 0)]);
    }

    #[test]
    fn a_run_that_goes_on_in_smaller_chunks_says_so() {
        let mut run = examples::record("a");
        (run.config.batch, run.config.chunk) = (64, 0);
        run.go_on_in_chunks(64);
        run.go_on_in_chunks(0);
        assert_eq!((run.config.chunk, run.chunk_changes.len()), (0, 0));
        run.go_on_in_chunks(16);
        run.go_on_in_chunks(32);
        assert_eq!((run.config.chunk, &run.chunk_changes[..]), (16, &[ChunkChange { steps: 60, before: 64 }][..]));
        run.go_on_in_chunks(8);
        assert_eq!((run.config.chunk, run.chunk_changes.len()), (8, 1), "no step was in chunks of 16");
        let mut fresh = RunRecord { steps: 0, chunk_changes: Vec::new(), ..run };
        fresh.go_on_in_chunks(4);
        assert_eq!((fresh.config.chunk, fresh.chunk_changes.len()), (4, 0));
    }

    #[test]
    fn a_curve_ends_where_its_checkpoint_does() {
        let mut curve = Curve::default();
        curve.steps.extend((1..=10).map(|step| StepReport { step, ..StepReport::default() }));
        curve.epochs.extend((0..=2).map(|epoch| EpochReport { epoch, knn: 0.5 }));
        curve.unknown = ["steps.x", "epochs.x", "images.x"]
            .map(|name| UnknownColumn { name: name.into(), dtype: "U8".into(), shape: vec![9], bytes: vec![1; 9] })
            .to_vec();
        curve.truncate(7, 1);
        assert_eq!(curve.unknown.iter().map(|column| column.bytes.len()).collect::<Vec<_>>(), [7, 2, 9]);
        assert_eq!(curve.steps.last().map(|s| s.step), Some(7));
        assert_eq!(curve.epochs.last().map(|e| e.epoch), Some(1));
    }
}
