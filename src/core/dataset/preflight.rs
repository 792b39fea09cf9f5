//! What a user should know of a set before training on it.

use super::{Dataset, Split};
use crate::core::metrics::MOST_CLASSES;
use crate::core::report::{ClassCount, DatasetWarning, DuplicateGroup};
use std::collections::BTreeSet;

/// A class of fewer images is reported as small.
pub const SMALL_CLASS: usize = 10;
/// Thumbnails of a class.
const THUMBNAILS: usize = 8;
/// Thumbnails of images without a label.
const UNLABELLED_THUMBNAILS: usize = 24;
/// Groups of duplicates that are named, and names of each.
const NAMED_GROUPS: usize = 200;
const NAMED_DUPLICATES: usize = 10;

/// Counts of each class by split. Thumbnails are of training images where the class has any.
pub fn count_classes(dataset: &Dataset) -> Vec<ClassCount> {
    let mut counts: Vec<ClassCount> =
        dataset.classes.iter().map(|name| ClassCount { name: name.clone(), ..ClassCount::default() }).collect();
    let mut others = vec![Vec::new(); counts.len()];
    for (index, example) in dataset.examples.iter().enumerate() {
        let Some(class) = example.label.map(usize::from) else { continue };
        let Some(count) = counts.get_mut(class) else { continue };
        match example.split {
            Split::Train => count.train += 1,
            Split::Validation => count.validation += 1,
            Split::Test => count.test += 1,
        }
        let list = if example.split == Split::Train { &mut count.thumbnails } else { &mut others[class] };
        if list.len() < THUMBNAILS {
            list.push(index as u32);
        }
    }
    for (count, others) in counts.iter_mut().zip(others) {
        let free = THUMBNAILS - count.thumbnails.len();
        count.thumbnails.extend(others.into_iter().take(free));
    }
    counts
}

/// Images of a split that have no label.
pub fn unlabelled(dataset: &Dataset, split: Split) -> usize {
    dataset.examples.iter().filter(|e| e.label.is_none() && e.split == split).count()
}

/// The first images without a label, those that train before others.
pub fn unlabelled_thumbnails(dataset: &Dataset) -> Vec<u32> {
    let of = |trains: bool| {
        let wanted = move |e: &super::Example| e.label.is_none() && (e.split == Split::Train) == trains;
        (0u32..).zip(&dataset.examples).filter(move |(_, e)| wanted(e)).map(|(index, _)| index)
    };
    of(true).chain(of(false)).take(UNLABELLED_THUMBNAILS).collect()
}

/// What is unusual about the set. `groups` as in [`super::duplicate_groups`].
pub fn warnings(dataset: &Dataset, groups: &[usize]) -> Vec<DatasetWarning> {
    let classes = count_classes(dataset);
    let mut warnings = Vec::new();
    match classes.as_slice() {
        [] if !dataset.examples.is_empty() => warnings.push(DatasetWarning::NoLabels),
        [only] => warnings.push(DatasetWarning::OneClass { class: only.name.clone() }),
        many if many.len() > MOST_CLASSES => {
            warnings.push(DatasetWarning::TooManyClasses { classes: many.len() });
        }
        _ => {}
    }
    let unused = unlabelled(dataset, Split::Test) + unlabelled(dataset, Split::Validation);
    if unused > 0 {
        warnings.push(DatasetWarning::UnlabelledTest { images: unused });
    }
    warnings.extend(duplicates(dataset, groups));
    // Last, because there may be one a class.
    for count in &classes {
        let class = count.name.clone();
        let images = count.train + count.validation + count.test;
        let held_out = [(Split::Validation, count.validation), (Split::Test, count.test)];
        let splits: Vec<Split> = held_out.into_iter().filter(|(_, n)| *n == 0).map(|(split, _)| split).collect();
        if images > 0 && count.train == 0 {
            warnings.push(DatasetWarning::NotInTraining { class, images });
        } else if images < SMALL_CLASS {
            warnings.push(DatasetWarning::SmallClass { class, images });
        } else if !splits.is_empty() {
            warnings.push(DatasetWarning::NotHeldOut { class, images, splits });
        }
    }
    warnings
}

fn duplicates(dataset: &Dataset, groups: &[usize]) -> Vec<DatasetWarning> {
    let mut members = vec![0usize; groups.len()];
    let mut labels = vec![BTreeSet::new(); groups.len()];
    for (example, &group) in dataset.examples.iter().zip(groups) {
        members[group] += 1;
        labels[group].extend(example.label);
    }
    let sum = |of: &dyn Fn(usize) -> bool| (0..members.len()).filter(|&g| of(g)).map(|g| members[g]).sum::<usize>();
    let several = members.iter().filter(|&&n| n > 1).count();
    let conflicting = sum(&|group| labels[group].len() > 1);
    let mut warnings = Vec::new();
    if several > 0 {
        warnings.push(DatasetWarning::Duplicates { groups: several, images: sum(&|group| members[group] > 1) });
    }
    if conflicting > 0 {
        warnings.push(DatasetWarning::ConflictingLabels { images: conflicting });
    }
    warnings
}

/// The names behind the warning of duplicates: the first groups, in the order of the set, with their first names.
pub fn duplicate_names(dataset: &Dataset, groups: &[usize]) -> Vec<DuplicateGroup> {
    let mut members = vec![0usize; groups.len()];
    groups.iter().for_each(|&group| members[group] += 1);
    // A group's number is the index of its first image.
    let named: Vec<usize> = (0..members.len()).filter(|&g| members[g] > 1).take(NAMED_GROUPS).collect();
    let mut found: Vec<DuplicateGroup> =
        named.iter().map(|&g| DuplicateGroup { images: members[g], names: Vec::new(), labels_differ: false }).collect();
    let mut first_label = vec![None; named.len()];
    for (example, group) in dataset.examples.iter().zip(groups) {
        let Ok(at) = named.binary_search(group) else { continue };
        if found[at].names.len() < NAMED_DUPLICATES {
            found[at].names.push(example.name.clone());
        }
        if let Some(label) = example.label {
            found[at].labels_differ |= *first_label[at].get_or_insert(label) != label;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dataset::{Example, duplicate_groups};

    /// One-pixel images of `(label, split, value)`.
    fn set(classes: &[&str], images: &[(Option<u16>, Split, u8)]) -> Dataset {
        Dataset {
            size: 1,
            classes: classes.iter().map(|c| (*c).to_owned()).collect(),
            examples: (0..)
                .zip(images)
                .map(|(n, i): (usize, _)| Example { label: i.0, split: i.1, name: n.to_string() })
                .collect(),
            pixels: images.iter().flat_map(|i| [i.2; 3]).collect(),
            ..Dataset::default()
        }
    }

    fn warn(dataset: &Dataset) -> Vec<DatasetWarning> {
        warnings(dataset, &duplicate_groups(dataset))
    }

    /// Twelve images of a class, in all splits.
    fn healthy(label: u16, from: u8) -> Vec<(Option<u16>, Split, u8)> {
        let split = |i| [Split::Train, Split::Train, Split::Validation, Split::Test][usize::from(i % 4u8)];
        (0..12).map(|i| (Some(label), split(i), from + i)).collect()
    }

    #[test]
    fn a_healthy_set_has_no_warnings_and_shows_training_images() {
        let dataset = set(&["a", "b"], &[healthy(0, 0), healthy(1, 100)].concat());
        assert_eq!(warn(&dataset), []);
        let counts = count_classes(&dataset);
        assert_eq!((counts[1].train, counts[1].validation, counts[1].test), (6, 3, 3));
        assert_eq!(counts[0].thumbnails, [0, 1, 4, 5, 8, 9, 2, 3], "training images first, then others");
    }

    #[test]
    fn everything_unusual_is_named() {
        use DatasetWarning::*;
        let class = |name: &str| name.to_owned();
        assert_eq!(warn(&set(&[], &[])), []);
        assert_eq!(warn(&set(&[], &[(None, Split::Train, 1)])), [NoLabels]);
        assert_eq!(warn(&set(&["a"], &healthy(0, 0))), [OneClass { class: class("a") }]);
        let many: Vec<String> = (0..=MOST_CLASSES).map(|i| i.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let of = |classes: &[&str]| warn(&set(classes, &[healthy(0, 0), healthy(1, 100)].concat()));
        assert_eq!(of(&many)[0], TooManyClasses { classes: MOST_CLASSES + 1 });
        assert!(!of(&many[1..]).contains(&TooManyClasses { classes: MOST_CLASSES }));

        let mut images = [healthy(0, 0), healthy(1, 100)].concat();
        images.extend([(Some(2), Split::Train, 200), (Some(3), Split::Test, 201), (None, Split::Test, 202)]);
        images.extend([(None, Split::Train, 0), (Some(1), Split::Train, 0), (Some(1), Split::Train, 100)]);
        assert_eq!(
            warn(&set(&["a", "b", "c", "d"], &images)),
            [
                UnlabelledTest { images: 1 },
                Duplicates { groups: 2, images: 5 },
                ConflictingLabels { images: 3 },
                SmallClass { class: class("c"), images: 1 },
                NotInTraining { class: class("d"), images: 1 },
            ]
        );
    }

    #[test]
    fn a_class_that_is_not_held_out_is_named_with_what_it_lacks() {
        use DatasetWarning::NotHeldOut;
        let class = |name: &str| name.to_owned();
        let moved = |label, from, splits: fn(Split) -> Split| -> Vec<_> {
            healthy(label, from).into_iter().map(|(l, split, value)| (l, splits(split), value)).collect()
        };
        let no_test = moved(1, 100, |s| if s == Split::Test { Split::Train } else { s });
        let no_validation = moved(2, 150, |s| if s == Split::Validation { Split::Train } else { s });
        let neither = moved(3, 200, |_| Split::Train);
        assert_eq!(
            warn(&set(&["a", "b", "c", "d"], &[healthy(0, 0), no_test, no_validation, neither].concat())),
            [
                NotHeldOut { class: class("b"), images: 12, splits: vec![Split::Test] },
                NotHeldOut { class: class("c"), images: 12, splits: vec![Split::Validation] },
                NotHeldOut { class: class("d"), images: 12, splits: vec![Split::Validation, Split::Test] },
            ]
        );
    }

    #[test]
    fn duplicates_are_named_and_many_are_cut_short() {
        let train = |label, value| (label, Split::Train, value);
        let images = [
            train(Some(0), 5),
            train(Some(1), 7),
            train(None, 5),
            train(Some(0), 9),
            train(Some(0), 7),
            train(Some(0), 5),
        ];
        let dataset = set(&["a", "b"], &images);
        let group = |images, names: &[&str], labels_differ| DuplicateGroup {
            images,
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            labels_differ,
        };
        let found = duplicate_names(&dataset, &duplicate_groups(&dataset));
        assert_eq!(found, [group(3, &["0", "2", "5"], false), group(2, &["1", "4"], true)]);

        let many = set(&["a"], &vec![train(Some(0), 1); 50]);
        let found = duplicate_names(&many, &duplicate_groups(&many));
        assert_eq!((found.len(), found[0].images, found[0].names.len()), (1, 50, NAMED_DUPLICATES));
        // Two each of 600 images, told apart by three bytes.
        let mut pairs = set(&[], &vec![train(None, 0); 1_200]);
        pairs.pixels = (0..1_200u32).flat_map(|i| [(i / 2) as u8, (i / 512) as u8, 0]).collect();
        let found = duplicate_names(&pairs, &duplicate_groups(&pairs));
        assert_eq!(
            (found.len(), found[199].names.as_slice()),
            (NAMED_GROUPS, ["398".to_owned(), "399".to_owned()].as_slice())
        );
    }

    #[test]
    fn images_without_a_label_are_shown_training_ones_first() {
        let images = [(None, Split::Test, 1), (Some(0), Split::Train, 2), (None, Split::Train, 3)];
        assert_eq!(unlabelled_thumbnails(&set(&["a"], &images)), [2, 0]);
        assert_eq!(unlabelled_thumbnails(&set(&[], &vec![(None, Split::Train, 1); 99])).len(), UNLABELLED_THUMBNAILS);
    }
}
