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
mod tests {
    use super::*;
    use crate::core::{dataset::hash, report::DatasetWarning};

    /// `(class, images)` each, every image of other pixels. `salt` sets imports apart.
    fn import(name: &str, salt: u8, classes: &[(&str, usize)]) -> ImportedImages {
        let mut import = ImportedImages { name: name.to_owned(), ..ImportedImages::default() };
        for (label, (class, images)) in classes.iter().enumerate() {
            import.classes.push((*class).to_owned());
            for i in 0..*images {
                let (pixels, name) = ([salt, label as u8, i as u8], format!("{class}/{i}"));
                import.items.push(ImportedImage { name, label: Some(label as u16), split: None, hash: hash(&pixels) });
                import.pixels.extend(pixels);
            }
        }
        import
    }

    fn counts(collection: &Collection) -> Vec<(String, [usize; 3])> {
        let row = |c: crate::core::report::ClassCount| (c.name, [c.train, c.validation, c.test]);
        collection.report().classes.into_iter().map(row).collect()
    }

    fn row(name: &str, counts: [usize; 3]) -> (String, [usize; 3]) {
        (name.to_owned(), counts)
    }

    #[test]
    fn a_new_set_is_split_and_another_replaces_it() {
        let mut all = Collection::new(1, 1);
        all.add(import("one", 1, &[("cat", 50), ("dog", 10)]), ImportRole::New).unwrap();
        assert_eq!(counts(&all), [row("cat", [30, 10, 10]), row("dog", [6, 2, 2])]);
        all.add(import("two", 2, &[("car", 10), ("bus", 10)]), ImportRole::New).unwrap();
        assert_eq!(counts(&all), [row("car", [6, 2, 2]), row("bus", [6, 2, 2])]);
        assert_eq!(all.report().sources, ["two"]);
        assert_eq!(all.report().images, 20);
        assert!(all.report().can_evaluate());
    }

    #[test]
    fn a_test_set_takes_the_place_of_a_drawn_one_and_matches_classes_by_name() {
        let mut all = Collection::new(1, 1);
        all.add(import("train.zip", 1, &[("cat", 50), ("dog", 50)]), ImportRole::New).unwrap();
        all.add(import("test.zip", 2, &[("Dog", 7), ("cat ", 5), ("emu", 2)]), ImportRole::AddTest).unwrap();
        let want = [row("cat", [40, 10, 5]), row("dog", [40, 10, 7]), row("emu", [0, 0, 2])];
        assert_eq!(counts(&all), want);
        let lacking = DatasetWarning::NotInTraining { class: "emu".to_owned(), images: 2 };
        assert!(all.report().warnings.contains(&lacking));
    }

    #[test]
    fn a_test_set_joins_one_that_came_with_the_images() {
        let mut first = import("one", 1, &[("cat", 20), ("dog", 20)]);
        first.items.iter_mut().step_by(4).for_each(|item| item.split = Some(Split::Test));
        let mut all = Collection::new(1, 1);
        all.add(first, ImportRole::New).unwrap();
        assert_eq!(counts(&all)[0], row("cat", [12, 3, 5]));
        all.add(import("two", 2, &[("cat", 3)]), ImportRole::AddTest).unwrap();
        assert_eq!(counts(&all)[0], row("cat", [12, 3, 8]));
    }

    #[test]
    fn more_training_images_leave_the_splits_of_the_others() {
        let mut all = Collection::new(1, 1);
        all.add(import("one", 1, &[("cat", 50), ("dog", 50)]), ImportRole::AddTraining).unwrap();
        let before: Vec<Split> = all.dataset().examples.iter().map(|e| e.split).collect();
        assert_eq!(counts(&all)[0], row("cat", [30, 10, 10]), "the first import is a new set");
        all.add(import("two", 2, &[("cat", 5)]), ImportRole::AddTraining).unwrap();
        let after: Vec<Split> = all.dataset().examples.iter().map(|e| e.split).collect();
        assert_eq!(before, after[..100]);
        assert_eq!(counts(&all)[0], row("cat", [35, 10, 10]));
    }

    #[test]
    fn the_first_labels_open_evaluation_also_as_more_training_images() {
        let mut flat = import("flat", 1, &[("", 20)]);
        flat.classes.clear();
        flat.items.iter_mut().for_each(|item| item.label = None);
        let mut all = Collection::new(1, 1);
        all.add(flat, ImportRole::New).unwrap();
        assert!(!all.report().can_evaluate());
        all.add(import("labelled", 2, &[("cat", 10), ("dog", 10)]), ImportRole::AddTraining).unwrap();
        assert_eq!(counts(&all), [row("cat", [6, 2, 2]), row("dog", [6, 2, 2])]);
        assert!(all.report().can_evaluate() && all.report().can_measure());
        assert_eq!((all.report().unlabelled, all.report().training_images()), (20, 32));
        // From then on more training images train.
        all.add(import("more", 3, &[("cat", 5)]), ImportRole::AddTraining).unwrap();
        assert_eq!(counts(&all)[0], row("cat", [11, 2, 2]));
    }

    #[test]
    fn an_import_that_does_not_fit_changes_nothing() {
        let mut all = Collection::new(1, 1);
        all.add(import("one", 1, &[("cat", 5)]), ImportRole::New).unwrap();
        let before = all.report();
        let many =
            ImportedImages { classes: (0..70_000).map(|i| i.to_string()).collect(), ..ImportedImages::default() };
        assert!(matches!(all.add(many, ImportRole::AddTest), Err(ImportFault::TooManyClasses { .. })));
        assert_eq!(all.report(), before);
    }

    #[test]
    fn a_set_comes_back_from_its_parts() {
        let mut all = Collection::new(1, 1);
        all.add(import("one", 1, &[("cat", 5), ("dog", 4)]), ImportRole::New).unwrap();
        let json = serde_json::to_string(&all).unwrap();
        let back = || serde_json::from_str::<Collection>(&json).unwrap();
        let pixels = all.dataset().pixels.clone();
        assert_eq!(back().with_pixels(pixels.clone(), Vec::new()).unwrap().report(), all.report());
        assert!(back().with_pixels(pixels[1..].to_vec(), Vec::new()).is_err());
        assert!(back().with_pixels(pixels.clone(), pixels.clone()).is_err());
        let detail = doubled(&pixels, 1);
        assert_eq!(back().with_pixels(pixels, detail.clone()).unwrap().dataset().detail, detail);
    }

    #[test]
    fn detail_is_of_all_images_or_none_and_is_not_in_the_fingerprint() {
        let set = |size, detail: &[u8]| {
            let mut one = import("one", 1, &[("cat", 2)]);
            one.pixels = (0..2).flat_map(|image| vec![image; 3 * size * size]).collect();
            one.detail = detail.to_vec();
            let mut all = Collection::new(size, 1);
            all.add(one, ImportRole::New).unwrap();
            all
        };
        let fine: Vec<u8> = (0..24).collect();
        let (with, without) = (set(1, &fine), set(1, &[]));
        assert!(with.report().has_detail && !without.report().has_detail);
        assert_eq!(with.report().fingerprint, without.report().fingerprint);
        // Images that have none are enlarged.
        let plain = import("two", 7, &[("cat", 1)]);
        let (mut first, mut second) = (with.clone(), without);
        first.add(plain.clone(), ImportRole::AddTest).unwrap();
        assert_eq!(first.dataset().detail, [&fine[..], &doubled(&plain.pixels, 1)].concat());
        second.add(ImportedImages { detail: fine[..12].to_vec(), ..plain }, ImportRole::AddTest).unwrap();
        assert_eq!(second.dataset().detail, [&doubled(&[0, 0, 0, 1, 1, 1], 1), &fine[..12]].concat());
        // Where there is no room for all, there is none.
        assert!(has_room_for_detail(2_000, 128) && !has_room_for_detail(2_000, 224));
        assert_eq!(doubled(&[1, 2, 3, 4], 2), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    }

    #[test]
    fn a_set_that_was_kept_without_hashes_of_files_has_its_pixels_fingerprint_alone() {
        let mut all = Collection::new(1, 1);
        all.add(import("one", 1, &[("cat", 5), ("dog", 4)]), ImportRole::New).unwrap();
        let mut json = serde_json::to_value(&all).unwrap();
        json.as_object_mut().unwrap().remove("file_hashes").unwrap();
        let old: Collection = serde_json::from_value(json).unwrap();
        let mut old = old.with_pixels(all.dataset().pixels.clone(), Vec::new()).unwrap();
        let (before, now) = (old.report(), all.report());
        assert_eq!((&before.fingerprint, before.files_fingerprint.as_str()), (&now.fingerprint, ""));
        assert!(!now.files_fingerprint.is_empty());
        old.add(import("two", 2, &[("cat", 3)]), ImportRole::AddTraining).unwrap();
        assert_eq!(old.report().files_fingerprint, "", "of some images only");
        old.add(import("one", 1, &[("cat", 5), ("dog", 4)]), ImportRole::New).unwrap();
        assert_eq!(old.report(), now);
    }

    #[test]
    fn the_seed_moves_images_between_splits_and_back() {
        let mut all = Collection::new(1, 1);
        all.add(import("one", 1, &[("cat", 50), ("dog", 50)]), ImportRole::New).unwrap();
        let first = all.report().fingerprint;
        all.reseed(2);
        assert_ne!(all.report().fingerprint, first);
        all.reseed(1);
        assert_eq!(all.report().fingerprint, first);
    }
}
