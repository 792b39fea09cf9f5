//! Whole imports, from chosen files to the report.

mod library;

use super::importer::{ImageImporter, ImportStep};
use super::library::{ImportSource, Library};
use super::samples;
use super::{Bytes, File, Reader};
use crate::core::dataset::{ImportRole, Split};
use crate::core::error::{FileFault, ImportFault, Lost, SkippedFile};
use crate::core::{dataset::collection::ImportedImages, report::DatasetReport, rng::Rng};
use std::io::{Read, Seek, SeekFrom};

const SIZE: usize = 16;

/// Files of these paths, each an image of its own colour.
fn images(paths: &[&str]) -> Vec<File> {
    let colour = |i: usize| [(i * 40) as u8, (i / 6) as u8, 9];
    paths.iter().enumerate().map(|(i, path)| Bytes::file(path, samples::png(colour(i)))).collect()
}

/// Runs an import to its end, checking that progress only moves on.
fn import(files: &[File]) -> Result<ImportedImages, ImportFault> {
    let mut importer = ImageImporter::new(files, &[], SIZE);
    let mut last = (0, 0);
    loop {
        match importer.step()? {
            ImportStep::Progress { done, total, .. } => {
                assert!(done >= last.0 && total >= last.1 && (total == 0 || done <= total), "{done} of {total}");
                last = (done, total);
            }
            ImportStep::Done => {
                assert_eq!(last.0, last.1, "done is all");
                return importer.finish();
            }
        }
    }
}

/// `name: class@split` of each image.
fn items(import: &ImportedImages) -> Vec<String> {
    let class = |label: Option<u16>| label.map_or("-", |l| import.classes[usize::from(l)].as_str());
    let split = |split: Option<Split>| split.map_or("-", |s| ["train", "val", "test"][s as usize]);
    import.items.iter().map(|i| format!("{}: {}@{}", i.name, class(i.label), split(i.split))).collect()
}

fn left_out(import: &ImportedImages) -> Vec<(&str, FileFault)> {
    import.left_out.iter().map(|l| (l.file.as_str(), l.fault.clone())).collect()
}

fn add(library: &mut Library, files: Vec<File>, role: ImportRole, size: usize) -> Result<DatasetReport, ImportFault> {
    let mut job = library.add(ImportSource::Files { files, refused: Vec::new(), role }, size, 1);
    while job.step()? != ImportStep::Done {}
    library.commit(job)
}

#[test]
fn the_stream_gives_the_files_bytes_wherever_it_is_moved() {
    let bytes: Vec<u8> = (0..700_000u32).map(|i| (i * 7 / 3) as u8).collect();
    let mut reader = Reader::new(Bytes::file("x", bytes.clone()));
    for (start, count) in [(0usize, 10), (300_000, 300_000), (299_990, 20), (5, 262_144), (699_990, 100)] {
        reader.seek(SeekFrom::Start(start as u64)).unwrap();
        let mut out = Vec::new();
        reader.by_ref().take(count).read_to_end(&mut out).unwrap();
        let end = bytes.len().min(start + count as usize);
        assert!(out == bytes[start..end], "{start}");
    }
    assert_eq!(reader.seek(SeekFrom::End(-3)).unwrap(), 699_997);
    assert!(reader.seek(SeekFrom::Current(-700_000)).is_err());
    reader.seek(SeekFrom::End(5)).unwrap();
    assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
}

// Folders, archives, tables, CIFAR-10's batches.

#[test]
fn a_folder_of_class_folders() {
    let mut files = images(&["set/dog/10.png", "set/dog/9.png", "set/cat/1.png", "set/unlabeled/2.png", "set/0.png"]);
    files.extend([".DS_Store", "set/Thumbs.db", "set/cat/._1.png"].map(|path| Bytes::file(path, b"junk".to_vec())));
    let import = import(&files).unwrap();
    assert_eq!(import.name, "set");
    assert_eq!(import.classes, ["cat", "dog"]);
    assert_eq!(import.left_out, []);
    let want = ["set/0.png: -@-", "set/cat/1.png: cat@-", "set/dog/9.png: dog@-", "set/dog/10.png: dog@-"];
    assert_eq!(items(&import)[..4], want);
    assert_eq!(items(&import)[4], "set/unlabeled/2.png: -@-");
    assert_eq!(import.pixels.len(), 5 * 3 * SIZE * SIZE);
    assert_eq!(import.pixels[..3], [160, 160, 160], "the pixels of set/0.png");
}

#[test]
fn an_archive_with_splits_in_one_top_folder() {
    let image = samples::png([1, 2, 3]);
    let bytes = samples::zip(&[
        ("set/train/cat/1.png", &image),
        ("set/train/dog/2.png", &image),
        ("set/test/cat/3.png", &image),
        ("__MACOSX/set/._train", b"junk"),
    ]);
    let import = import(&[Bytes::file("my set.zip", bytes)]).unwrap();
    assert_eq!(import.name, "my set.zip");
    let want = ["set/train/cat/1.png: cat@train", "set/train/dog/2.png: dog@train", "set/test/cat/3.png: cat@test"];
    assert_eq!(items(&import), want);
}

#[test]
fn several_archives_are_folders() {
    let image = samples::png([1, 2, 3]);
    let flat = samples::zip(&[("1.png", &image)]);
    let files = [Bytes::file("cats.zip", flat.clone()), Bytes::file("dogs.zip", flat.clone())];
    assert_eq!(items(&import(&files).unwrap()), ["cats.zip/1.png: cats@-", "dogs.zip/1.png: dogs@-"]);
    let classes = samples::zip(&[("cat/1.png", &image), ("dog/1.png", &image)]);
    let files = [Bytes::file("train.zip", classes.clone()), Bytes::file("test.zip", classes)];
    let got = import(&files).unwrap();
    assert_eq!(items(&got)[0], "train.zip/cat/1.png: cat@train");
    assert_eq!(items(&got)[3], "test.zip/dog/1.png: dog@test");
    // An archive in a chosen folder, and one whose name has no ending.
    let files = [Bytes::file("set/birds.zip", flat.clone()), images(&["set/bat/1.png"]).remove(0)];
    assert_eq!(import(&files).unwrap().items.len(), 2);
    assert_eq!(import(&[Bytes::file("download", flat)]).unwrap().items.len(), 1);
}

#[test]
fn images_with_a_table() {
    let mut files = images(&["set/a.png", "set/sub/b.png", "set/c.png", "set/d.png"]);
    let table = "file,label\r\na.png,cat\r\nsub/b.png,\"dog\"\r\nmissing.png,cat\r\nc.png\r\na.png,dog\r\n";
    files.push(Bytes::file("set/labels.csv", table.into()));
    let got = import(&files).unwrap();
    let want = ["set/a.png: cat@-", "set/c.png: -@-", "set/d.png: -@-", "set/sub/b.png: dog@-"];
    assert_eq!(items(&got), want);
    let faults = left_out(&got);
    assert_eq!(
        faults,
        [
            ("set/labels.csv", FileFault::BadRow { line: 5 }),
            ("set/labels.csv", FileFault::BadRow { line: 6 }),
            ("missing.png", FileFault::NoSuchFile),
            ("set/c.png", FileFault::NotInLabels),
            ("set/d.png", FileFault::NotInLabels),
        ]
    );
}

#[test]
fn a_table_in_an_archive_and_one_a_split() {
    let image = samples::png([1, 2, 3]);
    let bytes = samples::zip(&[
        ("s/train/a.png", &image),
        ("s/test/a.png", &image),
        ("s/train/labels.csv", b"a.png;cat"),
        ("s/test/labels.csv", b"a.png;dog"),
    ]);
    let got = import(&[Bytes::file("s.zip", bytes)]).unwrap();
    assert_eq!(items(&got), ["s/train/a.png: cat@train", "s/test/a.png: dog@test"]);
    assert_eq!(got.left_out, []);
}

#[test]
fn a_table_that_names_other_files_leaves_folders_their_meaning() {
    let mut files = images(&["s/cat/a.png", "s/dog/b.png"]);
    files.push(Bytes::file("s/labels.csv", b"file,label\nx.png,y\n".to_vec()));
    let got = import(&files).unwrap();
    assert_eq!(items(&got), ["s/cat/a.png: cat@-", "s/dog/b.png: dog@-"]);
    assert_eq!(left_out(&got), [("x.png", FileFault::NoSuchFile)]);
}

/// A batch of records with these labels; record i is of grey i.
fn batch(labels: &[u8]) -> Vec<u8> {
    labels.iter().enumerate().flat_map(|(i, &label)| [[label].as_slice(), &[i as u8; 3072]].concat()).collect()
}

#[test]
fn cifar_batches() {
    let meta = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    let many: Vec<u8> = (0..600u32).map(|i| (i % 10) as u8).collect();
    let parts = [
        ("c/data_batch_1.bin", batch(&many)),
        ("c/data_batch_2.bin", [batch(&[9, 10, 0]), vec![1, 2, 3]].concat()),
        ("c/test_batch.bin", batch(&[6])),
        ("c/batches.meta.txt", meta.into()),
        ("c/readme.html", b"<html>".to_vec()),
    ];
    let loose: Vec<File> = parts.iter().map(|(path, bytes)| Bytes::file(path, bytes.clone())).collect();
    let packed: Vec<(&str, &[u8])> = parts.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
    for files in [loose, vec![Bytes::file("c.zip", samples::zip(&packed))]] {
        let got = import(&files).unwrap();
        assert_eq!(got.classes[..3], ["airplane", "automobile", "bird"], "the labels' own order");
        let items = items(&got);
        assert_eq!(items.len(), 603);
        assert_eq!(items[0], "c/data_batch_1.bin#0: airplane@train");
        assert_eq!(items[599], "c/data_batch_1.bin#599: truck@train");
        assert_eq!(items[602], "c/test_batch.bin#0: frog@test");
        assert_eq!(got.pixels[3 * SIZE * SIZE * 7], 7);
        let mut faults = left_out(&got);
        faults.sort_unstable_by_key(|(file, _)| *file);
        let kinds: Vec<(&str, Lost)> = faults.iter().map(|(file, fault)| (*file, fault.lost())).collect();
        let want =
            [("c/data_batch_2.bin", Lost::Part), ("c/data_batch_2.bin#1", Lost::File), ("c/readme.html", Lost::File)];
        assert_eq!(kinds, want);
        assert_eq!(faults[0].1, FileFault::CutBatch { records: 3 });
    }
}

#[test]
fn batches_without_a_whole_record_are_named() {
    let files = [
        Bytes::file("c/data_batch_1.bin", batch(&[1, 2])),
        Bytes::file("c/data_batch_2.bin", Vec::new()),
        Bytes::file("c/data_batch_3.bin", vec![0; 3072]),
    ];
    let got = import(&files).unwrap();
    assert_eq!(got.items.len(), 2);
    let faults = left_out(&got);
    assert_eq!(faults[0], ("c/data_batch_2.bin", FileFault::Empty));
    assert!(matches!(faults[1], ("c/data_batch_3.bin", FileFault::Damaged { .. })));
}

// Bad input: each file is named with its cause, the rest is imported, nothing panics.

fn not_an_image(name: Option<&str>) -> FileFault {
    FileFault::NotAnImage { looks_like: name.map(str::to_owned) }
}

#[test]
fn bad_files_are_named_and_the_rest_is_imported() {
    let jpeg = samples::jpeg(30, 20);
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("set/cat/cut.jpg", jpeg[..jpeg.len() / 2].to_vec()),
        ("set/cat/empty.png", Vec::new()),
        ("set/cat/huge.png", samples::png_header(20_000, 20_000)),
        ("set/cat/page.jpg", b"<!DOCTYPE html><p>404".to_vec()),
        ("set/cat/phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec()),
        ("set/cat/web.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec()),
        ("set/notes.txt", b"shopping list".to_vec()),
    ];
    let mut files: Vec<File> = bad.into_iter().map(|(path, bytes)| Bytes::file(path, bytes)).collect();
    files.push(Bytes::file("set/dog/really a jpeg.png", jpeg));
    files.extend(images(&["set/cat/good.png"]));
    let got = import(&files).unwrap();
    assert_eq!(items(&got), ["set/cat/good.png: cat@-", "set/dog/really a jpeg.png: dog@-"]);
    let faults = left_out(&got);
    assert_eq!(
        faults,
        [
            ("set/cat/cut.jpg", FileFault::Damaged { detail: "the file ends early".to_owned() }),
            ("set/cat/empty.png", FileFault::Empty),
            ("set/cat/huge.png", FileFault::TooLarge { width: 20_000, height: 20_000 }),
            ("set/cat/page.jpg", not_an_image(Some("web page"))),
            ("set/cat/phone.heic", FileFault::Heic),
            ("set/cat/web.avif", FileFault::Avif),
            ("set/notes.txt", not_an_image(Some("text"))),
        ]
    );
}

#[test]
fn nothing_to_import_says_why() {
    assert_eq!(import(&[]).unwrap_err(), ImportFault::NoFiles);
    assert_eq!(import(&[Bytes::file(".DS_Store", vec![1])]).unwrap_err(), ImportFault::NoFiles);
    let Err(ImportFault::NoImages { left_out }) = import(&[Bytes::file("a.txt", b"a".to_vec())]) else { panic!() };
    assert_eq!((left_out[0].file.as_str(), &left_out[0].fault), ("a.txt", &not_an_image(Some("text"))));
    let broken = Bytes::file("set.zip", b"PK\x03\x04 broken".to_vec());
    let Err(ImportFault::NotAZip { file, .. }) = import(std::slice::from_ref(&broken)) else { panic!() };
    assert_eq!(file, "set.zip");
    // Beside images it is one of the files that were left out.
    let mut files = images(&["a.png"]);
    files.push(broken);
    let got = import(&files).unwrap();
    assert_eq!(got.left_out.len(), 1);
    assert!(matches!(self::left_out(&got)[0], ("set.zip", FileFault::Damaged { .. })));
}

#[test]
fn a_bomb_in_an_archive_is_named_with_its_place() {
    let image = samples::png([1, 2, 3]);
    let zeros = vec![0; 20 << 20];
    let bytes = samples::zip(&[("cat/bomb.bmp", &zeros), ("cat/1.png", &image), ("dog/2.png", &image)]);
    let got = import(&[Bytes::file("a.zip", bytes.clone())]).unwrap();
    assert_eq!(got.items.len(), 2);
    assert_eq!(left_out(&got), [("cat/bomb.bmp", FileFault::Bomb)]);
    let mut files = images(&["x.png"]);
    files.push(Bytes::file("a.zip", bytes));
    assert_eq!(left_out(&import(&files).unwrap()), [("a.zip/cat/bomb.bmp", FileFault::Bomb)]);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let mut files = images(&["set/cat/1.png", "set/dog/2.png"]);
    // As after the file was changed or removed.
    files.push(samples::made_file("set/cat/gone.png", 100, |_, _| Err("NotFoundError".to_owned())));
    // An image by its first bytes.
    files.push(samples::made_file("set/cat/vast.png", 1 << 40, |start, end| {
        assert!(end - start < 1 << 20, "read whole");
        let mut bytes = samples::png([1, 2, 3]);
        bytes.resize((end - start) as usize, 0);
        Ok(bytes)
    }));
    let got = import(&files).unwrap();
    assert_eq!(got.items.len(), 2);
    assert_eq!(
        left_out(&got),
        [
            ("set/cat/gone.png", FileFault::Unreadable { detail: "NotFoundError".to_owned() }),
            ("set/cat/vast.png", FileFault::TooManyBytes { bytes: 1 << 40 }),
        ]
    );
}

#[test]
fn what_the_browser_did_not_hand_over_is_named() {
    let refused =
        |file: &str| SkippedFile { file: file.to_owned(), fault: FileFault::Unreadable { detail: "gone".into() } };
    let all = [refused("set/dog"), refused("set/cat/9.png")];
    let mut library = Library::default();
    let mut add = |files: Vec<File>| {
        let mut job = library.add(ImportSource::Files { files, refused: all.to_vec(), role: ImportRole::New }, SIZE, 1);
        while job.step()? != ImportStep::Done {}
        library.commit(job)
    };
    assert_eq!(add(images(&["set/cat/1.png", "set/cat/2.png"])).unwrap().left_out, all);
    assert_eq!(add(Vec::new()).unwrap_err(), ImportFault::NoImages { left_out: all.to_vec() });
    // Another size names them again.
    let mut job = library.resize(32, 1);
    while job.step().unwrap() != ImportStep::Done {}
    assert_eq!(library.commit(job).unwrap().left_out, all);
}

#[test]
fn random_files_never_panic_and_each_is_accounted_for() {
    let mut rng = Rng::new(8);
    let whole = samples::zip(&[("a/1.png", &samples::png([1, 2, 3])), ("b/2.jpg", &samples::jpeg(9, 9))]);
    let names = ["a/1.png", "b/labels.csv", "c.zip", "data_batch_1.bin", "batches.meta.txt", "noname", "d/e.jpg"];
    for _ in 0..60 {
        let files: Vec<File> = names
            .iter()
            .map(|name| {
                let mut bytes = if rng.chance(0.5) { whole.clone() } else { samples::png([7; 3]) };
                for _ in 0..rng.below(6) {
                    let at = rng.below(bytes.len());
                    bytes[at] = rng.next_u64() as u8;
                }
                bytes.truncate(rng.below(bytes.len() * 2));
                Bytes::file(name, bytes)
            })
            .collect();
        match import(&files) {
            Ok(import) => assert_eq!(import.pixels.len(), import.items.len() * 3 * SIZE * SIZE),
            Err(ImportFault::NoImages { left_out }) => assert!(!left_out.is_empty()),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn too_many_images_for_the_memory_are_refused_before_they_are_read() {
    let batch = samples::made_file("data_batch_1.bin", 3073 * 50_000, |_, _| panic!("read"));
    let mut importer = ImageImporter::new(&[batch], &[], 96);
    assert_eq!(importer.step(), Err(ImportFault::OutOfMemory { images: 50_000 }));
}

#[test]
fn tables_are_read_one_a_step_and_no_more_of_them_than_the_images_need() {
    let mut files = images(&["a/1.png", "a/2.png", "b/3.png"]);
    let table = |i: usize, bytes: Vec<u8>| Bytes::file(&format!("t{i}/labels.csv"), bytes);
    files.extend((0..50).map(|i| table(i, b"1.png,x\n".to_vec())));
    let mut importer = ImageImporter::new(&files, &[], SIZE);
    let mut steps = 0;
    while importer.step().unwrap() != ImportStep::Done {
        steps += 1;
    }
    assert!(steps > 50, "a cancel is heard between two tables: {steps} steps");
    assert_eq!(items(&importer.finish().unwrap())[0], "a/1.png: x@-");
    // In an archive they may unpack to far more than was chosen.
    let long = b"1.png,x\n".repeat(100_000);
    let png = samples::png([1, 2, 3]);
    let packed = samples::zip(&[("a/1.png", &png), ("p/labels.csv", &long), ("q/labels.csv", &long)]);
    let import = import(&[Bytes::file("set.zip", packed)]).unwrap();
    let fault = FileFault::TooManyBytes { bytes: 800_000 };
    assert_eq!((import.items.len(), left_out(&import)), (1, vec![("q/labels.csv", fault)]));
}
