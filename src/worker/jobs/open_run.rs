//! Makes a stored run the current one, with the images that belong to it.

use crate::core::dataset::collection::Collection;
use crate::core::error::{Fault, StorageFault};
use crate::core::report::RunState;
use crate::core::run::{DataIdentity, OpenedRun, stored::Kind};
use crate::learn::trainer::Trainer;
use crate::protocol::Event;
use crate::worker::jobs::{estimate, evaluate, fine_tune, published_weights};
use crate::worker::run::{Classifiers, FineTuneList, Run};
use crate::worker::session::{self, Job, JobGuard, drop_run, set_state, with};
use crate::worker::storage::{FileSystem, Storage};
use crate::worker::{mailbox::post, run_saver::RunSaver};

/// Makes a stored run the current one: paused if training can go on, else as it ended; with at most `in_chunks_of`
/// images at once, if that is given. The current run itself stays as it is, with all that is in memory only.
///
/// # Errors
/// [`Fault::WrongImages`] if the loaded set is not the run's and its images were not kept; [`Fault::Storage`] if
/// another tab holds the run, or it can't be read. The run before then stays.
pub async fn open(id: Option<u32>, name: &str, in_chunks_of: Option<usize>) -> Result<Option<Event>, Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    if with(|s| s.state.is_running()) {
        return Err(Fault::Busy);
    }
    if let Some(images) = in_chunks_of {
        let saved = with(|s| s.run.as_mut().filter(|run| run.id() == name)?.go_on_in_chunks(images));
        if let Some(saved) = saved {
            saved.await;
        }
    }
    if report_current(id, name) {
        return Ok(None);
    }
    let (mut saver, checkpoint, lost) = RunSaver::reopen(session::storage().await?, name).await?;
    let loaded = load_images(&saver.record.data).await?;
    if saver.record.data.files_fingerprint.is_empty() {
        // A record of before knows its pixels only: from now on it knows its files too.
        saver.record.data.files_fingerprint = loaded.files_fingerprint;
    }
    let compute = session::compute().await?;
    let store = session::store().await?;
    if let Some(images) = in_chunks_of
        && saver.record.can_resume()
    {
        saver.record.go_on_in_chunks(images);
    }
    let config = saver.record.config;
    let (train, _) = estimate::training_images(&config)?;
    // A checkpoint holds all weights. The weights that the run started from are its baseline, if they are loaded.
    let trainer = match (&checkpoint, config.encoder.weights()) {
        (Some(state), _) => {
            let trainer = Trainer::resume(&config, store, &train, &compute.device, state)?;
            trainer.with_published(published_weights::baseline_of(&saver.record, &compute).await)
        }
        // The run begins anew, from the weights that are loaded now.
        (None, Some(which)) => {
            let (weights, identity) = published_weights::loaded(which, &compute).await?;
            saver.record.weights = Some(identity);
            Trainer::from_weights(&config, store, &train, &compute.device, weights)?
        }
        (None, None) => Trainer::new(&config, store, &train, &compute.device)?,
    };
    let opened = OpenedRun { record: saver.record.clone(), curve: saver.curve.clone() };
    let state = if opened.record.can_resume() { RunState::Paused } else { opened.record.state };
    let probe = evaluate::probe(&config);
    let run = Run::reopened(trainer, saver, probe);
    let list = FineTuneList::stored(&run.saver).await;
    with(|s| {
        s.run = Some(run);
        s.classifiers = Classifiers::default();
        s.fine_tuning = list;
    });
    post(id, Event::Opened(opened));
    if let Some(lost) = lost {
        post(None, Event::Failed(lost.into()));
    }
    set_state(state);
    fine_tune::report_if_paused();
    Ok(None)
}

/// Reports the current run once more; false if it is not the one named.
fn report_current(id: Option<u32>, name: &str) -> bool {
    let found = with(|s| {
        let run = s.run.as_mut().filter(|run| run.id() == name)?;
        // The page needs the names of the layers again.
        run.layers_posted = false;
        let saver = &run.saver;
        let opened = OpenedRun { record: saver.record.clone(), curve: saver.curve.clone() };
        Some((opened, saver.last_report(), s.state))
    });
    let Some((opened, last_save, state)) = found else { return false };
    post(id, Event::Opened(opened));
    if let Some(report) = last_save {
        post(None, Event::Saved(report));
    }
    set_state(state);
    fine_tune::report_if_paused();
    true
}

/// Loads a run's kept images, unless they are loaded. Returns what is loaded then.
///
/// # Errors
/// [`Fault::WrongImages`] if they are neither loaded nor kept.
pub async fn load_images(data: &DataIdentity) -> Result<DataIdentity, Fault> {
    let loaded = with(|s| s.library.report()).map(|report| DataIdentity::from(&report));
    let loaded = match loaded {
        Some(loaded) if loaded.is_same(data) => return Ok(loaded),
        other => other.map(|loaded| loaded.shown().to_owned()),
    };
    let storage = session::storage().await?;
    let folder = kept_as(&storage, data).await?;
    let Some([meta, pixels, detail]) = storage.load_images(&folder).await? else {
        return Err(Fault::WrongImages { expected: data.shown().to_owned(), found: loaded });
    };
    let report = with(|s| {
        let report = s.library.restore(&meta, pixels, detail)?;
        s.store = None;
        Ok::<_, String>(report)
    })
    .map_err(|detail| StorageFault::Damaged { what: format!("images/{folder}"), detail })?;
    drop_run();
    let loaded = DataIdentity::from(&report);
    post(None, Event::Imported(report));
    Ok(loaded)
}

/// The kept set that is these images. It has the name of the pixels that it was kept with; those of the same files may
/// be another decoder's.
async fn kept_as<F: FileSystem>(storage: &Storage<F>, data: &DataIdentity) -> Result<String, StorageFault> {
    let kept = storage.images().await?;
    if !kept.contains(&data.fingerprint) && !data.files_fingerprint.is_empty() {
        for name in kept {
            // A set that can't be read keeps no other from use.
            let meta = storage.get(&format!("images/{name}/{}", Kind::Images.name()), Kind::Images).await;
            let meta = meta.ok().flatten().unwrap_or_default();
            let set = serde_json::from_slice::<Collection>(&meta);
            if set.is_ok_and(|set| set.files_fingerprint() == data.files_fingerprint) {
                return Ok(name);
            }
        }
    }
    Ok(data.fingerprint.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dataset::ImportRole;
    use crate::core::dataset::collection::{ImportedImage, ImportedImages};
    use crate::learn::block_on::block_on;
    use crate::worker::storage::memory::Memory;

    #[test]
    fn a_kept_set_is_found_by_its_pixels_and_by_its_files() {
        let item = ImportedImage { name: String::new(), label: None, split: None, hash: 7 };
        let mut set = Collection::new(1, 0);
        let images = ImportedImages { items: vec![item], pixels: vec![1, 2, 3], ..ImportedImages::default() };
        set.add(images, ImportRole::New).unwrap();
        let now = DataIdentity::from(&set.report());
        let storage = Storage::new(Memory::default());
        block_on(storage.save_images(&now.fingerprint, &set, &[1, 2, 3], &[])).unwrap();
        let kept_as = |data: &DataIdentity| block_on(kept_as(&storage, data)).unwrap();
        let before = DataIdentity { files_fingerprint: String::new(), ..now.clone() };
        let other_decoder = DataIdentity { fingerprint: "pixels".into(), ..now.clone() };
        for data in [&now, &before, &other_decoder] {
            assert_eq!(kept_as(data), now.fingerprint);
        }
        let other = DataIdentity { files_fingerprint: "files".into(), ..other_decoder };
        assert_eq!(kept_as(&other), "pixels", "it is not kept");
    }
}
