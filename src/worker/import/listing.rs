//! What of the chosen files is to be read, and what is known of each before it
//! is: the shape of folders, archives and tables, put together.

use super::cifar;
use crate::core::dataset::labels::{self, Table};
use crate::core::dataset::tree::{self, Place};
use crate::core::error::FileFault;
use crate::core::report::LeftOut;

/// Where a file's bytes are.
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

/// Files that lie under one root: what was chosen loose or as folders, or an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Path of the archive among the chosen files; none for the loose ones.
    pub archive: Option<String>,
    pub files: Vec<Found>,
}

/// An image file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToRead {
    /// As the user should see it.
    pub name: String,
    pub at: At,
    pub bytes: u64,
    pub place: Place,
    /// A table lists files here, but not this one.
    pub unlisted: bool,
}

/// What a listing says of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub images: Vec<ToRead>,
    /// Batches of CIFAR-10, `place` with the split only.
    pub batches: Vec<ToRead>,
    /// The file with the names of CIFAR-10's classes.
    pub meta: Option<At>,
    pub left_out: Vec<LeftOut>,
}

/// Lists a group. `several` where it is not all that was chosen: an archive's
/// name then counts as a folder's. `tables` are the tables among its files, by
/// index into [`Group::files`].
pub fn list(group: &Group, several: bool, tables: &[(usize, Table)]) -> Listing {
    let mut listing = Listing::default();
    let archive = group.archive.as_deref().filter(|_| several);
    let name = |path: &str| archive.map_or_else(|| path.to_owned(), |archive| format!("{archive}/{path}"));

    let mut images = Vec::new();
    for (index, file) in group.files.iter().enumerate() {
        if tables.iter().any(|(table, _)| *table == index) {
            continue;
        }
        let to_read = |split| ToRead {
            name: name(&file.path),
            at: file.at,
            bytes: file.bytes,
            place: Place { class: None, split },
            unlisted: false,
        };
        if cifar::is_meta(&file.path) {
            listing.meta = Some(file.at);
        } else if let Some(split) = cifar::batch_split(&file.path) {
            listing.batches.push(to_read(Some(split)));
        } else {
            images.push((file.path.as_str(), to_read(None)));
        }
    }
    let paths: Vec<&str> = images.iter().map(|(path, _)| *path).collect();
    let mut places = tree::place(&paths);
    let mut said = vec![Said::Nothing; paths.len()];
    for (index, table) in tables {
        let path = group.files[*index].path.as_str();
        listing.left_out.extend(apply_table(table, path, &paths, &mut places, &mut said));
    }
    for ((said, place), (_, image)) in said.iter().zip(&mut places).zip(&mut images) {
        if *said == Said::OnlyOfOthers {
            // Folders around a table are not classes.
            place.class = None;
            image.unlisted = true;
        }
    }
    if let Some(archive) = archive {
        let stem = tree::file_name(archive);
        tree::within_archive(stem.rsplit_once('.').map_or(stem, |(stem, _)| stem), &mut places);
    }
    listing.images = images.into_iter().zip(places).map(|((_, image), place)| ToRead { place, ..image }).collect();
    for left_out in &mut listing.left_out {
        left_out.file = name(&left_out.file);
    }
    listing
}

/// What the tables around a file say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    OnlyOfOthers,
    ItsClass,
}

/// Lets a table say the class of the files around it, in place of folders. One
/// that names none of them says nothing.
fn apply_table(
    table: &Table,
    table_path: &str,
    paths: &[&str],
    places: &mut [Place],
    said: &mut [Said],
) -> Vec<LeftOut> {
    let folder = &table_path[..table_path.len() - tree::file_name(table_path).len()];
    let around: Vec<usize> = (0..paths.len()).filter(|&i| paths[i].starts_with(folder)).collect();
    // A table in a folder of its own speaks of all.
    let around = if around.is_empty() { (0..paths.len()).collect() } else { around };
    let near: Vec<&str> = around.iter().map(|&i| paths[i]).collect();
    let matches = labels::match_files(table, table_path, &near);
    let used = matches.row_of.iter().any(Option::is_some);
    for (&index, row) in around.iter().zip(&matches.row_of) {
        if let Some(row) = row.map(|row| &table.rows[row]) {
            places[index].class.clone_from(&row.label);
            places[index].split = row.split.or(places[index].split);
            said[index] = Said::ItsClass;
        } else if used && said[index] == Said::Nothing {
            said[index] = Said::OnlyOfOthers;
        }
    }
    let here = |fault| LeftOut { file: table_path.to_owned(), fault };
    let lines = table.bad_lines.iter().copied();
    let lines = lines.chain(matches.contradicting.iter().map(|&row| table.rows[row].line));
    let mut left_out: Vec<LeftOut> = lines.map(|line| here(FileFault::BadRow { line })).collect();
    let missing = matches.missing.iter().map(|&row| table.rows[row].file.clone());
    left_out.extend(missing.map(|file| LeftOut { file, fault: FileFault::NoSuchFile }));
    if table.rows.is_empty() && table.bad_lines.is_empty() {
        left_out.push(here(FileFault::Empty));
    }
    left_out
}
