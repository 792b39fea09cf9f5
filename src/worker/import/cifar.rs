//! CIFAR-10's binary batches (<https://www.cs.toronto.edu/~kriz/cifar.html>):
//! records of a label byte and 3 × 32 × 32 bytes of planar RGB.

use super::shrink::shrink_planar;
use crate::core::dataset::Split;
use crate::core::dataset::tree::file_name;

/// Side of the images.
pub const SIDE: usize = 32;
/// Bytes of a record.
pub const RECORD: usize = 1 + 3 * SIDE * SIDE;
/// Records that are read in one step.
pub const CHUNK: usize = 250;
/// Most bytes of a batch: forty times what the published files have.
pub const MAX_BATCH: u64 = 40 * 10_000 * RECORD as u64;

/// The classes in the order of their labels, for sets that came without
/// `batches.meta.txt`.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The split of a batch by its name; none for any other file.
pub fn batch_split(path: &str) -> Option<Split> {
    let name = file_name(path).to_lowercase();
    let stem = name.strip_suffix(".bin")?;
    if stem == "test_batch" {
        return Some(Split::Test);
    }
    let number = stem.strip_prefix("data_batch_")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(Split::Train)
}

/// Whether the file names the classes.
pub fn is_meta(path: &str) -> bool {
    file_name(path).eq_ignore_ascii_case("batches.meta.txt")
}

/// The class names, one a line; the usual ones where there are not ten.
pub fn classes(meta: Option<&[u8]>) -> Vec<String> {
    let text = String::from_utf8_lossy(meta.unwrap_or_default()).into_owned();
    let lines: Vec<String> = text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    if lines.len() == CLASSES.len() { lines } else { CLASSES.map(str::to_owned).to_vec() }
}

/// Label and planar RGB, [3, S, S], of a record of [`RECORD`] bytes.
///
/// # Errors
/// The label where it is not 0 to 9.
pub fn read_record(record: &[u8], size: usize) -> Result<(u16, Vec<u8>), u8> {
    let label = record[0];
    if usize::from(label) >= CLASSES.len() {
        return Err(label);
    }
    Ok((u16::from(label), shrink_planar(&record[1..], SIDE, SIDE, size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_known_by_name() {
        assert_eq!(batch_split("cifar-10-batches-bin/data_batch_1.bin"), Some(Split::Train));
        assert_eq!(batch_split("test_batch.bin"), Some(Split::Test));
        for other in ["data_batch_.bin", "data_batch_x.bin", "data_batch_1", "test.bin", "data_batch_1.png"] {
            assert_eq!(batch_split(other), None);
        }
    }

    #[test]
    fn names_come_from_the_meta_file_where_it_is_whole() {
        assert_eq!(classes(None)[3], "cat");
        assert_eq!(classes(Some(b"a\nb\n"))[3], "cat");
        assert_eq!(classes(Some(b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj\r\n\r\n"))[3], "d");
    }

    #[test]
    fn a_record_is_a_label_and_planes() {
        let mut record = vec![7; RECORD];
        record[1..1025].fill(200);
        let (label, pixels) = read_record(&record, 16).unwrap();
        assert_eq!((label, pixels[0], pixels[256], pixels.len()), (7, 200, 7, 768));
        assert_eq!(read_record(&record, 32).unwrap().1, record[1..]);
        record[0] = 10;
        assert_eq!(read_record(&record, 16), Err(10));
    }
}
