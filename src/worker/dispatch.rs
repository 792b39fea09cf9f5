//! Takes requests and hands them to jobs: one arm of one match for each request.

use super::jobs::{classify, estimate, evaluate, export, fine_tune, import, lesson, open_run, pictures, pretrain};
use super::jobs::{published_weights, queue, stored_runs};
use super::mailbox::{fail, post};
use super::session::{self, Control, Job, with};
use crate::core::error::Fault;
use crate::protocol::{Event, Paused, Policy, Request, ToWorker, VERSION, Work};
use web_sys::File;

/// Takes a request, performs it and answers it. The event loop goes on meanwhile.
pub fn receive(message: ToWorker, files: Vec<File>) {
    let ToWorker { id, request } = message;
    wasm_bindgen_futures::spawn_local(async move {
        match perform(id, request, files).await {
            Ok(Some(answer)) => post(Some(id), answer),
            Ok(None) => {}
            Err(fault) => fail(Some(id), fault),
        }
    });
}

/// Performs a request and returns its answer. There is none if the request was answered
/// before its work began, or changes only what the current job does.
async fn perform(id: u32, request: Request, files: Vec<File>) -> Result<Option<Event>, Fault> {
    check_needs(&request.policy())?;
    let answer = match request {
        Request::Hello { version: page } if page != VERSION => return Err(Fault::Version { page, worker: VERSION }),
        Request::Hello { .. } | Request::Ping => Event::Alive,
        Request::UseDevice(choice) => Event::Device(session::use_device(choice).await?),
        Request::Load { source, size, seed } => import::load(source, files, size as usize, seed).await?,
        Request::Pictures { indices } => pictures::pictures(&indices)?,
        Request::Preview { indices, augment, seed, epoch } => {
            pictures::preview(&indices, &augment, seed, epoch).await?
        }
        Request::Estimate { config } => Event::Estimate(estimate::estimate(&config).await?),
        Request::Start { config } => {
            let (run, guard) = pretrain::prepare(config).await?;
            post(Some(id), Event::Alive);
            pretrain::drive(run, false, guard).await?;
            return Ok(None);
        }
        Request::Pause => {
            ask(&[Job::Train, Job::FineTune], Control::Pause);
            return Ok(None);
        }
        Request::Resume(Paused::Run | Paused::FineTune) if queue::waits_for_current_run() => {
            return queue::start(id).await;
        }
        Request::Resume(Paused::FineTune) => return fine_tune::resume(Some(id)).await.map(|_| None),
        Request::Resume(paused @ (Paused::Run | Paused::RunForOneStep)) => {
            let (run, guard) = pretrain::take_paused()?;
            post(Some(id), Event::Alive);
            pretrain::drive(run, paused == Paused::RunForOneStep, guard).await?;
            return Ok(None);
        }
        Request::Cancel(work) => {
            cancel(work);
            return Ok(None);
        }
        Request::Evaluate => evaluate::evaluate().await?,
        Request::FineTune { list } => return fine_tune::start(Some(id), list).await.map(|_| None),
        Request::Classify { names } => classify::classify(names, files).await?,
        Request::Runs => stored_runs::list().await?,
        Request::ChangeStored(change) => stored_runs::change(id, change).await?,
        Request::OpenRun { run, in_chunks_of } => return open_run::open(Some(id), &run, in_chunks_of).await,
        Request::Curves { runs } => stored_runs::curves(runs).await?,
        Request::Queue => queue::report().await?,
        Request::ChangeQueue(change) => queue::change(change).await?,
        Request::StartQueue => return queue::start(id).await,
        Request::ExportRun => export::run().await?,
        Request::ImportRun => export::import_run(files).await?,
        Request::ExportEncoder => export::encoder().await?,
        Request::OpenWeights => published_weights::open(files).await?,
        Request::FetchWeights { encoder, address } => published_weights::fetch(encoder, &address).await?,
        Request::DownloadedWeights => Event::DownloadedWeights(stored_runs::kept_weights().await?),
        Request::NtXent(batch) => lesson::nt_xent(batch).await?,
    };
    Ok(Some(answer))
}

/// # Errors
/// [`Fault::NoDataset`] or [`Fault::NoEncoder`] if what the request needs is missing.
fn check_needs(policy: &Policy) -> Result<(), Fault> {
    with(|s| {
        if policy.needs_images && s.library.dataset().is_none() {
            return Err(Fault::NoDataset);
        }
        // During a job the run may be out of the session: then the request is refused as busy, by its own job.
        if policy.needs_run && s.run.is_none() && s.job.is_none() {
            return Err(Fault::NoEncoder);
        }
        Ok(())
    })
}

/// Asks the current job for a pause or a cancel if it is one of these. A cancel stays one.
fn ask(jobs: &[Job], control: Control) {
    with(|s| {
        if s.control != Control::Cancel && s.job.is_some_and(|job| jobs.contains(&job)) {
            s.control = control;
        }
    });
}

fn cancel(work: Work) {
    match work {
        Work::Run => {
            ask(&[Job::Train, Job::Measure], Control::Cancel);
            pretrain::cancel_if_paused();
        }
        Work::FineTune => {
            ask(&[Job::FineTune], Control::Cancel);
            if fine_tune::cancel_if_paused() {
                wasm_bindgen_futures::spawn_local(queue::leave_out_paused());
            }
        }
        Work::Evaluation => ask(&[Job::Evaluate, Job::Classify], Control::Cancel),
        Work::Import => ask(&[Job::Import], Control::Cancel),
        Work::Fetch => published_weights::cancel(),
    }
}
