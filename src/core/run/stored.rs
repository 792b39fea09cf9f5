//! Every kind of stored value, and the schema of its bytes.

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

    /// The schema that this program writes; it reads this one and all older ones, and leaves values of a newer one
    /// alone. Raise it when a program of today would misread a new value or harm it by writing it again. A new
    /// column of a curve or field of JSON is neither if it has a default: older programs keep what they do not know.
    /// A new variant of an enum is both, also of a [`Fault`](crate::core::error::Fault), which queues hold.
    pub const fn schema(self) -> u32 {
        match self {
            // 1: unknown fields were dropped; curves were rows without names.
            Self::Record | Self::Curve | Self::Queue | Self::Images | Self::WeightsNote | Self::Archive => 2,
            // 1: their note lacked fields that change what a training is; an older program would go on without them.
            // 2: a classifier stood on h whatever the note said.
            Self::Tuning | Self::Classifier => 3,
            Self::Checkpoint | Self::Pixels | Self::Detail => 1,
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
