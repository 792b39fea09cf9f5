//! All chosen files, and the set that they make. The library holds handles of files, not pixels at full size,
//! so that another training size reads the files again.

use super::File;
use super::importer::{ImageImporter, ImportStep};
use crate::core::dataset::collection::{Collection, Import, Item};
use crate::core::dataset::{Dataset, Example, ImportRole, hash};
use crate::core::error::{ImportFault, SkippedFile};
use crate::core::report::DatasetReport;
use crate::core::sample::{self, SampleDrawing};
use std::collections::VecDeque;
use std::rc::Rc;

/// Where images come from.
#[derive(Clone)]
pub enum Origin {
    Files {
        files: Vec<File>,
        /// Chosen files that the browser did not give.
        refused: Vec<SkippedFile>,
        role: ImportRole,
    },
    /// The sample set, drawn from a seed; always a new set.
    Sample { images_per_class: usize, seed: u64 },
}

impl Origin {
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
    origins: Vec<Origin>,
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

    /// Takes a stored set, a serialised [`Collection`] and its pixels. Its files can't be read again.
    ///
    /// # Errors
    /// What is wrong with the parts; the library is unchanged then.
    pub fn restore(&mut self, meta: &[u8], pixels: Vec<u8>) -> Result<DatasetReport, String> {
        let collection: Collection = serde_json::from_slice(meta).map_err(|e| e.to_string())?;
        let collection = collection.with_pixels(pixels)?;
        self.origins.clear();
        Ok(self.collection.insert(Rc::new(collection)).report())
    }

    /// Whether the set can be read again at another size: a stored one has no files.
    pub fn can_read_again(&self) -> bool {
        self.collection.is_none() || !self.origins.is_empty()
    }

    /// Starts to read one more origin. The set stays as it is until [`Library::commit`]; dropping the job
    /// cancels it. At another size than the set's, everything is read again.
    pub fn add(&self, origin: Origin, size: usize, seed: u64) -> ImportJob {
        let replaces = origin.role() == ImportRole::New;
        let fits = self.collection.as_ref().is_some_and(|c| c.dataset().size == size);
        let mut origins = if replaces { Vec::new() } else { self.origins.clone() };
        origins.push(origin);
        let appends = fits && !replaces;
        let first = if appends { origins.len() - 1 } else { 0 };
        ImportJob::new(origins, first, appends, size, seed)
    }

    /// Starts to read all origins again at another size. At the same size the job only splits the set by
    /// another seed, without reading.
    pub fn resize(&self, size: usize, seed: u64) -> ImportJob {
        let fits = self.collection.as_ref().is_some_and(|c| c.dataset().size == size);
        let first = if fits { self.origins.len() } else { 0 };
        ImportJob::new(self.origins.clone(), first, fits, size, seed)
    }

    /// Takes over the images that a finished job has read.
    ///
    /// # Errors
    /// [`ImportFault`]; the set is unchanged then.
    pub fn commit(&mut self, job: ImportJob) -> Result<DatasetReport, ImportFault> {
        let roles = job.origins[job.origins.len() - job.read.len()..].iter().map(Origin::role);
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
        self.origins = job.origins;
        Ok(report)
    }
}

enum Reading {
    Files(Box<ImageImporter>),
    Sample(SampleDrawing),
}

/// An import that is being read.
pub struct ImportJob {
    /// The library's origins after this job.
    origins: Vec<Origin>,
    /// The images join the set instead of making a new one.
    appends: bool,
    size: usize,
    seed: u64,
    queue: VecDeque<Origin>,
    current: Option<Reading>,
    read: Vec<Import>,
    /// Images of the origins that are already read.
    before: usize,
}

impl ImportJob {
    fn new(origins: Vec<Origin>, first: usize, appends: bool, size: usize, seed: u64) -> Self {
        let queue = origins[first..].iter().cloned().collect();
        Self { origins, appends, size, seed, queue, current: None, read: Vec::new(), before: 0 }
    }

    /// Reads an image or a few. [`ImportStep::Done`] when the job is ready for [`Library::commit`].
    ///
    /// # Errors
    /// [`ImportFault`]: the job can't finish.
    pub fn step(&mut self) -> Result<ImportStep, ImportFault> {
        let Some(current) = &mut self.current else {
            self.current = self.queue.pop_front().map(|origin| match origin {
                Origin::Files { files, refused, .. } => {
                    Reading::Files(Box::new(ImageImporter::new(&files, &refused, self.size)))
                }
                Origin::Sample { images_per_class, seed } => {
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
            Reading::Sample(drawing) => match drawing.step() {
                true => ImportStep::Progress {
                    done: drawing.drawn(),
                    total: drawing.total(),
                    file: sample::NAME.to_owned(),
                },
                false => ImportStep::Done,
            },
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
                    None => Import::default(),
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
fn sample_import(drawing: SampleDrawing) -> Import {
    let dataset = drawing.finish();
    let item = |(i, e): (usize, &Example)| Item {
        name: e.name.clone(),
        label: e.label,
        split: None,
        hash: hash(dataset.image(i)),
    };
    Import {
        name: sample::NAME.to_owned(),
        items: dataset.examples.iter().enumerate().map(item).collect(),
        classes: dataset.classes,
        pixels: dataset.pixels,
        left_out: Vec::new(),
    }
}
