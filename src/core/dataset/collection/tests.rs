use super::*;
use crate::core::{dataset::hash, report::DatasetWarning};

/// `(class, images)` each, every image of other pixels. `salt` sets imports apart.
fn import(name: &str, salt: u8, classes: &[(&str, usize)]) -> ImportedImages {
    let mut import = ImportedImages { name: name.to_owned(), ..ImportedImages::default() };
    for (label, (class, images)) in classes.iter().enumerate() {
        import.classes.push((*class).to_owned());
        for i in 0..*images {
            let (pixels, name) = ([salt, label as u8, i as u8], format!("{class}/{i}"));
            import.items.push(ImportedImage { name, label: Some(label as u16), split: None, hash: hash(&pixels) });
            import.pixels.extend(pixels);
        }
    }
    import
}

fn counts(collection: &Collection) -> Vec<(String, [usize; 3])> {
    let row = |c: crate::core::report::ClassCount| (c.name, [c.train, c.validation, c.test]);
    collection.report().classes.into_iter().map(row).collect()
}

fn row(name: &str, counts: [usize; 3]) -> (String, [usize; 3]) {
    (name.to_owned(), counts)
}

#[test]
fn a_new_set_is_split_and_another_replaces_it() {
    let mut all = Collection::new(1, 1);
    all.add(import("one", 1, &[("cat", 50), ("dog", 10)]), ImportRole::New).unwrap();
    assert_eq!(counts(&all), [row("cat", [30, 10, 10]), row("dog", [6, 2, 2])]);
    all.add(import("two", 2, &[("car", 10), ("bus", 10)]), ImportRole::New).unwrap();
    assert_eq!(counts(&all), [row("car", [6, 2, 2]), row("bus", [6, 2, 2])]);
    assert_eq!(all.report().sources, ["two"]);
    assert_eq!(all.report().images, 20);
    assert!(all.report().can_evaluate());
}

#[test]
fn a_test_set_takes_the_place_of_a_drawn_one_and_matches_classes_by_name() {
    let mut all = Collection::new(1, 1);
    all.add(import("train.zip", 1, &[("cat", 50), ("dog", 50)]), ImportRole::New).unwrap();
    all.add(import("test.zip", 2, &[("Dog", 7), ("cat ", 5), ("emu", 2)]), ImportRole::AddTest).unwrap();
    let want = [row("cat", [40, 10, 5]), row("dog", [40, 10, 7]), row("emu", [0, 0, 2])];
    assert_eq!(counts(&all), want);
    let lacking = DatasetWarning::NotInTraining { class: "emu".to_owned(), images: 2 };
    assert!(all.report().warnings.contains(&lacking));
}

#[test]
fn a_test_set_joins_one_that_came_with_the_images() {
    let mut first = import("one", 1, &[("cat", 20), ("dog", 20)]);
    first.items.iter_mut().step_by(4).for_each(|item| item.split = Some(Split::Test));
    let mut all = Collection::new(1, 1);
    all.add(first, ImportRole::New).unwrap();
    assert_eq!(counts(&all)[0], row("cat", [12, 3, 5]));
    all.add(import("two", 2, &[("cat", 3)]), ImportRole::AddTest).unwrap();
    assert_eq!(counts(&all)[0], row("cat", [12, 3, 8]));
}

#[test]
fn more_training_images_leave_the_splits_of_the_others() {
    let mut all = Collection::new(1, 1);
    all.add(import("one", 1, &[("cat", 50), ("dog", 50)]), ImportRole::AddTraining).unwrap();
    let before: Vec<Split> = all.dataset().examples.iter().map(|e| e.split).collect();
    assert_eq!(counts(&all)[0], row("cat", [30, 10, 10]), "the first import is a new set");
    all.add(import("two", 2, &[("cat", 5)]), ImportRole::AddTraining).unwrap();
    let after: Vec<Split> = all.dataset().examples.iter().map(|e| e.split).collect();
    assert_eq!(before, after[..100]);
    assert_eq!(counts(&all)[0], row("cat", [35, 10, 10]));
}

#[test]
fn the_first_labels_open_evaluation_also_as_more_training_images() {
    let mut flat = import("flat", 1, &[("", 20)]);
    flat.classes.clear();
    flat.items.iter_mut().for_each(|item| item.label = None);
    let mut all = Collection::new(1, 1);
    all.add(flat, ImportRole::New).unwrap();
    assert!(!all.report().can_evaluate());
    all.add(import("labelled", 2, &[("cat", 10), ("dog", 10)]), ImportRole::AddTraining).unwrap();
    assert_eq!(counts(&all), [row("cat", [6, 2, 2]), row("dog", [6, 2, 2])]);
    assert!(all.report().can_evaluate() && all.report().can_measure());
    assert_eq!((all.report().unlabelled, all.report().training_images()), (20, 32));
    // From then on more training images train.
    all.add(import("more", 3, &[("cat", 5)]), ImportRole::AddTraining).unwrap();
    assert_eq!(counts(&all)[0], row("cat", [11, 2, 2]));
}

#[test]
fn an_import_that_does_not_fit_changes_nothing() {
    let mut all = Collection::new(1, 1);
    all.add(import("one", 1, &[("cat", 5)]), ImportRole::New).unwrap();
    let before = all.report();
    let many = ImportedImages { classes: (0..70_000).map(|i| i.to_string()).collect(), ..ImportedImages::default() };
    assert!(matches!(all.add(many, ImportRole::AddTest), Err(ImportFault::TooManyClasses { .. })));
    assert_eq!(all.report(), before);
}

#[test]
fn a_set_comes_back_from_its_parts() {
    let mut all = Collection::new(1, 1);
    all.add(import("one", 1, &[("cat", 5), ("dog", 4)]), ImportRole::New).unwrap();
    let json = serde_json::to_string(&all).unwrap();
    let back = || serde_json::from_str::<Collection>(&json).unwrap();
    let pixels = all.dataset().pixels.clone();
    assert_eq!(back().with_pixels(pixels.clone(), Vec::new()).unwrap().report(), all.report());
    assert!(back().with_pixels(pixels[1..].to_vec(), Vec::new()).is_err());
    assert!(back().with_pixels(pixels.clone(), pixels.clone()).is_err());
    for pointer in ["/groups/0", "/dataset/examples/0/label"] {
        let mut json = serde_json::to_value(&all).unwrap();
        *json.pointer_mut(pointer).unwrap() = 999.into();
        let other: Collection = serde_json::from_value(json).unwrap();
        assert!(other.with_pixels(pixels.clone(), Vec::new()).is_err(), "{pointer}");
    }
    let detail = doubled(&pixels, 1);
    assert_eq!(back().with_pixels(pixels, detail.clone()).unwrap().dataset().detail, detail);
}

#[test]
fn detail_is_of_all_images_or_none_and_is_not_in_the_fingerprint() {
    let set = |size, detail: &[u8]| {
        let mut one = import("one", 1, &[("cat", 2)]);
        one.pixels = (0..2).flat_map(|image| vec![image; 3 * size * size]).collect();
        one.detail = detail.to_vec();
        let mut all = Collection::new(size, 1);
        all.add(one, ImportRole::New).unwrap();
        all
    };
    let fine: Vec<u8> = (0..24).collect();
    let (with, without) = (set(1, &fine), set(1, &[]));
    assert!(with.report().has_detail && !without.report().has_detail);
    assert_eq!(with.report().fingerprint, without.report().fingerprint);
    // Images that have none are enlarged.
    let plain = import("two", 7, &[("cat", 1)]);
    let (mut first, mut second) = (with.clone(), without);
    first.add(plain.clone(), ImportRole::AddTest).unwrap();
    assert_eq!(first.dataset().detail, [&fine[..], &doubled(&plain.pixels, 1)].concat());
    second.add(ImportedImages { detail: fine[..12].to_vec(), ..plain }, ImportRole::AddTest).unwrap();
    assert_eq!(second.dataset().detail, [&doubled(&[0, 0, 0, 1, 1, 1], 1), &fine[..12]].concat());
    // Where there is no room for all, there is none.
    assert!(has_room_for_detail(2_000, 128) && !has_room_for_detail(2_000, 224));
    assert_eq!(doubled(&[1, 2, 3, 4], 2), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
}

#[test]
fn a_set_that_was_kept_without_hashes_of_files_has_its_pixels_fingerprint_alone() {
    let mut all = Collection::new(1, 1);
    all.add(import("one", 1, &[("cat", 5), ("dog", 4)]), ImportRole::New).unwrap();
    let mut json = serde_json::to_value(&all).unwrap();
    json.as_object_mut().unwrap().remove("file_hashes").unwrap();
    let old: Collection = serde_json::from_value(json).unwrap();
    let mut old = old.with_pixels(all.dataset().pixels.clone(), Vec::new()).unwrap();
    let (before, now) = (old.report(), all.report());
    assert_eq!((&before.fingerprint, before.files_fingerprint.as_str()), (&now.fingerprint, ""));
    assert!(!now.files_fingerprint.is_empty());
    old.add(import("two", 2, &[("cat", 3)]), ImportRole::AddTraining).unwrap();
    assert_eq!(old.report().files_fingerprint, "", "of some images only");
    old.add(import("one", 1, &[("cat", 5), ("dog", 4)]), ImportRole::New).unwrap();
    assert_eq!(old.report(), now);
}

#[test]
fn the_seed_moves_images_between_splits_and_back() {
    let mut all = Collection::new(1, 1);
    all.add(import("one", 1, &[("cat", 50), ("dog", 50)]), ImportRole::New).unwrap();
    let first = all.report().fingerprint;
    all.reseed(2);
    assert_ne!(all.report().fingerprint, first);
    all.reseed(1);
    assert_eq!(all.report().fingerprint, first);
}
