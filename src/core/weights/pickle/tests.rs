use super::*;

/// By Python's own pickler: see the script beside it.
const STATE_DICT: &[u8] = include_bytes!("../../../../tests/fixtures/state_dict.pkl");

fn read_all(bytes: &[u8]) -> Result<Node, WeightsFault> {
    read(bytes).map(|pickle| pickle.root().clone())
}

#[test]
fn what_python_wrote_is_read_to_its_end() {
    let pickle = read(STATE_DICT).unwrap();
    assert_eq!(pickle.length, STATE_DICT.len());
    let Node::Dict(entries) = pickle.root() else { panic!("{:?}", pickle.root()) };
    let names: Vec<_> = entries.iter().map(|&(key, _)| pickle.text(key).unwrap()).collect();
    // Attributes of the dict (`_metadata`) are none of its entries.
    assert_eq!(names, ["conv.weight", "conv.bias", "turned", "seen", "held"]);
    // Bytes behind it are left for others.
    let longer = [STATE_DICT, b"rest"].concat();
    assert_eq!(read(&longer).unwrap(), pickle);
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
    let dict = read(b"ccollections\nOrderedDict\n(](](U\x01aK\x01eetR.").unwrap();
    assert!(matches!(dict.root(), Node::Dict(pairs) if dict.text(pairs[0].0) == Some("a")), "{dict:?}");
}

#[test]
fn anything_that_could_run_is_refused_by_name() {
    let global = |bytes: &[u8]| match read(bytes) {
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
        assert_eq!(read(&[0x80, 2, code, 1, 2, 3, 4]), Err(refused), "{name}");
    }
    let unknown = WeightsFault::Instruction { name: "0xfe".into(), at: 0 };
    assert_eq!(read(&[0xfe]), Err(unknown));
    // A call of something that is no allowed function.
    assert!(matches!(read(b"X\x01\0\0\0f)R."), Err(WeightsFault::Damaged { .. })));
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
        assert!(read(&STATE_DICT[..length]).is_err(), "{length} bytes");
    }
    let mut rng = crate::core::rng::Rng::new(4);
    for _ in 0..20_000 {
        let mut bytes = STATE_DICT.to_vec();
        for _ in 0..1 + rng.below(3) {
            let at = rng.below(bytes.len());
            bytes[at] = rng.next_u64() as u8;
        }
        // Either is fine; what comes of it goes through the next reader too.
        if let Ok(pickle) = read(&bytes) {
            let _ = crate::core::weights::state_dict::tensors(&pickle);
        }
    }
}
