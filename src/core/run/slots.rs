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

/// Bytes before and after the payload.
pub const HEADER: usize = 8 + 4 + 8 + 8;
pub const CHECKSUM: usize = 8;

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

/// What to write into a slot before and after `payload`, which may be too large to be copied.
pub fn frame(generation: u64, payload: &[u8]) -> ([u8; HEADER], [u8; CHECKSUM]) {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&VERSION.to_le_bytes());
    header[12..20].copy_from_slice(&generation.to_le_bytes());
    header[20..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    (header, checksum(&[&header, payload]).to_le_bytes())
}

/// The generation that a slot claims, by its first [`HEADER`] bytes.
///
/// # Errors
/// See [`SlotFault`]; never [`SlotFault::Absent`].
pub fn look(head: &[u8]) -> Result<u64, SlotFault> {
    let magic = head.len().min(MAGIC.len());
    if head[..magic] != MAGIC[..magic] {
        return Err(SlotFault::NotOurs);
    }
    match (word32(head, 8), word64(head, 12), head.len() < HEADER) {
        (Some(found), ..) if found != VERSION => Err(SlotFault::OtherVersion { found }),
        (Some(_), Some(generation), false) => Ok(generation),
        _ => Err(SlotFault::TooShort),
    }
}

/// Generation and payload of a slot.
///
/// # Errors
/// See [`SlotFault`]; never [`SlotFault::Absent`].
pub fn decode(slot: &[u8]) -> Result<(u64, &[u8]), SlotFault> {
    let generation = look(slot)?;
    let length = word64(slot, 20).ok_or(SlotFault::TooShort)?;
    let stored = (slot.len() - HEADER) as u64;
    match length.checked_add(CHECKSUM as u64) {
        Some(wanted) if wanted == stored => {}
        Some(wanted) if wanted > stored => return Err(SlotFault::TooShort),
        _ => return Err(SlotFault::Damaged),
    }
    let end = slot.len() - CHECKSUM;
    if word64(slot, end) != Some(checksum(&[&slot[..end]])) {
        return Err(SlotFault::Damaged);
    }
    Ok((generation, &slot[HEADER..end]))
}

/// [`decode`] in place.
///
/// # Errors
/// As there.
pub fn unpack(mut slot: Vec<u8>) -> Result<(u64, Vec<u8>), SlotFault> {
    let (generation, payload) = decode(&slot)?;
    let end = HEADER + payload.len();
    slot.truncate(end);
    slot.drain(..HEADER);
    Ok((generation, slot))
}

fn checksum(parts: &[&[u8]]) -> u64 {
    let mut hasher = Hasher::default();
    hasher.parts(parts);
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
pub struct Chosen {
    /// Where the newest good payload lies; none where nothing was written yet.
    pub newest: Option<Slot>,
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

/// Both slots, the one that claims to be newer first: what to read until one is good.
pub fn newer_first(a: Result<u64, SlotFault>, b: Result<u64, SlotFault>) -> [Slot; 2] {
    if b.ok() > a.ok() { [Slot::B, Slot::A] } else { [Slot::A, Slot::B] }
}

/// Chooses between two slots by their generations, or what is wrong with them.
///
/// # Errors
/// If something is there, but nothing good: both causes.
pub fn choose(a: Result<u64, SlotFault>, b: Result<u64, SlotFault>) -> Result<Chosen, NoSlot> {
    let good = |slot, generation: u64, passed_over: Option<SlotFault>| Chosen {
        newest: Some(slot),
        write: slot.other(),
        generation: generation.wrapping_add(1),
        passed_over: passed_over.filter(|fault| *fault != SlotFault::Absent),
    };
    match (a, b) {
        (Ok(a), Ok(b)) if b > a => Ok(good(Slot::B, b, None)),
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
