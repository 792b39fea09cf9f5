//! Takes requests and hands them to jobs: one arm of one match for each request.

use super::jobs::{classify, estimate, evaluate, export, fine_tune, import, lesson, open_run, pictures, pretrain};
use super::jobs::{published_weights, queue, stored_runs};
use super::mailbox::{fail, post};
use super::session::{self, Control, Job, with};
use crate::core::error::Fault;
use crate::protocol::{Event, Request, ToWorker, VERSION};
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
    let answer = match request {
        Request::Hello { version: page } if page != VERSION => return Err(Fault::Version { page, worker: VERSION }),
        Request::Hello { .. } | Request::Ping => Event::Alive,
        Request::UseDevice(choice) => Event::Device(session::use_device(choice).await?),
        Request::LoadSample { images_per_class, seed, size } => {
            import::sample_set(images_per_class as usize, seed, size as usize).await?
        }
        Request::Import { role, paths, refused, size, seed } => {
            import::files(role, paths, refused, files, size as usize, seed).await?
        }
        Request::Resize { size, seed } => import::resize(size as usize, seed).await?,
        Request::CancelImport => return cancel(&[Job::Import]),
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
            with(|s| {
                if matches!(s.job, Some(Job::Train | Job::FineTune)) && s.control == Control::Continue {
                    s.control = Control::Pause;
                }
            });
            return Ok(None);
        }
        Request::Resume if queue::waits_for_current_run() => return queue::start(id).await,
        Request::Resume | Request::StepOne => {
            let (run, guard) = pretrain::take_paused()?;
            post(Some(id), Event::Alive);
            pretrain::drive(run, request == Request::StepOne, guard).await?;
            return Ok(None);
        }
        Request::Cancel => {
            cancel(&[Job::Train, Job::Measure])?;
            pretrain::cancel_if_paused();
            return Ok(None);
        }
        Request::Evaluate => evaluate::evaluate().await?,
        Request::CancelEvaluation => return cancel(&[Job::Evaluate, Job::Classify]),
        Request::FineTune { list } => return fine_tune::start(id, list).await,
        Request::ResumeFineTune => return fine_tune::resume(id).await,
        Request::CancelFineTune => {
            cancel(&[Job::FineTune])?;
            fine_tune::cancel_if_paused();
            return Ok(None);
        }
        Request::Classify { names } => classify::classify(names, files).await?,
        Request::Runs => stored_runs::list().await?,
        Request::OpenRun { run, in_chunks_of } => return open_run::open(Some(id), &run, in_chunks_of).await,
        Request::RenameRun { run, name } => stored_runs::rename(&run, name).await?,
        Request::DeleteRun { run } => stored_runs::delete(&run).await?,
        Request::DeleteAll => stored_runs::delete_all(id).await?,
        Request::Curves { runs } => stored_runs::curves(runs).await?,
        Request::KeepImages => stored_runs::keep_images().await?,
        Request::ForgetImages { fingerprint } => stored_runs::forget_images(&fingerprint).await?,
        Request::Queue => queue::report().await?,
        Request::ChangeQueue(change) => queue::change(change).await?,
        Request::StartQueue => return queue::start(id).await,
        Request::StopQueue => queue::stop().await?,
        Request::ExportRun => export::run().await?,
        Request::ImportRun => export::import_run(files).await?,
        Request::ExportEncoder => export::encoder().await?,
        Request::OpenWeights => published_weights::open(files).await?,
        Request::FetchWeights { encoder, address } => published_weights::fetch(encoder, &address).await?,
        Request::CancelWeights => {
            published_weights::cancel();
            return Ok(None);
        }
        Request::KeptWeights => Event::KeptWeights(stored_runs::kept_weights().await?),
        Request::ForgetWeights { encoder } => stored_runs::forget_weights(encoder).await?,
        Request::NtXent(batch) => lesson::nt_xent(batch).await?,
    };
    Ok(Some(answer))
}

/// Ends the current job if it is one of these.
fn cancel(jobs: &[Job]) -> Result<Option<Event>, Fault> {
    with(|s| {
        if s.job.is_some_and(|job| jobs.contains(&job)) {
            s.control = Control::Cancel;
        }
    });
    Ok(None)
}
