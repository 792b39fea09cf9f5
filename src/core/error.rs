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
    /// Ends early or holds broken data.
    Damaged {
        detail: String,
    },
    /// More pixels than the program decodes.
    TooLarge {
        width: u32,
        height: u32,
    },
    /// An image file of more bytes than the program reads.
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

/// What kept something from being stored or read in the browser's own file system.
/// `what` names it in a person's words: a run, the images, the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageFault {
    /// The browser has no such file system, or gives none here (a private window).
    Unavailable { detail: String },
    /// No room. In bytes, as far as known: what was to be written, and what is left.
    Full { needed: Option<u64>, free: Option<u64> },
    /// Another tab has it open.
    Held { what: String },
    /// It is there, but cannot be read: cut off or changed.
    Damaged { what: String, detail: String },
    /// Stored by another version of the program, in a format that this one does not
    /// read.
    OtherVersion { what: String, found: u32 },
    /// The browser refused.
    Denied { detail: String },
    /// It is not there, or no longer.
    NotFound { what: String },
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
    Storage(StorageFault),
    /// A run can be gone on with on its own images only; fingerprints of those and of
    /// the ones that are loaded, if any.
    WrongImages {
        expected: String,
        found: Option<String>,
    },
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
