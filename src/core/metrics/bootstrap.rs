//! How sure precision, recall and F1 are: intervals by resampling the test images.

use super::interval::Interval;
use crate::core::rng::Rng;
use serde::{Deserialize, Serialize};

/// Resamples that give ends to about half a point on usual test sets.
pub const RESAMPLES: usize = 1000;

/// Intervals of one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassIntervals {
    pub precision: Interval,
    pub recall: Interval,
    pub f1: Interval,
}

/// 95 % intervals of what a [`ClassificationReport`](super::ClassificationReport)
/// holds and no formula covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    pub macro_f1: Interval,
    pub weighted_f1: Interval,
    pub per_class: Vec<ClassIntervals>,
    pub resamples: usize,
}

impl Bootstrap {
    /// Percentile bootstrap (Efron 1979): as many images as there are, drawn with
    /// replacement, so often as `resamples`; each end is a quantile (2.5 and
    /// 97.5 %, linear between draws) of the scores of those sets. `confusion[t][p]`
    /// counts truth t predicted as p, and an image is a draw among these counts:
    /// which image it was does not matter. A score that divides by zero is 0, as
    /// in the report. The same seed gives the same intervals.
    ///
    /// None for no images or no resamples.
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
        Some(draws.intervals())
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
        let ratio = |a: f64, b: f64| if b == 0.0 { 0.0 } else { a / b };
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (class, lists) in self.per_class.iter_mut().enumerate() {
            let [truth, predicted, hits] =
                [&counts.truth, &counts.predicted, &counts.hits].map(|counts| f64::from(counts[class]));
            let f1 = ratio(2.0 * hits, truth + predicted);
            for (list, score) in lists.iter_mut().zip([ratio(hits, predicted), ratio(hits, truth), f1]) {
                list.push(score);
            }
            sum += f1;
            weighted += f1 * truth;
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
mod tests;
