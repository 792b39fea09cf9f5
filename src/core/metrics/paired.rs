//! Whether one classifier is better than another on the same test images, or
//! whether the images are too few to tell.

/// Difference in accuracy of two classifiers on the same images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Accuracy of the first minus that of the second.
    pub difference: f64,
    /// Standard error of the difference, from the images on which only one of
    /// the two is right: images that both get right say nothing.
    pub error: f64,
}

impl Comparison {
    /// Compares predicted with true classes, image by image. Images that one of
    /// the lists lacks are ignored; with none left, both numbers are 0.
    ///
    /// The variance of paired proportions, (b + c − (b − c)²/n)/n², with b and c
    /// the images that only the first or only the second gets right (McNemar
    /// 1947; Agresti, Categorical Data Analysis, section 11.1).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_images_on_which_the_two_differ() {
        // Of eight images the first alone gets four right, the second alone one.
        let truth = [0; 8];
        let first = [0, 0, 0, 0, 0, 1, 1, 0];
        let second = [1, 1, 1, 1, 0, 0, 1, 0];
        let got = Comparison::paired(&first, &second, &truth);
        assert!((got.difference - 3.0 / 8.0).abs() < 1e-12);
        assert!((got.error - ((5.0 - 9.0 / 8.0) / 64.0_f64).sqrt()).abs() < 1e-12);
        assert!(!got.is_clear());
    }

    #[test]
    fn a_large_gap_on_many_images_is_clear() {
        let truth = [0; 400];
        let first = std::array::from_fn::<u16, 400, _>(|i| u16::from(i % 2 == 0));
        let second = [1; 400];
        assert!(Comparison::paired(&first, &second, &truth).is_clear());
        assert!(!Comparison::paired(&first, &first, &truth).is_clear());
    }

    #[test]
    fn nothing_to_compare_gives_zero() {
        assert_eq!(Comparison::paired(&[], &[], &[]), Comparison::default());
    }
}
