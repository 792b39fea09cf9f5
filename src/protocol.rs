//! Requests and events between page and worker, and the page's [`queue`] of
//! requests.
//!
//! A message is a JavaScript object `{ v, body, files? }`: `v` the protocol
//! version, `body` a postcard-encoded [`ToWorker`] or [`ToPage`], `files` the
//! `File` objects of an import in the order of [`Request::Import`]'s paths.
//! `{ bench }` and `{ check }` beside it are for `cargo xtask bench` and for the
//! browser tests, which ask the worker without the page: src/worker/jobs/questions.rs.

use crate::core::config::{AugmentConfig, RunConfig};
pub use crate::core::dataset::ImportRole;
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::imagenet::hub::KeptWeights;
use crate::core::lesson::nt_xent::device::{LessonBatch, LessonReport};
use crate::core::report::{
    DatasetReport, DeviceReport, EpochReport, Estimate, EvaluationReport, LeftOut, Picture, RunState, StepReport,
    TrustRatios,
};
use crate::core::run::classify::ClassifyReport;
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneProgress, FineTuneReport};
use crate::core::run::queue::{QueueChange, QueueReport};
use crate::core::run::{Curve, KeptReport, OpenedRun, StoredReport};
use crate::core::weights::WeightsReport;
use serde::{Deserialize, Serialize};

pub mod queue;

/// Raised with every change to a type that is sent. The page reloads itself
/// once when the worker's differs: one of the two came from an old cache.
pub const VERSION: u32 = 15;

/// Which device to compute on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// WebGPU on a hardware adapter, else the CPU.
    #[default]
    Auto,
    WebGpu,
    Cpu,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// First message: the page's version.
    Hello {
        version: u32,
    },
    /// Answered by [`Event::Alive`], also during training.
    Ping,
    UseDevice(DeviceChoice),
    /// Draws the sample set; answered like an import.
    LoadSample {
        images_per_class: u32,
        seed: u64,
        size: u32,
    },
    /// Paths relative to what was chosen; the `File`s travel beside the message.
    /// `refused` are files and folders that the browser did not hand over.
    Import {
        role: ImportRole,
        paths: Vec<String>,
        refused: Vec<LeftOut>,
        size: u32,
        seed: u64,
    },
    /// Reads all chosen files again at another size (or another split seed).
    Resize {
        size: u32,
        seed: u64,
    },
    CancelImport,
    /// Answered by [`Event::Pictures`].
    Pictures {
        indices: Vec<u32>,
    },
    /// Both views of some images; answered by [`Event::Views`].
    Preview {
        indices: Vec<u32>,
        augment: AugmentConfig,
        seed: u64,
        epoch: u32,
    },
    /// Times a few steps on the device; answered by [`Event::Estimate`].
    Estimate {
        config: RunConfig,
    },
    Start {
        config: RunConfig,
    },
    Pause,
    Resume,
    /// One batch, then pause again.
    StepOne,
    /// Ends the run, at work or paused; what it learned is kept. Ends the timing
    /// of an estimate too, but no evaluation.
    Cancel,
    Evaluate,
    CancelEvaluation,
    /// Trains classifiers on the encoder at hand, one after the other; a result each
    /// is told by [`Event::FineTuned`]. [`Request::Pause`] holds for it too.
    FineTune {
        list: Vec<FineTuneConfig>,
    },
    ResumeFineTune,
    CancelFineTune,
    /// Shows new images to the classifier at hand; the `File`s travel beside the
    /// message, in the order of their names. Answered by [`Event::Classified`];
    /// [`Request::CancelEvaluation`] ends it.
    Classify {
        names: Vec<String>,
    },
    /// What is stored in this browser; answered by [`Event::Runs`], as are the four
    /// that change it.
    Runs,
    /// Makes a stored run the one at hand; answered by [`Event::Opened`].
    /// `in_chunks_of`: it goes on with at most so many images at once.
    OpenRun {
        run: String,
        in_chunks_of: Option<usize>,
    },
    RenameRun {
        run: String,
        name: String,
    },
    DeleteRun {
        run: String,
    },
    /// Everything, also kept images.
    DeleteAll,
    /// Keeps the shrunk images of the set at hand.
    KeepImages,
    ForgetImages {
        fingerprint: String,
    },
    /// Answered by [`Event::Curves`].
    Curves {
        runs: Vec<String>,
    },
    /// The queue of runs; answered by [`Event::Queue`], as are the three below.
    Queue,
    ChangeQueue(QueueChange),
    /// Runs and evaluates one entry after the other, without the page.
    StartQueue,
    /// Ends the queue once the run under way is through. To end at once: pause it.
    StopQueue,
    /// The run at hand as one archive; answered by [`Event::Exported`].
    ExportRun,
    /// Stores the run of such an archive, the file beside the message; answered by
    /// [`Event::Runs`].
    ImportRun,
    /// Reads published weights from a file beside the message, which carries its name;
    /// answered by [`Event::Weights`].
    OpenWeights,
    /// Fetches the published weights of a network from the Hub at `address`, or a mirror of
    /// it, and keeps them, unless they are kept; told by [`Event::WeightsProgress`], answered by
    /// [`Event::Weights`].
    FetchWeights {
        encoder: ImageNetEncoder,
        address: String,
    },
    /// Ends that; it is answered by [`Fault::Stopped`]. What came is kept.
    CancelWeights,
    /// Which weights were fetched and are kept; answered by [`Event::KeptWeights`].
    KeptWeights,
    /// Removes them; answered by [`Event::Runs`].
    ForgetWeights {
        encoder: ImageNetEncoder,
    },
    /// Answered by [`Event::Encoder`].
    ExportEncoder,
    /// A batch of the lesson through the training code's NT-Xent; answered by
    /// [`Event::NtXent`].
    NtXent(LessonBatch),
}

// A few events a second are in memory, one at a time: boxes would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// First message of the worker, before any request is read.
    Ready {
        version: u32,
        program: String,
    },
    Alive,
    Device(DeviceReport),
    ImportProgress {
        done: u32,
        total: u32,
        file: String,
    },
    Imported(DatasetReport),
    ImportCancelled,
    Pictures(Vec<Picture>),
    /// `[original, view 1, view 2]` for each image asked for.
    Views(Vec<[Picture; 3]>),
    Estimate(Estimate),
    State(RunState),
    Step(StepReport),
    /// Names of the layers that a run's λ belong to, before its first step; none
    /// where it is without LARS.
    Layers(Vec<String>),
    /// λ of the newest steps, in order.
    TrustRatios(Vec<TrustRatios>),
    Epoch(EpochReport),
    /// Part done of linear evaluation and what it does, 0 to 1.
    EvaluationProgress {
        part: f32,
    },
    Evaluated(EvaluationReport),
    EvaluationCancelled,
    FineTune(FineTuneProgress),
    FineTuned(FineTuneReport),
    /// Part done, 0 to 1, of what has to be computed once before new images can be
    /// classified.
    Classifying {
        part: f32,
    },
    Classified(ClassifyReport),
    Runs(StoredReport),
    /// What was measured in the run at hand before now comes with it.
    Opened(OpenedRun),
    /// The run at hand was stored, or could not be.
    Kept(KeptReport),
    Curves(Vec<(String, Curve)>),
    /// Also told unasked, whenever an entry changes.
    Queue(QueueReport),
    /// Part done of an export, 0 to 1.
    ExportProgress {
        part: f32,
    },
    Exported {
        /// Of the file.
        name: String,
        archive: Vec<u8>,
    },
    Encoder {
        safetensors: Vec<u8>,
        config_json: String,
    },
    /// These weights are at hand until the worker ends.
    Weights(WeightsReport),
    /// Bytes that came of published weights, and of all of them.
    WeightsProgress {
        received: u64,
        total: u64,
    },
    KeptWeights(Vec<KeptWeights>),
    NtXent(LessonReport),
    Failed(Fault),
}

/// A request with the number that its answers carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToWorker {
    pub id: u32,
    pub request: Request,
}

/// An event; `reply_to` is the request it answers, none where the worker speaks
/// unasked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToPage {
    pub reply_to: Option<u32>,
    pub event: Event,
}
