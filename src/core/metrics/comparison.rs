//! Whether one classifier is better than another on the same test images, which differences a test set
//! can show, and which it is too small for.

use serde::{Deserialize, Serialize};

/// Difference in accuracy of two classifiers on the same images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairedComparison {
    /// Accuracy of the first minus that of the second.
    pub difference: f64,
    /// Standard error of the difference, from the images on which only one of
    /// the two is right: images that both get right say nothing.
    pub error: f64,
}

impl PairedComparison {
    /// Compares predicted with true classes, image by image. Images that one of
    /// the lists lacks are ignored; with none left, both numbers are 0.
    ///
    /// The variance of paired proportions, (b + c − (b − c)²/n)/n², with b and c the images that only the first or only
    /// the second gets right (McNemar 1947; Agresti, Categorical Data Analysis, section 11.1).
    pub fn paired(first: &[u16], second: &[u16], truth: &[u16]) -> Self {
        let (mut n, mut only_first, mut only_second) = (0.0, 0.0, 0.0);
        for ((&a, &b), &t) in first.iter().zip(second).zip(truth) {
            n += 1.0;
            match (a == t, b == t) {
                (true, false) => only_first += 1.0,
                (false, true) => only_second += 1.0,
                _ => {}
            }
        }
        if n == 0.0 {
            return Self::default();
        }
        let gap: f64 = only_first - only_second;
        let variance: f64 = (only_first + only_second - gap * gap / n) / (n * n);
        Self { difference: gap / n, error: variance.max(0.0).sqrt() }
    }

    /// Whether the difference is more than two standard errors: about 95 %.
    pub fn is_clear(&self) -> bool {
        self.difference.abs() > 2.0 * self.error && self.difference != 0.0
    }
}

/// Two accuracies on the same images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// The two differ by more than chance explains.
    Clear { difference: f64 },
    /// The images are too few to tell the two apart.
    Unclear {
        difference: f64,
        /// Least difference that these images would have shown between these two: two standard errors.
        visible: f64,
        /// Images that would show this difference, if the two go on to differ as
        /// often as here; `None` if they are equally good.
        images_needed: Option<f64>,
    },
}

impl Verdict {
    /// What `images` test images say of two classifiers, compared on them.
    pub fn of(comparison: &PairedComparison, images: usize) -> Self {
        let PairedComparison { difference, error } = *comparison;
        if comparison.is_clear() {
            return Self::Clear { difference };
        }
        let visible = 2.0 * error;
        // The error falls with the root of the number of images.
        let more = (visible / difference).powi(2);
        let images_needed = (difference != 0.0).then(|| (more * images as f64).ceil());
        Self::Unclear { difference, visible, images_needed }
    }
}

/// What a test set can show by its size, before there is a second result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    pub images: u32,
    /// Least difference that could ever be clear: one classifier is right on this part of the images and the other is
    /// not, and on no image is it the other way round. Of a hundred images, four.
    pub at_best: f64,
    /// Difference needed where the mistakes of the two have nothing to do with each other: two standard errors of two
    /// independent rates near this one. Networks trained on the same images err alike, which needs less.
    pub independent: f64,
}

impl Resolution {
    /// For a result of `hits` right among `images`; `None` without images.
    ///
    /// # Panics
    /// If there are more hits than images.
    pub fn of(hits: u32, images: u32) -> Option<Self> {
        assert!(hits <= images, "{hits} hits of {images} images");
        if images == 0 {
            return None;
        }
        let n = f64::from(images);
        // Clear means b/n > 2 √((b − b²/n)/n²), that is b > 4n / (n + 4): see
        // `PairedComparison::paired` with b images on one side and none on the other.
        let least = ((4.0 * n / (n + 4.0)).floor() + 1.0).min(n);
        // Two hits and two misses more (Agresti and Coull 1998) keep a perfect
        // result on few images from looking certain.
        let rate = (f64::from(hits) + 2.0) / (n + 4.0);
        let independent = 2.0 * (2.0 * rate * (1.0 - rate) / n).sqrt();
        Some(Self { images, at_best: least / n, independent: independent.clamp(least / n, 1.0) })
    }

    /// Whether a difference of this size could be clear between two results whose predictions are not known.
    pub fn shows(&self, difference: f64) -> bool {
        difference.abs() > self.independent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_images_on_which_the_two_differ() {
        // Of eight images the first alone gets four right, the second alone one.
        let truth = [0; 8];
        let first = [0, 0, 0, 0, 0, 1, 1, 0];
        let second = [1, 1, 1, 1, 0, 0, 1, 0];
        let got = PairedComparison::paired(&first, &second, &truth);
        assert!((got.difference - 3.0 / 8.0).abs() < 1e-12);
        assert!((got.error - ((5.0 - 9.0 / 8.0) / 64.0_f64).sqrt()).abs() < 1e-12);
        assert!(!got.is_clear());
    }

    #[test]
    fn a_large_gap_on_many_images_is_clear() {
        let truth = [0; 400];
        let first = std::array::from_fn::<u16, 400, _>(|i| u16::from(i % 2 == 0));
        let second = [1; 400];
        assert!(PairedComparison::paired(&first, &second, &truth).is_clear());
        assert!(!PairedComparison::paired(&first, &first, &truth).is_clear());
    }

    #[test]
    fn nothing_to_compare_gives_zero() {
        assert_eq!(PairedComparison::paired(&[], &[], &[]), PairedComparison::default());
    }

    /// The first `b` of `images` are right for one only, the last `c` for the other only.
    fn compare(images: usize, b: usize, c: usize) -> PairedComparison {
        let truth = vec![0; images];
        let first: Vec<u16> = (0..images).map(|i| u16::from(i >= images - c)).collect();
        let second: Vec<u16> = (0..images).map(|i| u16::from(i < b)).collect();
        PairedComparison::paired(&first, &second, &truth)
    }

    #[test]
    fn at_best_is_the_least_that_a_comparison_calls_clear() {
        for images in 1..300_usize {
            let best = Resolution::of(images as u32, images as u32).unwrap().at_best;
            let least = (1..=images).find(|&b| compare(images, b, 0).is_clear()).unwrap_or(images);
            assert!((best - least as f64 / images as f64).abs() < 1e-12, "{images}: {best}, {least}");
        }
        assert!((Resolution::of(50, 100).unwrap().at_best - 0.04).abs() < 1e-12);
    }

    #[test]
    fn unrelated_mistakes_need_two_errors_of_two_rates() {
        // 460 of 1000: standard error 0.01576 each, 0.02229 of the difference.
        let got = Resolution::of(460, 1000).unwrap();
        assert!((got.independent - 0.04458).abs() < 5e-5, "{got:?}");
        assert!(got.shows(-0.05) && !got.shows(0.04));
        // A perfect result on ten images is not certain.
        assert!(Resolution::of(10, 10).unwrap().independent > 0.3);
        assert_eq!(Resolution::of(0, 0), None);
        for (hits, images) in [(0, 1), (1, 1), (1, 2), (3, 5)] {
            let got = Resolution::of(hits, images).unwrap();
            assert!(got.at_best <= got.independent && got.independent <= 1.0, "{got:?}");
        }
    }

    #[test]
    fn too_few_images_are_said_to_be_with_how_many_would_do() {
        // Five against one of 80: b + c − (b − c)²/n = 5.8.
        let comparison = compare(80, 5, 1);
        let Verdict::Unclear { difference, visible, images_needed } = Verdict::of(&comparison, 80) else {
            panic!("six images decide nothing")
        };
        assert!((difference - 0.05).abs() < 1e-12);
        assert!((visible - 2.0 * 5.8_f64.sqrt() / 80.0).abs() < 1e-12);
        // (2 √5.8 / 4)² · 80 = 116.
        assert_eq!(images_needed, Some(116.0));
        // Twice as often the same is clear indeed.
        let Verdict::Clear { difference } = Verdict::of(&compare(160, 10, 2), 160) else { panic!("clear") };
        assert!((difference - 0.05).abs() < 1e-12);
    }

    #[test]
    fn equal_results_need_no_number_of_images() {
        let verdict = Verdict::of(&compare(80, 3, 3), 80);
        assert!(matches!(verdict, Verdict::Unclear { difference, images_needed: None, .. } if difference == 0.0));
        assert!(matches!(Verdict::of(&PairedComparison::default(), 0), Verdict::Unclear { images_needed: None, .. }));
    }
}
