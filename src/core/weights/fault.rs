//! What keeps a file of weights from being used.

use crate::core::imagenet::ImageNetEncoder;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A tensor that a network and a file have in different shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongShape {
    pub name: String,
    pub expected: Vec<usize>,
    pub found: Vec<usize>,
}

/// Why a file gives no encoder. `Display` says it in plain sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeightsFault {
    Empty,
    /// Neither safetensors nor PyTorch's; what it is by its first bytes, where that can be said.
    NotWeights {
        looks_like: Option<String>,
    },
    /// Cut off or changed.
    Damaged {
        detail: String,
    },
    /// A program for `torch.jit`, not a state dict.
    TorchScript,
    /// An instruction of Python's pickle that a state dict does not need, and its place.
    Instruction {
        name: String,
        at: usize,
    },
    /// A class or function that a state dict does not need.
    Global {
        name: String,
    },
    /// A pickle without tensors by name; what it holds instead.
    NotAStateDict {
        found: String,
    },
    /// A tensor of the network that is stored as something else than floats.
    Type {
        name: String,
        found: String,
    },
    /// Tensors, but of no network that the program has: what it seems to be, how many tensors it
    /// has and the names of the first.
    UnknownNetwork {
        seems: Option<String>,
        tensors: usize,
        first: Vec<String>,
    },
    /// Nearly one of the program's networks.
    Unfit {
        seems: Option<String>,
        nearest: ImageNetEncoder,
        /// In the network, but not in the file.
        missing: Vec<String>,
        wrong: Vec<WrongShape>,
        /// In the file, but not in the network.
        unknown: Vec<String>,
    },
}

/// Names that are listed before "and … more".
const SHOWN: usize = 3;

/// The first of some names, and how many more there are.
fn list(names: &[String]) -> String {
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn tensors(count: usize) -> String {
    if count == 1 { "1 tensor".into() } else { format!("{count} tensors") }
}

impl fmt::Display for WeightsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "The file is empty."),
            Self::NotWeights { looks_like } => {
                write!(f, "The file holds no weights: it is neither safetensors nor a PyTorch state dict")?;
                match looks_like {
                    Some(kind) => write!(f, ", it looks like this: {kind}."),
                    None => write!(f, "."),
                }
            }
            Self::Damaged { detail } => write!(f, "The file is damaged or cut off: {detail}."),
            Self::TorchScript => write!(
                f,
                "The file is a TorchScript program, not a state dict. Save model.state_dict() with torch.save instead."
            ),
            Self::Instruction { name, at } => write!(
                f,
                "The pickle in the file uses the instruction {name} (byte {at}), which a state dict does not need. \
                 Nothing of it was run. Save model.state_dict() with torch.save, or use safetensors."
            ),
            Self::Global { name } => write!(
                f,
                "The pickle in the file names {name}, which a state dict does not need: it may hold a whole model. \
                 Nothing of it was run. Save model.state_dict() with torch.save, or use safetensors."
            ),
            Self::NotAStateDict { found } => {
                write!(f, "The file is a PyTorch file, but not a state dict: it holds {found}.")
            }
            Self::Type { name, found } => {
                write!(f, "{name} is stored as {found}, but must be of floating-point numbers.")
            }
            Self::UnknownNetwork { seems, tensors: count, first } => {
                write!(
                    f,
                    "The file holds {} ({}), but of no network that this program has",
                    tensors(*count),
                    list(first)
                )?;
                match seems {
                    Some(seems) => write!(f, "; it seems to be {seems}."),
                    None => write!(f, "."),
                }
            }
            Self::Unfit { seems, nearest, missing, wrong, unknown } => {
                let nearest = nearest.name();
                match seems {
                    Some(seems) if seems == nearest => write!(f, "The file seems to be {seems}, but does not fit it.")?,
                    Some(seems) => {
                        write!(f, "The file seems to be {seems}, which this program does not have")?;
                        write!(f, "; it does not fit {nearest}, the nearest.")?;
                    }
                    None => write!(f, "The file does not fit {nearest}, the nearest of this program's networks.")?,
                }
                if !missing.is_empty() {
                    write!(f, " Missing: {}.", list(missing))?;
                }
                if !wrong.is_empty() {
                    let words = |w: &WrongShape| format!("{} is {:?} instead of {:?}", w.name, w.found, w.expected);
                    write!(f, " Wrong shape: {}.", list(&wrong.iter().map(words).collect::<Vec<_>>()))?;
                }
                if !unknown.is_empty() {
                    write!(f, " Not in {nearest}: {}.", list(unknown))?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for WeightsFault {}
