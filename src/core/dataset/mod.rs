//! A set of images as the program sees it: labels, splits, bytes at training size.

pub mod collection;
pub mod fingerprint;
pub mod fraction;
pub mod labels;
pub mod preflight;
pub mod split;
pub mod tree;

use serde::{Deserialize, Serialize};

/// Which part of the method may see an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Split {
    Train,
    Validation,
    Test,
}

/// What the files of an import are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportRole {
    /// Replaces the set.
    New,
    /// More training images.
    AddTraining,
    /// Becomes (or joins) the test split.
    AddTest,
}

/// One image: label, split and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Index into [`Dataset::classes`]; none for an unlabelled image, which
    /// joins pre-training only.
    pub label: Option<u16>,
    pub split: Split,
    /// Path inside the folder or archive it came from.
    pub name: String,
}

/// Images shrunk to one size. Serialised without its pixels, which are many
/// and lie beside it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Dataset {
    /// Side in pixels.
    pub size: usize,
    pub classes: Vec<String>,
    pub examples: Vec<Example>,
    /// Planar RGB, `3 * size * size` bytes an example: [N, 3, S, S].
    #[serde(skip)]
    pub pixels: Vec<u8>,
}

impl Dataset {
    /// Bytes of one image.
    pub fn stride(&self) -> usize {
        3 * self.size * self.size
    }

    /// Planar RGB of one image: [3, S, S].
    pub fn image(&self, index: usize) -> &[u8] {
        let stride = self.stride();
        &self.pixels[index * stride..(index + 1) * stride]
    }

    /// Indices of a split, labelled or not.
    pub fn split(&self, split: Split) -> Vec<usize> {
        (0..self.examples.len()).filter(|&i| self.examples[i].split == split).collect()
    }

    /// Indices and labels of a split's labelled images.
    pub fn labelled(&self, split: Split) -> (Vec<usize>, Vec<usize>) {
        self.examples
            .iter()
            .enumerate()
            .filter(|(_, e)| e.split == split)
            .filter_map(|(i, e)| e.label.map(|l| (i, usize::from(l))))
            .unzip()
    }
}
