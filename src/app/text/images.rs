//! Words of the page that loads images and says what was found.

use super::units::{bytes, count, duration, square};
use crate::core::dataset::{ImportRole, Split, has_room_for_detail};
use crate::core::error::{Lost, SkippedFile};
use crate::core::report::DatasetReport;

pub const TITLE: &str = "Images";
pub const INTRO: &str = "SimCLR learns from images alone; labels are only needed later, to measure what was learned. \
    Start with the sample set, or bring your own. Images are read in this tab and never leave your device.";

pub const SAMPLE_TITLE: &str = "Sample set";
pub const SAMPLE_TEXT: &str = "2 000 small pictures of ten patterns, drawn by code. Nothing to download: the quickest \
    way to see a whole run.";
/// What a screen reader hears in place of the picture of a pattern.
pub fn sample_picture(pattern: &str) -> String {
    format!("Pattern: {pattern}")
}
pub const SAMPLE_BUTTON: &str = "Load the sample set";
pub const OWN_TITLE: &str = "Your own images";
pub const ADD_TITLE: &str = "Add or replace images";
pub const DROP_HERE: &str = "Drop a folder, a zip or images here";
pub const DROP_OR: &str = "or";
pub const CHOOSE_FOLDER: &str = "Choose a folder";
pub const CHOOSE_FILES: &str = "Choose files or a zip";
pub const PHONE_HINT: &str = "On a phone, choose photos or a zip: most phones cannot hand over a folder.";
pub const FORMATS: &str = "PNG, JPEG, WebP, GIF, BMP, zip, labels.csv, CIFAR-10 binary (.bin)";
pub const SAMPLE_INSTEAD: &str = "Load the sample set instead";
pub const NOTHING_DROPPED: &str = "There was no file in what you dropped. Drop a folder, a zip or image files.";
pub const RUN_OPEN: &str = "Images can't change while a run is open. Let it finish, or end it, on";
pub const RUN_LOST: &str = "New images end the current run and its encoder. Download the encoder first if you want to keep \
    it.";

pub const ROLE: &str = "What the images are for";
/// Choices of a further import, in order.
pub const ROLES: [(ImportRole, &str, &str); 3] = [
    (ImportRole::New, "A new set", "Replaces everything that is loaded."),
    (ImportRole::AddTraining, "More training images", "Joins the set; an equal folder name is the same class."),
    (ImportRole::AddTest, "Test set", "Only for the final measurement; never trained on."),
];

/// What dropping or choosing does now.
pub fn drop_does(role: ImportRole) -> &'static str {
    match role {
        ImportRole::New => DROP_HERE,
        ImportRole::AddTraining => "Drop here to add training images",
        ImportRole::AddTest => "Drop here to add a test set",
    }
}

/// While a dropped folder is listed.
pub fn listing(files: usize) -> String {
    format!("Looking through the folder: {} files so far", count(files))
}

pub const OPTIONS: &str = "Reading";
pub const SIZE: &str = "Image size";
pub const SIZE_HELP: &str = "Every image is shrunk to a square of this side: the shorter side first, then the middle is \
    kept. Twice the side takes about four times as long to train on.";
pub const SEED: &str = "Split seed";
pub const SEED_HELP: &str =
    "Decides by chance which images train, validate and test. The same seed gives the same split.";
pub const SEED_BAD: &str = "The split seed is a whole number from 0 to 18446744073709551615, without signs or spaces.";

pub fn pixels(size: usize) -> String {
    format!("{size} × {size} pixels")
}

/// Button that reads the chosen files again.
pub fn read_again(size: usize, seed: u64) -> String {
    format!("Read again at {size} pixels, split seed {seed}")
}
pub const READ_AGAIN_HELP: &str = "Uses the files you chose before; you need not choose them again.";

pub const READING: &str = "Reading images";
pub const PREPARING: &str = "Getting ready …";
pub const CANCELLED: &str = "Reading was cancelled. Nothing was changed.";

/// `1 200 of 5 000, about 40 s left`; the total is 0 while unknown.
pub fn progress(done: u32, total: u32, seconds_left: Option<f64>) -> String {
    let counts = match total {
        0 => count(done as usize),
        _ => format!("{} of {}", count(done as usize), count(total as usize)),
    };
    match seconds_left {
        Some(seconds) => format!("{counts}, about {} left", duration(seconds)),
        None => counts,
    }
}

pub const FAILED: &str = "Nothing was loaded from these files";
pub const FAILED_KEPT: &str = "The set that was loaded before is still there, unchanged.";

/// What a screen reader says after an import.
pub fn loaded(images: usize, classes: usize) -> String {
    format!("Images loaded: {} in {} classes.", count(images), count(classes))
}

pub const REPORT: &str = "What was loaded";
pub const FROM: &str = "From";
pub const IMAGES: &str = "Images";
pub const CLASSES: &str = "Classes";
pub const TRAINING: &str = "For pre-training";
pub const UNLABELLED: &str = "Without a label";
pub fn unlabelled_help(images: usize) -> String {
    match images {
        1 => "The image without a label joins pre-training only.".into(),
        _ => format!("The {} images without a label join pre-training only.", count(images)),
    }
}
pub const TRAINED_SIZE: &str = "Size";
pub const MEMORY: &str = "Memory of images";
pub const FINGERPRINT: &str = "Fingerprint";
pub const FINGERPRINT_HELP: &str =
    "Changes when any file, label or split changes, or the size: equal fingerprints are equal sets.";

/// Device memory of the images as bytes.
pub fn memory(report: &DatasetReport) -> String {
    let copies = if report.has_detail { 5 } else { 1 };
    bytes((copies * report.images * 3 * report.size * report.size) as f64)
}

pub const CROPS: &str = "Crops are cut from";
/// The side from which crops are cut, in words.
pub fn crops(report: &DatasetReport) -> String {
    match report.has_detail {
        true => square(2 * report.size),
        false if has_room_for_detail(report.images, report.size) => square(report.size),
        false => format!("{}; for twice the side there are too many images", square(report.size)),
    }
}

pub const PRETRAIN_PAGE: &str = "the pre-training page";
pub const NEXT: &str = "Pre-train";
pub const NEXT_TEXT: &str = "Next: train an encoder on these images.";
pub fn too_few(have: usize, need: usize) -> String {
    let have = match have {
        0 => "There is no image to train on".to_owned(),
        1 => "There is only one image to train on".to_owned(),
        _ => format!("There are {} images to train on", count(have)),
    };
    // The least batch there is.
    if need <= 2 {
        format!("{have}; SimCLR contrasts images with each other and needs more. Add images.")
    } else {
        format!(
            "{have}, and a batch of the chosen settings has {}. Add images, or choose a smaller batch on the \
             pre-training page.",
            count(need)
        )
    }
}

pub const WARNINGS: &str = "Good to know";
pub const NO_WARNINGS: &str = "Nothing unusual: no duplicates, no class too small.";

pub const DUPLICATES: &str = "Copies by name";
pub const LABELS_DIFFER: &str = "Different labels.";
/// After the names of copies, so many of which are not named.
pub fn more_copies(unnamed: usize) -> String {
    match unnamed {
        0 => String::new(),
        _ => format!(" and {} more", count(unnamed)),
    }
}
pub fn show_all_warnings(n: usize) -> String {
    format!("Show all {}", count(n))
}

pub const CLASS_TABLE: &str = "Images of each class by split";
pub const CLASS: &str = "Class";
pub const TOTAL: &str = "All";
pub const EXAMPLES: &str = "Examples";
pub const SPLIT_HELP: &str = "Pre-training sees the training split only. Validation chooses settings; test is used once, at \
    the end.";
pub fn split(split: Split) -> &'static str {
    match split {
        Split::Train => "Train",
        Split::Validation => "Validation",
        Split::Test => "Test",
    }
}
pub fn show_all_classes(n: usize) -> String {
    format!("Show all {} classes", count(n))
}
/// What a screen reader hears in place of a thumbnail.
pub fn thumbnail(class: &str, name: &str) -> String {
    format!("{class}: {name}")
}

pub const LEFT_OUT: &str = "Left out";
pub const NONE_LEFT_OUT: &str = "Every file was read.";
/// How many of what was chosen were left out: files or images, parts of them, rows of a table.
pub fn left_out(list: &[SkippedFile]) -> String {
    let lost = |lost| list.iter().filter(|l| l.fault.lost() == lost).count();
    let part = |n, one: &str, many: &str| match n {
        0 => String::new(),
        1 => format!("1 {one} "),
        _ => format!("{} {many} ", count(n)),
    };
    let files = part(lost(Lost::File), "file was not used.", "files were not used.");
    let parts = part(lost(Lost::Part), "was used only in part.", "were used only in part.");
    let rows = part(lost(Lost::Row), "row of labels.csv has no effect.", "rows of labels.csv have no effect.");
    format!("{files}{parts}{rows}All else was used.")
}
pub const FILE: &str = "File";
pub const WHY: &str = "Why, and what to do";
pub fn show_more(shown: usize, all: usize) -> String {
    format!("Showing {} of {}. Show more", count(shown), count(all))
}

pub const LAYOUT_TITLE: &str = "How to lay out a folder";
/// Heading, example, explanation.
pub const LAYOUTS: [(&str, &str, &str); 5] = [
    (
        "One folder a class",
        "flowers/\n  rose/   1.jpg  2.jpg …\n  tulip/  1.jpg  2.jpg …",
        "The folder's name is the label. 60 % train, 20 % validate and 20 % test, by chance. A zip of this works too.",
    ),
    (
        "With your own test set",
        "flowers/\n  train/  rose/ …  tulip/ …\n  test/   rose/ …  tulip/ …",
        "20 % of the training images validate. You can also load the test set as a second folder or zip.",
    ),
    (
        "Some or all without labels",
        "flowers/\n  rose/ …\n  tulip/ …\n  unlabeled/  1.jpg  2.jpg …",
        "Unlabelled images join pre-training only. A flat folder of images works: evaluation then waits for labels.",
    ),
    (
        "A table of labels",
        "photos/\n  labels.csv   file,label\n               a.jpg,rose\n  a.jpg  b.jpg …",
        "Two columns, file and label; paths are relative to the table.",
    ),
    (
        "CIFAR-10, binary version",
        "data_batch_1.bin … data_batch_5.bin\ntest_batch.bin\nbatches.meta.txt",
        "Batches named test become the test set; class names come from batches.meta.txt.",
    ),
];
pub const LAYOUT_NOTE: &str = "HEIC and AVIF photos must be saved as JPEG or PNG first. What systems leave behind \
    (__MACOSX, .DS_Store, Thumbs.db) is ignored.";
