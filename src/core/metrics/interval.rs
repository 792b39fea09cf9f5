//! How sure a rate is: an interval instead of a bare number.

use serde::{Deserialize, Serialize};

/// Two-sided 95 % of the standard normal distribution: its 97.5 % quantile.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Interval {
    /// Wilson's score interval of the rate `hits` / `images` (Wilson 1927):
    ///
    /// (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), with p the rate and
    /// z = 1.96.
    ///
    /// Unlike p ± z √(p(1 − p)/n) it holds for few images and for rates near 0 or
    /// 1. Nothing is known from no images: [0, 1].
    ///
    /// # Panics
    /// If there are more hits than images.
    pub fn wilson(hits: u32, images: u32) -> Self {
        assert!(hits <= images, "{hits} hits of {images} images");
        if images == 0 {
            return Self { low: 0.0, high: 1.0 };
        }
        let n = f64::from(images);
        let p = f64::from(hits) / n;
        let zz = Z_95 * Z_95;
        let half = Z_95 * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
        let end = |sign: f64| ((p + zz / (2.0 * n) + sign * half) / (1.0 + zz / n)).clamp(0.0, 1.0);
        // Rounding leaves 1e-17 in place of exact ends.
        Self { low: if hits == 0 { 0.0 } else { end(-1.0) }, high: if hits == images { 1.0 } else { end(1.0) } }
    }

    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    pub fn width(&self) -> f64 {
        self.high - self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: Interval, low: f64, high: f64) {
        assert!((got.low - low).abs() < 5e-5 && (got.high - high).abs() < 5e-5, "{got:?} for [{low}, {high}]");
    }

    /// Newcombe 1998, Two-sided confidence intervals for the single proportion,
    /// table I, method 3.
    #[test]
    fn published_intervals() {
        near(Interval::wilson(81, 263), 0.2553, 0.3662);
        near(Interval::wilson(15, 148), 0.0624, 0.1605);
        near(Interval::wilson(0, 20), 0.0, 0.1611);
        near(Interval::wilson(1, 29), 0.0061, 0.1718);
    }

    #[test]
    fn the_ends_are_exact_and_none_is_outside() {
        assert_eq!(Interval::wilson(0, 0), Interval { low: 0.0, high: 1.0 });
        for n in 1..200 {
            assert_eq!(Interval::wilson(0, n).low, 0.0);
            assert_eq!(Interval::wilson(n, n).high, 1.0);
            for hits in 0..=n {
                let (got, mirrored) = (Interval::wilson(hits, n), Interval::wilson(n - hits, n));
                assert!(0.0 <= got.low && got.high <= 1.0 && got.contains(f64::from(hits) / f64::from(n)), "{got:?}");
                assert!((got.low - (1.0 - mirrored.high)).abs() < 1e-12);
            }
        }
        // n / n: low = n / (n + z²).
        near(Interval::wilson(10, 10), 10.0 / (10.0 + Z_95 * Z_95), 1.0);
    }

    #[test]
    fn more_images_make_it_narrower() {
        assert!(Interval::wilson(400, 1000).width() < 0.5 * Interval::wilson(40, 100).width());
    }
}
