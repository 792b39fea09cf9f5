//! What a user should know of a set before training on it.

use super::{Dataset, Split};
use crate::core::report::{ClassCount, DatasetWarning};
use std::collections::BTreeSet;

/// Under this many images, a class is named as small.
pub const SMALL_CLASS: usize = 10;
/// Thumbnails of a class.
const THUMBNAILS: usize = 8;

/// Counts of each class by split. Thumbnails are of training images where the
/// class has any.
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

/// What is unusual about the set. `groups` as in [`super::fingerprint::duplicate_groups`].
pub fn warnings(dataset: &Dataset, groups: &[usize]) -> Vec<DatasetWarning> {
    let classes = count_classes(dataset);
    let mut warnings = Vec::new();
    match classes.as_slice() {
        [] if !dataset.examples.is_empty() => warnings.push(DatasetWarning::NoLabels),
        [only] => warnings.push(DatasetWarning::OneClass { class: only.name.clone() }),
        _ => {}
    }
    for count in &classes {
        let class = count.name.clone();
        let images = count.train + count.validation + count.test;
        let splits = [count.train, count.validation, count.test];
        if images > 0 && count.train == 0 {
            warnings.push(DatasetWarning::NotInTraining { class, images });
        } else if images < SMALL_CLASS || splits.contains(&0) {
            warnings.push(DatasetWarning::SmallClass { class, images });
        }
    }
    let unused = unlabelled(dataset, Split::Test) + unlabelled(dataset, Split::Validation);
    if unused > 0 {
        warnings.push(DatasetWarning::UnlabelledTest { images: unused });
    }
    warnings.extend(duplicates(dataset, groups));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dataset::Example;
    use crate::core::dataset::fingerprint::duplicate_groups;

    /// One-pixel images of `(label, split, value)`.
    fn set(classes: &[&str], images: &[(Option<u16>, Split, u8)]) -> Dataset {
        Dataset {
            size: 1,
            classes: classes.iter().map(|c| (*c).to_owned()).collect(),
            examples: images.iter().map(|i| Example { label: i.0, split: i.1, name: String::new() }).collect(),
            pixels: images.iter().flat_map(|i| [i.2; 3]).collect(),
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

        let mut images = [healthy(0, 0), healthy(1, 100)].concat();
        images.extend([(Some(2), Split::Train, 200), (Some(3), Split::Test, 201), (None, Split::Test, 202)]);
        images.extend([(None, Split::Train, 0), (Some(1), Split::Train, 0), (Some(1), Split::Train, 100)]);
        assert_eq!(
            warn(&set(&["a", "b", "c", "d"], &images)),
            [
                SmallClass { class: class("c"), images: 1 },
                NotInTraining { class: class("d"), images: 1 },
                UnlabelledTest { images: 1 },
                Duplicates { groups: 2, images: 5 },
                ConflictingLabels { images: 3 },
            ]
        );
    }
}
