//! What this site has stored: listed, described, copied, deleted.

use crate::core::dataset::Dataset;
use crate::core::error::{Fault, StorageFault};
use crate::core::imagenet::DownloadedWeights;
use crate::core::run::{Curve, RunEvent, RunRecord, StoredReport};
use crate::protocol::{Event, StoredChange};
use crate::worker::jobs::{published_weights, queue};
use crate::worker::run_saver::{new_id, write_ticket};
use crate::worker::session::{self, Job, JobGuard, drop_run, with};
use crate::worker::storage::opfs::{Handle, Opfs};
use crate::worker::storage::{FileSystem, Listing, Storage};
use crate::worker::{mailbox::post, weights_download::stored};

/// All that is stored.
pub async fn list() -> Result<Event, Fault> {
    let storage = session::storage().await?;
    let Listing { runs, deleted, damaged } = storage.list(js_sys::Date::now()).await?;
    let usage = storage.files().usage().await.unwrap_or_default();
    let images = storage.images().await?;
    let weights = kept_weights().await?;
    let (used, quota) = (usage.used, usage.quota);
    Ok(Event::Runs(StoredReport { runs, deleted, damaged, images, weights, used, quota }))
}

/// The published weights that are kept in this browser.
pub async fn kept_weights() -> Result<Vec<DownloadedWeights>, Fault> {
    Ok(stored::list(&*session::storage().await?).await?)
}

/// Changes what is stored, and returns what is left.
pub async fn change(id: u32, change: StoredChange) -> Result<Event, Fault> {
    match change {
        StoredChange::DescribeRun { run, name, notes } => describe(&run, name, notes).await?,
        StoredChange::CopyRun { run, name } => copy(&run, name).await?,
        StoredChange::DeleteRun { run } => delete(&run, false).await?,
        StoredChange::BringBackRun { run } => session::storage().await?.mark_deleted(&run, None).await?,
        StoredChange::RemoveRun { run } => delete(&run, true).await?,
        StoredChange::KeepImages => keep_images().await?,
        StoredChange::DeleteImages { fingerprint } => session::storage().await?.delete_images(&fingerprint).await?,
        // Loaded ones stay until the worker ends.
        StoredChange::DeleteWeights { encoder } => stored::delete(&*session::storage().await?, encoder).await?,
        StoredChange::DeleteAll => delete_all(id).await?,
    }
    list().await
}

async fn describe(run: &str, name: String, notes: String) -> Result<(), Fault> {
    let in_loop = with(|s| {
        if let Some(current) = s.run.as_mut().filter(|current| current.id() == run) {
            let record = &mut current.saver.record;
            (record.name, record.notes) = (name.clone(), notes.clone());
        }
        let in_loop = s.run_in_loop.as_ref().filter(|in_loop| in_loop.id == run);
        in_loop.map(|in_loop| in_loop.new_words.replace(Some((name.clone(), notes.clone())))).is_some()
    });
    let storage = session::storage().await?;
    let _lock = hold(&storage, run).await?;
    // A save under way is read here, not written over.
    let ticket = write_ticket();
    ticket.reached().await;
    match storage.record(run).await? {
        Some(record) => storage.save_record(&RunRecord { name, notes, ..record }).await?,
        // The run's first save is still to come.
        None if in_loop => {}
        None => return Err(StorageFault::NotFound { what: run.to_owned() }.into()),
    }
    Ok(())
}

/// Copies a run as it was saved last.
async fn copy(run: &str, name: String) -> Result<(), Fault> {
    let storage = session::storage().await?;
    let _lock = hold(&storage, run).await?;
    let ticket = write_ticket();
    ticket.reached().await;
    let missing = || StorageFault::NotFound { what: run.to_owned() };
    let record = storage.record(run).await?.ok_or_else(missing)?;
    let now = js_sys::Date::now();
    let mut copy = RunRecord { id: new_id(now), name, ..record };
    copy.happened(RunEvent::Copied(run.to_owned()), now);
    Ok(storage.copy(run, &copy).await?)
}

/// Holds a run, unless this tab works with it and holds it already.
async fn hold(storage: &Storage<Opfs>, run: &str) -> Result<Option<Handle>, StorageFault> {
    let here = with(|s| s.is_in_loop(run) || s.run.as_ref().is_some_and(|current| current.id() == run));
    if here {
        return Ok(None);
    }
    // A lock makes a folder. A run that does not exist must not get one.
    if storage.record(run).await?.is_none() {
        return Err(StorageFault::NotFound { what: run.to_owned() });
    }
    storage.hold(run).await.map(Some)
}

async fn delete(run: &str, for_good: bool) -> Result<(), Fault> {
    let (in_loop, current, busy) =
        with(|s| (s.is_in_loop(run), s.run.as_ref().is_some_and(|current| current.id() == run), s.job.is_some()));
    if in_loop || (current && busy) {
        return Err(Fault::Busy);
    }
    if current {
        drop_run();
    }
    // A save that is still under way would bring the run back.
    let ticket = write_ticket();
    ticket.reached().await;
    let storage = session::storage().await?;
    Ok(match for_good {
        true => storage.delete(run).await,
        false => storage.mark_deleted(run, Some(js_sys::Date::now())).await,
    }?)
}

/// Deletes everything that this site has stored, images too. Runs that other tabs hold stay and are named in the fault.
///
/// # Errors
/// [`Fault::Busy`] while the queue goes on or a job is under way, [`StorageFault::Held`].
async fn delete_all(id: u32) -> Result<(), Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    published_weights::cancel_and_wait().await;
    // Nobody reads the queue or writes a record while files are deleted.
    let queue_ticket = queue::ticket().await;
    if queue::is_going() {
        return Err(Fault::Busy);
    }
    drop_run();
    let ticket = write_ticket();
    ticket.reached().await;
    queue::forget();
    let held = session::storage().await?.delete_all().await?;
    drop((ticket, queue_ticket));
    queue::announce();
    match held.first() {
        Some(what) => {
            post(Some(id), list().await?);
            Err(StorageFault::Held { what: what.clone() }.into())
        }
        None => Ok(()),
    }
}

/// The curves of some runs, for one chart of them all.
pub async fn curves(runs: Vec<String>) -> Result<Event, Fault> {
    let storage = session::storage().await?;
    let mut curves = Vec::with_capacity(runs.len());
    for run in runs {
        let curve = match storage.curve(&run).await {
            Err(StorageFault::Damaged { detail, .. }) => {
                post(None, Event::Failed(StorageFault::LostCurve { run: run.clone(), detail }.into()));
                Curve::default()
            }
            curve => curve?,
        };
        curves.push((run, curve));
    }
    Ok(Event::Curves(curves))
}

/// Keeps the shrunk images of the current set, so that its runs can go on without the files.
async fn keep_images() -> Result<(), Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    let collection = session::collection()?;
    let fingerprint = collection.report().fingerprint;
    let storage = session::storage().await?;
    let Dataset { pixels, detail, .. } = collection.dataset();
    Ok(storage.save_images(&fingerprint, &*collection, pixels, detail).await?)
}
