//! Files of weights that other programs made: what a file lists, how its numbers are read, which network it is of, and
//! PyTorch's own formats. There are no tensors here: `learn::published` puts the numbers into a network.

#[cfg(test)]
pub mod fixture;
pub mod pickle;
pub mod pytorch;
pub mod recognise;
#[cfg(test)]
mod tests;

use super::{dataset::Hasher, imagenet::ImageNetEncoder};
use serde::{Deserialize, Serialize};

/// Weights that the worker has loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsReport {
    /// Which network they are of, by their tensors.
    pub encoder: ImageNetEncoder,
    pub identity: WeightsIdentity,
    /// Size of the file.
    pub bytes: u64,
}

/// How a file stores the numbers of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    F16,
    BF16,
    F32,
    F64,
    /// Not a float that the program reads, by its name: whole numbers, above all.
    Other(String),
}

impl Number {
    /// Bytes of one number, if it is a float.
    pub fn bytes(&self) -> Option<usize> {
        match self {
            Self::F16 | Self::BF16 => Some(2),
            Self::F32 => Some(4),
            Self::F64 => Some(8),
            Self::Other(_) => None,
        }
    }

    /// Little-endian numbers as `f32`; of 64-bit ones the nearest. Bytes at the end that are less than one
    /// number are ignored. Empty for [`Number::Other`].
    pub fn widen(&self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => bytes.as_chunks().0.iter().map(|b| half(u16::from_le_bytes(*b))).collect(),
            Self::BF16 => {
                bytes.as_chunks().0.iter().map(|b| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16)).collect()
            }
            Self::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Self::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            Self::Other(_) => Vec::new(),
        }
    }
}

/// An IEEE 754 binary16 number, by its bits.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15) << 31, bits >> 10 & 0x1f, u32::from(bits & 0x3ff));
    match exponent {
        // Subnormal (or zero): the fraction counts units of 2⁻²⁴.
        0 => f32::from_bits(sign | (fraction as f32 / 16_777_216.0).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (u32::from(exponent) + 112) << 23 | fraction << 13),
    }
}

/// A tensor as a file lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: String,
    pub shape: Vec<usize>,
    pub number: Number,
}

/// An open file of named tensors. Numbers are read on demand, so that a part that nobody needs (a classifier of
/// 400 MB) is never unpacked.
pub trait WeightsFile {
    /// Its tensors, in the file's order.
    fn tensors(&self) -> &[Header];

    /// The numbers of one of [`WeightsFile::tensors`], row-major.
    ///
    /// # Errors
    /// [`WeightsFault::Type`] if they are not floats, [`WeightsFault::Damaged`] if they are missing.
    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault>;
}

/// The fault of a file that stores a tensor of the network as something else than floats.
pub fn not_a_float(header: &Header) -> WeightsFault {
    let found = match &header.number {
        Number::Other(name) => name.clone(),
        float => format!("{float:?}"),
    };
    WeightsFault::Type { name: header.name.clone(), found }
}

/// Published weights that a run started from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsIdentity {
    /// Their origin: a file's name, or a repository.
    pub source: String,
    /// See [`Fingerprint`].
    pub fingerprint: String,
}

impl WeightsIdentity {
    /// The same numbers, whatever file they came from.
    pub fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

/// A hash of an encoder's tensors in the order of its network. It is of names and 32-bit numbers, so that equal
/// weights have equal fingerprints in any file format. It guards against chance, not against forgery.
#[derive(Debug, Default)]
pub struct Fingerprint(Hasher);

impl Fingerprint {
    /// Adds the next tensor.
    pub fn tensor(&mut self, name: &str, values: &[f32]) {
        self.0.bytes(name.as_bytes());
        self.0.word(values.len() as u64);
        let bits = |pair: &[f32]| pair.iter().rev().fold(0, |word, v| word << 32 | u64::from(v.to_bits()));
        values.chunks(2).for_each(|pair| self.0.word(bits(pair)));
    }

    /// 16 hexadecimal digits.
    pub fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

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
    /// The file has no bytes.
    Empty,
    /// More bytes than the program takes into memory.
    TooLarge { bytes: u64 },
    /// The browser did not give the file's bytes.
    Unreadable { detail: String },
    /// Neither safetensors nor PyTorch's; `looks_like` by its first bytes.
    NotWeights { looks_like: Option<String> },
    /// Cut off or changed.
    Damaged { detail: String },
    /// A program for `torch.jit`, not a state dict.
    TorchScript,
    /// An instruction of Python's pickle that a state dict does not need, and its place in bytes.
    Instruction { name: String, at: usize },
    /// A class or function that a state dict does not need.
    Global { name: String },
    /// A pickle without tensors by name; what it holds instead.
    NotAStateDict { found: String },
    /// A tensor of the network that is stored as something else than floats.
    Type { name: String, found: String },
    /// Tensors of no network that the program has: what it seems to be, how many tensors it has and the names
    /// of the first.
    UnknownNetwork { seems: Option<String>, tensors: usize, first: Vec<String> },
    /// Nearly one of the program's networks, `nearest`.
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
