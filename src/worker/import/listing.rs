//! Which of the chosen files to read, and what folders, archives and tables say of each. And CIFAR-10's batches.

use super::decode::fit_planar;
use crate::core::dataset::Split;
use crate::core::dataset::folders::{self, PathLabel};
use crate::core::dataset::label_table::{self, Table};
use crate::core::error::{FileFault, SkippedFile};
use std::collections::VecDeque;

/// Most rows of a table that are named as unreadable, and as without a file.
const MOST_NAMED: usize = 10_000;

/// The place of a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Index among the chosen files.
    Chosen(usize),
    /// Index among the open archives, and of the entry in it.
    Packed(usize, usize),
}

/// A file before it is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Path inside its folder or archive.
    pub path: String,
    pub at: At,
    pub bytes: u64,
}

/// Files under one root: the loose files and folders that were chosen, or an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Path of the archive among the chosen files; `None` for the loose files.
    pub archive: Option<String>,
    pub files: Vec<Found>,
}

/// An image file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToRead {
    /// The name that the user sees.
    pub name: String,
    pub at: At,
    pub bytes: u64,
    pub label: PathLabel,
    /// A table lists files in this folder, but not this one.
    pub unlisted: bool,
}

/// The files of a group by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub images: Vec<ToRead>,
    /// Batches of CIFAR-10; their `label` has the split only.
    pub batches: Vec<ToRead>,
    /// The file with the names of CIFAR-10's classes.
    pub meta: Option<Found>,
    pub left_out: Vec<SkippedFile>,
}

/// A group that is being listed. Its tables come one at a time: few are in memory, and a cancel is heard between two.
pub struct Lister {
    group: Group,
    /// The archive's path where its name counts as a folder's.
    archive: Option<String>,
    /// Tables that were not applied yet, by index into [`Group::files`].
    tables: VecDeque<usize>,
    /// Of each of the listing's images: its index likewise, what is said of it, and by whom.
    places: Vec<usize>,
    labels: Vec<PathLabel>,
    said: Vec<Said>,
    listing: Listing,
}

impl Lister {
    /// Begins to list a group. With `several` groups an archive's name counts as a folder's.
    pub fn new(group: Group, several: bool) -> Self {
        let archive = group.archive.clone().filter(|_| several);
        let (mut listing, mut places) = (Listing::default(), Vec::new());
        let (mut tables, mut paths) = (Vec::new(), Vec::new());
        for (index, file) in group.files.iter().enumerate() {
            let to_read = |split| ToRead {
                name: shown(archive.as_deref(), &file.path),
                at: file.at,
                bytes: file.bytes,
                label: PathLabel { class: None, split },
                unlisted: false,
            };
            if label_table::is_table(&file.path) {
                tables.push(index);
            } else if is_cifar_meta(&file.path) {
                listing.meta = Some(file.clone());
            } else if let Some(split) = cifar_split(&file.path) {
                listing.batches.push(to_read(Some(split)));
            } else {
                listing.images.push(to_read(None));
                places.push(index);
                paths.push(file.path.as_str());
            }
        }
        // A table deeper in the tree overrides those above.
        tables.sort_by_key(|&index| folders::parts(&group.files[index].path).len());
        let (labels, said) = (folders::path_labels(&paths), vec![Said::Nothing; paths.len()]);
        Self { archive, tables: tables.into(), places, labels, said, listing, group }
    }

    /// The next table to read, for [`Lister::apply`] or [`Lister::leave_out`].
    pub fn next_table(&mut self) -> Option<Found> {
        self.tables.pop_front().map(|index| self.group.files[index].clone())
    }

    pub fn leave_out(&mut self, path: &str, fault: FileFault) {
        let file = shown(self.archive.as_deref(), path);
        self.listing.left_out.push(SkippedFile { file, fault });
    }

    /// Gives the files around a table the classes in it, in place of those of folders. A table that names none of
    /// them changes nothing.
    pub fn apply(&mut self, table_path: &str, table: &Table) {
        let folder = &table_path[..table_path.len() - folders::file_name(table_path).len()];
        let path = |place: usize| self.group.files[place].path.as_str();
        let around = (0..self.places.len()).filter(|&i| path(self.places[i]).starts_with(folder));
        let mut around: Vec<usize> = around.collect();
        if around.is_empty() {
            // A table in a folder of its own is about all files.
            around = (0..self.places.len()).collect();
        }
        let near: Vec<&str> = around.iter().map(|&i| path(self.places[i])).collect();
        let matches = label_table::match_files(table, table_path, &near);
        let used = matches.row_of.iter().any(Option::is_some);
        for (&index, row) in around.iter().zip(&matches.row_of) {
            if let Some(row) = row.map(|row| &table.rows[row]) {
                self.labels[index].class.clone_from(&row.label);
                self.labels[index].split = row.split.or(self.labels[index].split);
                self.said[index] = Said::ItsClass;
            } else if used && self.said[index] == Said::Nothing {
                self.said[index] = Said::OnlyOfOthers;
            }
        }
        let contradicting = matches.contradicting.iter().map(|&row| table.rows[row].line);
        for line in table.bad_lines.iter().copied().chain(contradicting).take(MOST_NAMED) {
            self.leave_out(table_path, FileFault::BadRow { line });
        }
        for &row in matches.missing.iter().take(MOST_NAMED) {
            self.leave_out(&table.rows[row].file, FileFault::NoSuchFile);
        }
        if table.rows.is_empty() && table.bad_lines.is_empty() {
            self.leave_out(table_path, FileFault::Empty);
        }
    }

    /// The listing, once all tables are applied.
    pub fn finish(mut self) -> Listing {
        for ((said, label), image) in self.said.iter().zip(&mut self.labels).zip(&mut self.listing.images) {
            if *said == Said::OnlyOfOthers {
                // Folders around a table are not classes.
                label.class = None;
                image.unlisted = true;
            }
        }
        if let Some(archive) = self.archive {
            let stem = folders::file_name(&archive);
            folders::within_archive(stem.rsplit_once('.').map_or(stem, |(stem, _)| stem), &mut self.labels);
        }
        for (image, label) in self.listing.images.iter_mut().zip(self.labels) {
            image.label = label;
        }
        self.listing
    }
}

/// The name that the user sees of a file in an archive, or in none.
fn shown(archive: Option<&str>, path: &str) -> String {
    archive.map_or_else(|| path.to_owned(), |archive| format!("{archive}/{path}"))
}

/// What the tables around a file say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    OnlyOfOthers,
    ItsClass,
}

/// Side of the images of CIFAR-10. Its binary batches (<https://www.cs.toronto.edu/~kriz/cifar.html>) are
/// records of a label byte and 3 × 32 × 32 bytes of planar RGB.
pub const CIFAR_SIDE: usize = 32;
/// Bytes of a record.
pub const CIFAR_RECORD: usize = 1 + 3 * CIFAR_SIDE * CIFAR_SIDE;
/// Records that are read in one step.
pub const CIFAR_CHUNK: usize = 250;
/// Most bytes of a batch: forty times what the published files have.
pub const MAX_CIFAR_BATCH: u64 = 40 * 10_000 * CIFAR_RECORD as u64;

/// The classes in the order of their labels, for sets without `batches.meta.txt`.
pub const CIFAR_CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The split of a batch by its name; `None` for any other file.
pub fn cifar_split(path: &str) -> Option<Split> {
    let name = folders::file_name(path).to_lowercase();
    let stem = name.strip_suffix(".bin")?;
    if stem == "test_batch" {
        return Some(Split::Test);
    }
    let number = stem.strip_prefix("data_batch_")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(Split::Train)
}

/// Whether the file names the classes.
pub fn is_cifar_meta(path: &str) -> bool {
    folders::file_name(path).eq_ignore_ascii_case("batches.meta.txt")
}

/// The class names, one a line; the usual ones if there are not ten.
pub fn cifar_classes(meta: Option<&[u8]>) -> Vec<String> {
    let text = String::from_utf8_lossy(meta.unwrap_or_default()).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(CIFAR_CLASSES.len() + 1);
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.len() == CIFAR_CLASSES.len() { lines } else { CIFAR_CLASSES.map(str::to_owned).to_vec() }
}

/// Label and planar RGB, [3, S, S], of a record of [`CIFAR_RECORD`] bytes.
///
/// # Errors
/// The label where it is not 0 to 9.
pub fn read_cifar_record(record: &[u8], size: usize) -> Result<(u16, Vec<u8>), u8> {
    let label = record[0];
    if usize::from(label) >= CIFAR_CLASSES.len() {
        return Err(label);
    }
    Ok((u16::from(label), fit_planar(&record[1..], CIFAR_SIDE, CIFAR_SIDE, size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_known_by_name() {
        assert_eq!(cifar_split("cifar-10-batches-bin/data_batch_1.bin"), Some(Split::Train));
        assert_eq!(cifar_split("test_batch.bin"), Some(Split::Test));
        for other in ["data_batch_.bin", "data_batch_x.bin", "data_batch_1", "test.bin", "data_batch_1.png"] {
            assert_eq!(cifar_split(other), None);
        }
    }

    #[test]
    fn names_come_from_the_meta_file_where_it_is_whole() {
        assert_eq!(cifar_classes(None)[3], "cat");
        assert_eq!(cifar_classes(Some(b"a\nb\n"))[3], "cat");
        assert_eq!(cifar_classes(Some(b"a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj\r\n\r\n"))[3], "d");
    }

    #[test]
    fn a_record_is_a_label_and_planes() {
        let mut record = vec![7; CIFAR_RECORD];
        record[1..1025].fill(200);
        let (label, pixels) = read_cifar_record(&record, 16).unwrap();
        assert_eq!((label, pixels[0], pixels[256], pixels.len()), (7, 200, 7, 768));
        assert_eq!(read_cifar_record(&record, 32).unwrap().1, record[1..]);
        record[0] = 10;
        assert_eq!(read_cifar_record(&record, 16), Err(10));
    }
}
