//! Loads images: drives a reading of the [library], with progress, yields and
//! cancel. The library changes only after everything was read, so a fault or a
//! cancel loses nothing.
//!
//! [library]: crate::worker::import::library

use crate::core::dataset::ImportRole;
use crate::core::error::{Fault, ImportFault};
use crate::core::report::LeftOut;
use crate::protocol::Event;
use crate::worker::event_loop::yield_now;
use crate::worker::files::chosen;
use crate::worker::import::importer::Step;
use crate::worker::import::library::{self, Library, Origin};
use crate::worker::js::now;
use crate::worker::mailbox::post;
use crate::worker::session::{Control, Job, JobGuard, control, drop_run, with};

/// Milliseconds of work between two yields to the event loop.
const SLICE: f64 = 50.0;

/// Draws the sample set, in place of what is loaded.
pub async fn sample_set(images_per_class: usize, seed: u64, size: usize) -> Result<Event, Fault> {
    let origin = Origin::Sample { images_per_class, seed };
    load(|library| Ok(library.add(origin, size, seed))).await
}

/// Reads chosen files and adds them by their role.
pub async fn files(
    role: ImportRole,
    paths: Vec<String>,
    refused: Vec<LeftOut>,
    files: Vec<web_sys::File>,
    size: usize,
    seed: u64,
) -> Result<Event, Fault> {
    let files = paths.into_iter().zip(files).map(|(path, file)| chosen(path, file)).collect();
    load(|library| match role == ImportRole::New || library.can_read_again() {
        true => Ok(library.add(Origin::Files { role, refused, files }, size, seed)),
        false => Err(Fault::Import(ImportFault::NeedsFiles)),
    })
    .await
}

/// Reads everything that was chosen again, at another size or with another
/// seed of the split.
pub async fn resize(size: usize, seed: u64) -> Result<Event, Fault> {
    load(|library| match library.dataset() {
        Some(set) if set.size != size && !library.can_read_again() => Err(Fault::Import(ImportFault::NeedsFiles)),
        Some(_) => Ok(library.resize(size, seed)),
        None => Err(Fault::NoDataset),
    })
    .await
}

/// Reads what `plan` makes of the library. From then on the session works with
/// these images; a run on others ends.
async fn load(plan: impl FnOnce(&Library) -> Result<library::Job, Fault>) -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    let mut reading = with(|s| plan(&s.library))?;
    if !read(&mut reading).await? {
        return Ok(Event::ImportCancelled);
    }
    let report = with(|s| {
        let report = s.library.commit(reading)?;
        s.store = None;
        Ok(report)
    })
    .map_err(Fault::Import)?;
    drop_run();
    Ok(Event::Imported(report))
}

/// Reads to the end, with progress now and then; false if a cancel cut it short.
async fn read(reading: &mut library::Job) -> Result<bool, Fault> {
    let mut since = now();
    while let Step::Progress { done, total, file } = reading.step().map_err(Fault::Import)? {
        if now() - since < SLICE {
            continue;
        }
        post(None, Event::ImportProgress { done: done as u32, total: total as u32, file });
        yield_now().await;
        if control() == Control::Cancel {
            return Ok(false);
        }
        since = now();
    }
    Ok(true)
}
