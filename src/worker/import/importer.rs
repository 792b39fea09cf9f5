//! Reads one choice of files, one file a step, so that the caller can report progress and cancel between steps.

use super::File;
use super::decode::{MAX_FILE, decode_detailed};
use super::file_kind::{FileKind, HEAD, image_format, kind_of_content};
use super::listing::{
    At, CIFAR_CHUNK, CIFAR_CLASSES, CIFAR_RECORD, Found, Group, Lister, Listing, MAX_CIFAR_BATCH, ToRead,
    cifar_classes, read_cifar_record,
};
use super::zip_archive::Archive;
use crate::core::dataset::collection::{ImportedImage, ImportedImages, MAX_PIXEL_BYTES};
use crate::core::dataset::{doubled, folders, has_room_for_detail, hash, label_table};
use crate::core::error::{FileFault, ImportFault, SkippedFile};
use std::collections::{HashMap, VecDeque};

/// Bytes of tables that are read whatever else was chosen. Beside them so many as the chosen files have: each image that
/// a row names takes more than the row.
const TABLE_BYTES: u64 = 1 << 20;
/// What a table counts for, at least: each is held against all images.
const LEAST_TABLE: u64 = 1 << 10;
/// Most bytes of the names of CIFAR-10's classes.
const MAX_CLASS_NAMES: u64 = 64 << 10;
/// Most bytes of a class's name.
const MAX_CLASS: usize = 1_000;

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportStep {
    /// `done` of `total` images are read; `total` is 0 until all archives are open. `file` was read last.
    Progress { done: usize, total: usize, file: String },
    /// All is read: call [`ImageImporter::finish`].
    Done,
}

enum Task {
    Image(ToRead),
    /// Records `from..to` of a batch of CIFAR-10.
    Records {
        batch: ToRead,
        from: usize,
        to: usize,
    },
}

/// An import under way.
pub struct ImageImporter {
    files: Vec<File>,
    size: usize,
    /// Archives among the files that are not open yet.
    to_open: VecDeque<usize>,
    archives: Vec<Archive>,
    groups: VecDeque<Group>,
    /// The group that is being listed, and the bytes of tables that may still be read.
    lister: Option<Lister>,
    table_bytes: u64,
    several: bool,
    /// The archive that could not be opened, where it was all that was chosen.
    broken_archive: Option<ImportFault>,
    tasks: VecDeque<Task>,
    total: usize,
    done: usize,
    /// The batch that was unpacked last.
    unpacked: Option<(At, Vec<u8>)>,
    classes: HashMap<String, u16>,
    /// CIFAR-10's labels keep their order; else classes are sorted by name.
    ordered: bool,
    import: ImportedImages,
}

impl ImageImporter {
    /// Prepares to read `files` at `size` × `size` pixels. The browser did not give the chosen files in `refused`.
    pub fn new(files: &[File], refused: &[SkippedFile], size: usize) -> Self {
        let kept: Vec<File> = files.iter().filter(|file| !folders::is_clutter(file.path())).cloned().collect();
        let (packed, mut loose): (Vec<usize>, Vec<usize>) = (0..kept.len()).partition(|&i| is_archive(&kept[i]));
        // Browsers list folders in any order.
        loose.sort_by(|&a, &b| folders::natural_order(kept[a].path(), kept[b].path()));
        let found = |&i: &usize| Found { path: kept[i].path().to_owned(), at: At::Chosen(i), bytes: kept[i].len() };
        let group = Group { archive: None, files: loose.iter().map(found).collect() };
        Self {
            size,
            several: packed.len() + usize::from(!loose.is_empty()) > 1,
            import: ImportedImages {
                name: name_of(&kept, &loose, &packed),
                left_out: refused.to_vec(),
                ..ImportedImages::default()
            },
            to_open: packed.into(),
            archives: Vec::new(),
            groups: if group.files.is_empty() { VecDeque::new() } else { [group].into() },
            lister: None,
            table_bytes: TABLE_BYTES + kept.iter().map(|file| file.len()).sum::<u64>(),
            broken_archive: None,
            tasks: VecDeque::new(),
            total: 0,
            done: 0,
            unpacked: None,
            classes: HashMap::new(),
            ordered: false,
            files: kept,
        }
    }

    /// Opens an archive, lists a group of files or reads one of its tables, or reads an image or a few records. A faulty file is noted,
    /// and the next step continues after it.
    ///
    /// # Errors
    /// [`ImportFault`]: no image of the import can be used.
    pub fn step(&mut self) -> Result<ImportStep, ImportFault> {
        let file = if let Some(index) = self.to_open.pop_front() {
            self.open(index);
            self.files[index].path().to_owned()
        } else if let Some(lister) =
            self.lister.take().or_else(|| self.groups.pop_front().map(|group| Lister::new(group, self.several)))
        {
            self.list(lister)?
        } else {
            match self.tasks.pop_front() {
                None => return Ok(ImportStep::Done),
                Some(Task::Image(image)) => self.read_image(image)?,
                Some(Task::Records { batch, from, to }) => self.read_records(&batch, from, to)?,
            }
        };
        let listed = self.to_open.is_empty() && self.groups.is_empty() && self.lister.is_none();
        Ok(ImportStep::Progress { done: self.done, total: if listed { self.total } else { 0 }, file })
    }

    /// The images; call it when [`ImageImporter::step`] says [`ImportStep::Done`].
    ///
    /// # Errors
    /// [`ImportFault::NoFiles`], [`ImportFault::NotAZip`] or [`ImportFault::NoImages`].
    pub fn finish(mut self) -> Result<ImportedImages, ImportFault> {
        if self.files.is_empty() && self.import.left_out.is_empty() {
            return Err(ImportFault::NoFiles);
        }
        if let Some(fault) = self.broken_archive.filter(|_| !self.several) {
            return Err(fault);
        }
        if self.import.items.is_empty() {
            return Err(ImportFault::NoImages { left_out: self.import.left_out });
        }
        if !self.ordered {
            sort_classes(&mut self.import);
        }
        Ok(self.import)
    }

    fn leave_out(&mut self, file: &str, fault: FileFault) {
        self.import.left_out.push(SkippedFile { file: file.to_owned(), fault });
    }

    fn open(&mut self, index: usize) {
        let file = self.files[index].clone();
        let path = file.path().to_owned();
        let archive = match Archive::open(file.clone()) {
            Ok(archive) => archive,
            Err(detail) => {
                let fault =
                    if file.is_empty() { FileFault::Empty } else { FileFault::Damaged { detail: detail.clone() } };
                self.leave_out(&path, fault);
                self.broken_archive = Some(ImportFault::NotAZip { file: path, detail });
                return;
            }
        };
        let directory = archive.directory();
        let inside = |entry: &str| if self.several { format!("{path}/{entry}") } else { entry.to_owned() };
        let faults =
            directory.faults.iter().map(|(entry, fault)| SkippedFile { file: inside(entry), fault: fault.clone() });
        self.import.left_out.extend(faults);
        let at = self.archives.len();
        let files = directory.entries.into_iter();
        let files = files.map(|e| Found { path: e.path, at: At::Packed(at, e.index), bytes: e.bytes }).collect();
        self.archives.push(archive);
        self.groups.push_back(Group { archive: Some(path), files });
    }

    /// Reads the group's next table, or takes over its files if there is none.
    fn list(&mut self, mut lister: Lister) -> Result<String, ImportFault> {
        let Some(table) = lister.next_table() else {
            self.take_over(lister.finish())?;
            return Ok(String::new());
        };
        let counts = table.bytes.max(LEAST_TABLE);
        let read = match self.table_bytes.checked_sub(counts) {
            Some(left) => {
                self.table_bytes = left;
                self.read(table.at, |_| Ok(()))
            }
            None => Err(FileFault::TooManyBytes { bytes: table.bytes }),
        };
        match read {
            Ok(bytes) => lister.apply(&table.path, &label_table::parse(&bytes)),
            Err(fault) => lister.leave_out(&table.path, fault),
        }
        self.lister = Some(lister);
        Ok(table.path)
    }

    fn take_over(&mut self, listing: Listing) -> Result<(), ImportFault> {
        self.import.left_out.extend(listing.left_out);
        if !listing.batches.is_empty() {
            let meta = listing.meta.filter(|meta| meta.bytes <= MAX_CLASS_NAMES);
            let meta = meta.and_then(|meta| self.read(meta.at, |_| Ok(())).ok());
            for class in cifar_classes(meta.as_deref()) {
                self.class(&class)?;
            }
            self.ordered = true;
        } else if let Some(meta) = listing.meta {
            // Without batches the file is a text like any other.
            self.leave_out(&meta.path, FileFault::NotAnImage { looks_like: Some("text".to_owned()) });
        }
        let likely = listing.images.iter().filter(|image| folders::named_like_image(&image.name)).count();
        let mut expected = self.import.items.len() + self.tasks_ahead() + likely;
        self.total += listing.images.len();
        self.tasks.extend(listing.images.into_iter().map(Task::Image));
        for batch in listing.batches {
            if batch.bytes > MAX_CIFAR_BATCH {
                self.leave_out(&batch.name, FileFault::TooManyBytes { bytes: batch.bytes });
                continue;
            }
            let records = batch.bytes as usize / CIFAR_RECORD;
            if records == 0 {
                let detail = format!("shorter than one record of {} bytes", CIFAR_RECORD);
                let fault = if batch.bytes == 0 { FileFault::Empty } else { FileFault::Damaged { detail } };
                self.leave_out(&batch.name, fault);
            } else if !(batch.bytes as usize).is_multiple_of(CIFAR_RECORD) {
                self.leave_out(&batch.name, FileFault::CutBatch { records });
            }
            expected += records;
            self.total += records;
            for from in (0..records).step_by(CIFAR_CHUNK) {
                self.tasks.push_back(Task::Records { batch: batch.clone(), from, to: records.min(from + CIFAR_CHUNK) });
            }
        }
        self.reserve(expected)
    }

    fn tasks_ahead(&self) -> usize {
        let images = |task: &Task| match task {
            Task::Image(_) => 1,
            Task::Records { from, to, .. } => to - from,
        };
        self.tasks.iter().map(images).sum()
    }

    /// Allocates memory for `images` images in all, at once: growth by doubling would need half as much again.
    fn reserve(&mut self, images: usize) -> Result<(), ImportFault> {
        let bytes = images.saturating_mul(3 * self.size * self.size);
        let more = bytes.saturating_sub(self.import.pixels.len());
        if bytes > MAX_PIXEL_BYTES || self.import.pixels.try_reserve_exact(more).is_err() {
            return Err(ImportFault::OutOfMemory { images });
        }
        Ok(())
    }

    /// The label of a class, which is added if it is new.
    fn class(&mut self, name: &str) -> Result<u16, ImportFault> {
        let name = &name[..name.floor_char_boundary(MAX_CLASS)];
        let next = self.import.classes.len();
        if let Some(label) = self.classes.get(name) {
            return Ok(*label);
        }
        let label = u16::try_from(next).map_err(|_| ImportFault::TooManyClasses { classes: next + 1 })?;
        self.classes.insert(name.to_owned(), label);
        self.import.classes.push(name.to_owned());
        Ok(label)
    }

    /// Whether all images of the import can be kept at twice their side.
    fn has_room(&self) -> bool {
        has_room_for_detail(self.total.max(self.import.items.len() + 1), self.size)
    }

    /// Keeps an image at twice the side: each from the first on that has detail, and those before it.
    fn keep_detail(&mut self, pixels: &[u8], detail: Option<Vec<u8>>) {
        let ImportedImages { detail: all, pixels: before, .. } = &mut self.import;
        if all.is_empty() && detail.is_some() {
            let bytes = 4 * self.total * pixels.len();
            if all.try_reserve_exact(bytes.max(4 * (before.len() + pixels.len()))).is_ok() {
                all.extend(doubled(before, self.size));
            }
        }
        if all.capacity() > 0 {
            all.extend(detail.unwrap_or_else(|| doubled(pixels, self.size)));
        }
    }

    fn keep(&mut self, item: ImportedImage, pixels: &[u8], detail: Option<Vec<u8>>) -> Result<(), ImportFault> {
        let images = self.import.items.len() + 1;
        if self.import.pixels.capacity() - self.import.pixels.len() < pixels.len() {
            // The names announced fewer images: room for some more at a time.
            self.reserve(images + images / 4 + 64).or_else(|_| self.reserve(images))?;
        }
        match self.has_room() {
            true => self.keep_detail(pixels, detail),
            false => self.import.detail = Vec::new(),
        }
        self.import.pixels.extend_from_slice(pixels);
        self.import.items.push(item);
        Ok(())
    }

    fn read_image(&mut self, image: ToRead) -> Result<String, ImportFault> {
        self.done += 1;
        let bytes = self.read(image.at, |head| image_format(head).map(drop));
        let room = self.has_room();
        match bytes.and_then(|bytes| Ok((decode_detailed(&bytes, self.size, room)?, hash(&bytes)))) {
            Ok(((pixels, detail), hash)) => {
                let label = image.label.class.as_deref().map(|class| self.class(class)).transpose()?;
                let split = image.label.split;
                self.keep(ImportedImage { name: image.name.clone(), label, split, hash }, &pixels, detail)?;
                if image.unlisted {
                    self.leave_out(&image.name, FileFault::NotInLabels);
                }
            }
            Err(fault) => self.leave_out(&image.name, fault),
        }
        Ok(image.name)
    }

    fn read_records(&mut self, batch: &ToRead, from: usize, to: usize) -> Result<String, ImportFault> {
        self.done += to - from;
        let bytes = match self.record_bytes(batch.at, from * CIFAR_RECORD, to * CIFAR_RECORD) {
            Ok(bytes) => bytes,
            Err(fault) => {
                self.leave_out(&batch.name, fault);
                let of_it = |task: &Task| matches!(task, Task::Records { batch: b, .. } if b.at == batch.at);
                self.done = self.total - self.tasks_ahead();
                self.tasks.retain(|task| !of_it(task));
                return Ok(batch.name.clone());
            }
        };
        for (number, record) in (from..to).zip(bytes.chunks_exact(CIFAR_RECORD)) {
            let name = format!("{}#{number}", batch.name);
            match read_cifar_record(record, self.size) {
                Ok((label, pixels)) => {
                    let (label, split) = (Some(label), batch.label.split);
                    self.keep(ImportedImage { name, label, split, hash: hash(record) }, &pixels, None)?;
                }
                Err(label) => {
                    let detail = format!("label {label} is not 0 to {}", CIFAR_CLASSES.len() - 1);
                    self.leave_out(&name, FileFault::Damaged { detail });
                }
            }
        }
        Ok(batch.name.clone())
    }

    /// Bytes of a batch. A batch in an archive is unpacked whole and stays in memory for its next records.
    fn record_bytes(&mut self, at: At, from: usize, to: usize) -> Result<Vec<u8>, FileFault> {
        if let At::Chosen(index) = at {
            return self.files[index].read(from as u64, to as u64).map_err(|detail| FileFault::Unreadable { detail });
        }
        if self.unpacked.as_ref().is_none_or(|(of, _)| *of != at) {
            self.unpacked = None;
            self.unpacked = Some((at, self.read(at, |_| Ok(()))?));
        }
        let bytes = self.unpacked.as_ref().and_then(|(_, bytes)| bytes.get(from..to));
        bytes
            .map(<[u8]>::to_vec)
            .ok_or_else(|| FileFault::Damaged { detail: "shorter than the archive claims".to_owned() })
    }

    /// All bytes of a file, if `accept` takes its first bytes.
    fn read(&mut self, at: At, accept: impl FnOnce(&[u8]) -> Result<(), FileFault>) -> Result<Vec<u8>, FileFault> {
        let index = match at {
            At::Packed(archive, entry) => return self.archives[archive].read(entry, accept),
            At::Chosen(index) => index,
        };
        let file = &self.files[index];
        let read = |end: u64| file.read(0, end).map_err(|detail| FileFault::Unreadable { detail });
        // A small file in one read: the call costs more than the bytes.
        let start = read(file.len().min(64 * 1024))?;
        accept(&start)?;
        match file.len() {
            bytes if bytes > MAX_FILE => Err(FileFault::TooManyBytes { bytes }),
            bytes if bytes > start.len() as u64 => read(bytes),
            _ => Ok(start),
        }
    }
}

/// Whether a chosen file is an archive: by its name, or, if the name has no ending, by its first bytes.
fn is_archive(file: &File) -> bool {
    let name = folders::file_name(file.path()).to_lowercase();
    let head = || file.read(0, file.len().min(HEAD as u64)).unwrap_or_default();
    name.ends_with(".zip") || !name.contains('.') && kind_of_content(&head()) == FileKind::Zip
}

/// A name for the chosen files: the folder's or archive's, else the first file's and the number of others.
fn name_of(files: &[File], loose: &[usize], packed: &[usize]) -> String {
    let top = |i: &usize| {
        let parts = folders::parts(files[*i].path());
        (parts.len() > 1).then(|| parts[0].to_owned())
    };
    let folder = loose.first().and_then(top).filter(|name| loose.iter().all(|i| top(i).as_ref() == Some(name)));
    let first = folder.map(|name| (name, packed.len())).or_else(|| {
        let first = loose.iter().chain(packed).next()?;
        Some((folders::file_name(files[*first].path()).to_owned(), loose.len() + packed.len() - 1))
    });
    match first {
        Some((name, 0)) => name,
        Some((name, more)) => format!("{name} +{more}"),
        None => String::new(),
    }
}

/// Puts classes into the order of their names.
fn sort_classes(import: &mut ImportedImages) {
    let mut order: Vec<usize> = (0..import.classes.len()).collect();
    order.sort_by(|&a, &b| folders::natural_order(&import.classes[a], &import.classes[b]));
    let mut new_label = vec![0u16; order.len()];
    for (new, &old) in order.iter().enumerate() {
        new_label[old] = new as u16;
    }
    for item in &mut import.items {
        item.label = item.label.map(|label| new_label[usize::from(label)]);
    }
    import.classes = order.into_iter().map(|old| import.classes[old].clone()).collect();
}
