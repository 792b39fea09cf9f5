//! One stored value in two slots (files), written in turns: a write that is cut off
//! destroys the older value at most, and a damaged slot is known to be so.
//!
//! A slot is, in little-endian order: [`MAGIC`] (8 bytes), the format's version (u32),
//! the generation (u64: each write's is one more than the last's), the payload's
//! length (u64), the payload, and a 64-bit checksum of all before it.

use crate::core::dataset::fingerprint::Hasher;
use serde::{Deserialize, Serialize};

pub const MAGIC: [u8; 8] = *b"SimCLRs\n";
/// Raised when slots of an older program could no longer be read.
pub const VERSION: u32 = 1;

const HEADER: usize = 8 + 4 + 8 + 8;
const CHECKSUM: usize = 8;

/// Why a slot gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SlotFault {
    /// Nothing was ever written there.
    Absent,
    /// Ends early: the write was cut off.
    TooShort,
    /// Not written by this program.
    NotOurs,
    /// Written by another version of this program.
    OtherVersion { found: u32 },
    /// The checksum is another: bytes changed after they were written.
    Damaged,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    A,
    B,
}

impl Slot {
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What to write into a slot.
pub fn encode(generation: u64, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + payload.len() + CHECKSUM);
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend(generation.to_le_bytes());
    out.extend((payload.len() as u64).to_le_bytes());
    out.extend(payload);
    let checksum = checksum(&out);
    out.extend(checksum.to_le_bytes());
    out
}

/// Generation and payload of a slot.
///
/// # Errors
/// See [`SlotFault`]; never [`SlotFault::Absent`].
pub fn decode(slot: &[u8]) -> Result<(u64, &[u8]), SlotFault> {
    let magic = slot.len().min(MAGIC.len());
    if slot[..magic] != MAGIC[..magic] {
        return Err(SlotFault::NotOurs);
    }
    let (Some(version), Some(generation), Some(length)) = (word32(slot, 8), word64(slot, 12), word64(slot, 20)) else {
        return Err(SlotFault::TooShort);
    };
    if version != VERSION {
        return Err(SlotFault::OtherVersion { found: version });
    }
    let stored = (slot.len() - HEADER) as u64;
    match length.checked_add(CHECKSUM as u64) {
        Some(wanted) if wanted == stored => {}
        Some(wanted) if wanted > stored => return Err(SlotFault::TooShort),
        _ => return Err(SlotFault::Damaged),
    }
    let end = slot.len() - CHECKSUM;
    if word64(slot, end) != Some(checksum(&slot[..end])) {
        return Err(SlotFault::Damaged);
    }
    Ok((generation, &slot[HEADER..end]))
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = Hasher::default();
    hasher.bytes(bytes);
    hasher.finish()
}

fn word32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn word64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// What two slots give together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// The newest good payload and where it lies; none where nothing was written yet.
    pub newest: Option<(Slot, &'a [u8])>,
    /// Where to write next: never over the newest good value.
    pub write: Slot,
    /// With which generation.
    pub generation: u64,
    /// What is wrong with the slot that was passed over, if it was there: the newest
    /// value may then be older than what was written last.
    pub passed_over: Option<SlotFault>,
}

/// Neither slot is good, though something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoSlot {
    pub a: SlotFault,
    pub b: SlotFault,
}

/// Chooses between the contents of two slots; none for a slot that does not exist.
///
/// # Errors
/// If something is there, but nothing good: both causes.
pub fn choose<'a>(a: Option<&'a [u8]>, b: Option<&'a [u8]>) -> Result<Chosen<'a>, NoSlot> {
    let read = |slot: Option<&'a [u8]>| slot.ok_or(SlotFault::Absent).and_then(decode);
    let good = |slot, (generation, payload): (u64, &'a [u8]), passed_over: Option<SlotFault>| Chosen {
        newest: Some((slot, payload)),
        write: slot.other(),
        generation: generation.wrapping_add(1),
        passed_over: passed_over.filter(|fault| *fault != SlotFault::Absent),
    };
    match (read(a), read(b)) {
        (Ok(a), Ok(b)) if b.0 > a.0 => Ok(good(Slot::B, b, None)),
        (Ok(a), Ok(_)) => Ok(good(Slot::A, a, None)),
        (Ok(a), Err(fault)) => Ok(good(Slot::A, a, Some(fault))),
        (Err(fault), Ok(b)) => Ok(good(Slot::B, b, Some(fault))),
        (Err(SlotFault::Absent), Err(SlotFault::Absent)) => {
            Ok(Chosen { newest: None, write: Slot::A, generation: 1, passed_over: None })
        }
        (Err(a), Err(b)) => Err(NoSlot { a, b }),
    }
}

#[cfg(test)]
mod tests;
