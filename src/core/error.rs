//! What can go wrong, as typed values with a cause that a user can act on. The
//! words stand in `app::text` only.

mod hub;

pub use hub::HubFault;

use super::imagenet::ImageNetEncoder;
use super::report::LeftOut;
use super::weights::WeightsFault;
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
    /// The set was kept from an earlier visit, at one size only; its files would have
    /// to be read for this.
    NeedsFiles,
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
    /// Key of the field as in the tables of settings: [`super::config::setting::Setting::key`].
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

/// How allocators, browsers and graphics drivers say that memory is used up.
const NO_MEMORY: [&str; 6] = [
    "out of memory",
    "out-of-memory",
    "out of device memory",
    "not enough memory",
    "can't allocate buffer",
    "memory allocation of",
];
/// Bytes of wasm memory, of the 4 GiB that there can be, from which on a trap
/// without words is taken for a refused allocation: one tensor may ask for 1 GiB.
const NEARLY_FULL: f64 = 2.5 * 1024.0 * 1024.0 * 1024.0;

/// Why an archive that was to bring a run back does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TakeawayFault {
    NotAZip {
        detail: String,
    },
    /// An archive, but not of a run.
    NotARun,
    /// One of its files is missing, cut off, or does not fit the others.
    Damaged {
        file: String,
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

    /// What a device or an allocator said, by its words.
    pub fn of_device(detail: String) -> Self {
        let says_so = |line: &&str| {
            let line = line.to_lowercase();
            NO_MEMORY.iter().any(|words| line.contains(words))
        };
        // Around the cause stand where it was found, and a backtrace.
        match detail.lines().find(says_so) {
            Some(cause) => Self::OutOfMemory { detail: cause.to_owned() },
            None => Self::Internal { detail },
        }
    }

    /// An error that nobody caught in the worker, whose wasm memory has so many
    /// bytes. A refused allocation ends in a trap without words.
    pub fn of_trap(message: String, memory: f64) -> Self {
        if memory >= NEARLY_FULL && message.contains("unreachable") {
            Self::OutOfMemory { detail: "4 GB".into() }
        } else {
            Self::of_device(message)
        }
    }
}

/// Anything the worker answers instead of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    Import(ImportFault),
    Config(Vec<ConfigFault>),
    Device(DeviceFault),
    Storage(StorageFault),
    Takeaway(TakeawayFault),
    Hub(HubFault),
    /// A file of published weights gives no encoder.
    Weights(WeightsFault),
    /// These weights are needed, and are neither loaded nor kept in this browser.
    NoWeights {
        encoder: ImageNetEncoder,
    },
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
    /// A configuration that would not fit, by [`super::cost`]; in bytes.
    NeedsMemory {
        need: u64,
        limit: u64,
    },
    /// Given up before it was done: the worker has ended, or something newer came
    /// in its place. Said elsewhere, so it is not shown.
    Stopped,
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

impl From<StorageFault> for Fault {
    fn from(fault: StorageFault) -> Self {
        Self::Storage(fault)
    }
}

impl From<HubFault> for Fault {
    fn from(fault: HubFault) -> Self {
        Self::Hub(fault)
    }
}

impl From<WeightsFault> for Fault {
    fn from(fault: WeightsFault) -> Self {
        Self::Weights(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_used_up_is_told_from_other_faults() {
        for said in [
            "wgpu error: Out of Memory",
            "out of device memory allocating 1073741824 bytes",
            "can't allocate buffer of size: 9",
            "An out-of-memory error happened during launch",
            "memory allocation of 268435456 bytes failed",
        ] {
            let around = format!("panicked at somewhere.rs:1:1:\n{said}\n0: backtrace");
            assert_eq!(Fault::of_device(around), Fault::OutOfMemory { detail: said.into() });
        }
        for said in ["Validation Error", "memory access out of bounds", "index out of range"] {
            assert_eq!(Fault::of_device(said.into()), Fault::Internal { detail: said.into() });
        }
    }

    #[test]
    fn a_trap_without_words_is_out_of_memory_only_where_memory_is_nearly_full() {
        let trap = || "Uncaught RuntimeError: unreachable".to_owned();
        assert!(matches!(Fault::of_trap(trap(), 4e9), Fault::OutOfMemory { .. }));
        assert_eq!(Fault::of_trap(trap(), 1e8), Fault::Internal { detail: trap() });
        assert_eq!(
            Fault::of_trap("x is not defined".into(), 4e9),
            Fault::Internal { detail: "x is not defined".into() }
        );
    }

    #[test]
    fn only_faults_that_may_leave_the_worker_broken_end_it() {
        let lost = Fault::Device(DeviceFault::Lost { detail: String::new() });
        let ends = [Fault::of_device(String::new()), Fault::of_device("out of memory".into()), lost];
        assert!(ends.iter().all(Fault::ends_worker));
        let stays =
            [Fault::Busy, Fault::Stopped, Fault::NeedsMemory { need: 2, limit: 1 }, Fault::Device(DeviceFault::NoApi)];
        assert!(!stays.iter().any(Fault::ends_worker));
    }
}
