//! Every kind of stored value, and the schema of its bytes.

use super::RunRecord;
use super::fine_tune::TunedFrom;
use super::queue::QueueReport;

/// The schema of records and queues that older programs read as they are meant.
const COMMON: u32 = 2;

impl RunRecord {
    /// The schema to write it with, alone or in an archive. To an older program a classifier on the head's first layer is
    /// one on h, which it would replace.
    pub fn schema(&self) -> u32 {
        match self.fine_tuned.iter().all(|report| report.config.from == TunedFrom::default()) {
            true => COMMON,
            false => Kind::Record.schema(),
        }
    }
}

impl QueueReport {
    /// The schema to write it with. An older program would leave out the classifiers of its runs.
    pub fn schema(&self) -> u32 {
        match self.queue.entries().iter().all(|entry| entry.then.is_empty()) {
            true => COMMON,
            false => Kind::Queue.schema(),
        }
    }
}

/// A kind of value that is stored, or written into an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A [`RunRecord`](super::RunRecord), JSON.
    Record,
    /// A [`Curve`](super::Curve): `worker::storage::curve_file`.
    Curve,
    /// Weights and optimiser: `learn::checkpoint`, as the two below.
    Checkpoint,
    /// An unfinished list of fine-tunings.
    Tuning,
    /// The last classifier that was fine-tuned.
    Classifier,
    /// A [`QueueReport`](super::queue::QueueReport), JSON.
    Queue,
    /// The description of a set of images, JSON.
    Images,
    Pixels,
    /// The pixels at twice the side, from which crops are cut.
    Detail,
    /// What a file of downloaded weights is, JSON.
    WeightsNote,
    /// An exported run; the schema stands in its `run.json`.
    Archive,
}

impl Kind {
    /// What lies in the folder of a run.
    pub const OF_A_RUN: [Self; 5] = [Self::Record, Self::Curve, Self::Checkpoint, Self::Tuning, Self::Classifier];

    /// The newest schema that this program writes; it reads this one and all older ones, and leaves values of a newer
    /// one alone. A record or a queue has it only where it needs it: [`RunRecord::schema`], [`QueueReport::schema`].
    /// Raise it when a program of today would misread a new value or harm it by writing it again. A new column of a
    /// curve or field of JSON is neither if it has a default: older programs keep what they do not know. A new variant
    /// of an enum is both, also of a [`Fault`](crate::core::error::Fault), which queues hold.
    pub const fn schema(self) -> u32 {
        match self {
            // 1: unknown fields were dropped; curves were rows without names.
            Self::Curve | Self::Images | Self::WeightsNote => COMMON,
            // 2: every classifier of a record stood on h; a run of the queue was done without classifiers.
            Self::Record | Self::Queue | Self::Archive => 3,
            // 1: their note lacked fields that change what a training is; an older program would go on without them.
            // 2: a classifier stood on h whatever the note said.
            Self::Tuning | Self::Classifier => 3,
            Self::Checkpoint | Self::Pixels | Self::Detail => 1,
        }
    }

    /// Most bytes of a value that is read. JSON takes many times its bytes while it is: a record with the results of a
    /// thousand classes has some 10 MB.
    pub const fn most_bytes(self) -> u64 {
        match self {
            Self::Record | Self::Queue | Self::WeightsNote => 128 << 20,
            _ => u64::MAX,
        }
    }

    /// The last name of its path.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Curve => "curve",
            Self::Checkpoint => "state",
            Self::Tuning => "tuning",
            Self::Classifier => "classifier",
            Self::Queue => "queue",
            Self::Images => "meta",
            Self::Pixels => "pixels",
            Self::Detail => "detail",
            Self::WeightsNote => "note",
            Self::Archive => "archive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::RunConfig;
    use crate::core::run::examples::{record, tuned};
    use crate::core::run::fine_tune::FineTuneConfig;

    #[test]
    fn what_an_older_program_would_misread_has_the_raised_schema() {
        let from = |from| tuned(FineTuneConfig { from, ..FineTuneConfig::default() });
        let mut run = record("a");
        run.fine_tuned = vec![from(TunedFrom::Encoder)];
        assert_eq!(run.schema(), 2);
        run.fine_tuned.push(from(TunedFrom::HeadLayer));
        assert_eq!((run.schema(), run.schema()), (Kind::Record.schema(), Kind::Archive.schema()));
        let mut report = QueueReport::default();
        report.queue.add([RunConfig::default()]);
        assert_eq!(report.schema(), 2);
        report.queue.add_with([(RunConfig::default(), vec![FineTuneConfig::default()])]);
        assert_eq!((report.schema(), Kind::Queue.schema()), (3, 3));
    }
}
