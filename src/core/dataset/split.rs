//! Which images train, validate and test: stratified by class, drawn from a seed. And which training labels a
//! classifier sees when it may use only a part of them.
//!
//! - Without given splits: 60 % of each class train, 20 % validate, 20 % test.
//! - With a test set: all of it tests, and 20 % of the rest validates. With a validation set: all of it
//!   validates, and 20 % of the rest tests.
//! - A class of one image trains only; of two, trains and tests; of three or more, is in all splits. With a
//!   test set, a class of up to two training images gives none of them to validation.
//! - Images without a label train, unless they came in a test or validation set: there they stay unused.
//! - Images with the same pixels stay in one split: the most held-out one that any of them was given (test,
//!   then validation). So no image is both trained on and tested.

use super::Split;
use crate::core::rng::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of an image's split before drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GivenSplit {
    /// No split, or "train" beside a test set: the draw may take the image for validation, and for test if no
    /// test set is given.
    #[default]
    Free,
    /// Exactly this split.
    Fixed(Split),
}

/// What the draw needs to know of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub label: Option<u16>,
    pub given: GivenSplit,
    /// Number of the group of images with the same pixels, below the number of images.
    pub group: usize,
}

/// Part of a class that is drawn for validation, and for test.
const HELD_OUT: f64 = 0.2;

/// One split for each candidate.
///
/// The same candidates in the same order and the same seed give the same splits; adding a class does not change
/// another's draw.
pub fn draw(candidates: &[Candidate], seed: u64) -> Vec<Split> {
    let mut members = vec![Vec::new(); candidates.len()];
    for (index, candidate) in candidates.iter().enumerate() {
        members[candidate.group].push(index);
    }
    let has_given = |split| candidates.iter().any(|c| c.label.is_some() && c.given == GivenSplit::Fixed(split));
    let draw_for = [Split::Test, Split::Validation].map(|split| (split, !has_given(split)));

    // Groups with a given split first: the most held-out one holds for all members.
    let mut chosen: Vec<Option<Split>> = members.iter().map(|group| most_held_out(group, candidates)).collect();

    let classes = candidates.iter().filter_map(|c| c.label).max().map_or(0, |l| usize::from(l) + 1);
    let mut of_class = vec![Vec::new(); classes];
    for (group, indices) in members.iter().enumerate() {
        // A group of several labels is drawn with the first: it can't be in two places.
        let label = indices.iter().find_map(|&i| candidates[i].label);
        if let (Some(label), None) = (label, chosen[group]) {
            of_class[usize::from(label)].push(group);
        }
    }
    for (class, groups) in of_class.iter_mut().enumerate() {
        let mut rng = Rng::stream(seed, "split").fork(class as u64);
        rng.shuffle(groups);
        let total = groups.iter().map(|&g| members[g].len()).sum();
        let mut left = total;
        for (split, wanted) in draw_for {
            let target = if wanted { held_out(total, split) } else { 0 };
            let mut taken = 0;
            for &group in groups.iter() {
                let size = members[group].len();
                // Never the last of a class: something must train.
                if chosen[group].is_none() && taken + size <= target && size < left {
                    chosen[group] = Some(split);
                    taken += size;
                    left -= size;
                }
            }
        }
    }
    candidates.iter().map(|c| chosen[c.group].unwrap_or(Split::Train)).collect()
}

/// Images of a class of `total` to hold out for `split`.
fn held_out(total: usize, split: Split) -> usize {
    match (total, split) {
        (0 | 1, _) => 0,
        (2, Split::Test) => 1,
        (2, _) => 0,
        _ => ((total as f64 * HELD_OUT).round() as usize).max(1),
    }
}

/// The most held-out split that a member of the group was given. "Train" holds only where no other member may
/// be drawn: a free twin of it trains as well.
fn most_held_out(group: &[usize], candidates: &[Candidate]) -> Option<Split> {
    [Split::Test, Split::Validation, Split::Train]
        .into_iter()
        .find(|&split| group.iter().any(|&i| candidates[i].given == GivenSplit::Fixed(split)))
}

/// Chooses the images whose labels a classifier may see, `percent` of them, as sorted dataset indices.
///
/// `indices[i]` is an image of class `labels[i]`, as [`Dataset::labelled`](super::Dataset::labelled) gives
/// them. The number chosen is round(percent · images / 100), but at least one a class. Classes get equally
/// many, to within one, as far as each has enough; the other classes make up for a small one (Chen et al. 2020,
/// section 4.2, samples 1 and 10 % class-balanced). The seed decides which, whatever the order of the images.
/// Choices of one seed are nested: 5 % holds every image that 1 % holds. From 100 % on, all are chosen.
///
/// # Panics
/// If the two lists differ in length.
pub fn choose_labelled(indices: &[usize], labels: &[usize], percent: u8, seed: u64) -> Vec<usize> {
    assert_eq!(indices.len(), labels.len(), "a label for every image");
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (&index, &label) in indices.iter().zip(labels) {
        classes.entry(label).or_default().push(index);
    }
    let mut chosen = in_turns(&mut classes, seed);
    chosen.truncate(labelled_count(indices.len(), classes.len(), percent));
    chosen.sort_unstable();
    chosen
}

/// How many of `images` [`choose_labelled`] chooses, if `classes` classes have any image.
pub fn labelled_count(images: usize, classes: usize, percent: u8) -> usize {
    ((images * usize::from(percent.min(100)) + 50) / 100).max(classes)
}

/// All images in the order of choice: one of each class a round, as long as the class has any. The order of
/// classes is drawn anew for each round, so that no class is always first.
fn in_turns(classes: &mut BTreeMap<usize, Vec<usize>>, seed: u64) -> Vec<usize> {
    let rng = Rng::stream(seed, "labels");
    for (&class, images) in classes.iter_mut() {
        images.sort_unstable();
        rng.fork(class as u64).shuffle(images);
    }
    let mut order = Vec::new();
    let mut turns = rng.fork(u64::MAX);
    for round in 0..classes.values().map(Vec::len).max().unwrap_or(0) {
        let mut images: Vec<usize> = classes.values().filter_map(|images| images.get(round).copied()).collect();
        turns.shuffle(&mut images);
        order.extend(images);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `counts[c]` images of class c, all different.
    fn set(counts: &[usize]) -> Vec<Candidate> {
        let labels = counts.iter().enumerate().flat_map(|(c, &n)| std::iter::repeat_n(c as u16, n));
        labels
            .enumerate()
            .map(|(group, label)| Candidate { label: Some(label), given: GivenSplit::Free, group })
            .collect()
    }

    fn count(candidates: &[Candidate], splits: &[Split], label: u16) -> [usize; 3] {
        [Split::Train, Split::Validation, Split::Test]
            .map(|s| candidates.iter().zip(splits).filter(|(c, at)| c.label == Some(label) && **at == s).count())
    }

    #[test]
    fn every_class_is_split_60_20_20() {
        let set = set(&[50, 100, 7, 5, 4, 3, 2, 1]);
        let splits = draw(&set, 1);
        let want = [[30, 10, 10], [60, 20, 20], [5, 1, 1], [3, 1, 1], [2, 1, 1], [1, 1, 1], [1, 0, 1], [1, 0, 0]];
        for (label, want) in want.into_iter().enumerate() {
            assert_eq!(count(&set, &splits, label as u16), want, "class {label}");
        }
    }

    #[test]
    fn the_seed_decides_and_another_class_does_not() {
        let one = set(&[40, 40]);
        assert_eq!(draw(&one, 5), draw(&one, 5));
        assert_ne!(draw(&one, 5), draw(&one, 6));
        let more = set(&[40, 40, 9]);
        assert_eq!(draw(&one, 5)[..], draw(&more, 5)[..80]);
        // Not the first or last images of a class, and not the same places in both.
        let splits = draw(&one, 5);
        assert_ne!(splits[..40], splits[40..]);
    }

    #[test]
    fn a_given_test_set_stays_and_a_fifth_of_the_rest_validates() {
        let mut set = set(&[60, 10]);
        for candidate in &mut set[..10] {
            candidate.given = GivenSplit::Fixed(Split::Test);
        }
        let splits = draw(&set, 3);
        assert!(splits[..10].iter().all(|&s| s == Split::Test));
        assert_eq!(count(&set, &splits, 0), [40, 10, 10]);
        assert_eq!(count(&set, &splits, 1), [8, 2, 0], "class without test images gives none");
    }

    #[test]
    fn a_given_validation_set_stays_and_a_fifth_of_the_rest_tests() {
        let mut set = set(&[60]);
        for candidate in &mut set[..10] {
            candidate.given = GivenSplit::Fixed(Split::Validation);
        }
        assert_eq!(count(&set, &draw(&set, 3), 0), [40, 10, 10]);
    }

    #[test]
    fn unlabelled_images_train_unless_they_came_as_test() {
        let mut set = set(&[10]);
        set.push(Candidate { label: None, given: GivenSplit::Free, group: 10 });
        set.push(Candidate { label: None, given: GivenSplit::Fixed(Split::Test), group: 11 });
        let splits = draw(&set, 0);
        assert_eq!(splits[10..], [Split::Train, Split::Test]);
        // Unlabelled test images are no test set: the class is still split in three.
        assert_eq!(count(&set, &splits, 0), [6, 2, 2]);
    }

    #[test]
    fn duplicates_stay_together() {
        for seed in 0..30 {
            let mut set = set(&[30, 30]);
            set[..30].iter_mut().enumerate().for_each(|(i, c)| c.group = i / 3 * 3);
            set[40].group = 0; // another class, same pixels
            let splits = draw(&set, seed);
            for candidate in 0..60 {
                assert_eq!(splits[candidate], splits[set[candidate].group]);
            }
            let [train, validation, test] = count(&set, &splits, 0);
            assert!(train >= 15 && validation >= 3 && test >= 3, "{train} {validation} {test}");
        }
    }

    #[test]
    fn a_training_twin_of_a_test_image_does_not_train() {
        let mut set = set(&[20]);
        set[19].given = GivenSplit::Fixed(Split::Test);
        set[4].group = 19;
        set[5] = Candidate { label: None, given: GivenSplit::Free, group: 19 };
        set[6] = Candidate { label: Some(0), given: GivenSplit::Fixed(Split::Train), group: 19 };
        let splits = draw(&set, 1);
        assert!([4, 5, 6, 19].iter().all(|&i| splits[i] == Split::Test));
    }

    #[test]
    fn a_class_of_copies_of_one_image_trains() {
        let mut set = set(&[12]);
        set.iter_mut().for_each(|c| c.group = 0);
        assert!(draw(&set, 0).iter().all(|&s| s == Split::Train));
        assert!(draw(&[], 0).is_empty());
    }
}

#[cfg(test)]
mod label_tests {
    use super::*;
    use crate::core::run::fine_tune::FRACTIONS;

    /// `counts[c]` images of class c; classes alternate in the list.
    fn set(counts: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let mut labels: Vec<usize> = counts.iter().enumerate().flat_map(|(c, &n)| vec![c; n]).collect();
        Rng::new(8).shuffle(&mut labels);
        ((0..labels.len()).map(|i| 10 * i + 3).collect(), labels)
    }

    fn per_class(chosen: &[usize], (indices, labels): &(Vec<usize>, Vec<usize>), classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for image in chosen {
            counts[labels[indices.iter().position(|i| i == image).expect("an image of the set")]] += 1;
        }
        counts
    }

    #[test]
    fn classes_get_equally_many() {
        let set = set(&[300; 10]);
        for (percent, each) in [(1, 3), (5, 15), (10, 30), (25, 75), (50, 150), (100, 300)] {
            let chosen = choose_labelled(&set.0, &set.1, percent, 4);
            assert_eq!(per_class(&chosen, &set, 10), [each; 10], "{percent} %");
            assert_eq!(chosen.len(), labelled_count(3000, 10, percent));
            assert!(chosen.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn what_a_small_class_lacks_the_others_give() {
        let set = set(&[4, 200, 96]);
        // 75 of 300: four, and 71 over two.
        let counts = per_class(&choose_labelled(&set.0, &set.1, 25, 0), &set, 3);
        assert_eq!((counts[0], counts[1] + counts[2]), (4, 71));
        assert!(counts[1].abs_diff(counts[2]) <= 1, "{counts:?}");
        assert_eq!(per_class(&choose_labelled(&set.0, &set.1, 100, 0), &set, 3), [4, 200, 96]);
    }

    #[test]
    fn every_class_has_one() {
        // Round(1 % of 30) = 0, but seven classes.
        let counts = [5, 1, 4, 6, 5, 5, 4];
        let set = set(&counts);
        assert_eq!(per_class(&choose_labelled(&set.0, &set.1, 1, 9), &set, 7), [1; 7]);
        assert!(choose_labelled(&[], &[], 50, 1).is_empty());
    }

    #[test]
    fn choices_of_one_seed_are_nested() {
        let set = set(&[31, 57, 3, 90]);
        for seed in 0..20 {
            let choices: Vec<Vec<usize>> =
                FRACTIONS.iter().map(|&p| choose_labelled(&set.0, &set.1, p, seed)).collect();
            for pair in choices.windows(2) {
                assert!(pair[0].iter().all(|i| pair[1].contains(i)) && pair[0].len() < pair[1].len(), "seed {seed}");
            }
            assert_eq!(choices[5], set.0, "100 % is all");
        }
    }

    #[test]
    fn the_seed_decides_and_the_order_of_images_does_not() {
        let (indices, labels) = set(&[40, 40]);
        let chosen = choose_labelled(&indices, &labels, 10, 1);
        assert_eq!(chosen, choose_labelled(&indices, &labels, 10, 1));
        assert_ne!(chosen, choose_labelled(&indices, &labels, 10, 2));
        let reversed = |list: &[usize]| list.iter().rev().copied().collect::<Vec<_>>();
        assert_eq!(chosen, choose_labelled(&reversed(&indices), &reversed(&labels), 10, 1));
        // Which images the choices hold is fixed: results are stored with their seed.
        assert_eq!(choose_labelled(&[0, 1, 2, 3, 4, 5, 6, 7], &[0, 1, 0, 1, 0, 1, 0, 1], 50, 7), [1, 4, 5, 6]);
    }

    #[test]
    #[should_panic(expected = "a label for every image")]
    fn lengths_must_agree() {
        let _ = choose_labelled(&[1], &[], 10, 0);
    }
}
