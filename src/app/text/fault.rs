//! Every fault and warning in words: what happened, and what to do about it.

mod stored;

use super::images::split;

use super::units::{bytes, count, counted};
use super::{Explanation, explain};
use crate::core::error::{ConfigFault, DeviceFault, Fault, FileFault, ImportFault, Lost, RunArchiveFault};
use crate::core::{config::pretrain_settings::from_key, dataset::Split, metrics::MOST_CLASSES, report::DatasetWarning};

pub fn fault(fault: &Fault) -> Explanation {
    match fault {
        Fault::Import(import) => import_fault(import),
        Fault::Config(fields) => config_fault(fields),
        Fault::Device(device) => device_fault(device),
        Fault::Storage(storage) => stored::storage_fault(storage),
        Fault::RunArchive(fault) => run_archive_fault(fault),
        Fault::Download(download) => stored::download_fault(download),
        Fault::Weights(weights) => stored::weights_fault(weights),
        Fault::NoWeights { encoder } => explain(
            format!("This needs ImageNet weights of {}, and none are here.", encoder.name()),
            "Load or fetch them at Encoder and head on the page Pre-train, then try again.",
        ),
        Fault::WrongImages { expected, found: None } => explain(
            format!("This run needs the images it was started on (fingerprint {expected}); none are loaded."),
            "Load the same images again, in the same order and at the same size, then resume.",
        ),
        Fault::WrongImages { expected, found: Some(found) } => explain(
            format!(
                "This run was started on other images (fingerprint {expected}) than those that are loaded ({found})."
            ),
            "Load the images of the run, in the same order and at the same size, or start a new run on these.",
        ),
        Fault::TooFewImages { have, need } => explain(
            format!("There are {} training images; one batch of these settings needs {}.", count(*have), count(*need)),
            "Choose a smaller batch, or add images.",
        ),
        Fault::WrongSize { images, config } => explain(
            format!("The images are {images} pixels wide, but the settings say {config}."),
            "Choose that size on the page Images; the files are read again.",
        ),
        Fault::NotFinite { step } => explain(
            format!("The loss or the weights stopped being numbers at step {}.", count(*step as usize)),
            "The learning rate is too high, as a rule: halve it, or raise the temperature, and start again.",
        ),
        Fault::OutputsNotFinite => explain(
            "The network answers images with values that are no numbers, so there is nothing to judge.",
            "Its weights are spoilt: train again with a lower learning rate, or load other weights.",
        ),
        Fault::NoLabels => explain(
            "A classifier needs labelled images of two classes to a thousand among training and test images.",
            "Add images in one folder per class, or a labels.csv. Pre-training works without labels.",
        ),
        Fault::NoDataset => explain("No images are loaded.", "Load the sample set or your own images first."),
        Fault::NoEncoder => explain("No encoder has been trained yet.", "Pre-train one first; a few steps are enough."),
        Fault::Busy => {
            explain("That cannot be done while something else is running.", "Wait for it to end, or cancel it.")
        }
        Fault::OutOfMemory { detail } => explain(
            format!("The device ran out of memory ({detail})."),
            "Choose smaller images, or fewer. To train, a smaller batch or encoder width helps too.",
        ),
        Fault::NeedsMemory { need, limit } => explain(
            format!(
                "These settings need about {} of memory; on the CPU a browser gives about {}.",
                bytes(*need as f64),
                bytes(*limit as f64)
            ),
            "Choose a smaller batch, encoder width or image size.",
        ),
        Fault::Stopped => explain("It was given up before it was done.", "Try again."),
        Fault::Version { page, worker } => explain(
            format!(
                "The page (protocol {page}) and the training program (protocol {worker}) are of different versions."
            ),
            "Clear this site's cached files in your browser's settings, then reload.",
        ),
        Fault::NotLoaded { detail } => explain(
            format!("The training program could not be loaded ({detail})."),
            "Check your connection, then restart it. If it happens again, reload the page.",
        ),
        Fault::Internal { detail } => explain(
            format!("Something went wrong inside the program: {detail}"),
            "Restart the training program. If it happens again, please report this message.",
        ),
    }
}

fn run_archive_fault(fault: &RunArchiveFault) -> Explanation {
    match fault {
        RunArchiveFault::NotAZip { detail } => explain(
            format!("This file is no zip archive that can be read ({detail})."),
            "Choose the archive as it was exported here. Nothing was changed.",
        ),
        RunArchiveFault::NotARun => explain(
            "This archive holds no run: it has no run.json.",
            "Choose an archive that this program gave. To load images, go to the page Images. Nothing was changed.",
        ),
        RunArchiveFault::Newer { found } => explain(
            format!("A newer version of this program has made this archive (format {found})."),
            "Close every tab of this site and open it again: that brings the newest version. Nothing was changed.",
        ),
        RunArchiveFault::Damaged { file, detail } => explain(
            format!("In this archive {file} can't be used ({detail})."),
            "Export the run again where it was made, and do not unpack or change it. Nothing was changed.",
        ),
    }
}

fn import_fault(fault: &ImportFault) -> Explanation {
    match fault {
        ImportFault::NoImages { left_out } if left_out.is_empty() => explain(
            "None of these files is an image that can be read.",
            "Choose PNG, JPEG, WebP, GIF or BMP images, a folder or a zip of them.",
        ),
        ImportFault::NoImages { left_out } => {
            let files = left_out.iter().filter(|l| l.fault.lost() == Lost::File);
            let first = files.clone().next().unwrap_or(&left_out[0]);
            let why = file_fault(&first.fault);
            let what = match files.count() {
                0 | 1 => format!("No image could be used. {}: {}", first.file, why.what),
                n => format!("None of these {} files could be used. The first, {}: {}", count(n), first.file, why.what),
            };
            explain(what, why.todo)
        }
        ImportFault::NoFiles => {
            explain("There were no files in what was chosen.", "Choose a folder that holds images, or a zip of one.")
        }
        ImportFault::NeedsFiles => explain(
            "These images were kept from an earlier visit, at this size only.",
            "Choose their files again to use them at another size or to add to them.",
        ),
        ImportFault::NotAZip { file, detail } => explain(
            format!("{file} is not a zip archive that can be read ({detail})."),
            "Pack the folder again as a plain .zip, or choose the folder itself.",
        ),
        ImportFault::OutOfMemory { images } => explain(
            format!("{} images of this size do not fit into memory.", count(*images)),
            "Choose a smaller image size, or fewer images.",
        ),
        ImportFault::TooManyClasses { classes } => explain(
            format!("{} classes are more than the program can count (65 535).", count(*classes)),
            "If each image has its own folder, put them into one folder: they then count as unlabelled.",
        ),
    }
}

fn config_fault(fields: &[ConfigFault]) -> Explanation {
    let list: Vec<String> = fields.iter().map(one_field).collect();
    explain(list.join(" "), "Correct them and try again.")
}

/// What is wrong with one setting.
pub fn one_field(fault: &ConfigFault) -> String {
    match fault.accepts.as_str() {
        // Nothing is accepted for a key that is not known.
        "" => format!("There is no setting called {}.", fault.field),
        _ => {
            let label = from_key(&fault.field).map_or(fault.field.as_str(), |setting| super::settings::label(setting));
            setting_fault(label, fault)
        }
    }
}

/// What is wrong with the setting of this label.
pub fn setting_fault(label: &str, fault: &ConfigFault) -> String {
    format!("{label} is {}; accepted: {}.", fault.value, fault.accepts)
}

/// Why WebGPU is not in use, and what helps.
pub fn device_fault(fault: &DeviceFault) -> Explanation {
    match fault {
        DeviceFault::InsecureOrigin => explain(
            "WebGPU is off because this page was loaded over plain http.",
            "Open it over https, or from localhost.",
        ),
        DeviceFault::NoApi => {
            explain("This browser has no WebGPU.", "Use a recent Chrome, Edge, Safari or Firefox, or train on the CPU.")
        }
        DeviceFault::NoAdapter => explain(
            "The browser has WebGPU, but found no graphics adapter for it.",
            "Turn on hardware acceleration in the browser's settings and update the graphics driver, or train on the CPU.",
        ),
        DeviceFault::NoDevice { detail } => explain(
            format!("The graphics adapter gave no device ({detail})."),
            "Close other tabs that use the GPU and reload, or train on the CPU.",
        ),
        DeviceFault::Lost { detail } => explain(
            format!("The connection to the GPU was lost ({detail})."),
            "This happens when the driver restarts or memory runs out. Restart, with a smaller batch if it happens again.",
        ),
    }
}

/// Why one file was left out of an import.
pub fn file_fault(fault: &FileFault) -> Explanation {
    const CONVERT: &str = "Convert it to JPEG or PNG.";
    match fault {
        FileFault::Empty => explain("The file is empty.", "Copy it again from its source."),
        FileFault::NotAnImage { looks_like: None } => explain("Not an image that the program knows.", CONVERT),
        FileFault::NotAnImage { looks_like: Some(kind) } => explain(
            format!("Not an image: it looks like {kind}."),
            if ["image", "drawing", "document", "icon"].iter().any(|end| kind.ends_with(end)) {
                "Remove it, or convert it to JPEG or PNG."
            } else if kind.ends_with("archive") {
                "If it holds images, unpack it and choose the folder, or choose a zip by itself."
            } else {
                "It may stay where it is: what is no image is passed over."
            },
        ),
        FileFault::Heic => explain(
            "HEIC images cannot be read in a browser.",
            "Convert it to JPEG; on an iPhone, choose Settings, Camera, Formats, Most Compatible for new photos.",
        ),
        FileFault::Avif => explain("AVIF images are not read.", CONVERT),
        FileFault::Damaged { detail } => {
            explain(format!("It is damaged or cut short ({detail})."), "Copy it again from its source.")
        }
        FileFault::Unsupported { detail } => {
            explain(format!("This kind of image file is not read ({detail})."), "Save it as an ordinary JPEG or PNG.")
        }
        FileFault::CutBatch { records: 1 } => explain(
            "It ends in the middle of an image; the one before it was used.",
            "Copy it again from its source to have all.",
        ),
        FileFault::CutBatch { records } => explain(
            format!("It ends in the middle of an image; the {} before it were used.", count(*records)),
            "Copy it again from its source to have all.",
        ),
        FileFault::TooLarge { width, height } => explain(
            format!("The image has {width} × {height} pixels, more than the program reads."),
            "Shrink it; a few hundred pixels are plenty here.",
        ),
        FileFault::TooManyBytes { bytes: size } => explain(
            format!("The file has {}, more than the program reads.", bytes(*size as f64)),
            "Choose a smaller file. Of an image a few hundred pixels are plenty here; of a table, the rows of these images.",
        ),
        FileFault::Bomb => explain(
            "It unpacks to far more than its packed size.",
            "If you trust it, unpack it yourself and choose the folder.",
        ),
        FileFault::UnsafePath => {
            explain("Its path leads out of the archive.", "Pack the folder again; the rest of the archive was read.")
        }
        FileFault::Encrypted => {
            explain("The zip entry is encrypted.", "Unpack it with its password and choose the folder.")
        }
        FileFault::Compression { method } => explain(
            format!("The zip entry is packed by {method}, which the program does not unpack."),
            "Pack the folder again with the usual method (deflate).",
        ),
        FileFault::NoSuchFile => {
            explain("labels.csv names it, but it is not among the files.", "Add the file, or take its row out.")
        }
        FileFault::NotInLabels => explain(
            "labels.csv does not name it, so it joins pre-training without a label.",
            "Add a row for it to use its label.",
        ),
        FileFault::BadRow { line } => {
            explain(format!("Line {line} of labels.csv cannot be read."), "Write it as file,label.")
        }
        FileFault::Unreadable { detail } => explain(
            format!("The browser could not read the file ({detail})."),
            "Choose it again; it may have been moved or changed.",
        ),
    }
}

/// Something to know before training.
pub fn warning(warning: &DatasetWarning) -> Explanation {
    match warning {
        DatasetWarning::SmallClass { class, images } => explain(
            match images {
                0 => format!("Class {class} has no image."),
                1 => format!("Class {class} has only 1 image."),
                _ => format!("Class {class} has only {} images.", count(*images)),
            },
            "It cannot be judged fairly: add images, or leave the class out.",
        ),
        DatasetWarning::NotHeldOut { class, images, splits } => {
            let lacking: Vec<String> = splits.iter().map(|s| split(*s).to_lowercase()).collect();
            let of = format!("None of the {} images of class {class} is for {}.", count(*images), lacking.join(" or "));
            match splits.contains(&Split::Test) {
                true => explain(of, "The class is not measured in evaluation: add images of it to the test set."),
                false => explain(of, "The class has no say when settings are chosen: add validation images of it."),
            }
        }
        DatasetWarning::OneClass { class } => explain(
            format!("All labelled images are of one class, {class}."),
            "Pre-training works; add a second class to evaluate.",
        ),
        DatasetWarning::NoLabels => explain(
            "These images have no labels.",
            "Pre-training needs none. To evaluate afterwards, add images in one folder per class.",
        ),
        DatasetWarning::Duplicates { groups, images } => explain(
            format!("{} images have exact copies in the set ({}).", count(*images), counted(*groups, "group")),
            "Copies are kept in one split, so that no test image was trained on.",
        ),
        DatasetWarning::ConflictingLabels { images } => explain(
            format!("{} images have the same pixels as another, but a different label.", count(*images)),
            "Check their labels: no classifier can get them all right.",
        ),
        DatasetWarning::UnlabelledTest { images } => explain(
            match images {
                1 => "1 image that is for test or validation has no label.".to_owned(),
                _ => format!("{} images that are for test or validation have no label.", count(*images)),
            },
            "Without one an image there is neither trained on nor evaluated.",
        ),
        DatasetWarning::TooManyClasses { classes } => explain(
            format!(
                "{} classes are more than a classifier is judged with here ({}).",
                count(*classes),
                count(MOST_CLASSES)
            ),
            "Pre-training works. To evaluate, fine-tune or compare, leave classes out or join them.",
        ),
        DatasetWarning::NotInTraining { class, images } => explain(
            match images {
                1 => format!("The only image of class {class} is held out: there is none to train on."),
                _ => format!("All {} images of class {class} are held out: there is none to train on.", count(*images)),
            },
            "A classifier cannot learn it: add training images of it, or leave it out.",
        ),
    }
}
