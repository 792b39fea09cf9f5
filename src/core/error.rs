//! What can go wrong, as typed values with a cause that a user can act on. The words are in `app::text`;
//! only a `detail` is written where the fault is found.

use super::{imagenet::ImageNetEncoder, weights_file::WeightsFault};
use serde::{Deserialize, Serialize};

/// Why a file was left out of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileFault {
    /// The file has no bytes.
    Empty,
    /// Not an image that the program can read; `looks_like` by its first bytes.
    NotAnImage { looks_like: Option<String> },
    /// An HEIC image, which the program does not decode.
    Heic,
    /// An AVIF image, which the program does not decode.
    Avif,
    /// Ends early or holds broken data: an image, an archive, or a part of one.
    Damaged { detail: String },
    /// An image in a variant of its format that the decoder does not know.
    Unsupported { detail: String },
    /// A batch of CIFAR-10 that ends within a record; those before it are used.
    CutBatch { records: usize },
    /// More pixels than the program decodes.
    TooLarge { width: u32, height: u32 },
    /// A file or zip entry of more bytes than the program reads.
    TooManyBytes { bytes: u64 },
    /// Inflates to far more than its packed size.
    Bomb,
    /// A zip entry whose path leaves the archive (`..`, absolute).
    UnsafePath,
    /// A zip entry behind a password.
    Encrypted,
    /// Packed by a method that the program does not unpack.
    Compression { method: String },
    /// Named in labels.csv, but not among the files.
    NoSuchFile,
    /// Among the files, but labels.csv does not name it (still used without label).
    NotInLabels,
    /// A row of labels.csv that can't be read.
    BadRow { line: usize },
    /// The browser did not give the file's bytes.
    Unreadable { detail: String },
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

/// A file that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedFile {
    pub file: String,
    pub fault: FileFault,
}

/// Why an import as a whole gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportFault {
    /// None of the chosen files is an image that the program can read.
    NoImages { left_out: Vec<SkippedFile> },
    /// No file was chosen.
    NoFiles,
    /// The set was stored on an earlier visit, at one size only. This needs its files.
    NeedsFiles,
    /// A chosen archive is not a zip archive that the program can read.
    NotAZip { file: String, detail: String },
    /// The images would not fit the memory that the program takes.
    OutOfMemory { images: usize },
    /// More classes than labels can count (65 535).
    TooManyClasses { classes: usize },
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
    /// The browser has WebGPU, but gave no adapter.
    NoAdapter,
    /// The adapter gave no device.
    NoDevice { detail: String },
    /// The device was lost while it was in use.
    Lost { detail: String },
}

/// How allocators, browsers and graphics drivers report that memory is used up.
const NO_MEMORY: [&str; 6] = [
    "out of memory",
    "out-of-memory",
    "out of device memory",
    "not enough memory",
    "can't allocate buffer",
    "memory allocation of",
];
/// From this size of the wasm memory (at most 4 GiB), in bytes, a trap without a message counts as a refused
/// allocation: one tensor may need 1 GiB.
const NEARLY_FULL: f64 = 2.5 * 1024.0 * 1024.0 * 1024.0;

/// Why an archive of a run can't be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunArchiveFault {
    /// Not a zip archive that can be read.
    NotAZip { detail: String },
    /// An archive, but not of a run.
    NotARun,
    /// One of its files is missing, cut off, or does not fit the others.
    Damaged { file: String, detail: String },
    /// Exported by a newer version of the program, with a schema that this one does not read.
    Newer { found: u32 },
}

/// Why something could not be stored in the browser's own file system, or not be read from it. `what` names it
/// in a person's words: a run, the images, the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageFault {
    /// The browser has no such file system, or gives none here (a private window).
    Unavailable { detail: String },
    /// No room: the bytes that were to be written and those that are left, as far as known.
    Full { needed: Option<u64>, free: Option<u64> },
    /// Another tab has it open.
    Held { what: String },
    /// It is there, but cannot be read: cut off or changed.
    Damaged { what: String, detail: String },
    /// Stored by a newer version of the program, with a schema that this one does not read.
    // Stored queues hold faults, by these names.
    #[serde(rename = "OtherVersion")]
    Newer { what: String, found: u32 },
    /// The curve of a run can't be read; it was opened or drawn without.
    LostCurve { run: String, detail: String },
    /// The browser refused.
    Denied { detail: String },
    /// It is not there, or no longer.
    NotFound { what: String },
}

/// Why published weights were not fetched. What is wrong with a file that was fetched is a [`WeightsFault`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DownloadFault {
    /// No answer: no connection, or a server that does not admit this page.
    Unreachable { address: String, detail: String },
    /// The connection broke again and again. The received bytes are stored, and the next fetch continues there.
    Interrupted { received: u64, total: u64, detail: String },
    /// The server answered with something else than the file.
    Status { address: String, status: u16 },
    /// Another file than the one that was expected, in bytes.
    WrongLength { expected: u64, found: u64 },
    /// The file has the right length and other contents than were published.
    WrongSum { expected: String, found: String },
}

impl Fault {
    /// Whether the worker may be broken after this fault: a panic stops it in the middle of its work, and a
    /// lost device does not return.
    pub fn ends_worker(&self) -> bool {
        matches!(
            self,
            Self::Internal { .. }
                | Self::NotLoaded { .. }
                | Self::OutOfMemory { .. }
                | Self::Device(DeviceFault::Lost { .. })
        )
    }

    /// The fault behind a message of a device or an allocator.
    pub fn of_device(detail: String) -> Self {
        let says_so = |line: &&str| {
            let line = line.to_lowercase();
            NO_MEMORY.iter().any(|words| line.contains(words))
        };
        // The cause is one line; the place and a backtrace surround it.
        match detail.lines().find(says_so) {
            Some(cause) => Self::OutOfMemory { detail: cause.to_owned() },
            None => Self::Internal { detail },
        }
    }

    /// The fault behind an error that nothing caught in the worker; `memory` is the size of its wasm memory in
    /// bytes. A refused allocation ends in a trap without a message.
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
    /// The import gave nothing.
    Import(ImportFault),
    /// Fields of the configuration that are out of bounds.
    Config(Vec<ConfigFault>),
    /// There is no device to compute on.
    Device(DeviceFault),
    /// Something could not be stored or read back.
    Storage(StorageFault),
    /// The archive of a run can't be imported.
    // Stored queues hold faults, by these names.
    #[serde(rename = "Takeaway")]
    RunArchive(RunArchiveFault),
    /// Published weights were not fetched.
    #[serde(rename = "Hub")]
    Download(DownloadFault),
    /// A file of published weights gives no encoder.
    Weights(WeightsFault),
    /// The encoder needs published weights, which are neither loaded nor stored in this browser.
    NoWeights { encoder: ImageNetEncoder },
    /// A run continues on its own images only. `found` is the fingerprint of the loaded images, if there are any.
    WrongImages { expected: String, found: Option<String> },
    /// Fewer training images than one batch needs.
    TooFewImages { have: usize, need: usize },
    /// The images were shrunk to another side than the configuration says.
    WrongSize { images: usize, config: usize },
    /// Loss or weights are no longer numbers; usually the learning rate is too high.
    NotFinite { step: u32 },
    /// What a network says of an image is no number, so there is nothing to judge.
    OutputsNotFinite,
    /// Evaluation needs labels in train, validation and test.
    NoLabels,
    /// No images are loaded yet.
    NoDataset,
    /// Nothing has been trained yet.
    NoEncoder,
    /// The request does not fit what the worker is doing.
    Busy,
    /// The device or the worker has no memory left.
    OutOfMemory { detail: String },
    /// A configuration that would not fit, by [`super::cost`]; in bytes.
    NeedsMemory { need: u64, limit: u64 },
    /// The request was given up: the worker has ended, or something newer took its place. The page says so
    /// elsewhere and does not show this fault.
    Stopped,
    /// Page and worker are of different builds.
    Version { page: u32, worker: u32 },
    /// The page could not fetch or start the worker.
    NotLoaded { detail: String },
    /// A panic or an unexpected error: its message.
    Internal { detail: String },
}

impl From<StorageFault> for Fault {
    fn from(fault: StorageFault) -> Self {
        Self::Storage(fault)
    }
}

impl From<DownloadFault> for Fault {
    fn from(fault: DownloadFault) -> Self {
        Self::Download(fault)
    }
}

impl From<WeightsFault> for Fault {
    fn from(fault: WeightsFault) -> Self {
        Self::Weights(fault)
    }
}

impl From<RunArchiveFault> for Fault {
    fn from(fault: RunArchiveFault) -> Self {
        Self::RunArchive(fault)
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
