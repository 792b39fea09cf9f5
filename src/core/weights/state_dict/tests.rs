use super::*;
use crate::core::weights::fixture::{Entry, state_dict};
use crate::core::weights::pickle;

const STATE_DICT: &[u8] = include_bytes!("../../../../tests/fixtures/state_dict.pkl");

fn read(bytes: &[u8]) -> Result<Vec<Stored>, WeightsFault> {
    tensors(&pickle::read(bytes)?)
}

#[test]
fn windows_into_storages() {
    let found = read(STATE_DICT).unwrap();
    let shapes: Vec<(&str, &[usize], &str)> =
        found.iter().map(|t| (&t.header.name[..], &t.header.shape[..], &t.key[..])).collect();
    let want: [(&str, &[usize], &str); 5] = [
        ("conv.weight", &[2, 3], "0"),
        ("conv.bias", &[2], "0"),
        ("turned", &[2, 3], "1"),
        ("seen", &[], "2"),
        ("held", &[1], "3"),
    ];
    assert_eq!(shapes, want);
    let shared: Vec<u8> = (0..8u8).flat_map(|v| f32::from(v).to_le_bytes()).collect();
    assert_eq!(found[0].values(&shared).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(found[1].values(&shared).unwrap(), [6.0, 7.0]);
    // Halves 1, 2, 4, 8, 16 and 32, in columns.
    let halves: Vec<u8> = (0..6u16).flat_map(|v| ((15 + v) << 10).to_le_bytes()).collect();
    assert_eq!(found[2].values(&halves).unwrap(), [1.0, 4.0, 16.0, 2.0, 8.0, 32.0]);
    let kind = WeightsFault::Type { name: "seen".into(), found: "I64".into() };
    assert_eq!(found[3].values(&[0; 8]), Err(kind));
    assert_eq!(found[4].values(&[0; 4 * 300]).unwrap(), [0.0]);
    assert!(matches!(found[4].values(&[0; 4 * 299]), Err(WeightsFault::Damaged { .. })));
}

#[test]
fn a_tensor_that_leaves_its_storage_is_refused() {
    let entry = |shape: &[usize], count| Entry { count, ..Entry::floats("w", shape, &[]) };
    let accepted = |shape: &[usize], count| read(&state_dict(&[entry(shape, count)], b"")).is_ok();
    assert!(accepted(&[2, 3], 6) && accepted(&[], 1) && accepted(&[0, 3], 0));
    assert!(!accepted(&[2, 3], 5) && !accepted(&[1], 0) && !accepted(&[1 << 30, 1 << 30, 1 << 30], 6));
}

#[test]
fn a_stride_of_zero_makes_no_large_tensor_of_one_number() {
    let mut bytes = state_dict(&[Entry::floats("w", &[30_000], &[0.0])], b"");
    assert!(read(&bytes).is_err());
    // The stride is the last number of the pickle.
    let at = bytes.iter().rposition(|&b| b == b'J').unwrap();
    bytes[at + 1] = 0;
    assert!(read(&bytes).is_err());
}

#[test]
fn a_state_dict_within_a_checkpoint_is_found() {
    let inner = state_dict(&[Entry::floats("w", &[2], &[1.0, 2.0])], b"");
    let outer = [b"\x80\x02}(X\x05\0\0\0epochK\x03X\x0a\0\0\0state_dict", &inner[2..inner.len() - 1], b"u."].concat();
    let found = read(&outer).unwrap();
    assert_eq!((found.len(), &found[0].header.name[..]), (1, "w"));
}

#[test]
fn other_values_are_named() {
    let found = |bytes: &[u8]| match read(bytes) {
        Err(WeightsFault::NotAStateDict { found }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(b"K\x01."), "a number");
    assert_eq!(found(b"]."), "a list");
    assert_eq!(found(b"}X\x01\0\0\0aK\x01s."), "a dict without tensors");
}
