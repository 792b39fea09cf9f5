//! Sets that grow, are read again at another size, and cancelled.

use super::*;
use crate::core::{report::DatasetWarning, run::DataIdentity};
use crate::worker::import::decode::decode;
use image::{ImageFormat, Rgb, RgbImage};

/// A zip of `count` images a class, no two alike.
fn set(name: &str, salt: u8, classes: &[&str], count: usize) -> File {
    let mut files = Vec::new();
    for (class, name) in classes.iter().enumerate() {
        for i in 0..count {
            files.push((format!("{name}/{i}.png"), samples::png([salt, class as u8 * 50, i as u8])));
        }
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    Bytes::file(name, samples::zip(&files))
}

fn counts(report: &DatasetReport) -> Vec<[usize; 3]> {
    report.classes.iter().map(|c| [c.train, c.validation, c.test]).collect()
}

#[test]
fn a_test_archive_joins_a_training_archive() {
    let mut library = Library::default();
    let report = add(&mut library, vec![set("train.zip", 1, &["cat", "dog"], 20)], ImportRole::New, SIZE).unwrap();
    assert_eq!(counts(&report), [[12, 4, 4]; 2]);
    let report = add(&mut library, vec![set("test.zip", 2, &["cat", "dog"], 10)], ImportRole::AddTest, SIZE).unwrap();
    assert_eq!(counts(&report), [[16, 4, 10]; 2]);
    assert_eq!(report.sources, ["train.zip", "test.zip"]);
    assert_eq!((report.images, report.size, report.warnings.len()), (60, SIZE, 0));
}

#[test]
fn another_size_reads_everything_again_and_keeps_the_splits() {
    let mut library = Library::default();
    add(&mut library, vec![set("a.zip", 1, &["cat", "dog"], 10)], ImportRole::New, SIZE).unwrap();
    let before = add(&mut library, vec![set("b.zip", 2, &["cat"], 5)], ImportRole::AddTraining, SIZE).unwrap();
    let splits = |library: &Library| library.dataset().unwrap().examples.clone();
    let examples = splits(&library);
    let mut job = library.resize(32, 1);
    while job.step().unwrap() != ImportStep::Done {}
    let after = library.commit(job).unwrap();
    assert_eq!(after.size, 32);
    assert_eq!(counts(&after), counts(&before));
    assert_eq!(splits(&library), examples);
    assert_eq!(library.dataset().unwrap().pixels.len(), 25 * 3 * 32 * 32);
    // And adding at another size takes the others along.
    let report = add(&mut library, vec![set("c.zip", 3, &["emu"], 10)], ImportRole::AddTraining, 48).unwrap();
    assert_eq!((report.size, report.images, report.sources.len()), (48, 35, 3));
}

#[test]
fn another_seed_splits_anew_without_reading() {
    let mut library = Library::default();
    let before = add(&mut library, vec![set("a.zip", 1, &["cat", "dog"], 20)], ImportRole::New, SIZE).unwrap();
    let held = library.collection().unwrap();
    let mut job = library.resize(SIZE, 2);
    assert_eq!(job.step(), Ok(ImportStep::Done), "nothing to read");
    let after = library.commit(job).unwrap();
    assert_eq!(counts(&after), counts(&before));
    assert_ne!(after.fingerprint, before.fingerprint, "other splits");
    assert_eq!(held.report(), before, "who held the set keeps it as it was");
}

#[test]
fn a_set_is_known_by_its_files_and_by_its_pixels() {
    let read = |format: ImageFormat, size| {
        let file = |i: u8| {
            let image = RgbImage::from_pixel(8, 8, Rgb([i, 7, 9]));
            Bytes::file(&format!("set/{}/{i}.image", i % 2), samples::encode(&image.into(), format))
        };
        DataIdentity::from(&add(&mut Library::default(), (0..20).map(file).collect(), ImportRole::New, size).unwrap())
    };
    let first = read(ImageFormat::Png, SIZE);
    assert_eq!(read(ImageFormat::Png, SIZE), first);
    let other_files = read(ImageFormat::Bmp, SIZE);
    assert_eq!(other_files.fingerprint, first.fingerprint);
    assert_ne!(other_files.files_fingerprint, first.files_fingerprint);
    assert!(other_files.is_same(&first) && !read(ImageFormat::Png, 32).is_same(&first));
    // A decoder's update.
    assert!(DataIdentity { fingerprint: "other".into(), ..first.clone() }.is_same(&first));
}

#[test]
fn a_job_that_is_dropped_or_fails_changes_nothing() {
    let mut library = Library::default();
    add(&mut library, vec![set("a.zip", 1, &["cat", "dog"], 10)], ImportRole::New, SIZE).unwrap();
    let before = library.report();
    let mut job = library.add(
        ImportSource::Files { files: images(&["x.png"]), refused: Vec::new(), role: ImportRole::New },
        SIZE,
        1,
    );
    job.step().unwrap();
    drop(job);
    assert_eq!(library.report(), before);
    let text = vec![Bytes::file("a.txt", b"text".to_vec())];
    assert!(add(&mut library, text, ImportRole::AddTest, SIZE).is_err());
    assert_eq!(library.report(), before);
}

/// Stripes of one pixel of a 32-pixel image, and an image of one colour that is no larger than it is trained on.
#[test]
fn larger_images_are_kept_at_twice_the_size_too() {
    let stripes = RgbImage::from_fn(32, 32, |x, _| Rgb([(x % 2 * 255) as u8; 3]));
    let large = samples::encode(&stripes.into(), ImageFormat::Png);
    let small = samples::encode(&RgbImage::from_pixel(16, 16, Rgb([9; 3])).into(), ImageFormat::Png);
    for order in [["a/1.png", "a/2.png", "b/1.png"], ["a/3.png", "a/2.png", "b/1.png"]] {
        let bytes = [&large, &small, &large];
        let files = order.iter().zip(bytes).map(|(path, bytes)| Bytes::file(path, bytes.clone())).collect();
        let mut library = Library::default();
        assert!(add(&mut library, files, ImportRole::New, SIZE).unwrap().has_detail);
        let set = library.dataset().unwrap();
        for (i, example) in set.examples.iter().enumerate() {
            let is_small = example.name == "a/2.png";
            let bytes = if is_small { &small } else { &large };
            assert_eq!(set.image(i), decode(bytes, SIZE).unwrap(), "as without detail");
            let detail = &set.detail[i * 4 * set.stride()..][..4 * set.stride()];
            assert_eq!(
                detail,
                if is_small { vec![9; 3 * 32 * 32] } else { decode(bytes, 32).unwrap() },
                "{order:?} {i}"
            );
        }
    }
    let mut library = Library::default();
    let only_small = vec![Bytes::file("a/1.png", small)];
    assert!(!add(&mut library, only_small, ImportRole::New, SIZE).unwrap().has_detail);
}

#[test]
fn the_sample_set_is_an_origin_like_others() {
    let mut library = Library::default();
    let mut job = library.add(ImportSource::Sample { images_per_class: 10, seed: 1 }, SIZE, 1);
    let mut last = None;
    loop {
        match job.step().unwrap() {
            ImportStep::Done => break,
            step => last = Some(step),
        }
    }
    assert!(matches!(last, Some(ImportStep::Progress { done, total, .. }) if done == total && done >= 80));
    let report = library.commit(job).unwrap();
    assert_eq!(report.sources, ["sample set"]);
    assert!(report.classes.len() >= 8 && counts(&report).iter().all(|c| *c == [6, 2, 2]));
}

#[test]
fn what_is_odd_about_a_set_is_in_its_report() {
    let mut library = Library::default();
    let one = add(&mut library, images(&["set/cat/1.png", "set/cat/2.png"]), ImportRole::New, SIZE).unwrap();
    assert!(one.warnings.contains(&DatasetWarning::OneClass { class: "cat".to_owned() }));
    let flat = add(&mut library, images(&["set/1.png", "set/2.png"]), ImportRole::New, SIZE).unwrap();
    assert_eq!((flat.warnings, flat.unlabelled), (vec![DatasetWarning::NoLabels], 2));

    let mut files = images(&["s/cat/1.png", "s/cat/2.png", "s/cat/3.png", "s/dog/4.png"]);
    files.push(Bytes::file("s/dog/copy of 1.png", samples::png([0, 0, 9])));
    let report = add(&mut library, files, ImportRole::New, SIZE).unwrap();
    assert!(report.warnings.contains(&DatasetWarning::Duplicates { groups: 1, images: 2 }));
    assert!(report.warnings.contains(&DatasetWarning::ConflictingLabels { images: 2 }));
    assert!(report.warnings.contains(&DatasetWarning::SmallClass { class: "dog".to_owned(), images: 2 }));
}
