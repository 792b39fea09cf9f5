//! Which weights they are, wherever they came from.

use crate::core::dataset::fingerprint::Hasher;
use serde::{Deserialize, Serialize};

/// Published weights that a run started from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightsIdentity {
    /// Where they came from: a file's name, or a repository.
    pub source: String,
    /// See [`Fingerprint`].
    pub fingerprint: String,
}

impl WeightsIdentity {
    /// The same numbers, whatever file they came from.
    pub fn is_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

/// A hash of an encoder's tensors in the order of its network: of names and 32-bit numbers, so
/// that equal weights have equal ones in any format. Against chance, not against forgery.
#[derive(Debug, Default)]
pub struct Fingerprint(Hasher);

impl Fingerprint {
    /// Takes the next tensor in.
    pub fn tensor(&mut self, name: &str, values: &[f32]) {
        self.0.bytes(name.as_bytes());
        self.0.word(values.len() as u64);
        let bits = |pair: &[f32]| pair.iter().rev().fold(0, |word, v| word << 32 | u64::from(v.to_bits()));
        values.chunks(2).for_each(|pair| self.0.word(bits(pair)));
    }

    /// 16 hexadecimal digits.
    pub fn finish(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let [a, b] =
            ["hub", "file"].map(|source| WeightsIdentity { source: source.into(), fingerprint: all[0].clone() });
        assert!(a != b && a.is_same(&b));
    }
}
