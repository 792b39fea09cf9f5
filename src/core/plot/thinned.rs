//! Curves of any length as few points as a chart can show: of each stretch the least and
//! the greatest value stay, in their order, so that no peak is lost.

use crate::core::report::{EpochReport, StepReport};

/// Most measurements that are kept between the first and the newest.
pub const MOST: usize = 600;

/// A point of a curve.
pub trait Measured: Copy {
    /// Position along the curve; grows.
    fn at(&self) -> f64;
    /// The value whose peaks stay.
    fn value(&self) -> f64;
}

impl Measured for (f64, f64) {
    fn at(&self) -> f64 {
        self.0
    }

    fn value(&self) -> f64 {
        self.1
    }
}

impl Measured for StepReport {
    fn at(&self) -> f64 {
        f64::from(self.step)
    }

    fn value(&self) -> f64 {
        f64::from(self.loss)
    }
}

impl Measured for EpochReport {
    fn at(&self) -> f64 {
        f64::from(self.epoch)
    }

    fn value(&self) -> f64 {
        f64::from(self.knn)
    }
}

/// The measurements of a run under way: the first, the newest, and between them the least
/// and the greatest of each span. The length of a span doubles as the run grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Thinned<T> {
    first: Option<T>,
    kept: Vec<T>,
    /// Least and greatest of the span that has not ended, and its length so far.
    open: Option<(T, T)>,
    seen: usize,
    /// Length of a span.
    span: usize,
    newest: Option<T>,
}

impl<T> Default for Thinned<T> {
    fn default() -> Self {
        Self { first: None, kept: Vec::new(), open: None, seen: 0, span: 2, newest: None }
    }
}

impl<T: Measured> Thinned<T> {
    /// Adds the next measurement.
    pub fn push(&mut self, next: T) {
        self.newest = Some(next);
        if self.first.is_none() {
            self.first = Some(next);
            return;
        }
        self.open = Some(self.open.map_or((next, next), |ends| widen(ends, next)));
        self.seen += 1;
        if self.seen == self.span {
            self.kept.extend(self.open.take().map(in_order).into_iter().flatten());
            self.seen = 0;
        }
        if self.kept.len() > MOST {
            // Two spans, four measurements, become one of two.
            self.span *= 2;
            self.kept = self.kept.chunks(4).filter_map(ends).flatten().collect();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    pub fn newest(&self) -> Option<&T> {
        self.newest.as_ref()
    }

    pub fn first(&self) -> Option<&T> {
        self.first.as_ref()
    }

    /// All that are kept, in order; at most [`MOST`] and a few.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        let open = self.open.map(in_order).into_iter().flatten();
        let all = self.first.into_iter().chain(self.kept.iter().copied()).chain(open).chain(self.newest);
        let mut last = None;
        // The newest may also be the first, or an end of the open span.
        all.filter(move |m| last.replace(m.at()) != Some(m.at()))
    }
}

/// At most `2 * buckets` points that look like `points` (ordered by x): of each bucket
/// the least and the greatest. A y that is no number is left out.
pub fn downsample(points: &[(f64, f64)], buckets: usize) -> Vec<(f64, f64)> {
    let finite: Vec<_> = points.iter().copied().filter(|p| p.1.is_finite()).collect();
    if finite.len() <= 2 * buckets || buckets == 0 {
        return finite;
    }
    let bucket = |i: usize| &finite[i * finite.len() / buckets..(i + 1) * finite.len() / buckets];
    let mut few: Vec<_> = (0..buckets).filter_map(|i| ends(bucket(i))).flatten().collect();
    few.dedup();
    few
}

/// The least and the greatest of a stretch, in their order; `None` if it is empty.
fn ends<T: Measured>(stretch: &[T]) -> Option<[T; 2]> {
    let (first, rest) = stretch.split_first()?;
    Some(in_order(rest.iter().fold((*first, *first), |ends, next| widen(ends, *next))))
}

/// The least and the greatest; a value that is no number counts as greatest.
fn widen<T: Measured>((least, greatest): (T, T), next: T) -> (T, T) {
    let below = next.value().total_cmp(&least.value()).is_lt();
    let above = next.value().total_cmp(&greatest.value()).is_ge();
    (if below { next } else { least }, if above { next } else { greatest })
}

fn in_order<T: Measured>((a, b): (T, T)) -> [T; 2] {
    if a.at() <= b.at() { [a, b] } else { [b, a] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u32, loss: f32) -> StepReport {
        StepReport { step, loss, ..StepReport::default() }
    }

    #[test]
    fn a_short_run_is_kept_whole() {
        let mut run = Thinned::default();
        assert!(run.is_empty() && run.iter().next().is_none());
        for i in 1..=400 {
            run.push(step(i, (i % 7) as f32));
            assert_eq!(run.iter().map(|s| s.step).collect::<Vec<_>>(), (1..=i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_long_run_keeps_its_ends_its_peaks_and_few_between() {
        let mut run = Thinned::default();
        for i in 1..=100_000_u32 {
            let loss = match i {
                34_567 => 99.0,
                34_568 => -99.0,
                _ => (i % 7) as f32,
            };
            run.push(step(i, loss));
            if i % 997 == 0 {
                let kept: Vec<u32> = run.iter().map(|s| s.step).collect();
                assert_eq!((kept[0], kept[kept.len() - 1]), (1, i));
                assert!(kept.len() <= MOST + 4 && kept.len() >= (i as usize).min(MOST / 2), "{}", kept.len());
                assert!(kept.windows(2).all(|w| w[0] < w[1]));
            }
        }
        let kept = |at| run.iter().any(|s| s.step == at);
        assert!(kept(34_567) && kept(34_568));
        // Evenly: no stretch of the run is missing.
        let steps: Vec<u32> = run.iter().map(|s| s.step).collect();
        assert!(steps.windows(2).all(|w| w[1] - w[0] < 1_500), "{steps:?}");
    }

    #[test]
    fn what_is_no_number_is_kept_as_a_peak() {
        let mut run = Thinned::default();
        (1..=50_000).for_each(|i| run.push(step(i, if i == 777 { f32::NAN } else { 1.0 })));
        assert!(run.iter().any(|s| s.loss.is_nan()));
    }

    #[test]
    fn epochs_are_thinned_alike() {
        let mut run = Thinned::default();
        (0..10_000).for_each(|epoch| run.push(EpochReport { epoch, knn: 0.5 }));
        assert_eq!(run.first().map(|e| e.epoch), Some(0));
        assert_eq!(run.newest().map(|e| e.epoch), Some(9_999));
        assert!(run.iter().count() <= MOST + 4);
    }

    #[test]
    fn few_points_stay_as_they_are() {
        let points = [(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)];
        assert_eq!(downsample(&points, 10), [(0.0, 1.0), (2.0, 3.0)]);
    }

    #[test]
    fn a_single_spike_survives_and_order_is_kept() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
        points[4321].1 = 99.0;
        points[4322].1 = -99.0;
        let few = downsample(&points, 100);
        assert!(few.len() <= 200);
        assert!(few.contains(&(4321.0, 99.0)) && few.contains(&(4322.0, -99.0)));
        assert!(few.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
