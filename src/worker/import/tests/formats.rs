//! Folders, archives, tables, CIFAR-10's batches.

use super::*;
use crate::core::error::Lost;

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
