//! All chosen files, and the set that they make. The library holds handles of files, not pixels at full size,
//! so that another training size reads the files again.

use super::File;
use super::importer::{ImageImporter, ImportStep};
use crate::core::dataset::collection::{Collection, ImportedImage, ImportedImages};
use crate::core::dataset::{Dataset, Example, ImportRole, hash};
use crate::core::error::{ImportFault, SkippedFile};
use crate::core::report::DatasetReport;
use crate::core::sample::{self, SampleDrawing};
use rayon::prelude::*;
use std::collections::VecDeque;
use std::rc::Rc;

/// Where images come from.
#[derive(Clone)]
pub enum ImportSource {
    Files {
        files: Vec<File>,
        /// Chosen files that the browser did not give.
        refused: Vec<SkippedFile>,
        role: ImportRole,
    },
    /// The sample set, drawn from a seed; always a new set.
    Sample { images_per_class: usize, seed: u64 },
}

impl ImportSource {
    fn role(&self) -> ImportRole {
        match self {
            Self::Files { role, .. } => *role,
            Self::Sample { .. } => ImportRole::New,
        }
    }
}

/// The chosen files and the set.
#[derive(Default)]
pub struct Library {
    sources: Vec<ImportSource>,
    collection: Option<Rc<Collection>>,
}

impl Library {
    /// The set; `None` before the first import.
    pub fn dataset(&self) -> Option<&Dataset> {
        self.collection.as_deref().map(Collection::dataset)
    }

    /// The set, shared, so that it stays the same while the library changes.
    pub fn collection(&self) -> Option<Rc<Collection>> {
        self.collection.clone()
    }

    pub fn report(&self) -> Option<DatasetReport> {
        self.collection.as_deref().map(Collection::report)
    }

    /// Takes a stored set, a serialised [`Collection`] and its pixels, also at twice the side. Its files can't be read again.
    ///
    /// # Errors
    /// What is wrong with the parts; the library is unchanged then.
    pub fn restore(&mut self, meta: &[u8], pixels: Vec<u8>, detail: Vec<u8>) -> Result<DatasetReport, String> {
        let collection: Collection = serde_json::from_slice(meta).map_err(|e| e.to_string())?;
        let collection = collection.with_pixels(pixels, detail)?;
        self.sources.clear();
        Ok(self.collection.insert(Rc::new(collection)).report())
    }

    /// Whether the set can be read again at another size: a stored one has no files.
    pub fn can_read_again(&self) -> bool {
        self.collection.is_none() || !self.sources.is_empty()
    }

    /// Starts to read one more source. The set stays as it is until [`Library::commit`]; dropping the job
    /// cancels it. At another size than the set's, everything is read again.
    pub fn add(&self, source: ImportSource, size: usize, seed: u64) -> ImportJob {
        let replaces = source.role() == ImportRole::New;
        let fits = self.collection.as_ref().is_some_and(|c| c.dataset().size == size);
        let mut sources = if replaces { Vec::new() } else { self.sources.clone() };
        sources.push(source);
        let appends = fits && !replaces;
        let first = if appends { sources.len() - 1 } else { 0 };
        ImportJob::new(sources, first, appends, size, seed)
    }

    /// Starts to read all sources again at another size. At the same size the job only splits the set by
    /// another seed, without reading.
    pub fn resize(&self, size: usize, seed: u64) -> ImportJob {
        let fits = self.collection.as_ref().is_some_and(|c| c.dataset().size == size);
        let first = if fits { self.sources.len() } else { 0 };
        ImportJob::new(self.sources.clone(), first, fits, size, seed)
    }

    /// Takes over the images that a finished job has read.
    ///
    /// # Errors
    /// [`ImportFault`]; the set is unchanged then.
    pub fn commit(&mut self, job: ImportJob) -> Result<DatasetReport, ImportFault> {
        let roles = job.sources[job.sources.len() - job.read.len()..].iter().map(ImportSource::role);
        let imports = job.read.into_iter().zip(roles.collect::<Vec<_>>());
        let report = match self.collection.as_mut().filter(|_| job.appends) {
            Some(collection) => {
                let collection = Rc::make_mut(collection);
                for (import, role) in imports {
                    collection.add(import, role)?;
                }
                collection.reseed(job.seed);
                collection.report()
            }
            None => {
                let mut collection = Collection::new(job.size, job.seed);
                for (import, role) in imports {
                    collection.add(import, role)?;
                }
                self.collection.insert(Rc::new(collection)).report()
            }
        };
        self.sources = job.sources;
        Ok(report)
    }
}

/// Images of the sample set that all threads draw between two looks at the mailbox.
const DRAWN_AT_ONCE: usize = 64;

enum Reading {
    Files(Box<ImageImporter>),
    Sample(SampleDrawing),
}

/// An import that is being read.
pub struct ImportJob {
    /// The library's sources after this job.
    sources: Vec<ImportSource>,
    /// The images join the set instead of making a new one.
    appends: bool,
    size: usize,
    seed: u64,
    queue: VecDeque<ImportSource>,
    current: Option<Reading>,
    read: Vec<ImportedImages>,
    /// Images of the sources that are already read.
    before: usize,
}

impl ImportJob {
    fn new(sources: Vec<ImportSource>, first: usize, appends: bool, size: usize, seed: u64) -> Self {
        let queue = sources[first..].iter().cloned().collect();
        Self { sources, appends, size, seed, queue, current: None, read: Vec::new(), before: 0 }
    }

    /// Reads an image or a few. [`ImportStep::Done`] when the job is ready for [`Library::commit`].
    ///
    /// # Errors
    /// [`ImportFault`]: the job can't finish.
    pub fn step(&mut self) -> Result<ImportStep, ImportFault> {
        let Some(current) = &mut self.current else {
            self.current = self.queue.pop_front().map(|source| match source {
                ImportSource::Files { files, refused, .. } => {
                    Reading::Files(Box::new(ImageImporter::new(&files, &refused, self.size)))
                }
                ImportSource::Sample { images_per_class, seed } => {
                    Reading::Sample(SampleDrawing::new(seed, images_per_class, self.size))
                }
            });
            return Ok(match self.current {
                Some(_) => ImportStep::Progress { done: self.before, total: 0, file: String::new() },
                None => ImportStep::Done,
            });
        };
        let step = match current {
            Reading::Files(importer) => importer.step()?,
            Reading::Sample(drawing) if drawing.drawn() == drawing.total() => ImportStep::Done,
            Reading::Sample(drawing) => {
                let next = drawing.drawn()..drawing.total().min(drawing.drawn() + DRAWN_AT_ONCE);
                drawing.add(next.into_par_iter().map(|index| drawing.image(index)).collect());
                ImportStep::Progress { done: drawing.drawn(), total: drawing.total(), file: sample::NAME.to_owned() }
            }
        };
        match step {
            ImportStep::Progress { done, total, file } => {
                let total = if total == 0 { 0 } else { self.before + total };
                Ok(ImportStep::Progress { done: self.before + done, total, file })
            }
            ImportStep::Done => {
                let import = match self.current.take() {
                    Some(Reading::Files(importer)) => importer.finish()?,
                    Some(Reading::Sample(drawing)) => sample_import(drawing),
                    None => ImportedImages::default(),
                };
                self.before += import.items.len();
                let done = ImportStep::Progress { done: self.before, total: self.before, file: import.name.clone() };
                self.read.push(import);
                Ok(done)
            }
        }
    }
}

/// The sample set without its splits: they are drawn together with those of added images.
fn sample_import(drawing: SampleDrawing) -> ImportedImages {
    let dataset = drawing.finish();
    let item = |(i, e): (usize, &Example)| ImportedImage {
        name: e.name.clone(),
        label: e.label,
        split: None,
        hash: hash(dataset.image(i)),
    };
    ImportedImages {
        name: sample::NAME.to_owned(),
        items: dataset.examples.iter().enumerate().map(item).collect(),
        classes: dataset.classes,
        pixels: dataset.pixels,
        ..ImportedImages::default()
    }
}
