//! McNemar's exact test: whether one classifier is better than another on the same test images, which differences a
//! test set can show, and which it is too small for.

use super::interval::{Interval, Z_95};

/// A difference with a smaller p-value is clear.
const LEVEL: f64 = 0.05;
/// Fewest images on which only one of two is right that can make a difference clear: 2 · (1/2)⁶ = 0.031.
const LEAST: f64 = 6.0;

/// Two classifiers on the same images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairedComparison {
    /// Images that only the first gets right, and only the second. Those that both get right say nothing.
    pub only_first: u32,
    pub only_second: u32,
    pub images: u32,
}

impl PairedComparison {
    /// Compares predicted with true classes, image by image. Images that one of the lists lacks are ignored.
    pub fn paired(first: &[u16], second: &[u16], truth: &[u16]) -> Self {
        let mut all = Self::default();
        for ((&a, &b), &t) in first.iter().zip(second).zip(truth) {
            all.images += 1;
            all.only_first += u32::from(a == t && b != t);
            all.only_second += u32::from(a != t && b == t);
        }
        all
    }

    /// Accuracy of the first minus that of the second.
    pub fn difference(&self) -> f64 {
        self.of_all(f64::from(self.only_first) - f64::from(self.only_second))
    }

    /// p-value of McNemar's exact test, two-sided (McNemar 1947): the images on which only one of the two is right are
    /// tosses of a fair coin if the two are equally good. Twice the smaller tail, at most 1; not mid-p.
    pub fn p_value(&self) -> f64 {
        let tosses = self.only_first + self.only_second;
        (2.0 * binomial_tail(self.only_first.min(self.only_second), tosses, 0.5)).min(1.0)
    }

    /// Whether chance explains a difference like this in fewer than one case of twenty.
    pub fn is_clear(&self) -> bool {
        self.p_value() < LEVEL
    }

    /// 95 % interval of the difference: the exact one (Clopper and Pearson 1934) of the first's part of the images on
    /// which only one of the two is right. It leaves 0 out where the difference is clear.
    pub fn interval(&self) -> Interval {
        let tosses = self.only_first + self.only_second;
        let end = |part: f64| self.of_all((2.0 * part - 1.0) * f64::from(tosses));
        Interval {
            low: end(1.0 - most_likely_with(self.only_second, tosses)),
            high: end(most_likely_with(self.only_first, tosses)),
        }
    }

    fn of_all(&self, images: f64) -> f64 {
        images / f64::from(self.images.max(1))
    }
}

/// P(X ≤ `hits`) of `tosses` with probability `p`, from the logarithms of its terms.
fn binomial_tail(hits: u32, tosses: u32, p: f64) -> f64 {
    if hits >= tosses || p <= 0.0 {
        return 1.0;
    }
    let (odds, mut term) = ((p / (1.0 - p)).ln(), f64::from(tosses) * (1.0 - p).ln());
    let mut sum = term.exp();
    for k in 0..hits {
        term += (f64::from(tosses - k) / f64::from(k + 1)).ln() + odds;
        sum += term.exp();
    }
    sum.min(1.0)
}

/// The largest p with P(X ≤ `hits`) of at least 2.5 %, by bisection.
fn most_likely_with(hits: u32, tosses: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    if hits == tosses {
        return high;
    }
    for _ in 0..50 {
        let p = 0.5 * (low + high);
        if binomial_tail(hits, tosses, p) < 0.5 * LEVEL { high = p } else { low = p }
    }
    low
}

/// What two results on the same images say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// The two differ by more than chance explains; with the interval of the difference.
    Clear { difference: f64, interval: Interval },
    /// The images are too few to tell the two apart.
    Unclear {
        difference: f64,
        /// Images that would show this difference, if the two go on to differ as
        /// often as here; `None` if they are equally good.
        images_needed: Option<f64>,
    },
}

impl Verdict {
    pub fn of(comparison: &PairedComparison) -> Self {
        let PairedComparison { only_first, only_second, images } = *comparison;
        let difference = comparison.difference();
        if comparison.is_clear() {
            return Self::Clear { difference, interval: comparison.interval() };
        }
        // b − c > 1 + z √(b + c), the test with its correction for continuity, solved for a multiple of the images.
        let (gap, tosses) = (f64::from(only_first.abs_diff(only_second)), f64::from(only_first + only_second));
        let root = Z_95 * tosses.sqrt();
        let more = ((root + (root * root + 4.0 * gap).sqrt()) / (2.0 * gap)).powi(2);
        let images = f64::from(images);
        Self::Unclear { difference, images_needed: (gap > 0.0).then(|| (more * images).ceil().max(images + 1.0)) }
    }
}

/// What a test set can show by its size, before there is a second result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    pub images: u32,
    /// Least difference that could ever be clear: one classifier is right on this part of the images and the other is
    /// not, and on no image is it the other way round. Six images; more than 1 where the set has fewer.
    pub at_best: f64,
    /// Difference needed where the mistakes of the two have nothing to do with each other, and both have a rate near
    /// this one. Networks trained on the same images err alike, which needs less.
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
        // Two hits and two misses more (Agresti and Coull 1998) keep a perfect
        // result on few images from looking certain.
        let rate = (f64::from(hits) + 2.0) / (n + 4.0);
        let tosses = 2.0 * rate * (1.0 - rate) * n;
        let independent = ((1.0 + Z_95 * tosses.sqrt()) / n).min(1.0);
        Some(Self { images, at_best: LEAST / n, independent: independent.max(LEAST / n) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `b` of `images` are right for one only, the last `c` for the other only.
    fn compare(images: usize, b: usize, c: usize) -> PairedComparison {
        let truth = vec![0; images];
        let first: Vec<u16> = (0..images).map(|i| u16::from(i >= images - c)).collect();
        let second: Vec<u16> = (0..images).map(|i| u16::from(i < b)).collect();
        PairedComparison::paired(&first, &second, &truth)
    }

    #[test]
    fn counts_only_images_on_which_the_two_differ() {
        // Of eight images the first alone gets four right, the second alone one.
        let (first, second) = ([0, 0, 0, 0, 0, 1, 1, 0], [1, 1, 1, 1, 0, 0, 1, 0]);
        let got = PairedComparison::paired(&first, &second, &[0; 8]);
        assert_eq!(got, PairedComparison { only_first: 4, only_second: 1, images: 8 });
        assert_eq!(got.difference(), 3.0 / 8.0);
        let nothing = PairedComparison::paired(&[], &[], &[]);
        assert_eq!((nothing.difference(), nothing.p_value(), nothing.is_clear()), (0.0, 1.0, false));
    }

    #[test]
    fn p_values_are_those_of_the_exact_test() {
        // 2 Σ C(n, k) / 2ⁿ over k up to the smaller.
        let known = [
            (1, 0, 1.0),
            (4, 0, 0.125),
            (5, 0, 0.0625),
            (6, 0, 0.03125),
            (7, 1, 18.0 / 256.0),
            (11, 3, 940.0 / 16_384.0),
            (5, 5, 1.0),
            (12, 3, 1152.0 / 32_768.0),
        ];
        for (b, c, p) in known {
            for got in [compare(100, b, c), compare(100, c, b)] {
                assert!((got.p_value() - p).abs() < 1e-12, "{b}:{c}: {} for {p}", got.p_value());
                assert_eq!(got.is_clear(), p < 0.05, "{b}:{c}");
            }
        }
        // Where (1/2)ⁿ is no number of 64 bits: close to the normal distribution, z = 199 / √4000.
        let many = compare(10_000, 2100, 1900);
        assert!((many.p_value() - 0.001_65).abs() < 2e-5, "{}", many.p_value());
    }

    #[test]
    fn the_interval_is_clopper_and_pearsons_and_agrees_with_the_test() {
        // 8 of 10: [0.4439, 0.9748]; 0 of 10: at most 0.3085.
        let got = compare(100, 8, 2).interval();
        assert!((got.low - (2.0 * 0.443_905 - 1.0) * 0.1).abs() < 1e-6, "{got:?}");
        assert!((got.high - (2.0 * 0.974_790 - 1.0) * 0.1).abs() < 1e-6, "{got:?}");
        let none = compare(100, 0, 10).interval();
        assert!((none.low + 0.1).abs() < 1e-12 && (none.high - (2.0 * 0.308_497 - 1.0) * 0.1).abs() < 1e-6, "{none:?}");
        for (b, c) in (0..30).flat_map(|b| (0..30).map(move |c| (b, c))) {
            let got = compare(100, b, c);
            assert_eq!(got.interval().contains(0.0), !got.is_clear(), "{b}:{c}");
            assert!(got.interval().contains(got.difference()), "{b}:{c}");
        }
    }

    #[test]
    fn at_best_is_the_least_that_a_comparison_calls_clear() {
        for images in 1..300_usize {
            let best = Resolution::of(images as u32, images as u32).unwrap().at_best;
            match (1..=images).find(|&b| compare(images, b, 0).is_clear()) {
                Some(least) => {
                    assert!((best - least as f64 / images as f64).abs() < 1e-12, "{images}: {best}, {least}")
                }
                None => assert!(best > 1.0, "{images}"),
            }
        }
    }

    #[test]
    fn unrelated_mistakes_need_as_much_as_the_test_does() {
        // 460 of 1000: only one of the two is right on 497 of 1000.
        let got = Resolution::of(460, 1000).unwrap();
        let needed = (0..200).map(|d| compare(1000, 248 + d, 249 - d)).find(|c| c.is_clear()).unwrap().difference();
        assert!((got.independent - needed).abs() < 0.003, "{got:?}, {needed}");
        // A perfect result on ten images is not certain.
        assert!(Resolution::of(10, 10).unwrap().independent >= 0.6);
        assert_eq!(Resolution::of(0, 0), None);
    }

    #[test]
    fn too_few_images_are_said_to_be_with_how_many_would_do() {
        let Verdict::Unclear { difference, images_needed } = Verdict::of(&compare(80, 5, 1)) else {
            panic!("six images decide nothing")
        };
        assert!((difference - 0.05).abs() < 1e-12);
        // (1.96 √6 + √(3.84 · 6 + 16))² / 64 = 1.908 times as many.
        assert_eq!(images_needed, Some(153.0));
        let Verdict::Clear { difference, interval } = Verdict::of(&compare(160, 10, 2)) else { panic!("clear") };
        assert!((difference - 0.05).abs() < 1e-12 && interval.low > 0.0);
        // Of images that only one gets right it takes six, as the test says.
        let Verdict::Unclear { images_needed, .. } = Verdict::of(&compare(100, 1, 0)) else { panic!("one image") };
        assert!(images_needed.is_some_and(|n| (500.0..=600.0).contains(&n)), "{images_needed:?}");
        for equal in [compare(80, 3, 3), PairedComparison::default()] {
            assert_eq!(Verdict::of(&equal), Verdict::Unclear { difference: 0.0, images_needed: None });
        }
    }
}
