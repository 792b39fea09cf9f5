//! Loading images: the sample set, chosen files, another size. Nothing of the
//! session changes before the whole import has succeeded, so that a fault or a
//! cancel loses nothing.

use crate::core::dataset::ImportRole;
use crate::core::dataset::collection::{Collection, Import};
use crate::core::error::Fault;
use crate::core::sample::{self, SampleDrawing};
use crate::protocol::Event;
use crate::worker::files::chosen;
use crate::worker::import::importer::{Importer, Step};
use crate::worker::import::source::File;
use crate::worker::jobs::pretrain;
use crate::worker::mailbox::post;
use crate::worker::session::{Job, Wish, Working, with};
use crate::worker::turn::{now, turn};
use std::rc::Rc;

/// Milliseconds of work between two turns of the event loop.
const SLICE: f64 = 50.0;

/// Where images came from, kept so that another size can be read.
#[derive(Clone)]
pub enum Source {
    Sample { images_per_class: usize, seed: u64 },
    Files { role: ImportRole, files: Vec<File> },
}

impl Source {
    fn role(&self) -> ImportRole {
        match self {
            Self::Sample { .. } => ImportRole::New,
            Self::Files { role, .. } => *role,
        }
    }
}

/// Tells of progress and yields now and then; false once a cancel was asked for.
struct Pulse {
    id: u32,
    since: f64,
}

impl Pulse {
    fn new(id: u32) -> Self {
        Self { id, since: now() }
    }

    async fn go_on(&mut self, done: usize, total: usize, file: &str) -> bool {
        if now() - self.since < SLICE {
            return true;
        }
        post(Some(self.id), Event::ImportProgress { done: done as u32, total: total as u32, file: file.to_owned() });
        turn().await;
        self.since = now();
        with(|s| s.wish) != Wish::Cancel
    }
}

pub async fn sample_set(id: u32, images_per_class: usize, seed: u64, size: usize) -> Result<(), Fault> {
    let working = Working::begin(Job::Import)?;
    let source = Source::Sample { images_per_class, seed };
    rebuild(id, vec![source], size, seed, working).await
}

/// Reads chosen files and adds them by their role.
pub async fn files(
    id: u32,
    role: ImportRole,
    paths: Vec<String>,
    files: Vec<web_sys::File>,
    size: usize,
    seed: u64,
) -> Result<(), Fault> {
    let working = Working::begin(Job::Import)?;
    let files: Vec<File> = paths.into_iter().zip(files).map(|(path, file)| chosen(path, file)).collect();
    let source = Source::Files { role, files };
    let kept = with(|s| s.collection.clone());
    let Some(kept) = kept.filter(|c| role != ImportRole::New && c.dataset().size == size) else {
        let mut sources = if role == ImportRole::New { Vec::new() } else { with(|s| s.sources.clone()) };
        sources.push(source);
        return rebuild(id, sources, size, seed, working).await;
    };
    let Some(import) = read(id, &source, size).await? else { return cancelled(id) };
    let mut collection = Rc::unwrap_or_clone(kept);
    collection.add(import, role).map_err(Fault::Import)?;
    let mut sources = with(|s| s.sources.clone());
    sources.push(source);
    use_images(id, collection, sources, working);
    Ok(())
}

/// Reads everything that was chosen again, at another size or with another
/// seed of the split.
pub async fn resize(id: u32, size: usize, seed: u64) -> Result<(), Fault> {
    let working = Working::begin(Job::Import)?;
    let sources = with(|s| s.sources.clone());
    if sources.is_empty() {
        return Err(Fault::NoDataset);
    }
    if let Some(same) = with(|s| s.collection.clone()).filter(|c| c.dataset().size == size) {
        let mut collection = Rc::unwrap_or_clone(same);
        collection.reseed(seed);
        use_images(id, collection, sources, working);
        return Ok(());
    }
    rebuild(id, sources, size, seed, working).await
}

/// Drops images, files and run.
pub fn forget(id: u32) -> Result<(), Fault> {
    let _working = Working::begin(Job::Import)?;
    with(|s| {
        s.sources.clear();
        s.collection = None;
        s.store = None;
    });
    pretrain::let_go();
    post(Some(id), Event::Alive);
    Ok(())
}

async fn rebuild(id: u32, sources: Vec<Source>, size: usize, seed: u64, working: Working) -> Result<(), Fault> {
    let mut collection = Collection::new(size, seed);
    for source in &sources {
        let Some(import) = read(id, source, size).await? else { return cancelled(id) };
        collection.add(import, source.role()).map_err(Fault::Import)?;
    }
    use_images(id, collection, sources, working);
    Ok(())
}

/// One source's images; none if a cancel cut it short.
async fn read(id: u32, source: &Source, size: usize) -> Result<Option<Import>, Fault> {
    let mut pulse = Pulse::new(id);
    match source {
        Source::Sample { images_per_class, seed } => {
            let mut drawing = SampleDrawing::new(*seed, *images_per_class, size);
            while drawing.step() {
                if !pulse.go_on(drawing.drawn(), drawing.total(), "").await {
                    return Ok(None);
                }
            }
            Ok(Some(Import::from_dataset(sample::NAME, drawing.finish())))
        }
        Source::Files { files, .. } => {
            let mut importer = Importer::new(files, size);
            while let Step::Progress { done, total, file } = importer.step().map_err(Fault::Import)? {
                if !pulse.go_on(done, total, &file).await {
                    return Ok(None);
                }
            }
            importer.finish().map(Some).map_err(Fault::Import)
        }
    }
}

fn cancelled(id: u32) -> Result<(), Fault> {
    post(Some(id), Event::ImportCancelled);
    Ok(())
}

/// From here on the session works with these images; a run on others ends.
fn use_images(id: u32, collection: Collection, sources: Vec<Source>, working: Working) {
    let report = collection.report();
    with(|s| {
        s.collection = Some(Rc::new(collection));
        s.sources = sources;
        s.store = None;
    });
    pretrain::let_go();
    drop(working);
    post(Some(id), Event::Imported(report));
}
