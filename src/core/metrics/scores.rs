//! Accuracy, precision, recall and F1 from true and predicted classes, as scikit-learn defines them; the golden tests
//! compare them.

use serde::{Deserialize, Serialize};

/// Precision, recall and their harmonic mean; a ratio with a zero denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// What a classifier did on a set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassificationReport {
    pub accuracy: f64,
    /// `confusion[t][p]` counts truth t predicted as p.
    pub confusion: Vec<Vec<u32>>,
    pub per_class: Vec<Scores>,
    /// Number of images of each true class.
    pub support: Vec<u32>,
    pub macro_average: Scores,
    pub weighted_average: Scores,
    pub micro_average: Scores,
}

impl Scores {
    pub(super) fn from_counts(hits: u32, predicted: u32, truth: u32) -> Self {
        let precision = ratio(hits.into(), predicted.into());
        let recall = ratio(hits.into(), truth.into());
        // 2 PR / (P + R), from the counts.
        let f1 = ratio(2.0 * f64::from(hits), f64::from(predicted) + f64::from(truth));
        Self { precision, recall, f1 }
    }

    /// Σ weight · score over Σ weight, for each of the three.
    fn average(scores: &[Self], weight: impl Fn(usize) -> f64) -> Self {
        let total: f64 = (0..scores.len()).map(&weight).sum();
        let mean = |of: fn(&Self) -> f64| {
            ratio(scores.iter().enumerate().map(|(i, scores)| weight(i) * of(scores)).sum(), total)
        };
        Self { precision: mean(|s| s.precision), recall: mean(|s| s.recall), f1: mean(|s| s.f1) }
    }
}

impl ClassificationReport {
    /// From true and predicted classes of the same images, numbered below `classes`. Macro averages count every class
    /// alike, also one without images (its scores are 0), as scikit-learn does with all labels given.
    ///
    /// # Panics
    /// If the two differ in length or a class is not below `classes`.
    pub fn new<T: Copy + Into<usize>>(truth: &[T], predicted: &[T], classes: usize) -> Self {
        assert_eq!(truth.len(), predicted.len(), "a prediction for every image");
        let mut confusion = vec![vec![0_u32; classes]; classes];
        for (&t, &p) in truth.iter().zip(predicted) {
            confusion[t.into()][p.into()] += 1;
        }
        Self::from_confusion(confusion)
    }

    /// From counts by true and predicted class.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn from_confusion(confusion: Vec<Vec<u32>>) -> Self {
        let classes = confusion.len();
        assert!(confusion.iter().all(|row| row.len() == classes), "a square matrix");
        let support: Vec<u32> = confusion.iter().map(|row| row.iter().sum()).collect();
        let predicted = |p: usize| confusion.iter().map(|row| row[p]).sum::<u32>();
        let per_class: Vec<Scores> =
            (0..classes).map(|c| Scores::from_counts(confusion[c][c], predicted(c), support[c])).collect();
        let hits: u32 = (0..classes).map(|c| confusion[c][c]).sum();
        let images: u32 = support.iter().sum();
        Self {
            accuracy: ratio(hits.into(), images.into()),
            macro_average: Scores::average(&per_class, |_| 1.0),
            weighted_average: Scores::average(&per_class, |c| support[c].into()),
            micro_average: Scores::from_counts(hits, images, images),
            confusion,
            per_class,
            support,
        }
    }

    /// Accuracy of naming the most frequent class always: chance where classes are unequal. 1 / classes where none has
    /// more images than another.
    pub fn majority(&self) -> f64 {
        ratio(self.support.iter().copied().max().unwrap_or_default().into(), self.images().into())
    }

    /// Number of classes without an image, which count as 0 in macro averages.
    pub fn absent(&self) -> usize {
        self.support.iter().filter(|images| **images == 0).count()
    }

    /// Number of images judged.
    pub fn images(&self) -> u32 {
        self.support.iter().sum()
    }
}

/// a / b, or 0 where b is 0.
fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_matrix_by_hand() {
        // Truth 0: two right, one taken for 1. Truth 1: one right, one taken for 0.
        let report = ClassificationReport::new(&[0_usize, 0, 0, 1, 1], &[0, 0, 1, 1, 0], 2);
        assert_eq!(report.confusion, [[2, 1], [1, 1]]);
        assert_eq!(report.per_class[0], Scores { precision: 2.0 / 3.0, recall: 2.0 / 3.0, f1: 2.0 / 3.0 });
        assert_eq!(report.per_class[1], Scores { precision: 0.5, recall: 0.5, f1: 0.5 });
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(report.accuracy, 0.6);
        near(report.macro_average.f1, (2.0 / 3.0 + 0.5) / 2.0);
        near(report.weighted_average.recall, 0.6);
        near(report.micro_average.precision, 0.6);
    }

    #[test]
    fn nothing_divides_by_zero() {
        // Class 2 has no image and is never predicted; class 1 is never predicted.
        let report = ClassificationReport::new(&[0_u16, 1], &[0, 0], 3);
        assert_eq!(report.per_class[1], Scores::default());
        assert_eq!(report.per_class[2], Scores::default());
        assert!((report.macro_average.recall - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!((report.absent(), report.majority()), (1, 0.5));
        let empty = ClassificationReport::new::<usize>(&[], &[], 2);
        assert_eq!((empty.accuracy, empty.majority()), (0.0, 0.0));
    }

    #[test]
    fn the_majority_is_of_the_true_classes() {
        let report = ClassificationReport::from_confusion(vec![vec![0, 60], vec![1, 19]]);
        assert_eq!((report.majority(), report.absent()), (0.75, 0));
    }

    #[test]
    #[should_panic(expected = "a prediction for every image")]
    fn lengths_must_agree() {
        let _ = ClassificationReport::new(&[0_usize], &[], 2);
    }
}
