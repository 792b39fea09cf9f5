use super::*;
use crate::core::weights::fixture::{Entry, legacy_file};

/// More than ten tensors, so that the order of their keys as texts is another.
fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = (0..12).map(|i| Entry::floats(&format!("w{i}"), &[2], &[i as f32, -1.0])).collect();
    entries.push(Entry::counter("bn.num_batches_tracked"));
    entries
}

#[test]
fn every_storage_goes_to_its_tensor() {
    let bytes = legacy_file(&entries());
    let mut file = LegacyFile::open(&bytes).unwrap();
    assert_eq!(file.tensors().len(), 13);
    for i in 0..12 {
        assert_eq!(file.tensors()[i].name, format!("w{i}"));
        assert_eq!(file.read(i).unwrap(), [i as f32, -1.0]);
    }
    assert!(matches!(file.read(12), Err(WeightsFault::Type { .. })));
}

#[test]
fn cut_off_files_are_told() {
    let bytes = legacy_file(&entries());
    for length in 0..bytes.len() {
        assert!(LegacyFile::open(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn other_versions_and_machines_are_told() {
    let good = legacy_file(&entries());
    let changed = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|w| w == from).unwrap();
        let mut bytes = good.clone();
        bytes[at..at + from.len()].copy_from_slice(to);
        LegacyFile::open(&bytes).err().map(|e| format!("{e:?}")).unwrap_or_default()
    };
    assert!(changed(b"M\xe9\x03.", b"M\xea\x03.").contains("unknown version"));
    assert!(changed(b"\x88u.", b"\x89u.").contains("greatest byte"));
}
