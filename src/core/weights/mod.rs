//! Files of weights that other programs made: what such a file lists, how its numbers are
//! widened, which network it is of, and PyTorch's own format. No tensors here; `learn::published`
//! puts the numbers into a network.

mod fault;
#[cfg(test)]
pub mod fixture;
mod identity;
pub mod legacy;
pub mod pickle;
pub mod recognise;
pub mod state_dict;

pub use fault::{WeightsFault, WrongShape};
pub use identity::{Fingerprint, WeightsIdentity};

use super::imagenet::ImageNetEncoder;
use serde::{Deserialize, Serialize};

/// Weights that the worker has at hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsReport {
    /// Which network they are of, by their tensors.
    pub encoder: ImageNetEncoder,
    pub identity: WeightsIdentity,
    /// Read for them.
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
    /// Bytes of one, where it is a float.
    pub fn bytes(&self) -> Option<usize> {
        match self {
            Self::F16 | Self::BF16 => Some(2),
            Self::F32 => Some(4),
            Self::F64 => Some(8),
            Self::Other(_) => None,
        }
    }

    /// Little-endian numbers as `f32`; of 64 bits, the nearest. A rest of fewer bytes than one
    /// number has is left out, and there are none of [`Number::Other`].
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

/// An open file of named tensors. Numbers are read when they are asked for, so that those that
/// nobody wants (a classifier of 400 MB) are never unpacked.
pub trait WeightsFile {
    /// What it holds, in the file's order.
    fn tensors(&self) -> &[Header];

    /// The numbers of one of [`WeightsFile::tensors`], row-major.
    ///
    /// # Errors
    /// [`WeightsFault::Type`] where they are no floats, [`WeightsFault::Damaged`] where they are not
    /// there.
    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault>;
}

/// What a file without floats in a tensor of the network gets.
pub fn not_a_float(header: &Header) -> WeightsFault {
    let found = match &header.number {
        Number::Other(name) => name.clone(),
        float => format!("{float:?}"),
    };
    WeightsFault::Type { name: header.name.clone(), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_half_is_widened_exactly() {
        // By the definition: (−1)^s 2^(e − 15) (1 + f / 1024), or 2^−14 f / 1024 where e is 0.
        for bits in 0..=u16::MAX {
            let (e, f) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
            let size = match e {
                0 => 2f64.powi(-14) * f,
                0x1f if f == 0.0 => f64::INFINITY,
                0x1f => f64::NAN,
                _ => 2f64.powi(e - 15) * (1.0 + f),
            };
            let want = if bits >> 15 == 1 { -size } else { size };
            let got = f64::from(half(bits));
            assert!(got == want && got.is_sign_negative() == want.is_sign_negative() || got.is_nan() && want.is_nan());
        }
    }

    #[test]
    fn numbers_are_widened_by_their_kind() {
        assert_eq!(Number::BF16.widen(&[0x80, 0x3f, 0x20, 0xc0]), [1.0, -2.5]);
        assert_eq!(Number::F16.widen(&[0x00, 0x3c, 0x00, 0xc1, 0x01]), [1.0, -2.5]);
        assert_eq!(Number::F32.widen(&1.5f32.to_le_bytes()), [1.5]);
        assert_eq!(Number::F64.widen(&(-0.25f64).to_le_bytes()), [-0.25]);
        assert!(Number::Other("I64".into()).widen(&[0; 8]).is_empty());
    }
}
