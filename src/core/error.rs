//! What can go wrong, as typed values with a cause that a user can act on. The
//! words stand in `app::text` only.

use super::report::LeftOut;
use serde::{Deserialize, Serialize};

/// Why a file was left out of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFault {
    Empty,
    /// Not an image that the program can read; `looks_like` by its first bytes.
    NotAnImage {
        looks_like: Option<String>,
    },
    Heic,
    Avif,
    /// Ends early or holds broken data: an image, an archive, or a part of one.
    Damaged {
        detail: String,
    },
    /// An image in a variant of its format that the decoder does not know.
    Unsupported {
        detail: String,
    },
    /// A batch of CIFAR-10 that ends within a record; those before it are used.
    CutBatch {
        records: usize,
    },
    /// More pixels than the program decodes.
    TooLarge {
        width: u32,
        height: u32,
    },
    /// A file or zip entry of more bytes than the program reads.
    TooManyBytes {
        bytes: u64,
    },
    /// Inflates to far more than its packed size.
    Bomb,
    /// A zip entry whose path leaves the archive (`..`, absolute).
    UnsafePath,
    Encrypted,
    /// Packed by a method that the program does not unpack.
    Compression {
        method: String,
    },
    /// Named in labels.csv, but not among the files.
    NoSuchFile,
    /// Among the files, but labels.csv does not name it (still used without label).
    NotInLabels,
    /// A row of labels.csv that can't be read.
    BadRow {
        line: usize,
    },
    Unreadable {
        detail: String,
    },
}

/// What a [`FileFault`] keeps from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The file, or the image in it.
    File,
    /// A part of it only, such as its label.
    Part,
    /// A row of labels.csv.
    Row,
}

impl FileFault {
    pub fn lost(&self) -> Lost {
        match self {
            Self::NotInLabels | Self::CutBatch { .. } => Lost::Part,
            Self::NoSuchFile | Self::BadRow { .. } => Lost::Row,
            _ => Lost::File,
        }
    }
}

/// Why an import as a whole gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportFault {
    /// There were files, none of them an image that could be read.
    NoImages {
        left_out: Vec<LeftOut>,
    },
    NoFiles,
    NotAZip {
        file: String,
        detail: String,
    },
    /// The images would not fit the memory that the program takes.
    OutOfMemory {
        images: usize,
    },
    /// More classes than labels can count (65 535).
    TooManyClasses {
        classes: usize,
    },
}

/// A field of the configuration whose value is out of bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigFault {
    /// Key of the field as in [`super::config::bounds`].
    pub field: String,
    pub value: String,
    /// What would be accepted, e.g. `0.01 to 5`.
    pub accepts: String,
}

/// What kept a device from being used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceFault {
    /// The page was not loaded over https or from localhost.
    InsecureOrigin,
    /// The browser has no `navigator.gpu`.
    NoApi,
    NoAdapter,
    /// The adapter gave no device.
    NoDevice {
        detail: String,
    },
    Lost {
        detail: String,
    },
}

impl Fault {
    /// Whether the worker may be broken after this: a panic leaves it in the
    /// middle of something, and a lost device does not come back.
    pub fn ends_worker(&self) -> bool {
        matches!(
            self,
            Self::Internal { .. }
                | Self::NotLoaded { .. }
                | Self::OutOfMemory { .. }
                | Self::Device(DeviceFault::Lost { .. })
        )
    }
}

/// Anything the worker answers instead of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    Import(ImportFault),
    Config(Vec<ConfigFault>),
    Device(DeviceFault),
    /// Fewer training images than one batch needs.
    TooFewImages {
        have: usize,
        need: usize,
    },
    /// The images were shrunk to another side than the configuration says.
    WrongSize {
        images: usize,
        config: usize,
    },
    /// The loss is no longer a number; the learning rate is too high, as a rule.
    NotFinite {
        step: u32,
    },
    /// Evaluation needs labels in train, validation and test.
    NoLabels,
    /// Nothing has been loaded yet.
    NoDataset,
    /// Nothing has been trained yet.
    NoEncoder,
    /// The request does not fit what the worker is doing.
    Busy,
    OutOfMemory {
        detail: String,
    },
    /// Page and worker are of different builds.
    Version {
        page: u32,
        worker: u32,
    },
    /// The page could not fetch or start the worker.
    NotLoaded {
        detail: String,
    },
    /// A panic or an unexpected error: its message.
    Internal {
        detail: String,
    },
}
