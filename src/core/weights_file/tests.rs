//! Numbers and identities of weights; PyTorch's pickles, state dicts and old format.

use super::fixture::{Entry, old_file, state_dict};
use super::pickle::{Node, REFUSED};
use super::pytorch::{Stored, open_old, tensors};
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

#[test]
fn every_number_and_name_counts() {
    let of = |tensors: &[(&str, &[f32])]| {
        let mut sum = Fingerprint::default();
        tensors.iter().for_each(|(name, values)| sum.tensor(name, values));
        sum.finish()
    };
    let all = [
        of(&[("a", &[1.0, 2.0, 3.0]), ("b", &[4.0])]),
        of(&[("a", &[1.0, 2.0]), ("b", &[3.0, 4.0])]),
        of(&[("a", &[1.0, 2.0, 3.0]), ("c", &[4.0])]),
        of(&[("a", &[2.0, 1.0, 3.0]), ("b", &[4.0])]),
        of(&[("a", &[1.0, 2.0, 3.0]), ("b", &[4.0001])]),
    ];
    for (i, one) in all.iter().enumerate() {
        assert!(one.len() == 16 && !all[..i].contains(one), "{all:?}");
    }
    let [a, b] = ["hub", "file"].map(|source| WeightsIdentity { source: source.into(), fingerprint: all[0].clone() });
    assert!(a != b && a.is_same(&b));
}

/// By Python's own pickler: see the script beside it.
const STATE_DICT: &[u8] = include_bytes!("../../../tests/fixtures/state_dict.pkl");

fn read_all(bytes: &[u8]) -> Result<Node, WeightsFault> {
    pickle::read(bytes).map(|pickle| pickle.root().clone())
}

#[test]
fn what_python_wrote_is_read_to_its_end() {
    let pickle = pickle::read(STATE_DICT).unwrap();
    assert_eq!(pickle.length, STATE_DICT.len());
    let Node::Dict(entries) = pickle.root() else { panic!("{:?}", pickle.root()) };
    let names: Vec<_> = entries.iter().map(|&(key, _)| pickle.text(key).unwrap()).collect();
    // Attributes of the dict (`_metadata`) are none of its entries.
    assert_eq!(names, ["conv.weight", "conv.bias", "turned", "seen", "held"]);
    // Bytes behind it are left for others.
    let longer = [STATE_DICT, b"rest"].concat();
    assert_eq!(pickle::read(&longer).unwrap(), pickle);
}

#[test]
fn values_of_every_kind() {
    let int = |bytes: &[u8]| read_all(bytes).unwrap();
    assert_eq!(int(b"J\xfe\xff\xff\xff."), Node::Int(-2));
    assert_eq!(int(b"K\xff."), Node::Int(255));
    assert_eq!(int(b"M\x01\x02."), Node::Int(513));
    assert_eq!(int(b"\x8a\x00."), Node::Int(0));
    assert_eq!(int(b"\x8a\x01\xff."), Node::Int(-1));
    assert_eq!(int(b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."), Node::Int(0x1950a86a20f9469cfc6c));
    assert_eq!(int(b"G\xbf\xf8\0\0\0\0\0\0."), Node::Float(-1.5));
    assert_eq!(int(b"U\x02ab."), Node::Text("ab".into()));
    assert_eq!(int(b"T\x02\0\0\0ab."), Node::Text("ab".into()));
    assert_eq!(int(b"N."), Node::None);
    assert_eq!((int(b"\x88."), int(b"\x89.")), (Node::Bool(true), Node::Bool(false)));
    // A list, filled one by one and then many at once.
    assert_eq!(int(b"]K\x01a(K\x02K\x03e."), Node::List(vec![1, 2, 3]));
    assert_eq!(int(b"K\x01K\x02K\x03\x87."), Node::Tuple(vec![0, 1, 2]));
    // A dict that holds itself is one node.
    assert_eq!(int(b"}q\x00U\x01ah\x00s."), Node::Dict(vec![(1, 0)]));
    // Python 2's ordered dict.
    let dict = pickle::read(b"ccollections\nOrderedDict\n(](](U\x01aK\x01eetR.").unwrap();
    assert!(matches!(dict.root(), Node::Dict(pairs) if dict.text(pairs[0].0) == Some("a")), "{dict:?}");
}

#[test]
fn anything_that_could_run_is_refused_by_name() {
    let global = |bytes: &[u8]| match pickle::read(bytes) {
        Err(WeightsFault::Global { name }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(global(b"\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R."), "posix.system");
    assert_eq!(global(b"c__builtin__\neval\n."), "__builtin__.eval");
    // Not by its beginning or its end either.
    assert_eq!(global(b"ctorch\nFloatStorage.x\n."), "torch.FloatStorage.x");
    assert_eq!(global(b"ctorch._utils\n_rebuild\n."), "torch._utils._rebuild");
    for (code, name) in REFUSED {
        let refused = WeightsFault::Instruction { name: name.into(), at: 2 };
        assert_eq!(pickle::read(&[0x80, 2, code, 1, 2, 3, 4]), Err(refused), "{name}");
    }
    let unknown = WeightsFault::Instruction { name: "0xfe".into(), at: 0 };
    assert_eq!(pickle::read(&[0xfe]), Err(unknown));
    // A call of something that is no allowed function.
    assert!(matches!(pickle::read(b"X\x01\0\0\0f)R."), Err(WeightsFault::Damaged { .. })));
}

#[test]
fn every_instruction_is_either_read_or_refused() {
    let read_codes = b".(N\x88\x89}])JKM\x8aGXTUqrhjcQt\x85\x86\x87aesuRb\x80";
    for (code, name) in REFUSED {
        assert!(!read_codes.contains(&code), "{name} is both");
    }
}

#[test]
fn cut_off_and_changed_pickles_are_errors_and_no_panics() {
    for length in 0..STATE_DICT.len() {
        assert!(pickle::read(&STATE_DICT[..length]).is_err(), "{length} bytes");
    }
    let mut rng = crate::core::rng::Rng::new(4);
    for _ in 0..20_000 {
        let mut bytes = STATE_DICT.to_vec();
        for _ in 0..1 + rng.below(3) {
            let at = rng.below(bytes.len());
            bytes[at] = rng.next_u64() as u8;
        }
        // Either is fine; what comes of it goes through the next reader too.
        if let Ok(pickle) = pickle::read(&bytes) {
            let _ = pytorch::tensors(&pickle);
        }
    }
}

fn read_tensors(bytes: &[u8]) -> Result<Vec<Stored>, WeightsFault> {
    tensors(&pickle::read(bytes)?)
}

#[test]
fn windows_into_storages() {
    let found = read_tensors(STATE_DICT).unwrap();
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
    let accepted = |shape: &[usize], count| read_tensors(&state_dict(&[entry(shape, count)], b"")).is_ok();
    assert!(accepted(&[2, 3], 6) && accepted(&[], 1) && accepted(&[0, 3], 0));
    assert!(!accepted(&[2, 3], 5) && !accepted(&[1], 0) && !accepted(&[1 << 30, 1 << 30, 1 << 30], 6));
}

#[test]
fn a_stride_of_zero_makes_no_large_tensor_of_one_number() {
    let mut bytes = state_dict(&[Entry::floats("w", &[30_000], &[0.0])], b"");
    assert!(read_tensors(&bytes).is_err());
    // The stride is the last number of the pickle.
    let at = bytes.iter().rposition(|&b| b == b'J').unwrap();
    bytes[at + 1] = 0;
    assert!(read_tensors(&bytes).is_err());
}

#[test]
fn a_state_dict_within_a_checkpoint_is_found() {
    let inner = state_dict(&[Entry::floats("w", &[2], &[1.0, 2.0])], b"");
    let outer = [b"\x80\x02}(X\x05\0\0\0epochK\x03X\x0a\0\0\0state_dict", &inner[2..inner.len() - 1], b"u."].concat();
    let found = read_tensors(&outer).unwrap();
    assert_eq!((found.len(), &found[0].header.name[..]), (1, "w"));
}

#[test]
fn other_values_are_named() {
    let found = |bytes: &[u8]| match read_tensors(bytes) {
        Err(WeightsFault::NotAStateDict { found }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(b"K\x01."), "a number");
    assert_eq!(found(b"]."), "a list");
    assert_eq!(found(b"}X\x01\0\0\0aK\x01s."), "a dict without tensors");
}

/// More than ten tensors, so that the order of their keys as texts is another.
fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = (0..12).map(|i| Entry::floats(&format!("w{i}"), &[2], &[i as f32, -1.0])).collect();
    entries.push(Entry::counter("bn.num_batches_tracked"));
    entries
}

#[test]
fn every_storage_goes_to_its_tensor() {
    let bytes = old_file(&entries());
    let mut file = open_old(&bytes).unwrap();
    assert_eq!(file.tensors().len(), 13);
    for i in 0..12 {
        assert_eq!(file.tensors()[i].name, format!("w{i}"));
        assert_eq!(file.read(i).unwrap(), [i as f32, -1.0]);
    }
    assert!(matches!(file.read(12), Err(WeightsFault::Type { .. })));
}

#[test]
fn cut_off_files_are_told() {
    let bytes = old_file(&entries());
    for length in 0..bytes.len() {
        assert!(open_old(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
}

#[test]
fn other_versions_and_machines_are_told() {
    let good = old_file(&entries());
    let changed = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|w| w == from).unwrap();
        let mut bytes = good.clone();
        bytes[at..at + from.len()].copy_from_slice(to);
        open_old(&bytes).err().map(|e| format!("{e:?}")).unwrap_or_default()
    };
    assert!(changed(b"M\xe9\x03.", b"M\xea\x03.").contains("unknown version"));
    assert!(changed(b"\x88u.", b"\x89u.").contains("greatest byte"));
}

#[test]
fn what_a_pickle_multiplies_is_bounded() {
    let refused = |bytes: &[u8]| match pickle::read(bytes).and_then(|pickle| tensors(&pickle)) {
        Err(WeightsFault::Damaged { .. }) => {}
        other => panic!("{other:?}"),
    };
    // One list of pairs for many dicts: few bytes a call, which copies all of them.
    let mut bomb = b"\x80\x02ccollections\nOrderedDict\nq\x00]q\x01(](K\x01K\x02eq\x02".to_vec();
    bomb.extend(b"h\x02".repeat(1_000));
    bomb.push(b'e');
    bomb.extend(b"h\x00h\x01\x85R".repeat(1_000));
    bomb.push(b'.');
    refused(&bomb);
    // One tuple of arguments for many calls.
    let mut bomb = b"\x80\x02ctorch._utils\n_rebuild_parameter\nq\x00(".to_vec();
    bomb.extend(b"K\x01".repeat(1_000));
    bomb.extend(b"tq\x01");
    bomb.extend(b"h\x00h\x01R".repeat(1_000));
    bomb.push(b'.');
    refused(&bomb);
    let floats = |name: &str, shape: &[usize]| Entry::floats(name, shape, &[1.0]);
    let good = state_dict(&[floats("a", &[1; 8])], b"");
    assert_eq!(tensors(&pickle::read(&good).unwrap()).unwrap().len(), 1);
    refused(&state_dict(&[floats("a", &[1; 9])], b""));
    refused(&state_dict(&[floats(&"a".repeat(501), &[1])], b""));
    let many: Vec<Entry> = (0..10_001).map(|_| floats("a", &[1])).collect();
    refused(&state_dict(&many, b""));
}
