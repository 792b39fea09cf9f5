//! PyTorch's state dicts: names, and tensors that are windows into storages beside the pickle.
//!
//! [`open_old`] reads the format before version 1.6, in which some of torchvision's files are still
//! published (`vgg19-dcbb9e9d.pth`). It is five pickles in a row (a magic number, a version, facts about the
//! machine, the state dict, the keys of the storages), then the storages in the order of their keys, each
//! behind its count of numbers in eight bytes. See `_legacy_save` in `torch/serialization.py`.

use super::pickle::{self, Id, Node, Pickle};
use super::{Header, Number, WeightsFault, WeightsFile, not_a_float};
use std::collections::HashMap;

/// A tensor of a state dict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub header: Header,
    /// Names the storage.
    pub key: String,
    /// Numbers in the storage.
    pub count: usize,
    /// The first number's position.
    offset: usize,
    /// Numbers from one entry to the next, by dimension.
    stride: Vec<usize>,
}

/// A storage: its key, the kind and the count of its numbers, and the bytes of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    pub key: String,
    pub number: Number,
    pub width: usize,
    pub count: usize,
}

/// Most tensors, dimensions of one, and bytes of a name. A pickle can use one name or shape for every tensor, and each
/// tensor has its own here.
const MOST_TENSORS: usize = 10_000;
const MOST_DIMENSIONS: usize = 8;
const MOST_NAME: usize = 500;

/// Keys under which training scripts put the state dict beside other things.
const INSIDE: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// The tensors of a state dict, in its order. Other entries are skipped.
///
/// # Errors
/// [`WeightsFault::NotAStateDict`] if there is no tensor, [`WeightsFault::Damaged`] if one makes no sense.
pub fn tensors(pickle: &Pickle) -> Result<Vec<Stored>, WeightsFault> {
    let Node::Dict(outer) = pickle.root() else {
        return Err(WeightsFault::NotAStateDict { found: words(pickle.root()).into() });
    };
    let found = entries(pickle, outer)?;
    if !found.is_empty() {
        return Ok(found);
    }
    for (key, value) in outer {
        if let (Some(key), Node::Dict(inner)) = (pickle.text(*key), &pickle.nodes[*value])
            && INSIDE.contains(&key)
        {
            return entries(pickle, inner);
        }
    }
    Err(WeightsFault::NotAStateDict { found: "a dict without tensors".into() })
}

/// The kind of a value, in a person's words.
fn words(node: &Node) -> &'static str {
    match node {
        Node::None => "nothing (None)",
        Node::Bool(_) | Node::Int(_) | Node::Float(_) => "a number",
        Node::Text(_) => "a text",
        Node::Tuple(_) | Node::List(_) => "a list",
        Node::Dict(_) => "a dict",
        Node::Global(_) => "the name of a class",
        Node::Persistent(_) => "a storage",
        Node::Call { .. } => "a single tensor without a name",
    }
}

fn entries(pickle: &Pickle, dict: &[(Id, Id)]) -> Result<Vec<Stored>, WeightsFault> {
    let mut found: Vec<Stored> = Vec::new();
    for (key, value) in dict {
        if let (Some(name), Node::Call { .. }) = (pickle.text(*key), &pickle.nodes[*value]) {
            if found.len() == MOST_TENSORS {
                return Err(damaged("it has more tensors than any network"));
            }
            found.push(tensor(pickle, name, *value)?);
        }
    }
    Ok(found)
}

fn senseless(name: &str) -> WeightsFault {
    let name: String = name.chars().take(MOST_NAME).collect();
    WeightsFault::Damaged { detail: format!("the entry {name} is no tensor that makes sense") }
}

/// The tensor that `_rebuild_tensor` (storage, offset, shape, strides), `_rebuild_tensor_v2` (the same, and
/// more) or `_rebuild_parameter` (a tensor, and more) would make.
fn tensor(pickle: &Pickle, name: &str, id: Id) -> Result<Stored, WeightsFault> {
    let senseless = || senseless(name);
    if name.len() > MOST_NAME {
        return Err(senseless());
    }
    let mut id = id;
    // A parameter wraps a tensor; parameters that wrap parameters are a trick.
    for _ in 0..2 {
        match &pickle.nodes[id] {
            Node::Call { function: "torch._utils._rebuild_parameter", arguments } => {
                id = *arguments.first().ok_or_else(senseless)?;
            }
            _ => break,
        }
    }
    let Node::Call { function: "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2", arguments } =
        &pickle.nodes[id]
    else {
        return Err(senseless());
    };
    let &[storage_id, offset, shape, stride, ..] = &arguments[..] else { return Err(senseless()) };
    let storage = storage(pickle, storage_id).ok_or_else(senseless)?;
    let size = |id: Id| match pickle.nodes[id] {
        Node::Int(n) => usize::try_from(n).ok(),
        _ => None,
    };
    let sizes = |id: Id| match &pickle.nodes[id] {
        Node::Tuple(items) if items.len() <= MOST_DIMENSIONS => {
            items.iter().map(|&item| size(item)).collect::<Option<Vec<_>>>()
        }
        _ => None,
    };
    let offset = size(offset).ok_or_else(senseless)?;
    let shape = sizes(shape).ok_or_else(senseless)?;
    let stride = sizes(stride).filter(|stride| stride.len() == shape.len()).ok_or_else(senseless)?;
    let number = storage.number;
    let stored = Stored {
        header: Header { name: name.to_owned(), shape, number },
        key: storage.key,
        count: storage.count,
        offset,
        stride,
    };
    if stored.fits() { Ok(stored) } else { Err(senseless()) }
}

/// The storage behind a persistent name `('storage', type, key, device, count, …)`.
pub fn storage(pickle: &Pickle, id: Id) -> Option<Storage> {
    let Node::Persistent(id) = pickle.nodes[id] else { return None };
    let Node::Tuple(parts) = &pickle.nodes[id] else { return None };
    let &[tag, kind, key, _, count, ref rest @ ..] = &parts[..] else { return None };
    // PyTorch before 0.4 could store a view of a storage; its other programs never did.
    let whole = rest.iter().all(|&id| pickle.nodes[id] == Node::None);
    let (Node::Global(kind), Node::Int(count)) = (&pickle.nodes[kind], &pickle.nodes[count]) else { return None };
    let (number, width) = match *kind {
        "torch.HalfStorage" => (Number::F16, 2),
        "torch.BFloat16Storage" => (Number::BF16, 2),
        "torch.FloatStorage" => (Number::F32, 4),
        "torch.DoubleStorage" => (Number::F64, 8),
        "torch.LongStorage" => (Number::Other("I64".into()), 8),
        "torch.IntStorage" => (Number::Other("I32".into()), 4),
        "torch.ShortStorage" => (Number::Other("I16".into()), 2),
        "torch.CharStorage" => (Number::Other("I8".into()), 1),
        "torch.ByteStorage" => (Number::Other("U8".into()), 1),
        "torch.BoolStorage" => (Number::Other("BOOL".into()), 1),
        _ => return None,
    };
    let key = pickle.text(key).filter(|key| key.len() <= MOST_NAME)?.to_owned();
    let usable = whole && pickle.text(tag) == Some("storage");
    usable.then_some(Storage { key, number, width, count: usize::try_from(*count).ok()? })
}

impl Stored {
    /// Whether every entry lies in the storage, and no number is the value of many entries (a stride of 0 makes
    /// a tensor of any size from one number).
    fn fits(&self) -> bool {
        let entries = self.header.shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        let last = self.header.shape.iter().zip(&self.stride).try_fold(self.offset, |at, (&size, &stride)| {
            stride.checked_mul(size.saturating_sub(1)).and_then(|step| at.checked_add(step))
        });
        match (entries, last) {
            (Some(0), Some(_)) => true,
            (Some(entries), Some(last)) => entries <= self.count && last < self.count,
            _ => false,
        }
    }

    /// The tensor's numbers, row-major, from all bytes of its storage.
    ///
    /// # Errors
    /// [`WeightsFault::Type`] if they are not floats; [`WeightsFault::Damaged`] if the storage has another size
    /// than it should have.
    pub fn values(&self, storage: &[u8]) -> Result<Vec<f32>, WeightsFault> {
        let Header { name, shape, number } = &self.header;
        let width = number.bytes().ok_or_else(|| not_a_float(&self.header))?;
        if self.count.checked_mul(width) != Some(storage.len()) {
            let detail = format!("{name} has {} bytes instead of {} numbers of {width}", storage.len(), self.count);
            return Err(WeightsFault::Damaged { detail });
        }
        let entries = shape.iter().product::<usize>();
        if entries == 0 {
            return Ok(Vec::new());
        }
        // Stored in order, as nearly always: one run of numbers.
        let mut step = 1;
        let in_order = shape.iter().zip(&self.stride).rev().all(|(&size, &stride)| {
            let fits = size == 1 || stride == step;
            step *= size;
            fits
        });
        if in_order {
            let start = self.offset * width;
            return Ok(number.widen(&storage[start..start + entries * width]));
        }
        let all = number.widen(storage);
        let at = |mut entry: usize| {
            shape.iter().zip(&self.stride).rev().fold(self.offset, |at, (&size, &stride)| {
                let index = entry % size;
                entry /= size;
                at + index * stride
            })
        };
        Ok((0..entries).map(|entry| all[at(entry)]).collect())
    }
}

/// How such a file begins: the magic number as a pickle.
pub const OLD_MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// The version of the format.
const OLD_VERSION: i128 = 1001;

/// An open file; `storage` gives the bytes behind a tensor.
pub struct PytorchFile<F> {
    headers: Vec<Header>,
    tensors: Vec<Stored>,
    storage: F,
}

impl<F> PytorchFile<F> {
    pub fn new(tensors: Vec<Stored>, storage: F) -> Self {
        Self { headers: tensors.iter().map(|tensor| tensor.header.clone()).collect(), tensors, storage }
    }
}

impl<B: AsRef<[u8]>, F: FnMut(&Stored) -> Result<B, WeightsFault>> WeightsFile for PytorchFile<F> {
    fn tensors(&self) -> &[Header] {
        &self.headers
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        let tensor = &self.tensors[index];
        tensor.values((self.storage)(tensor)?.as_ref())
    }
}

/// Opens a file of the format before version 1.6: reads the pickles and finds the storages.
///
/// # Errors
/// As in [`pickle::read`] and [`tensors`]; [`WeightsFault::Damaged`] where it ends early or was written on
/// a machine whose numbers begin with their greatest byte.
pub fn open_old(bytes: &[u8]) -> Result<impl WeightsFile, WeightsFault> {
    let mut rest = bytes;
    let mut next = || -> Result<Pickle, WeightsFault> {
        let pickle = pickle::read(rest)?;
        rest = &rest[pickle.length..];
        Ok(pickle)
    };
    let (_magic, version, machine, dict, keys) = (next()?, next()?, next()?, next()?, next()?);
    if *version.root() != Node::Int(OLD_VERSION) {
        return Err(damaged("it is of an unknown version of PyTorch's format"));
    }
    if big_endian(&machine) {
        return Err(damaged("its numbers begin with their greatest byte"));
    }
    let tensors = tensors(&dict)?;
    let storages = storages(&dict, &keys, rest)?;
    let storage = move |tensor: &Stored| {
        storages.get(&tensor.key).copied().ok_or_else(|| damaged("a tensor's numbers are not there"))
    };
    Ok(PytorchFile::new(tensors, storage))
}

fn damaged(detail: &str) -> WeightsFault {
    WeightsFault::Damaged { detail: detail.to_owned() }
}

fn big_endian(machine: &Pickle) -> bool {
    let Node::Dict(facts) = machine.root() else { return false };
    facts
        .iter()
        .any(|&(key, value)| machine.text(key) == Some("little_endian") && machine.nodes[value] == Node::Bool(false))
}

/// The bytes of every storage; `rest` begins with the first.
fn storages<'a>(dict: &Pickle, keys: &Pickle, mut rest: &'a [u8]) -> Result<HashMap<String, &'a [u8]>, WeightsFault> {
    let known: HashMap<String, Storage> = (0..dict.nodes.len())
        .filter_map(|id| storage(dict, id))
        .map(|storage| (storage.key.clone(), storage))
        .collect();
    let Node::List(keys_in_order) = keys.root() else { return Err(damaged("it does not list its storages")) };
    let mut found = HashMap::new();
    for &id in keys_in_order {
        let storage =
            keys.text(id).and_then(|key| known.get(key)).ok_or_else(|| damaged("it lists an unknown storage"))?;
        let early = || damaged("its numbers end early");
        let (count, behind) = rest.split_first_chunk::<8>().ok_or_else(early)?;
        if u64::from_le_bytes(*count) != storage.count as u64 {
            return Err(damaged("a storage has another length than its tensors need"));
        }
        let length = storage.count.checked_mul(storage.width).ok_or_else(early)?;
        let (bytes, behind) = behind.split_at_checked(length).ok_or_else(early)?;
        found.insert(storage.key.clone(), bytes);
        rest = behind;
    }
    Ok(found)
}
