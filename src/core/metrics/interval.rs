//! How sure a number is: Wilson's intervals of rates, and intervals of precision, recall and F1 by
//! resampling the test images.

use super::Scores;
use crate::core::rng::Rng;
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
    /// (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), with p the rate and z = 1.96.
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

/// Resamples that give ends to about half a point on usual test sets.
pub const RESAMPLES: usize = 1000;

/// Intervals of one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassIntervals {
    pub precision: Interval,
    pub recall: Interval,
    pub f1: Interval,
}

/// 95 % intervals of what a [`ClassificationReport`](super::ClassificationReport) holds and no formula covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    pub macro_f1: Interval,
    pub weighted_f1: Interval,
    pub per_class: Vec<ClassIntervals>,
    pub resamples: usize,
}

impl Bootstrap {
    /// Percentile bootstrap (Efron 1979): all images, drawn with replacement `resamples` times; each end is a quantile
    /// (2.5 and 97.5 %, linear between draws) of the scores of those sets. `confusion[t][p]` counts truth t predicted
    /// as p, and an image is a draw among these counts: which image it was does not matter. A score that divides by
    /// zero is 0, as in the report. A score that is the same in every draw gets Wilson's interval. The same seed gives
    /// the same intervals.
    ///
    /// `None` without images or resamples.
    ///
    /// # Panics
    /// If the matrix is not square.
    pub fn of(confusion: &[Vec<u32>], resamples: usize, seed: u64) -> Option<Self> {
        let classes = confusion.len();
        assert!(confusion.iter().all(|row| row.len() == classes), "a square matrix");
        let images = pairs(confusion);
        // Half of a random word picks an image.
        if images.is_empty() || resamples == 0 || images.len() > u32::MAX as usize {
            return None;
        }
        let mut draws = Draws::new(classes, resamples);
        let mut rng = Rng::stream(seed, "bootstrap");
        let mut counts = Counts::new(classes);
        for _ in 0..resamples {
            counts.resample(&images, &mut rng);
            draws.add(&counts, images.len());
        }
        let mut found = draws.intervals();
        found.widen(confusion);
        Some(found)
    }

    /// Where all images or none are right, every resample says the same, which is no certainty: such scores
    /// get Wilson's interval.
    fn widen(&mut self, confusion: &[Vec<u32>]) {
        let sum = |counts: &mut dyn Iterator<Item = u32>| counts.sum::<u32>();
        let (mut hits, mut images, mut present) = (0, 0, 0);
        for (class, intervals) in self.per_class.iter_mut().enumerate() {
            let right = confusion[class][class];
            let truth = sum(&mut confusion[class].iter().copied());
            let predicted = sum(&mut confusion.iter().map(|row| row[class]));
            (hits, images, present) = (hits + right, images + truth, present + u32::from(truth > 0));
            let all =
                [(&mut intervals.precision, predicted), (&mut intervals.recall, truth), (&mut intervals.f1, truth)];
            for (interval, of) in all.into_iter().filter(|(interval, of)| *of > 0 && interval.width() == 0.0) {
                *interval = Interval::wilson(right, of);
            }
        }
        if hits == images || hits == 0 {
            let Interval { low, high } = Interval::wilson(hits, images);
            let part = f64::from(present) / confusion.len() as f64;
            self.weighted_f1 = Interval { low, high };
            self.macro_f1 = Interval { low: low * part, high: high * part };
        }
    }
}

/// (truth, predicted) of every image.
fn pairs(confusion: &[Vec<u32>]) -> Vec<(u32, u32)> {
    let cells = confusion.iter().enumerate().flat_map(|(t, row)| row.iter().enumerate().map(move |(p, &n)| (t, p, n)));
    cells.flat_map(|(t, p, n)| std::iter::repeat_n((t as u32, p as u32), n as usize)).collect()
}

/// Margins and diagonal of one resampled confusion matrix.
struct Counts {
    truth: Vec<u32>,
    predicted: Vec<u32>,
    hits: Vec<u32>,
}

impl Counts {
    fn new(classes: usize) -> Self {
        Self { truth: vec![0; classes], predicted: vec![0; classes], hits: vec![0; classes] }
    }

    fn resample(&mut self, images: &[(u32, u32)], rng: &mut Rng) {
        [&mut self.truth, &mut self.predicted, &mut self.hits].into_iter().for_each(|counts| counts.fill(0));
        // Two draws a word, by multiply and shift on 32 bits (bias under n / 2³²): wasm
        // has no 128-bit product, which `Rng::below` needs.
        let pick = |half: u64| images[((half * images.len() as u64) >> 32) as usize];
        let mut left = images.len();
        while left > 0 {
            let word = rng.next_u64();
            for half in [word >> 32, word & 0xffff_ffff].into_iter().take(left) {
                let (t, p) = pick(half);
                self.truth[t as usize] += 1;
                self.predicted[p as usize] += 1;
                self.hits[t as usize] += u32::from(t == p);
            }
            left = left.saturating_sub(2);
        }
    }
}

/// Scores of all resamples, a list for each score.
struct Draws {
    macro_f1: Vec<f64>,
    weighted_f1: Vec<f64>,
    /// Precision, recall, F1 of each class.
    per_class: Vec<[Vec<f64>; 3]>,
}

impl Draws {
    fn new(classes: usize, resamples: usize) -> Self {
        let list = || Vec::with_capacity(resamples);
        let per_class = (0..classes).map(|_| [list(), list(), list()]).collect();
        Self { macro_f1: list(), weighted_f1: list(), per_class }
    }

    fn add(&mut self, counts: &Counts, images: usize) {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (class, lists) in self.per_class.iter_mut().enumerate() {
            let truth = counts.truth[class];
            let Scores { precision, recall, f1 } =
                Scores::from_counts(counts.hits[class], counts.predicted[class], truth);
            for (list, score) in lists.iter_mut().zip([precision, recall, f1]) {
                list.push(score);
            }
            sum += f1;
            weighted += f1 * f64::from(truth);
        }
        self.macro_f1.push(sum / self.per_class.len() as f64);
        self.weighted_f1.push(weighted / images as f64);
    }

    fn intervals(self) -> Bootstrap {
        let resamples = self.macro_f1.len();
        let per_class = self.per_class.into_iter().map(|[precision, recall, f1]| ClassIntervals {
            precision: percentiles(precision),
            recall: percentiles(recall),
            f1: percentiles(f1),
        });
        Bootstrap {
            per_class: per_class.collect(),
            macro_f1: percentiles(self.macro_f1),
            weighted_f1: percentiles(self.weighted_f1),
            resamples,
        }
    }
}

/// 2.5 and 97.5 % quantiles, linear between neighbours as numpy's default.
fn percentiles(mut scores: Vec<f64>) -> Interval {
    scores.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| {
        let place = part * (scores.len() - 1) as f64;
        let (low, rest) = (place as usize, place.fract());
        let high = (low + 1).min(scores.len() - 1);
        scores[low] + rest * (scores[high] - scores[low])
    };
    Interval { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn near(got: Interval, low: f64, high: f64) {
        assert!((got.low - low).abs() < 5e-5 && (got.high - high).abs() < 5e-5, "{got:?} for [{low}, {high}]");
    }

    /// Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3.
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

    /// 60 images of the golden case "balanced".
    fn balanced() -> Vec<Vec<u32>> {
        vec![vec![15, 1, 2], vec![3, 17, 3], vec![1, 4, 14]]
    }

    /// Against 400 000 multinomial resamples of the same matrix drawn with numpy.
    #[test]
    fn intervals_agree_with_numpys() {
        let got = Bootstrap::of(&balanced(), 20_000, 3).unwrap();
        let near = |got: Interval, low: f64, high: f64| {
            assert!((got.low - low).abs() < 0.006 && (got.high - high).abs() < 0.006, "{got:?} for [{low}, {high}]");
        };
        near(got.macro_f1, 0.6498, 0.8670);
        near(got.weighted_f1, 0.6526, 0.8672);
        let wanted = [
            [(0.5882, 0.9524), (0.6429, 1.0), (0.6452, 0.9302)],
            [(0.5833, 0.9444), (0.5455, 0.9091), (0.5909, 0.8800)],
            [(0.5263, 0.9333), (0.5263, 0.9333), (0.5517, 0.8780)],
        ];
        for (got, [precision, recall, f1]) in got.per_class.iter().zip(wanted) {
            near(got.precision, precision.0, precision.1);
            near(got.recall, recall.0, recall.1);
            near(got.f1, f1.0, f1.1);
        }
    }

    #[test]
    fn the_seed_decides() {
        let of = |seed| Bootstrap::of(&balanced(), 200, seed).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(of(1).resamples, 200);
    }

    #[test]
    fn a_resample_has_as_many_images_as_the_set() {
        for images in [1_u32, 2, 7, 60] {
            let matrix = vec![vec![images - 1, 1], vec![0, 0]];
            let mut counts = Counts::new(2);
            counts.resample(&pairs(&matrix), &mut Rng::new(5));
            assert_eq!(counts.truth.iter().sum::<u32>(), images);
            assert_eq!(counts.predicted.iter().sum::<u32>(), images);
        }
    }

    #[test]
    fn what_is_all_right_or_all_wrong_is_as_sure_as_its_recall_and_an_absent_class_scores_zero() {
        let got = Bootstrap::of(&[vec![30, 0, 0], vec![0, 30, 0], vec![0, 0, 0]], 500, 1).unwrap();
        let class = Interval::wilson(30, 30);
        assert_eq!(got.per_class[0], ClassIntervals { precision: class, recall: class, f1: class });
        assert!(class.width() > 0.1);
        assert_eq!(got.weighted_f1, Interval::wilson(60, 60));
        assert_eq!(got.per_class[2].f1, Interval { low: 0.0, high: 0.0 });
        assert!((got.macro_f1.high - 2.0 / 3.0).abs() < 1e-12 && got.macro_f1.width() > 0.03);
        // One class all right, one never: the others' mistakes leave neither sure.
        let got = Bootstrap::of(&[vec![30, 0, 0], vec![0, 0, 10], vec![0, 0, 10]], 500, 1).unwrap();
        assert_eq!((got.per_class[0].f1, got.per_class[1].f1), (class, Interval::wilson(0, 10)));
        assert!(got.per_class[2].f1.width() > 0.1 && got.macro_f1.width() > 0.0);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(Bootstrap::of(&[vec![0, 0], vec![0, 0]], 100, 1), None);
        assert_eq!(Bootstrap::of(&[], 100, 1), None);
        assert_eq!(Bootstrap::of(&balanced(), 0, 1), None);
    }

    #[test]
    fn quantiles_are_linear_between_draws() {
        // numpy.quantile([0, 1, 2, 3, 4], [.025, .975]).
        let got = percentiles(vec![3.0, 1.0, 0.0, 4.0, 2.0]);
        assert!((got.low - 0.1).abs() < 1e-12 && (got.high - 3.9).abs() < 1e-12);
        assert_eq!(percentiles(vec![0.5]), Interval { low: 0.5, high: 0.5 });
    }

    /// Ten classes, 2 000 images, 1 000 resamples: some 15 ms; the bound leaves room
    /// for a busy machine and a build without optimisation.
    #[test]
    fn it_takes_no_time_to_speak_of() {
        let matrix = vec![vec![20; 10]; 10];
        let start = Instant::now();
        let _ = Bootstrap::of(&matrix, RESAMPLES, 1).unwrap();
        let taken = start.elapsed();
        assert!(taken.as_millis() < 1000, "{taken:?}");
    }
}
