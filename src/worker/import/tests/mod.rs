//! Whole imports, from chosen files to the report.

mod faults;
mod formats;
mod library;

use super::importer::{Importer, Step};
use super::library::{Library, Origin};
use super::samples;
use super::source::{Bytes, File};
use crate::core::dataset::collection::Import;
use crate::core::dataset::{ImportRole, Split};
use crate::core::error::{FileFault, ImportFault};
use crate::core::report::DatasetReport;

const SIZE: usize = 16;

/// Files of these paths, each an image of its own colour.
fn images(paths: &[&str]) -> Vec<File> {
    let colour = |i: usize| [(i * 40) as u8, (i / 6) as u8, 9];
    paths.iter().enumerate().map(|(i, path)| Bytes::file(path, samples::png(colour(i)))).collect()
}

/// Runs an import to its end, checking that progress only moves on.
fn import(files: &[File]) -> Result<Import, ImportFault> {
    let mut importer = Importer::new(files, &[], SIZE);
    let mut last = (0, 0);
    loop {
        match importer.step()? {
            Step::Progress { done, total, .. } => {
                assert!(done >= last.0 && total >= last.1 && (total == 0 || done <= total), "{done} of {total}");
                last = (done, total);
            }
            Step::Done => {
                assert_eq!(last.0, last.1, "done is all");
                return importer.finish();
            }
        }
    }
}

/// `name: class@split` of each image.
fn items(import: &Import) -> Vec<String> {
    let class = |label: Option<u16>| label.map_or("-", |l| import.classes[usize::from(l)].as_str());
    let split = |split: Option<Split>| split.map_or("-", |s| ["train", "val", "test"][s as usize]);
    import.items.iter().map(|i| format!("{}: {}@{}", i.name, class(i.label), split(i.split))).collect()
}

fn left_out(import: &Import) -> Vec<(&str, FileFault)> {
    import.left_out.iter().map(|l| (l.file.as_str(), l.fault.clone())).collect()
}

fn add(library: &mut Library, files: Vec<File>, role: ImportRole, size: usize) -> Result<DatasetReport, ImportFault> {
    let mut job = library.add(Origin::Files { files, refused: Vec::new(), role }, size, 1);
    while job.step()? != Step::Done {}
    library.commit(job)
}
