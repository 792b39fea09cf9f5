//! Loads images: drives a reading of the [library], with progress, yields and cancel. The library changes only after
//! everything was read, so a fault or a cancel loses nothing.
//!
//! [library]: crate::worker::import::library

use crate::core::dataset::ImportRole;
use crate::core::error::{Fault, ImportFault};
use crate::protocol::{Event, ImageSource, Work, WorkProgress};
use crate::worker::import::library::{self, ImportSource, Library};
use crate::worker::session::{Control, Job, JobGuard, control, drop_run, with};
use crate::worker::{event_loop::yield_now, files::browser_file, import::importer::ImportStep, js::now, mailbox::post};

/// Milliseconds of work between two yields to the event loop.
const SLICE: f64 = 50.0;

/// Loads images from `source`, whose files are `files`. From then on the session works
/// with these images, and a run on others is dropped.
pub async fn load(source: ImageSource, files: Vec<web_sys::File>, size: usize, seed: u64) -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    let mut reading = with(|s| plan(&s.library, source, files, size, seed))?;
    if !read(&mut reading).await? {
        return Ok(Event::Cancelled(Work::Import));
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

fn plan(
    library: &Library,
    source: ImageSource,
    files: Vec<web_sys::File>,
    size: usize,
    seed: u64,
) -> Result<library::ImportJob, Fault> {
    let needs_files = Err(Fault::Import(ImportFault::NeedsFiles));
    match source {
        ImageSource::Sample { images_per_class } => {
            let source = ImportSource::Sample { images_per_class: images_per_class as usize, seed };
            Ok(library.add(source, size, seed))
        }
        ImageSource::Files { role, paths, refused } => match role == ImportRole::New || library.can_read_again() {
            true => {
                let files = paths.into_iter().zip(files).map(|(path, file)| browser_file(path, file)).collect();
                Ok(library.add(ImportSource::Files { role, refused, files }, size, seed))
            }
            false => needs_files,
        },
        ImageSource::Again => match library.dataset() {
            Some(set) if set.size != size && !library.can_read_again() => needs_files,
            Some(_) => Ok(library.resize(size, seed)),
            None => Err(Fault::NoDataset),
        },
    }
}

/// Reads to the end, with progress now and then; false if a cancel cut it short.
async fn read(reading: &mut library::ImportJob) -> Result<bool, Fault> {
    let mut since = now();
    while let ImportStep::Progress { done, total, file } = reading.step().map_err(Fault::Import)? {
        if now() - since < SLICE {
            continue;
        }
        post(None, Event::Progress(WorkProgress::Import { done: done as u32, total: total as u32, file }));
        yield_now().await;
        if control() == Control::Cancel {
            return Ok(false);
        }
        since = now();
    }
    Ok(true)
}
