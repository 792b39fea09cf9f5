//! Faults of what is stored, downloaded, or opened as published weights.

use crate::app::text::units::{bytes, bytes_of, counted};
use crate::app::text::{Explanation, explain};
use crate::core::error::{DownloadFault, StorageFault};
use crate::core::weights_file::{WeightsFault, WrongShape};

/// Why something was not stored or read.
pub fn storage_fault(fault: &StorageFault) -> Explanation {
    match fault {
        StorageFault::Unavailable { detail } => explain(
            format!("This browser offers no place to store runs here ({detail})."),
            "Leave the private window, or update the browser. Training works without; download what you want to keep.",
        ),
        StorageFault::Full { needed, free } => {
            let size = |n: &u64| bytes(*n as f64);
            let what = match (needed.as_ref().map(size), free.as_ref().map(size)) {
                (Some(needed), Some(free)) => {
                    format!("There is no room to store this: it takes {needed}, {free} are left.")
                }
                (Some(needed), None) => format!("There is no room to store this: it takes {needed}."),
                (None, Some(free)) => format!("There is no room to store this: {free} are left."),
                (None, None) => "There is no room to store this.".to_owned(),
            };
            explain(
                what,
                "Delete runs or kept images at the page Runs, deleted runs for good, then try again. What was stored before is unharmed.",
            )
        }
        StorageFault::Held { what } => {
            explain(format!("Another tab of this site has {what} open."), "Close that tab, or go on there.")
        }
        StorageFault::Damaged { what, detail } if what == "queue" => {
            explain(format!("The stored queue cannot be read ({detail})."), "Clear it on the page Runs: the runs stay.")
        }
        StorageFault::Damaged { what, detail } if what.ends_with("/state") => explain(
            format!("What was stored of {} cannot be read ({detail}).", part(what)),
            "The run cannot go on. Its settings, results and curve are whole: the page Runs still compares them.",
        ),
        StorageFault::Damaged { what, detail } => explain(
            format!("What was stored of {} cannot be read ({detail}).", part(what)),
            "Delete it to free the room; nothing else is harmed.",
        ),
        StorageFault::Newer { what, found } => explain(
            format!("A newer version of this program has stored {} (format {found}). It is unharmed.", part(what)),
            "Close every tab of this site and open it again: that brings the newest version, which opens it.",
        ),
        StorageFault::LostCurve { run, detail } => explain(
            format!("The curve of run {run} cannot be read ({detail})."),
            "Its settings, results and weights are whole: it can go on, and its charts begin at its next step.",
        ),
        StorageFault::Denied { detail } => explain(
            format!("The browser does not let this site store anything ({detail})."),
            "Allow this site to store data in the browser's settings, then reload.",
        ),
        StorageFault::NotFound { what } => explain(
            format!("There is nothing stored of {what} any more."),
            "Another tab may have deleted it: reload the page.",
        ),
    }
}

/// A stored value in words, by its path.
fn part(what: &str) -> String {
    let places: Vec<&str> = what.split('/').collect();
    match places[..] {
        ["runs", run, value] => {
            let value = match value {
                "record" => "settings and results",
                "curve" => "curve",
                "state" => "weights",
                "tuning" => "unfinished fine-tuning",
                _ => "classifier",
            };
            format!("run {run} ({value})")
        }
        ["images", fingerprint, ..] => format!("the kept images {fingerprint}"),
        ["weights", network, ..] => format!("the kept weights of {network}"),
        ["queue"] => "the queue".to_owned(),
        _ => what.to_owned(),
    }
}

const FROM_A_FILE: &str = "or download the file yourself and choose it here";

/// Why published weights were not downloaded.
pub fn download_fault(fault: &DownloadFault) -> Explanation {
    match fault {
        DownloadFault::Unreachable { address, detail } => explain(
            format!("{} could not be reached ({detail}).", host(address)),
            format!("Check your connection and try again, {FROM_A_FILE}."),
        ),
        DownloadFault::Interrupted { received, total, detail } => explain(
            format!("The connection broke after {} ({detail}).", bytes_of(*received as f64, *total as f64)),
            "Try again: it goes on from there.",
        ),
        DownloadFault::Status { address, status } => explain(
            format!("{} answered with status {status} in place of the weights.", host(address)),
            format!("Try again later, {FROM_A_FILE}."),
        ),
        DownloadFault::WrongLength { expected, found } => explain(
            format!("Another file came than expected: it has {found} bytes in place of {expected}."),
            format!("Nothing of it is used. Try again, {FROM_A_FILE}."),
        ),
        DownloadFault::WrongSum { expected, found } => explain(
            format!(
                "Another file came than expected: its SHA-256 begins with {} in place of {}.",
                &found[..found.len().min(8)],
                &expected[..expected.len().min(8)]
            ),
            format!("Nothing of it is used. Try again, {FROM_A_FILE}."),
        ),
    }
}

/// The host of an address.
fn host(address: &str) -> &str {
    address.split('/').nth(2).unwrap_or(address)
}

/// Names that are listed before "and … more".
const SHOWN: usize = 3;

const ANOTHER: &str = "Choose a safetensors file or a .pth state dict of torchvision or timm. Nothing was changed.";
const AGAIN: &str = "Download it again where it came from. Nothing was changed.";
const STATE_DICT: &str = "Save model.state_dict() with torch.save, or use safetensors. Nothing of the file was run.";

/// Why a file of published weights was not used.
pub fn weights_fault(fault: &WeightsFault) -> Explanation {
    match fault {
        WeightsFault::Empty => explain("The file is empty.", AGAIN),
        WeightsFault::TooLarge { bytes: size } => explain(
            format!("The file has {}, more than fits into memory here.", bytes(*size as f64)),
            "Save the weights without their classifier and optimiser, or in 16-bit floats.",
        ),
        WeightsFault::Unreadable { detail } => explain(
            format!("The browser could not read the file ({detail})."),
            "Choose it again; it may have been moved or changed.",
        ),
        WeightsFault::NotWeights { looks_like } => {
            let kind = looks_like.as_ref().map_or_else(String::new, |kind| format!("; it looks like this: {kind}"));
            explain(format!("The file holds no weights: it is neither safetensors nor PyTorch's{kind}."), ANOTHER)
        }
        WeightsFault::Damaged { detail } => explain(format!("The file is damaged or cut off: {detail}."), AGAIN),
        WeightsFault::TorchScript => explain("The file is a TorchScript program, not a state dict.", STATE_DICT),
        WeightsFault::Instruction { name, at } => explain(
            format!("The pickle in the file uses {name} (byte {at}), which a state dict does not need."),
            STATE_DICT,
        ),
        WeightsFault::Global { name } => explain(
            format!("The pickle in the file names {name}, which a state dict does not need: it may be a whole model."),
            STATE_DICT,
        ),
        WeightsFault::NotAStateDict { found } => {
            explain(format!("The file is PyTorch's, but no state dict: it holds {found}."), STATE_DICT)
        }
        WeightsFault::Type { name, found } => {
            explain(format!("{name} is stored as {found}, but must be floating-point numbers."), ANOTHER)
        }
        WeightsFault::UnknownNetwork { seems, tensors, first } => {
            let seems = seems.as_ref().map_or_else(String::new, |seems| format!("; it seems to be {seems}"));
            let (tensors, first) = (counted(*tensors, "tensor"), list(first));
            explain(
                format!("The file holds {tensors} ({first}), but of no network that is known here{seems}."),
                ANOTHER,
            )
        }
        WeightsFault::Unfit { seems, nearest, missing, wrong, unknown } => {
            let nearest = nearest.name();
            let mut what = match seems {
                Some(seems) if seems == nearest => format!("The file seems to be {seems}, but does not fit it."),
                Some(seems) => format!(
                    "The file seems to be {seems}, which is not known here; it does not fit {nearest}, the nearest."
                ),
                None => format!("The file does not fit {nearest}, the nearest of the networks that are known here."),
            };
            let shape = |w: &WrongShape| format!("{} is {:?} instead of {:?}", w.name, w.found, w.expected);
            let wrong: Vec<String> = wrong.iter().map(shape).collect();
            for (head, names) in [("Missing", missing), ("Wrong shape", &wrong), ("Too much", unknown)] {
                if !names.is_empty() {
                    what += &format!(" {head}: {}.", list(names));
                }
            }
            explain(what, ANOTHER)
        }
    }
}

/// The first of some names, and how many more there are.
fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
