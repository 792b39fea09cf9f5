//! Nested lists of numbers, as golden files write tensors.

use crate::core::error::Fault;
use burn::tensor::{Device, Tensor, TensorData};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// Numbers in row-major order, and their shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    pub values: Vec<f32>,
    pub shape: Vec<usize>,
}

impl Array {
    /// # Errors
    /// If there are not `D` dimensions.
    pub fn dims<const D: usize>(&self) -> Result<[usize; D], Fault> {
        let found = || unusable(&format!("shape {:?} where {D} dimensions are wanted", self.shape));
        self.shape.clone().try_into().map_err(|_| found())
    }

    /// # Errors
    /// If there are not `D` dimensions.
    pub fn tensor<const D: usize>(&self, device: &Device) -> Result<Tensor<D>, Fault> {
        Ok(Tensor::from_data(TensorData::new(self.values.clone(), self.dims::<D>()?), device))
    }
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<T: Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        deserializer.deserialize_any(Nested)
    }
}

struct Nested;

impl<'de> Visitor<'de> for Nested {
    type Value = Array;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a number or a list of equal lists")
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Array, E> {
        Ok(Array { values: vec![v as f32], shape: Vec::new() })
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<Array, E> {
        self.visit_f64(v as f64)
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<Array, E> {
        self.visit_f64(v as f64)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Array, A::Error> {
        let (mut all, mut inner, mut count) = (Vec::new(), None, 0);
        while let Some(Array { values, shape }) = items.next_element()? {
            if inner.get_or_insert_with(|| shape.clone()) != &shape {
                return Err(A::Error::custom("a ragged list"));
            }
            all.extend(values);
            count += 1;
        }
        let shape = std::iter::once(count).chain(inner.unwrap_or_default()).collect();
        Ok(Array { values: all, shape })
    }
}

/// The case has this fault.
pub fn unusable(why: &str) -> Fault {
    Fault::Internal { detail: format!("the case cannot be used: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_order_and_shape() {
        let array: Array = serde_json::from_str("[[1, 2.5, -3], [4, 5, 6]]").unwrap();
        assert_eq!(array, Array { values: vec![1.0, 2.5, -3.0, 4.0, 5.0, 6.0], shape: vec![2, 3] });
        assert_eq!(array.dims::<2>(), Ok([2, 3]));
        assert!(array.dims::<3>().is_err());
    }

    #[test]
    fn ragged_lists_and_words_are_refused() {
        for text in ["[[1, 2], [3]]", "[1, [2]]", "[\"a\"]", "null"] {
            assert!(serde_json::from_str::<Array>(text).is_err(), "{text}");
        }
    }
}
