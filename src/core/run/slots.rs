//! One stored value in two slots (files), written in turns. A write that is cut off destroys at most the older
//! value, and a checksum shows a damaged slot.
//!
//! A slot is, in little-endian order: [`MAGIC`] (8 bytes), the payload's schema (u32: [`Kind::schema`]), the
//! generation (u64: each write's is one more than the last's), the payload's length (u64), the payload, and a 64-bit
//! checksum of all before it. This frame never changes, so that an older program knows a newer payload by its schema.
//!
//! [`Kind::schema`]: super::stored::Kind::schema

use crate::core::dataset::Hasher;

pub const MAGIC: [u8; 8] = *b"SimCLRs\n";

/// Bytes before and after the payload.
pub const HEADER: usize = 8 + 4 + 8 + 8;
pub const CHECKSUM: usize = 8;

/// Why a slot gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotFault {
    /// Nothing was ever written there.
    Absent,
    /// Ends early: the write was cut off.
    TooShort,
    /// Not written by this program.
    NotOurs,
    /// The checksum is another: bytes changed after they were written.
    Damaged,
}

/// What a slot says of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    pub generation: u64,
    pub schema: u32,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The bytes of a slot before and after `payload`, which may be too large to copy.
pub fn frame(head: Head, payload: &[u8]) -> ([u8; HEADER], [u8; CHECKSUM]) {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&head.schema.to_le_bytes());
    header[12..20].copy_from_slice(&head.generation.to_le_bytes());
    header[20..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    (header, checksum(&[&header, payload]).to_le_bytes())
}

/// What a slot claims, by its first [`HEADER`] bytes.
///
/// # Errors
/// See [`SlotFault`]; never [`SlotFault::Absent`].
pub fn look(head: &[u8]) -> Result<Head, SlotFault> {
    let magic = head.len().min(MAGIC.len());
    if head[..magic] != MAGIC[..magic] {
        return Err(SlotFault::NotOurs);
    }
    match (word32(head, 8), word64(head, 12), head.len() < HEADER) {
        (Some(schema), Some(generation), false) => Ok(Head { generation, schema }),
        _ => Err(SlotFault::TooShort),
    }
}

/// Bytes of the payload that a slot claims, by its first [`HEADER`] bytes.
pub fn claimed(head: &[u8]) -> Option<u64> {
    word64(head, 20)
}

/// Head and payload of a slot.
///
/// # Errors
/// See [`SlotFault`]; never [`SlotFault::Absent`].
pub fn decode(slot: &[u8]) -> Result<(Head, &[u8]), SlotFault> {
    let head = look(slot)?;
    let length = claimed(slot).ok_or(SlotFault::TooShort)?;
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
    Ok((head, &slot[HEADER..end]))
}

/// [`decode`] in place.
///
/// # Errors
/// As there.
pub fn unpack(mut slot: Vec<u8>) -> Result<(Head, Vec<u8>), SlotFault> {
    let (head, payload) = decode(&slot)?;
    let end = HEADER + payload.len();
    slot.truncate(end);
    slot.drain(..HEADER);
    Ok((head, slot))
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
    /// The slot with the newest good payload; `None` if nothing was written yet.
    pub newest: Option<Slot>,
    /// Where to write next: never over the newest good value.
    pub write: Slot,
    /// With which generation.
    pub generation: u64,
}

/// Something was written, but neither slot is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSlot {
    pub a: SlotFault,
    pub b: SlotFault,
}

/// Both slots in the order in which to try them: the one that claims to be newer first.
pub fn newer_first(a: Result<Head, SlotFault>, b: Result<Head, SlotFault>) -> [Slot; 2] {
    if b.ok() > a.ok() { [Slot::B, Slot::A] } else { [Slot::A, Slot::B] }
}

/// Chooses between two slots by their heads, or what is wrong with them.
///
/// # Errors
/// If something is there, but nothing good: both causes.
pub fn choose(a: Result<Head, SlotFault>, b: Result<Head, SlotFault>) -> Result<Chosen, NoSlot> {
    let good = |slot: Slot, head: Head| Chosen {
        newest: Some(slot),
        write: slot.other(),
        generation: head.generation.wrapping_add(1),
    };
    match (a, b) {
        (Ok(a), Ok(b)) if b > a => Ok(good(Slot::B, b)),
        (Ok(a), _) => Ok(good(Slot::A, a)),
        (_, Ok(b)) => Ok(good(Slot::B, b)),
        (Err(SlotFault::Absent), Err(SlotFault::Absent)) => Ok(Chosen { newest: None, write: Slot::A, generation: 1 }),
        (Err(a), Err(b)) => Err(NoSlot { a, b }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(generation: u64, payload: &[u8]) -> Vec<u8> {
        let (header, checksum) = frame(head(generation), payload);
        [&header, payload, &checksum].concat()
    }

    fn head(generation: u64) -> Head {
        Head { generation, schema: 1 }
    }

    fn found(slot: Option<&[u8]>) -> Result<Head, SlotFault> {
        slot.ok_or(SlotFault::Absent).and_then(decode).map(|(head, _)| head)
    }

    /// Of what slots hold.
    fn choose_of(a: Option<&[u8]>, b: Option<&[u8]>) -> Result<Chosen, NoSlot> {
        choose(found(a), found(b))
    }

    #[test]
    fn what_was_written_is_read() {
        for payload in [&b""[..], b"x", b"twelve bytes", &[0; 1000]] {
            let slot = encode(7, payload);
            assert_eq!((decode(&slot), look(&slot[..HEADER])), (Ok((head(7), payload)), Ok(head(7))));
            assert_eq!(unpack(slot), Ok((head(7), payload.to_vec())));
        }
    }

    #[test]
    fn the_format_is_fixed() {
        // Stored by visitors: it must not change.
        let mut wanted = b"SimCLRs\n\x01\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0abc".to_vec();
        // The checksum was computed by a few lines of Python.
        wanted.extend([55, 82, 21, 78, 109, 69, 217, 22]);
        assert_eq!(encode(2, b"abc"), wanted);
    }

    #[test]
    fn every_changed_byte_is_found() {
        let frame = encode(3, b"a small payload");
        for at in 0..frame.len() {
            for change in 1..=255_u8 {
                let mut broken = frame.clone();
                broken[at] ^= change;
                let fault = decode(&broken).expect_err("a changed byte");
                let expected = match at {
                    0..8 => SlotFault::NotOurs,
                    // A longer length reads as a slot cut off.
                    20..28 if fault == SlotFault::TooShort => SlotFault::TooShort,
                    _ => SlotFault::Damaged,
                };
                assert_eq!(fault, expected, "byte {at} by {change}");
            }
        }
    }

    #[test]
    fn every_truncation_and_any_addition_is_found() {
        let frame = encode(3, b"a small payload");
        for length in 0..frame.len() {
            assert_eq!(decode(&frame[..length]), Err(SlotFault::TooShort), "{length} bytes");
            assert_eq!(look(&frame[..length]).is_ok(), length >= HEADER, "{length} bytes");
        }
        let longer = [&frame[..], &[0]].concat();
        assert_eq!(decode(&longer), Err(SlotFault::Damaged));
        assert_eq!(decode(&[0; 400]), Err(SlotFault::NotOurs), "a file that was made longer but never filled");
        let mut longest = frame.clone();
        longest[20..28].fill(0xff);
        assert_eq!(decode(&longest), Err(SlotFault::Damaged), "a length that overflows");
    }

    #[test]
    fn writes_go_in_turns() {
        let mut slots: [Option<Vec<u8>>; 2] = [None, None];
        for (count, payload) in (1..).zip([b"1", b"2", b"3", b"4"]) {
            let chosen = choose_of(slots[0].as_deref(), slots[1].as_deref()).unwrap();
            assert_eq!(chosen.generation, count);
            let place = chosen.write as usize;
            slots[place] = Some(encode(chosen.generation, payload));
            let chosen = choose_of(slots[0].as_deref(), slots[1].as_deref()).unwrap();
            assert_eq!(chosen.newest.map(|slot| slot as usize), Some(place));
            let [a, b] = [0, 1].map(|slot| found(slots[slot].as_deref()));
            assert_eq!(newer_first(a, b)[0] as usize, place);
        }
    }

    #[test]
    fn a_write_cut_off_leaves_the_other() {
        let (old, new) = (encode(4, b"old"), encode(5, b"new and longer"));
        for length in 0..new.len() {
            let chosen = choose_of(Some(&old), Some(&new[..length])).unwrap();
            assert_eq!(chosen.newest, Some(Slot::A));
            assert_eq!((chosen.write, chosen.generation), (Slot::B, 5));
        }
        let chosen = choose_of(Some(&old), Some(&new)).unwrap();
        assert_eq!(chosen.newest, Some(Slot::B));
        assert_eq!(chosen.write, Slot::A);
    }

    #[test]
    fn two_bad_slots_are_an_error_with_both_causes() {
        let good = encode(1, b"x");
        let mut other = encode(2, b"x");
        other[8] = 9;
        assert_eq!(
            choose_of(Some(&good[..20]), Some(&other)),
            Err(NoSlot { a: SlotFault::TooShort, b: SlotFault::Damaged })
        );
        // The very first write was cut off.
        assert_eq!(choose_of(Some(&good[..20]), None), Err(NoSlot { a: SlotFault::TooShort, b: SlotFault::Absent }));
    }
}
