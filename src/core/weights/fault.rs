//! What keeps a file of weights from being used.

use crate::core::imagenet::ImageNetEncoder;
use serde::{Deserialize, Serialize};

/// A tensor that a network and a file have in different shapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongShape {
    pub name: String,
    pub expected: Vec<usize>,
    pub found: Vec<usize>,
}

/// Why a file gives no encoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WeightsFault {
    Empty,
    /// More bytes than the program takes into memory.
    TooLarge {
        bytes: u64,
    },
    /// The browser did not give its bytes.
    Unreadable {
        detail: String,
    },
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
