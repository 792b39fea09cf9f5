//! Which images train, validate and test: stratified by class, drawn from a seed.
//!
//! - Nothing chosen: 60 % of each class train, 20 % validate, 20 % test.
//! - A test set is given: all of it tests, and 20 % of the rest validates. A
//!   validation set is given: all of it validates, and 20 % of the rest tests.
//! - A class of one image trains only; of two, trains and tests; from three on
//!   it is in all three. Where the test set is given, a class of up to two
//!   training images gives none of them to validation.
//! - Images without a label train, unless they came in a test or validation
//!   set: there they are left unused.
//! - Images with the same pixels stay in one split, the most held-out one that
//!   any of them was given (test, then validation), so that nothing judged was
//!   trained on.

use super::Split;
use crate::core::rng::Rng;
use serde::{Deserialize, Serialize};

/// What is known of an image's split before drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// Nothing, or "train" as opposed to a test set: may be drawn for
    /// validation, and for test where no test set is given.
    #[default]
    Free,
    /// Exactly this split.
    Fixed(Split),
}

/// What the draw needs to know of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub label: Option<u16>,
    pub wish: Wish,
    /// Images with the same pixels share a group number, below the number of images.
    pub group: usize,
}

/// Part of a class that is drawn for validation, and for test.
const HELD_OUT: f64 = 0.2;

/// One split for each candidate.
///
/// The same candidates in the same order and the same seed give the same
/// splits; adding a class does not change another's draw.
pub fn draw(candidates: &[Candidate], seed: u64) -> Vec<Split> {
    let mut members = vec![Vec::new(); candidates.len()];
    for (index, candidate) in candidates.iter().enumerate() {
        members[candidate.group].push(index);
    }
    let given = |split| candidates.iter().any(|c| c.label.is_some() && c.wish == Wish::Fixed(split));
    let draw_for = [Split::Test, Split::Validation].map(|split| (split, !given(split)));

    // Groups with a wish first: the most held-out wish holds for all members.
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

/// The most held-out split that a member of the group was given. "Train" holds
/// only where no other member may be drawn: a free twin of it trains as well.
fn most_held_out(group: &[usize], candidates: &[Candidate]) -> Option<Split> {
    [Split::Test, Split::Validation, Split::Train]
        .into_iter()
        .find(|&split| group.iter().any(|&i| candidates[i].wish == Wish::Fixed(split)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `counts[c]` images of class c, all different.
    fn set(counts: &[usize]) -> Vec<Candidate> {
        let labels = counts.iter().enumerate().flat_map(|(c, &n)| std::iter::repeat_n(c as u16, n));
        labels.enumerate().map(|(group, label)| Candidate { label: Some(label), wish: Wish::Free, group }).collect()
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
            candidate.wish = Wish::Fixed(Split::Test);
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
            candidate.wish = Wish::Fixed(Split::Validation);
        }
        assert_eq!(count(&set, &draw(&set, 3), 0), [40, 10, 10]);
    }

    #[test]
    fn unlabelled_images_train_unless_they_came_as_test() {
        let mut set = set(&[10]);
        set.push(Candidate { label: None, wish: Wish::Free, group: 10 });
        set.push(Candidate { label: None, wish: Wish::Fixed(Split::Test), group: 11 });
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
        set[19].wish = Wish::Fixed(Split::Test);
        set[4].group = 19;
        set[5] = Candidate { label: None, wish: Wish::Free, group: 19 };
        set[6] = Candidate { label: Some(0), wish: Wish::Fixed(Split::Train), group: 19 };
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
