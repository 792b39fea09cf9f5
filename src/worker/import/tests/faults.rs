//! Bad input: each named with its cause, the rest imported, nothing panics.

use super::*;
use crate::core::report::LeftOut;
use crate::core::rng::Rng;
use crate::worker::import::source::FileSource;
use std::rc::Rc;

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
    assert!(matches!(super::left_out(&got)[0], ("set.zip", FileFault::Damaged { .. })));
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

/// A file that a browser refuses to read, as after it was changed or removed.
struct Gone;

impl FileSource for Gone {
    fn path(&self) -> &str {
        "set/cat/gone.png"
    }

    fn len(&self) -> u64 {
        100
    }

    fn read(&self, _: u64, _: u64) -> Result<Vec<u8>, String> {
        Err("NotFoundError".to_owned())
    }
}

/// A file of many bytes that is an image by its first ones.
struct Vast;

impl FileSource for Vast {
    fn path(&self) -> &str {
        "set/cat/vast.png"
    }

    fn len(&self) -> u64 {
        1 << 40
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, String> {
        assert!(end - start < 1 << 20, "read whole");
        let mut bytes = samples::png([1, 2, 3]);
        bytes.resize((end - start) as usize, 0);
        Ok(bytes)
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let mut files = images(&["set/cat/1.png", "set/dog/2.png"]);
    files.extend([Rc::new(Gone) as File, Rc::new(Vast) as File]);
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
        |file: &str| LeftOut { file: file.to_owned(), fault: FileFault::Unreadable { detail: "gone".into() } };
    let all = [refused("set/dog"), refused("set/cat/9.png")];
    let mut library = Library::default();
    let mut add = |files: Vec<File>| {
        let mut job = library.add(Origin::Files { files, refused: all.to_vec(), role: ImportRole::New }, SIZE, 1);
        while job.step()? != Step::Done {}
        library.commit(job)
    };
    assert_eq!(add(images(&["set/cat/1.png", "set/cat/2.png"])).unwrap().left_out, all);
    assert_eq!(add(Vec::new()).unwrap_err(), ImportFault::NoImages { left_out: all.to_vec() });
    // Another size names them again.
    let mut job = library.resize(32, 1);
    while job.step().unwrap() != Step::Done {}
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
    struct Batch;
    impl FileSource for Batch {
        fn path(&self) -> &str {
            "data_batch_1.bin"
        }

        fn len(&self) -> u64 {
            3073 * 50_000
        }

        fn read(&self, _: u64, _: u64) -> Result<Vec<u8>, String> {
            panic!("read")
        }
    }
    let mut importer = Importer::new(&[Rc::new(Batch) as File], &[], 96);
    assert_eq!(importer.step(), Err(ImportFault::OutOfMemory { images: 50_000 }));
}
