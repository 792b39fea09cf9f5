//! Requests and events between page and worker, the [`Policy`] of each request, and the page's [`queue`] of requests.
//!
//! A message is a JavaScript object `{ v, body, files? }`: `v` the protocol version, `body` a postcard-encoded
//! [`ToWorker`] or [`ToPage`], `files` the `File` objects of an import in the order of [`ImageSource::Files`]'s paths.
//! `{ bench }` and `{ check }` beside it are for `cargo xtask bench` and for the browser tests, which ask the worker
//! without the page: src/worker/jobs/questions.rs.

use crate::core::config::{AugmentConfig, RunConfig};
pub use crate::core::dataset::ImportRole;
use crate::core::error::{Fault, SkippedFile};
use crate::core::imagenet::{DownloadedWeights, ImageNetEncoder};
use crate::core::lesson::nt_xent::device::{LessonBatch, LessonReport};
use crate::core::report::{
    DatasetReport, DeviceReport, EpochReport, Estimate, EvaluationReport, Picture, RunState, StepReport, TrustRatios,
};
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneProgress, FineTuneReport};
use crate::core::run::queue::{QueueChange, QueueReport};
use crate::core::run::{Curve, OpenedRun, SaveReport, StoredReport};
use crate::core::{run::classify::ClassifyReport, weights_file::WeightsReport};
use serde::{Deserialize, Serialize};

mod policy;
pub mod queue;

pub use policy::{JobAnswer, Policy, Reload};

/// Raised with every change to a type that is sent. The page reloads itself
/// once when the worker's differs: one of the two came from an old cache.
pub const VERSION: u32 = 20;

/// Name of a worker that is only a thread of the training worker's pool, and speaks only of its own end.
pub const POOL: &str = "pool";

/// Which device to compute on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// WebGPU on a hardware adapter, else the CPU.
    #[default]
    Auto,
    WebGpu,
    Cpu,
}

/// Work that ends at a [`Request::Cancel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A run, under way or paused, which keeps what it learned; and the timing of an estimate.
    Run,
    /// A list of fine-tunings, under way or paused; results stay.
    FineTune,
    /// An evaluation, an export, or new images that are classified.
    Evaluation,
    Import,
    /// A fetch of published weights, which is answered by [`Fault::Stopped`]. What came is kept.
    Fetch,
}

/// Paused work that goes on at a [`Request::Resume`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paused {
    Run,
    /// The run for one batch; then it pauses again.
    RunForOneStep,
    FineTune,
}

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImageSource {
    /// The sample set, which is drawn.
    Sample { images_per_class: u32 },
    /// Chosen files. The paths are relative to what was chosen; the `File`s travel beside the
    /// message. `refused` are files and folders that the browser did not hand over.
    Files { role: ImportRole, paths: Vec<String>, refused: Vec<SkippedFile> },
    /// All images that are loaded, read again at another size or for another split.
    Again,
}

/// A change to what is stored in this browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredChange {
    /// Gives a run another name and other notes.
    DescribeRun { run: String, name: String, notes: String },
    /// Copies a run with all that is stored of it, under this name.
    CopyRun { run: String, name: String },
    /// Deletes a run; for a day it can be brought back.
    DeleteRun { run: String },
    /// Brings a deleted run back.
    BringBackRun { run: String },
    /// Deletes a run for good.
    RemoveRun { run: String },
    /// Keeps the shrunk images of the current set.
    KeepImages,
    /// Deletes kept images; the runs on them stay.
    DeleteImages { fingerprint: String },
    /// Deletes kept weights of a published network.
    DeleteWeights { encoder: ImageNetEncoder },
    /// Deletes everything, also kept images.
    DeleteAll,
}

/// What the page asks. [`Request::policy`] says how each request is treated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// First message: the page's version.
    Hello { version: u32 },
    /// Answered by [`Event::Alive`], also during training.
    Ping,
    /// Changes the device; answered by [`Event::Device`].
    UseDevice(DeviceChoice),
    /// Loads images; told by [`Event::Progress`], answered by [`Event::Imported`].
    Load { source: ImageSource, size: u32, seed: u64 },
    /// Answered by [`Event::Pictures`].
    Pictures { indices: Vec<u32> },
    /// Both views of some images; answered by [`Event::Views`].
    Preview { indices: Vec<u32>, augment: AugmentConfig, seed: u64, epoch: u32 },
    /// Times a few steps on the device; answered by [`Event::Estimate`].
    Estimate { config: RunConfig },
    /// Starts a run; answered by [`Event::Alive`] once it is prepared.
    Start { config: RunConfig },
    /// Pauses the run or the fine-tuning under way.
    Pause,
    /// Goes on with paused work.
    Resume(Paused),
    /// Ends some work; see [`Work`].
    Cancel(Work),
    /// Evaluates the current encoder; told by [`Event::Progress`], answered by [`Event::Evaluated`].
    Evaluate,
    /// Trains classifiers on the current encoder, one after the other; a result each is told by [`Event::FineTuned`].
    FineTune { list: Vec<FineTuneConfig> },
    /// Shows new images to the current classifier; the `File`s travel beside the
    /// message, in the order of their names. Answered by [`Event::Classified`].
    Classify { names: Vec<String> },
    /// What is stored in this browser; answered by [`Event::Runs`].
    Runs,
    /// Answered by [`Event::Runs`].
    ChangeStored(StoredChange),
    /// Makes a stored run the current one; answered by [`Event::Opened`].
    /// `in_chunks_of`: it goes on with at most so many images at once.
    OpenRun { run: String, in_chunks_of: Option<usize> },
    /// Answered by [`Event::Curves`].
    Curves { runs: Vec<String> },
    /// The queue of runs; answered by [`Event::Queue`], as are the two below.
    Queue,
    /// Changes the queue.
    ChangeQueue(QueueChange),
    /// Runs and evaluates one entry after the other, without the page.
    StartQueue,
    /// The current run as one archive; told by [`Event::Progress`], answered by [`Event::Exported`].
    ExportRun,
    /// Stores the run of such an archive, the file beside the message; answered by [`Event::Runs`].
    ImportRun,
    /// Answered by [`Event::Encoder`].
    ExportEncoder,
    /// Reads published weights from a file beside the message, which carries its name; answered by [`Event::Weights`].
    OpenWeights,
    /// Fetches the published weights of a network from the Hub at `address`, or a mirror of it, and keeps them, unless
    /// they are kept; told by [`Event::Progress`], answered by [`Event::Weights`].
    FetchWeights { encoder: ImageNetEncoder, address: String },
    /// Which weights were fetched and are kept; answered by [`Event::DownloadedWeights`].
    DownloadedWeights,
    /// A batch of the lesson through the training code's NT-Xent; answered by [`Event::NtXent`].
    NtXent(LessonBatch),
}

/// How far some work is. Parts are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WorkProgress {
    /// Files, so far known, and the current one.
    Import { done: u32, total: u32, file: String },
    /// Linear evaluation.
    Evaluate { part: f32 },
    /// What is computed once before new images can be classified.
    Classify { part: f32 },
    /// The features that go into a run's archive.
    Export { part: f32 },
    /// Bytes of published weights.
    Fetch { received: u64, total: u64 },
}

// A few events a second are in memory, one at a time: boxes would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// First message of the worker, before any request is read.
    Ready { version: u32, program: String },
    /// The worker has read a request and goes on.
    Alive,
    /// A fault: the answer to a request, or the end of the worker.
    Failed(Fault),
    /// This work was cancelled; the answer to its request.
    Cancelled(Work),
    /// How far some work is.
    Progress(WorkProgress),
    /// The device in use.
    Device(DeviceReport),
    /// The images that are loaded now.
    Imported(DatasetReport),
    /// The images asked for.
    Pictures(Vec<Picture>),
    /// `[original, view 1, view 2]` for each image asked for.
    Views(Vec<[Picture; 3]>),
    /// What a run takes on the device.
    Estimate(Estimate),
    /// The current run's state.
    State(RunState),
    /// Names of the layers that a run's λ belong to, before its first step; empty without LARS.
    Layers(Vec<String>),
    /// The newest steps and epochs of a run, and each step's λ, in order; a few times a second.
    Measured { steps: Vec<StepReport>, epochs: Vec<EpochReport>, trust_ratios: Vec<TrustRatios> },
    /// The result of an evaluation.
    Evaluated(EvaluationReport),
    /// How far a list of fine-tunings is.
    FineTune(FineTuneProgress),
    /// The result of one fine-tuning.
    FineTuned(FineTuneReport),
    /// What a classifier says of new images.
    Classified(ClassifyReport),
    /// All that is stored in this browser.
    Runs(StoredReport),
    /// The run that is the current one now, with what was measured of it before.
    Opened(OpenedRun),
    /// The current run was stored, or could not be.
    Saved(SaveReport),
    /// What was measured of some runs.
    Curves(Vec<(String, Curve)>),
    /// Also told unasked, whenever an entry changes.
    Queue(QueueReport),
    /// A run's archive at an object URL, which the page revokes, with the name of its file.
    Exported { name: String, address: String },
    /// The encoder's weights and the configuration that made them.
    Encoder { safetensors: Vec<u8>, config_json: String },
    /// These weights are loaded until the worker ends.
    Weights(WeightsReport),
    /// The published weights that were downloaded to this browser.
    DownloadedWeights(Vec<DownloadedWeights>),
    /// The lesson's loss and gradient.
    NtXent(LessonReport),
}

/// A request with the number that its answers carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    pub id: u32,
    pub request: Request,
}

/// An event; `reply_to` is the request it answers, None for an event that nobody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToPage {
    pub reply_to: Option<u32>,
    pub event: Event,
}
