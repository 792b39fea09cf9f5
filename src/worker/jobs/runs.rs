//! Stored runs: listed, opened, renamed, deleted; and the images that belong to them.

use crate::core::error::{Fault, StorageFault};
use crate::core::report::RunState;
use crate::core::run::{DataIdentity, OpenedRun, StoredReport};
use crate::learn::trainer::Trainer;
use crate::protocol::Event;
use crate::worker::hub::kept;
use crate::worker::jobs::pretrain::{self, Run};
use crate::worker::jobs::{estimate, fine_tune, hub, queue, weights};
use crate::worker::keep::{self, Keeper};
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Working, set_state, with};
use crate::worker::storage::{Files, Listing};

/// Tells what is stored.
pub async fn list(id: u32) -> Result<(), Fault> {
    let storage = session::storage().await?;
    let Listing { runs, damaged } = storage.list().await?;
    let usage = storage.files().usage().await.unwrap_or_default();
    let images = storage.images().await?;
    let weights = kept::list(&storage).await?;
    let (used, quota) = (usage.used, usage.quota);
    post(Some(id), Event::Runs(StoredReport { runs, damaged, images, weights, used, quota }));
    Ok(())
}

/// Makes a stored run the one at hand: paused where training can go on, else as
/// it ended; with at most `in_chunks_of` images at once, where that is said. The one at hand
/// already stays as it is, with all that is in memory only.
///
/// # Errors
/// [`Fault::WrongImages`] where the set that is loaded is not the run's and its
/// images were not kept; [`Fault::Storage`] where another tab has the run at hand,
/// or it can't be read. The run at hand before then stays.
pub async fn open(id: Option<u32>, name: &str, in_chunks_of: Option<usize>) -> Result<(), Fault> {
    let _working = Working::begin(Job::Import)?;
    if with(|s| s.state.is_running()) {
        return Err(Fault::Busy);
    }
    if let Some(images) = in_chunks_of {
        let saved = with(|s| s.run.as_mut().filter(|run| run.keeper.record.id == name)?.go_on_in_chunks(images));
        if let Some(saved) = saved {
            saved.await;
        }
    }
    if tell_at_hand(id, name) {
        return Ok(());
    }
    let (mut keeper, stored) = Keeper::reopen(name).await?;
    bring_images(&keeper.record.data).await?;
    let compute = session::compute().await?;
    let store = session::store().await?;
    if let Some(images) = in_chunks_of
        && keeper.record.can_resume()
    {
        keeper.record.go_on_in_chunks(images);
    }
    let config = keeper.record.config;
    let (train, _) = estimate::training_images(&config)?;
    // A checkpoint holds all weights; those that the run started from are its baseline, where
    // they are at hand.
    let trainer = match (&stored, config.encoder.weights()) {
        (Some(state), _) => {
            let trainer = Trainer::resume(&config, store, &train, &compute.device, state)?;
            trainer.with_published(weights::of_run(&keeper.record, &compute).await)
        }
        // It begins anew, from what is at hand now.
        (None, Some(which)) => {
            let (weights, identity) = weights::loaded(which, &compute).await?;
            keeper.record.weights = Some(identity);
            Trainer::from_weights(&config, store, &train, &compute.device, weights)?
        }
        (None, None) => Trainer::new(&config, store, &train, &compute.device)?,
    };
    let (record, curve) = (keeper.record.clone(), keeper.curve.clone());
    let state = if record.can_resume() { RunState::Paused } else { record.state };
    // Before the session is borrowed: the run looks at its images.
    let run = Run::reopened(trainer, keeper);
    let list = fine_tune::stored(&run.keeper).await;
    // What was made of the run before goes with it.
    fine_tune::put_away();
    with(|s| {
        s.run = Some(run);
        s.classify = Default::default();
        s.fine_tuning = list;
    });
    post(id, Event::Opened(OpenedRun { record, curve }));
    set_state(state);
    fine_tune::tell_if_paused();
    Ok(())
}

/// Tells the run at hand once more; false where it is not this one.
fn tell_at_hand(id: Option<u32>, name: &str) -> bool {
    let found = with(|s| {
        let run = s.run.as_mut().filter(|run| run.keeper.record.id == name)?;
        run.forget_what_was_told();
        let keeper = &run.keeper;
        let opened = OpenedRun { record: keeper.record.clone(), curve: keeper.curve.clone() };
        Some((opened, keeper.told(), s.state))
    });
    let Some((opened, kept, state)) = found else { return false };
    post(id, Event::Opened(opened));
    if let Some(kept) = kept {
        post(None, Event::Kept(kept));
    }
    set_state(state);
    fine_tune::tell_if_paused();
    true
}

/// A run's images, kept ones where others are loaded.
///
/// # Errors
/// [`Fault::WrongImages`] where they are not at hand.
pub async fn bring_images(data: &DataIdentity) -> Result<(), Fault> {
    let expected = &data.fingerprint;
    let loaded = with(|s| s.library.report()).map(|report| report.fingerprint);
    if loaded.as_ref() == Some(expected) {
        return Ok(());
    }
    let storage = session::storage().await?;
    let Some((meta, pixels)) = storage.load_images(expected).await? else {
        return Err(Fault::WrongImages { expected: expected.clone(), found: loaded });
    };
    let report = with(|s| {
        let report = s.library.restore(&meta, pixels)?;
        s.store = None;
        Ok::<_, String>(report)
    })
    .map_err(|detail| StorageFault::Damaged { what: format!("images/{expected}"), detail })?;
    pretrain::let_go();
    post(None, Event::Imported(report));
    Ok(())
}

/// Gives a run a name of the user's.
pub async fn rename(id: u32, run: &str, name: String) -> Result<(), Fault> {
    let at_hand = with(|s| match &mut s.run {
        Some(here) if here.keeper.record.id == run => {
            here.keeper.record.name.clone_from(&name);
            true
        }
        _ => false,
    });
    let at_work = with(|s| s.at_work.as_deref() == Some(run));
    if at_work {
        with(|s| s.new_name = Some((run.to_owned(), name.clone())));
    }
    let storage = session::storage().await?;
    // Of a run of this tab the lock is its own.
    let lock = if at_hand || at_work { None } else { Some(storage.hold(run).await?) };
    // What is saved of it meanwhile is read, and not written over.
    let place = keep::line();
    place.reached().await;
    match storage.record(run).await? {
        Some(mut record) => {
            record.name = name;
            storage.save_record(&record).await?;
        }
        // Its first save is to come.
        None if at_work => {}
        None => return Err(StorageFault::NotFound { what: run.to_owned() }.into()),
    }
    drop((place, lock));
    list(id).await
}

/// Removes a stored run for good.
pub async fn delete(id: u32, run: &str) -> Result<(), Fault> {
    if with(|s| s.at_work.as_deref() == Some(run)) {
        return Err(Fault::Busy);
    }
    let at_hand = with(|s| s.run.as_ref().is_some_and(|here| here.keeper.record.id == run));
    if at_hand {
        if with(|s| s.job.is_some()) {
            return Err(Fault::Busy);
        }
        pretrain::let_go();
    }
    // A save that is still under way would bring it back.
    let writes = keep::line();
    writes.reached().await;
    session::storage().await?.delete(run).await?;
    drop(writes);
    list(id).await
}

/// Removes everything that this site has stored, images too; a run at hand that is
/// under way is an error, those of other tabs stay and are named.
pub async fn delete_all(id: u32) -> Result<(), Fault> {
    let _working = Working::begin(Job::Import)?;
    hub::end().await;
    // Nobody reads the queue or writes a record while files go.
    let at_queue = queue::alone().await;
    if queue::goes() {
        return Err(Fault::Busy);
    }
    pretrain::let_go();
    let writes = keep::line();
    writes.reached().await;
    queue::forget();
    let held = session::storage().await?.delete_all().await?;
    drop((writes, at_queue));
    queue::announce();
    list(id).await?;
    match held.first() {
        Some(what) => Err(StorageFault::Held { what: what.clone() }.into()),
        None => Ok(()),
    }
}

/// What was measured in some runs, for a chart of them together.
pub async fn curves(id: u32, runs: Vec<String>) -> Result<(), Fault> {
    let storage = session::storage().await?;
    let mut curves = Vec::with_capacity(runs.len());
    for run in runs {
        let curve = storage.curve(&run).await?;
        curves.push((run, curve));
    }
    post(Some(id), Event::Curves(curves));
    Ok(())
}

/// Keeps the shrunk images of the set at hand, so that its runs can go on without
/// the files.
pub async fn keep_images(id: u32) -> Result<(), Fault> {
    let _working = Working::begin(Job::Import)?;
    let collection = with(|s| s.library.collection()).ok_or(Fault::NoDataset)?;
    let fingerprint = collection.report().fingerprint;
    let meta = serde_json::to_vec(&*collection).map_err(|e| Fault::Internal { detail: e.to_string() })?;
    let storage = session::storage().await?;
    storage.save_images(&fingerprint, &meta, &collection.dataset().pixels).await?;
    list(id).await
}

/// Removes the kept images of one set; its runs stay.
pub async fn forget_images(id: u32, fingerprint: &str) -> Result<(), Fault> {
    session::storage().await?.delete_images(fingerprint).await?;
    list(id).await
}
