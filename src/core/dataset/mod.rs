//! A set of images as the program sees it: labels, splits, bytes at training size. And how sets and images are
//! compared.

pub mod collection;
pub mod folders;
pub mod label_table;
pub mod preflight;
pub mod split;

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

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
    /// Index into [`Dataset::classes`]; `None` for an unlabelled image, which joins pre-training only.
    pub label: Option<u16>,
    pub split: Split,
    /// Path inside its folder or archive.
    pub name: String,
}

/// Images shrunk to one size. It is serialised without its pixels: they are stored beside it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Dataset {
    /// Side in pixels.
    pub size: usize,
    pub classes: Vec<String>,
    pub examples: Vec<Example>,
    /// Planar RGB, `3 * size * size` bytes an example: [N, 3, S, S].
    #[serde(skip)]
    pub pixels: Vec<u8>,
    /// The same images at twice the side, [N, 3, 2S, 2S], from which training cuts its crops; or nothing.
    #[serde(skip)]
    pub detail: Vec<u8>,
}

/// Most bytes of a set whose images are kept at twice their side, too.
const MAX_DETAILED: usize = 512 << 20;

/// Whether so many images can be kept at `size` and at twice that side.
pub fn has_room_for_detail(images: usize, size: usize) -> bool {
    images.saturating_mul(5 * 3 * size * size) <= MAX_DETAILED
}

/// Images at twice their side without new detail: every pixel four times. [N, 3, S, S] to [N, 3, 2S, 2S].
pub fn doubled(pixels: &[u8], size: usize) -> Vec<u8> {
    let wide = |row: &[u8]| row.iter().flat_map(|&pixel| [pixel; 2]).collect::<Vec<u8>>();
    pixels.chunks_exact(size.max(1)).flat_map(|row| wide(row).repeat(2)).collect()
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

/// A 64-bit hash of bytes, the same on every machine. Words of eight bytes are mixed in by exclusive or, an odd
/// multiplier and a shift, as in FNV-1a but eight bytes at a time. It guards against chance, not against forgery.
#[derive(Clone, Copy, Debug)]
pub struct Hasher(u64);

impl Default for Hasher {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher {
    pub fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }

    /// The bytes and their number.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.parts(&[bytes]);
    }

    /// The bytes of all parts, as if they were one.
    pub fn parts(&mut self, parts: &[&[u8]]) {
        self.word(parts.iter().map(|part| part.len() as u64).sum());
        // The word that the last part did not fill.
        let (mut begun, mut filled) = ([0; 8], 0);
        for part in parts {
            let fills = if filled == 0 { 0 } else { part.len().min(8 - filled) };
            let (first, rest) = part.split_at(fills);
            begun[filled..filled + fills].copy_from_slice(first);
            filled += fills;
            if filled == 8 {
                self.word(u64::from_le_bytes(begun));
                filled = 0;
            }
            if filled == 0 {
                let words = rest.chunks_exact(8);
                let left = words.remainder();
                words.for_each(|word| self.word(u64::from_le_bytes(word.try_into().unwrap_or_default())));
                begun[..left.len()].copy_from_slice(left);
                filled = left.len();
            }
        }
        self.word(begun[..filled].iter().fold(0, |w, &b| (w << 8) | u64::from(b)));
    }

    pub fn finish(mut self) -> u64 {
        self.word(0);
        self.0
    }
}

/// [`Hasher`] of these bytes.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = Hasher::default();
    hasher.bytes(bytes);
    hasher.finish()
}

/// Hash of size, pixels, labels, splits and class names, as 16 hex digits.
pub fn fingerprint(dataset: &Dataset) -> String {
    let mut hasher = without_pixels(dataset);
    hasher.bytes(&dataset.pixels);
    format!("{:016x}", hasher.finish())
}

/// [`fingerprint`] with the hash of each image's file ([`hash`]) in place of its pixels, which are the decoder's work
/// too. Empty where the hashes are not of all images.
pub fn files_fingerprint(dataset: &Dataset, files: &[u64]) -> String {
    if files.len() != dataset.examples.len() {
        return String::new();
    }
    let mut hasher = without_pixels(dataset);
    files.iter().for_each(|&file| hasher.word(file));
    format!("{:016x}", hasher.finish())
}

fn without_pixels(dataset: &Dataset) -> Hasher {
    let mut hasher = Hasher::default();
    hasher.word(dataset.size as u64);
    for class in &dataset.classes {
        hasher.bytes(class.as_bytes());
    }
    for example in &dataset.examples {
        hasher.word(example.label.map_or(0, |l| u64::from(l) + 1) << 8 | example.split as u64);
    }
    hasher
}

/// A group number for each image: the index of the first with the same pixels.
pub fn duplicate_groups(dataset: &Dataset) -> Vec<usize> {
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::new();
    let first_like = |index: usize| {
        let image = dataset.image(index);
        let firsts = seen.entry(hash(image)).or_default();
        // Images of equal hashes are compared byte by byte.
        firsts.iter().copied().find(|&first| dataset.image(first) == image).unwrap_or_else(|| {
            firsts.push(index);
            index
        })
    };
    (0..dataset.examples.len()).map(first_like).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Dataset {
        let example = |label, name: &str| Example { label, split: Split::Train, name: name.to_owned() };
        Dataset {
            size: 1,
            classes: vec!["a".to_owned(), "b".to_owned()],
            examples: vec![example(Some(0), "1"), example(None, "2"), example(Some(1), "3")],
            pixels: vec![1, 2, 3, 4, 5, 6, 1, 2, 3],
            ..Dataset::default()
        }
    }

    #[test]
    fn everything_that_shapes_a_run_shapes_the_fingerprint() {
        let changes: [fn(&mut Dataset); 6] = [
            |d| d.pixels[8] = 4,
            |d| d.pixels.swap(0, 1),
            |d| d.examples[0].label = None,
            |d| d.examples[0].label = Some(1),
            |d| d.examples[2].split = Split::Test,
            |d| d.classes[1] = "c".to_owned(),
        ];
        let files = |set: &Dataset| files_fingerprint(set, &[7, 8, 7]);
        let mut all = vec![fingerprint(&set()), files(&set()), files_fingerprint(&set(), &[7, 8, 9])];
        for change in changes {
            let mut other = set();
            change(&mut other);
            all.push(fingerprint(&other));
            match other.pixels == set().pixels {
                true => all.push(files(&other)),
                false => assert_eq!(files(&other), files(&set()), "a decoder's update changes pixels"),
            }
        }
        assert!(all.iter().all(|f| f.len() == 16 && f.chars().all(|c| c.is_ascii_hexdigit())));
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        let mut renamed = set();
        renamed.examples[0].name = "elsewhere/1".to_owned();
        assert_eq!(fingerprint(&renamed), all[0], "a file's name changes no run");
        assert_eq!(files(&renamed), all[1]);
        assert_eq!(files_fingerprint(&set(), &[7, 8]), "", "one image's file is not known");
    }

    #[test]
    fn the_fingerprint_is_fixed() {
        // It is stored with runs: a change of the hash would orphan them.
        assert_eq!(fingerprint(&set()), "77faa72a9a18be0b");
        assert_eq!(files_fingerprint(&set(), &[hash(b"1"), hash(b"2"), hash(b"3")]), "a96a5f3fab54445e");
    }

    #[test]
    fn equal_pixels_are_found() {
        assert_eq!(duplicate_groups(&set()), [0, 1, 0]);
    }
}
