//! The set as it grows: it adds imports, matches labels and draws the splits anew.

use super::split::{self, Candidate, GivenSplit};
use super::{
    Dataset, Example, ImportRole, Split, doubled, duplicate_groups, files_fingerprint, fingerprint,
    has_room_for_detail, preflight,
};
use crate::core::error::{ImportFault, SkippedFile};
use crate::core::report::DatasetReport;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most bytes of pixels that a set may take. A browser gives a worker at most 4 GiB of memory, and training
/// needs a part of it.
pub const MAX_PIXEL_BYTES: usize = 1 << 30;

/// One imported image, as its folder or table describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedImage {
    /// Path inside the folder or archive.
    pub name: String,
    /// Index into [`ImportedImages::classes`].
    pub label: Option<u16>,
    /// The split that a folder or table names.
    pub split: Option<Split>,
    /// [`hash`](super::hash) of its file, or of its pixels where it has none.
    pub hash: u64,
}

/// The images that one choice of files gave.
#[derive(Clone, Debug, Default)]
pub struct ImportedImages {
    /// Name of the folder or archive.
    pub name: String,
    pub classes: Vec<String>,
    pub items: Vec<ImportedImage>,
    /// Planar RGB, [N, 3, S, S].
    pub pixels: Vec<u8>,
    /// As [`Dataset::detail`].
    pub detail: Vec<u8>,
    pub left_out: Vec<SkippedFile>,
}

/// Imports in the order of adding, and the set that they make.
///
/// - [`ImportRole::New`] replaces everything.
/// - [`ImportRole::AddTraining`] trains, whatever its folders say; the earlier images keep their splits. If no
///   earlier image has a label, the import is split like a new set.
/// - [`ImportRole::AddTest`] tests, whatever its folders say. It joins a test set that came with the images;
///   test images that were only drawn return to training and validation.
///
/// Classes of different imports are the same if their names are, apart from case and surrounding space.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Collection {
    seed: u64,
    sources: Vec<String>,
    left_out: Vec<SkippedFile>,
    /// What is known of each example's split before the draw.
    #[serde(rename = "wishes")]
    given_splits: Vec<GivenSplit>,
    groups: Vec<usize>,
    /// [`ImportedImage::hash`] of each image; fewer where a set that was kept without them was added to.
    #[serde(default)]
    file_hashes: Vec<u64>,
    dataset: Dataset,
}

impl Collection {
    /// An empty collection of images of `size` × `size` pixels, split by `seed`.
    pub fn new(size: usize, seed: u64) -> Self {
        Self {
            seed,
            sources: Vec::new(),
            left_out: Vec::new(),
            given_splits: Vec::new(),
            groups: Vec::new(),
            file_hashes: Vec::new(),
            dataset: Dataset { size, ..Dataset::default() },
        }
    }

    /// Gives a deserialised collection its pixels.
    ///
    /// # Errors
    /// What is wrong, if the pixels are of more or fewer images.
    pub fn with_pixels(mut self, pixels: Vec<u8>, detail: Vec<u8>) -> Result<Self, String> {
        let (images, expected) = (self.dataset.examples.len(), self.dataset.examples.len() * self.dataset.stride());
        if pixels.len() != expected || self.given_splits.len() != images || self.groups.len() != images {
            return Err(format!("{images} images need {expected} bytes of pixels, there are {}", pixels.len()));
        }
        if detail.len() != 4 * expected && !detail.is_empty() {
            return Err(format!("{images} images need {} bytes of detail, there are {}", 4 * expected, detail.len()));
        }
        let classes = self.dataset.classes.len();
        let known = |label: Option<u16>| label.is_none_or(|label| usize::from(label) < classes);
        if self.groups.iter().any(|&group| group >= images) || !self.dataset.examples.iter().all(|e| known(e.label)) {
            return Err("an image is of a class or a group that is not there".to_owned());
        }
        (self.dataset.pixels, self.dataset.detail) = (pixels, detail);
        Ok(self)
    }

    /// Adds an import, whose pixels must be of this collection's size.
    ///
    /// # Errors
    /// [`ImportFault::OutOfMemory`] or [`ImportFault::TooManyClasses`]; the collection is unchanged then.
    pub fn add(&mut self, import: ImportedImages, role: ImportRole) -> Result<(), ImportFault> {
        if role == ImportRole::New {
            let mut fresh = Self::new(self.dataset.size, self.seed);
            fresh.append(import, role)?;
            *self = fresh;
        } else {
            self.append(import, role)?;
        }
        Ok(())
    }

    fn append(&mut self, import: ImportedImages, role: ImportRole) -> Result<(), ImportFault> {
        debug_assert_eq!(import.pixels.len(), import.items.len() * self.dataset.stride());
        let images = self.dataset.examples.len() + import.items.len();
        if images * self.dataset.stride() > MAX_PIXEL_BYTES {
            return Err(ImportFault::OutOfMemory { images });
        }
        let mut classes = self.dataset.classes.clone();
        let labels = merge_classes(&mut classes, &import.classes);
        if classes.len() > usize::from(u16::MAX) {
            return Err(ImportFault::TooManyClasses { classes: classes.len() });
        }
        let first = self.dataset.examples.iter().all(|example| example.label.is_none());
        self.dataset.classes = classes;
        self.sources.push(import.name);
        self.left_out.extend(import.left_out);
        for item in import.items {
            self.file_hashes.push(item.hash);
            self.given_splits.push(given_split(role, item.split, first));
            self.dataset.examples.push(Example {
                label: item.label.and_then(|l| labels.get(usize::from(l))).map(|&l| l as u16),
                split: Split::Train,
                name: item.name,
            });
        }
        self.add_detail(images, &import.pixels, import.detail);
        if self.dataset.pixels.is_empty() {
            self.dataset.pixels = import.pixels;
        } else {
            self.dataset.pixels.reserve_exact(import.pixels.len());
            self.dataset.pixels.extend_from_slice(&import.pixels);
        }
        self.groups = duplicate_groups(&self.dataset);
        self.draw();
        Ok(())
    }

    /// Adds images to those at twice the side, of `images` in all, where some have detail and all have room. It comes
    /// before their pixels.
    fn add_detail(&mut self, images: usize, pixels: &[u8], new: Vec<u8>) {
        let old = std::mem::take(&mut self.dataset.detail);
        let Dataset { size, pixels: before, .. } = &self.dataset;
        let all = |detail: Vec<u8>, pixels| if detail.is_empty() { doubled(pixels, *size) } else { detail };
        if !has_room_for_detail(images, *size) || old.is_empty() && new.is_empty() {
            return;
        }
        let (mut old, mut new) = (all(old, before), all(new, pixels));
        self.dataset.detail = match old.is_empty() {
            true => new,
            false => {
                old.append(&mut new);
                old
            }
        };
    }

    fn draw(&mut self) {
        let all = self.dataset.examples.iter().zip(&self.given_splits).zip(&self.groups);
        let candidates: Vec<Candidate> =
            all.map(|((e, &given), &group)| Candidate { label: e.label, given, group }).collect();
        for (example, split) in self.dataset.examples.iter_mut().zip(split::draw(&candidates, self.seed)) {
            example.split = split;
        }
    }

    /// Draws the splits from another seed.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
        self.draw();
    }

    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// See [`DatasetReport::files_fingerprint`].
    pub fn files_fingerprint(&self) -> String {
        files_fingerprint(&self.dataset, &self.file_hashes)
    }

    /// The pre-flight report.
    pub fn report(&self) -> DatasetReport {
        DatasetReport {
            sources: self.sources.clone(),
            size: self.dataset.size,
            has_detail: !self.dataset.detail.is_empty(),
            images: self.dataset.examples.len(),
            classes: preflight::count_classes(&self.dataset),
            unlabelled: preflight::unlabelled(&self.dataset, Split::Train),
            unlabelled_thumbnails: preflight::unlabelled_thumbnails(&self.dataset),
            left_out: self.left_out.clone(),
            warnings: preflight::warnings(&self.dataset, &self.groups),
            duplicates: preflight::duplicate_names(&self.dataset, &self.groups),
            fingerprint: fingerprint(&self.dataset),
            files_fingerprint: self.files_fingerprint(),
            split_seed: self.seed,
        }
    }
}

/// The split that an image has before the draw, by its import's role and its folder. The `first` images with labels are
/// split like a new set even if they were added as training images, so that some of them can evaluate what was learned.
fn given_split(role: ImportRole, split: Option<Split>, first: bool) -> GivenSplit {
    match (role, split) {
        (ImportRole::AddTest, _) => GivenSplit::Fixed(Split::Test),
        (ImportRole::AddTraining, _) if !first => GivenSplit::Fixed(Split::Train),
        (_, None | Some(Split::Train)) => GivenSplit::Free,
        (_, Some(held_out)) => GivenSplit::Fixed(held_out),
    }
}

/// Adds the names that `classes` lacks; returns the index of each name. Folders `Cat` and `cat` are one class:
/// a difference in case alone is rarely meant.
fn merge_classes(classes: &mut Vec<String>, names: &[String]) -> Vec<usize> {
    let key = |name: &str| name.trim().to_lowercase();
    let mut known: HashMap<String, usize> = classes.iter().enumerate().map(|(i, name)| (key(name), i)).collect();
    let index = |name: &String| {
        *known.entry(key(name)).or_insert_with(|| {
            classes.push(name.trim().to_owned());
            classes.len() - 1
        })
    };
    names.iter().map(index).collect()
}

#[cfg(test)]
mod tests;
