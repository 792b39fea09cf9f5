use super::*;

fn encode(generation: u64, payload: &[u8]) -> Vec<u8> {
    let (header, checksum) = frame(generation, payload);
    [&header, payload, &checksum].concat()
}

fn generation(slot: Option<&[u8]>) -> Result<u64, SlotFault> {
    slot.ok_or(SlotFault::Absent).and_then(decode).map(|(generation, _)| generation)
}

/// Of what slots hold.
fn choose_of(a: Option<&[u8]>, b: Option<&[u8]>) -> Result<Chosen, NoSlot> {
    choose(generation(a), generation(b))
}

#[test]
fn what_was_written_is_read() {
    for payload in [&b""[..], b"x", b"twelve bytes", &[0; 1000]] {
        let slot = encode(7, payload);
        assert_eq!((decode(&slot), look(&slot[..HEADER])), (Ok((7, payload)), Ok(7)));
        assert_eq!(unpack(slot), Ok((7, payload.to_vec())));
    }
}

#[test]
fn the_format_is_fixed() {
    // Stored by visitors: a change needs another version.
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
                8..12 => SlotFault::OtherVersion { found: u32::from_le_bytes(broken[8..12].try_into().unwrap()) },
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
        assert_eq!(chosen.passed_over, None);
        let place = chosen.write as usize;
        slots[place] = Some(encode(chosen.generation, payload));
        let chosen = choose_of(slots[0].as_deref(), slots[1].as_deref()).unwrap();
        assert_eq!(chosen.newest.map(|slot| slot as usize), Some(place));
        let [a, b] = [0, 1].map(|slot| generation(slots[slot].as_deref()));
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
        assert_eq!(chosen.passed_over, Some(SlotFault::TooShort));
    }
    let chosen = choose_of(Some(&old), Some(&new)).unwrap();
    assert_eq!(chosen.newest, Some(Slot::B));
    assert_eq!(chosen.write, Slot::A);
    assert_eq!(choose_of(None, Some(&new)).unwrap().passed_over, None);
}

#[test]
fn two_bad_slots_are_an_error_with_both_causes() {
    let good = encode(1, b"x");
    let mut other = encode(2, b"x");
    other[8] = 9;
    assert_eq!(
        choose_of(Some(&good[..20]), Some(&other)),
        Err(NoSlot { a: SlotFault::TooShort, b: SlotFault::OtherVersion { found: 9 } })
    );
    // The very first write was cut off.
    assert_eq!(choose_of(Some(&good[..20]), None), Err(NoSlot { a: SlotFault::TooShort, b: SlotFault::Absent }));
}
