//! Features of a whole set in a file, where they need no memory: an export writes them as they are computed, then
//! trains its classifier on them.

use super::storage::OpenFile;
use crate::core::error::StorageFault;
use crate::learn::linear_evaluation::Rows;
use std::cell::RefCell;

/// Features [rows, dim] in a file, as 32-bit floats, little-endian.
pub struct FeatureFile {
    file: Box<dyn OpenFile>,
    dim: usize,
    rows: usize,
    /// The bytes of the last row that was read, and the first fault of a read.
    read: RefCell<(Vec<u8>, Option<StorageFault>)>,
}

impl FeatureFile {
    /// An empty file of features of `dim` numbers.
    pub fn new(file: Box<dyn OpenFile>, dim: usize) -> Self {
        Self { file, dim, rows: 0, read: RefCell::new((vec![0; 4 * dim], None)) }
    }

    /// Appends rows.
    ///
    /// # Errors
    /// What the file says.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StorageFault> {
        self.file.write((self.rows * self.dim) as u64 * 4, bytes)?;
        self.rows += bytes.len() / (4 * self.dim);
        Ok(())
    }

    /// # Errors
    /// The first fault of a read; the row was then taken as zeros.
    pub fn check(&self) -> Result<(), StorageFault> {
        self.read.borrow().1.clone().map_or(Ok(()), Err)
    }
}

impl Rows for FeatureFile {
    fn rows(&self) -> usize {
        self.rows
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn copy(&self, row: usize, out: &mut [f32]) {
        let (bytes, fault) = &mut *self.read.borrow_mut();
        if let Err(new) = self.file.read((row * self.dim) as u64 * 4, bytes) {
            bytes.fill(0);
            fault.get_or_insert(new);
        }
        let (numbers, _) = bytes.as_chunks::<4>();
        out.iter_mut().zip(numbers).for_each(|(out, bytes)| *out = f32::from_le_bytes(*bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dataset::{Dataset, Example, Split};
    use crate::learn::block_on::block_on;
    use crate::learn::features::Features;
    use crate::learn::linear_evaluation::{Examples, LinearClassifier};
    use crate::worker::storage::memory::Memory;
    use crate::worker::storage::{FileSystem, Storage};

    fn filled(features: &Features, file: Box<dyn OpenFile>) -> FeatureFile {
        let mut filled = FeatureFile::new(file, features.dim);
        for rows in features.values.chunks(7 * features.dim) {
            filled.append(&rows.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>()).unwrap();
        }
        filled
    }

    #[test]
    fn a_classifier_on_features_in_a_file_is_that_on_features_in_memory() {
        let example = |i: usize| Example { label: Some(i as u16 % 2), split: Split::Train, name: String::new() };
        let set = Dataset {
            classes: vec!["a".into(), "b".into()],
            examples: (0..60).map(example).collect(),
            ..Dataset::default()
        };
        let values = (0..180).map(|i| (i as f32 * 0.7).sin()).collect();
        let features = Features { values, dim: 3 };
        let examples = Examples::among(&set, 0..60, &[Split::Train]).unwrap();
        let of = |(classifier, _): (LinearClassifier, _)| {
            block_on(classifier.tensors()).unwrap().map(|tensor| tensor.values)
        };
        let go_on = &mut async |_: f32| true;
        let expected = of(block_on(examples.fit(&features, 5, go_on)).unwrap());
        let storage = Storage::new(Memory::default());
        let stored = block_on(storage.files().open("export", true)).unwrap().unwrap();
        stored.cut(4 * 180).unwrap();
        for file in [Box::new(stored) as Box<dyn OpenFile>, Box::new(RefCell::<Vec<u8>>::default())] {
            let file = filled(&features, file);
            assert_eq!((file.rows(), file.dim()), (60, 3));
            assert_eq!(of(block_on(examples.fit(&file, 5, go_on)).unwrap()), expected);
            assert_eq!(file.check(), Ok(()));
            file.copy(60, &mut [1.0; 3]);
            assert!(matches!(file.check(), Err(StorageFault::Damaged { .. })), "there is no row 60");
        }
    }
}
