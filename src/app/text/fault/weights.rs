//! What kept a file of published weights from being used.

use crate::app::text::units::bytes;
use crate::app::text::{Explanation, explain};
use crate::core::weights_file::{WeightsFault, WrongShape};

/// Names that are listed before "and … more".
const SHOWN: usize = 3;

const ANOTHER: &str = "Choose a safetensors file or a .pth state dict of torchvision or timm. Nothing was changed.";
const AGAIN: &str = "Download it again where it came from. Nothing was changed.";
const STATE_DICT: &str = "Save model.state_dict() with torch.save, or use safetensors. Nothing of the file was run.";

pub fn fault(fault: &WeightsFault) -> Explanation {
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
            let tensors = if *tensors == 1 { "1 tensor".into() } else { format!("{tensors} tensors") };
            let what =
                format!("The file holds {tensors} ({}), but of no network that is known here{seems}.", list(first));
            explain(what, ANOTHER)
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
