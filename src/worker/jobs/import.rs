//! Loading images: drives a reading of the [library], with progress, yields and
//! cancel. The library does not change before all has been read, so that a fault
//! or a cancel loses nothing.
//!
//! [library]: crate::worker::import::library

use crate::core::dataset::ImportRole;
use crate::core::error::{Fault, ImportFault};
use crate::core::report::LeftOut;
use crate::protocol::Event;
use crate::worker::files::chosen;
use crate::worker::import::importer::Step;
use crate::worker::import::library::{self, Library, Origin};
use crate::worker::jobs::pretrain;
use crate::worker::mailbox::post;
use crate::worker::session::{Job, Wish, Working, with};
use crate::worker::turn::{now, turn};

/// Milliseconds of work between two turns of the event loop.
const SLICE: f64 = 50.0;

/// Draws the sample set, in place of what is loaded.
pub async fn sample_set(id: u32, images_per_class: usize, seed: u64, size: usize) -> Result<(), Fault> {
    let origin = Origin::Sample { images_per_class, seed };
    load(id, |library| Ok(library.add(origin, size, seed))).await
}

/// Reads chosen files and adds them by their role.
pub async fn files(
    id: u32,
    role: ImportRole,
    paths: Vec<String>,
    refused: Vec<LeftOut>,
    files: Vec<web_sys::File>,
    size: usize,
    seed: u64,
) -> Result<(), Fault> {
    let files = paths.into_iter().zip(files).map(|(path, file)| chosen(path, file)).collect();
    load(id, |library| match role == ImportRole::New || library.can_read_again() {
        true => Ok(library.add(Origin::Files { role, refused, files }, size, seed)),
        false => Err(Fault::Import(ImportFault::NeedsFiles)),
    })
    .await
}

/// Reads everything that was chosen again, at another size or with another
/// seed of the split.
pub async fn resize(id: u32, size: usize, seed: u64) -> Result<(), Fault> {
    load(id, |library| match library.dataset() {
        Some(set) if set.size != size && !library.can_read_again() => Err(Fault::Import(ImportFault::NeedsFiles)),
        Some(_) => Ok(library.resize(size, seed)),
        None => Err(Fault::NoDataset),
    })
    .await
}

/// Reads what `plan` makes of the library. From then on the session works with
/// these images; a run on others ends.
async fn load(id: u32, plan: impl FnOnce(&Library) -> Result<library::Job, Fault>) -> Result<(), Fault> {
    let working = Working::begin(Job::Import)?;
    let mut reading = with(|s| plan(&s.library))?;
    if !read(id, &mut reading).await? {
        post(Some(id), Event::ImportCancelled);
        return Ok(());
    }
    let report = with(|s| {
        let report = s.library.commit(reading)?;
        s.store = None;
        Ok(report)
    })
    .map_err(Fault::Import)?;
    pretrain::let_go();
    drop(working);
    post(Some(id), Event::Imported(report));
    Ok(())
}

/// Reads to the end, with progress now and then; false if a cancel cut it short.
async fn read(id: u32, reading: &mut library::Job) -> Result<bool, Fault> {
    let mut since = now();
    while let Step::Progress { done, total, file } = reading.step().map_err(Fault::Import)? {
        if now() - since < SLICE {
            continue;
        }
        post(Some(id), Event::ImportProgress { done: done as u32, total: total as u32, file });
        turn().await;
        if with(|s| s.wish) == Wish::Cancel {
            return Ok(false);
        }
        since = now();
    }
    Ok(true)
}
