//! PyTorch's format before version 1.6, in which some of torchvision's files are still published
//! (`vgg19-dcbb9e9d.pth`): five pickles in a row (a magic number, a version, facts about the
//! machine, the state dict, the keys of the storages), then the storages in the order of their
//! keys, each behind its count of numbers in eight bytes. See `_legacy_save` in
//! `torch/serialization.py`.

use super::pickle::{self, Node, Pickle};
use super::state_dict::{self, Storage, Stored};
use super::{Header, WeightsFault, WeightsFile};
use std::collections::HashMap;

/// How such a file begins: the magic number as a pickle.
pub const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// The version of the format.
const VERSION: i128 = 1001;

/// An open file.
pub struct LegacyFile<'a> {
    headers: Vec<Header>,
    tensors: Vec<Stored>,
    /// By key.
    storages: HashMap<String, &'a [u8]>,
}

impl<'a> LegacyFile<'a> {
    /// Reads the pickles and finds the storages.
    ///
    /// # Errors
    /// As in [`pickle::read`] and [`state_dict::tensors`]; [`WeightsFault::Damaged`] where it ends early or
    /// was written on a machine whose numbers begin with their greatest byte.
    pub fn open(bytes: &'a [u8]) -> Result<Self, WeightsFault> {
        let mut rest = bytes;
        let mut next = || -> Result<Pickle, WeightsFault> {
            let pickle = pickle::read(rest)?;
            rest = &rest[pickle.length..];
            Ok(pickle)
        };
        let (_magic, version, machine, dict, keys) = (next()?, next()?, next()?, next()?, next()?);
        if *version.root() != Node::Int(VERSION) {
            return Err(damaged("it is of an unknown version of PyTorch's format"));
        }
        if big_endian(&machine) {
            return Err(damaged("its numbers begin with their greatest byte"));
        }
        let tensors = state_dict::tensors(&dict)?;
        Ok(Self {
            headers: tensors.iter().map(|tensor| tensor.header.clone()).collect(),
            tensors,
            storages: storages(&dict, &keys, rest)?,
        })
    }
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
        .filter_map(|id| state_dict::storage(dict, id))
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

impl WeightsFile for LegacyFile<'_> {
    fn tensors(&self) -> &[Header] {
        &self.headers
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        let tensor = &self.tensors[index];
        let bytes = self.storages.get(&tensor.key).ok_or_else(|| damaged("a tensor's numbers are not there"))?;
        tensor.values(bytes)
    }
}

#[cfg(test)]
mod tests;
