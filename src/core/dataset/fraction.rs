//! Which training labels a classifier may see when only a part of them is to be used.

use crate::core::rng::Rng;
use std::collections::BTreeMap;

/// The choice for `percent` of the labels, as sorted dataset indices.
///
/// `indices[i]` is an image of class `labels[i]`, as
/// [`Dataset::labelled`](super::Dataset::labelled) gives them. So many are chosen as
/// round(percent · images / 100), but at least one a class. Classes get equally many,
/// to within one, as far as each has enough; what a small class lacks the others give
/// (Chen et al. 2020, section 4.2, samples 1 and 10 % class-balanced). The seed decides
/// which, whatever the order of the images. Choices of one seed are nested: what 1 %
/// holds, 5 % holds as well. From 100 % on, all.
///
/// # Panics
/// If the two lists differ in length.
pub fn choose(indices: &[usize], labels: &[usize], percent: u8, seed: u64) -> Vec<usize> {
    assert_eq!(indices.len(), labels.len(), "a label for every image");
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (&index, &label) in indices.iter().zip(labels) {
        classes.entry(label).or_default().push(index);
    }
    let mut chosen = in_turns(&mut classes, seed);
    chosen.truncate(count(indices.len(), classes.len(), percent));
    chosen.sort_unstable();
    chosen
}

/// How many [`choose`] chooses of so many images in so many classes that have any.
pub fn count(images: usize, classes: usize, percent: u8) -> usize {
    ((images * usize::from(percent.min(100)) + 50) / 100).max(classes)
}

/// All images in the order in which they are chosen: one of each class, in an order
/// drawn anew for each round so that no class is always first, while there are any.
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
            let chosen = choose(&set.0, &set.1, percent, 4);
            assert_eq!(per_class(&chosen, &set, 10), [each; 10], "{percent} %");
            assert_eq!(chosen.len(), count(3000, 10, percent));
            assert!(chosen.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn what_a_small_class_lacks_the_others_give() {
        let set = set(&[4, 200, 96]);
        // 75 of 300: four, and 71 over two.
        let counts = per_class(&choose(&set.0, &set.1, 25, 0), &set, 3);
        assert_eq!((counts[0], counts[1] + counts[2]), (4, 71));
        assert!(counts[1].abs_diff(counts[2]) <= 1, "{counts:?}");
        assert_eq!(per_class(&choose(&set.0, &set.1, 100, 0), &set, 3), [4, 200, 96]);
    }

    #[test]
    fn every_class_has_one() {
        // Round(1 % of 30) = 0, but seven classes.
        let counts = [5, 1, 4, 6, 5, 5, 4];
        let set = set(&counts);
        assert_eq!(per_class(&choose(&set.0, &set.1, 1, 9), &set, 7), [1; 7]);
        assert!(choose(&[], &[], 50, 1).is_empty());
    }

    #[test]
    fn choices_of_one_seed_are_nested() {
        let set = set(&[31, 57, 3, 90]);
        for seed in 0..20 {
            let choices: Vec<Vec<usize>> = FRACTIONS.iter().map(|&p| choose(&set.0, &set.1, p, seed)).collect();
            for pair in choices.windows(2) {
                assert!(pair[0].iter().all(|i| pair[1].contains(i)) && pair[0].len() < pair[1].len(), "seed {seed}");
            }
            assert_eq!(choices[5], set.0, "100 % is all");
        }
    }

    #[test]
    fn the_seed_decides_and_the_order_of_images_does_not() {
        let (indices, labels) = set(&[40, 40]);
        let chosen = choose(&indices, &labels, 10, 1);
        assert_eq!(chosen, choose(&indices, &labels, 10, 1));
        assert_ne!(chosen, choose(&indices, &labels, 10, 2));
        let reversed = |list: &[usize]| list.iter().rev().copied().collect::<Vec<_>>();
        assert_eq!(chosen, choose(&reversed(&indices), &reversed(&labels), 10, 1));
        // Which images the choices hold is fixed: results are stored with their seed.
        assert_eq!(choose(&[0, 1, 2, 3, 4, 5, 6, 7], &[0, 1, 0, 1, 0, 1, 0, 1], 50, 7), [1, 4, 5, 6]);
    }

    #[test]
    #[should_panic(expected = "a label for every image")]
    fn lengths_must_agree() {
        let _ = choose(&[1], &[], 10, 0);
    }
}
