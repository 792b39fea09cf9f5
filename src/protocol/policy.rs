//! How each request is treated: one row a request.

use super::{ImageSource, Paused, Request, StoredChange, Work};
use crate::core::{dataset::ImportRole, run::queue::QueueChange};

/// When a job is answered. The worker refuses a job while it does another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobAnswer {
    /// At its end. The page sends the next job after that.
    AtEnd,
    /// At its beginning; it goes on by itself.
    AtBeginning,
}

/// What a new worker is sent again, for it to have what the old one had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// Images in place of those before.
    NewImages,
    /// Images beside those before.
    MoreImages,
    /// The same images at another size: only the last such request counts.
    ImagesAgain,
    Weights,
}

/// How the page and the worker treat a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A worker that has ended is started again for it. Else it only shows or ends something of
    /// that worker, and is dropped.
    pub needs_worker: bool,
    /// Without images the worker answers [`NoDataset`](crate::core::error::Fault::NoDataset).
    pub needs_images: bool,
    /// Without a run the worker answers [`NoEncoder`](crate::core::error::Fault::NoEncoder).
    pub needs_run: bool,
    /// Long work, of which the worker does one at a time.
    pub job: Option<JobAnswer>,
    /// The cancel that takes it out of the page's queue if it has not left yet.
    pub cancelled_with: Option<Work>,
    /// The page drops it from its queue once it sends a request that `drops_estimates`.
    pub is_estimate: bool,
    pub drops_estimates: bool,
    /// It does not wait for an estimate under way, which is cancelled.
    pub stops_estimate: bool,
    /// It leaves after a start or a resumption that waits.
    pub follows_start: bool,
    pub reload: Option<Reload>,
}

/// A request that is answered at once, beside whatever is under way.
const QUICK: Policy = Policy {
    needs_worker: true,
    needs_images: false,
    needs_run: false,
    job: None,
    cancelled_with: None,
    is_estimate: false,
    drops_estimates: false,
    stops_estimate: false,
    follows_start: false,
    reload: None,
};
/// A request that only shows or ends something of the worker.
const PASSIVE: Policy = Policy { needs_worker: false, ..QUICK };
/// A job that is answered at its end, and one that is answered at its beginning.
const JOB: Policy = Policy { job: Some(JobAnswer::AtEnd), ..QUICK };
const LONG_JOB: Policy = Policy { job: Some(JobAnswer::AtBeginning), ..QUICK };

impl Request {
    pub fn policy(&self) -> Policy {
        let evaluation = Some(Work::Evaluation);
        match self {
            Self::Hello { .. } => QUICK,
            Self::Ping => PASSIVE,
            Self::UseDevice(_) => JOB,
            Self::Load { source, .. } => Policy {
                cancelled_with: Some(Work::Import),
                stops_estimate: true,
                reload: Some(match source {
                    ImageSource::Sample { .. } | ImageSource::Files { role: ImportRole::New, .. } => Reload::NewImages,
                    ImageSource::Files { .. } => Reload::MoreImages,
                    ImageSource::Again => Reload::ImagesAgain,
                }),
                ..JOB
            },
            Self::Pictures { .. } | Self::Preview { .. } => Policy { needs_images: true, ..QUICK },
            Self::Estimate { .. } => Policy { needs_images: true, is_estimate: true, drops_estimates: true, ..JOB },
            Self::Start { .. } => {
                Policy { needs_images: true, drops_estimates: true, stops_estimate: true, ..LONG_JOB }
            }
            Self::Pause | Self::Cancel(Work::Run) => Policy { follows_start: true, ..PASSIVE },
            Self::Cancel(Work::FineTune | Work::Evaluation | Work::Import | Work::Fetch) => PASSIVE,
            // It waits for an estimate under way: the cancel that stops one would also end the paused run.
            Self::Resume(Paused::Run | Paused::RunForOneStep) => Policy { drops_estimates: true, ..LONG_JOB },
            Self::Resume(Paused::FineTune) => LONG_JOB,
            Self::Evaluate => Policy { needs_images: true, needs_run: true, cancelled_with: evaluation, ..LONG_JOB },
            Self::FineTune { .. } => Policy { needs_images: true, needs_run: true, ..LONG_JOB },
            Self::Classify { .. } => Policy { needs_images: true, needs_run: true, cancelled_with: evaluation, ..JOB },
            Self::Runs | Self::DownloadedWeights | Self::Queue | Self::ChangeQueue(QueueChange::Stop) => PASSIVE,
            Self::ChangeStored(StoredChange::KeepImages) => Policy { needs_images: true, ..JOB },
            Self::OpenRun { .. } => JOB,
            Self::ChangeStored(_) | Self::Curves { .. } | Self::ChangeQueue(_) | Self::ImportRun => QUICK,
            Self::StartQueue => LONG_JOB,
            Self::ExportRun => Policy { needs_images: true, needs_run: true, ..QUICK },
            Self::ExportEncoder => Policy { needs_run: true, ..QUICK },
            Self::OpenWeights => Policy { reload: Some(Reload::Weights), ..JOB },
            // It waits for the network, beside whatever is under way.
            Self::FetchWeights { .. } => Policy { cancelled_with: Some(Work::Fetch), ..QUICK },
            Self::NtXent(_) => JOB,
        }
    }
}
