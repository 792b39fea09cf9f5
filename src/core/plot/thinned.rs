//! Curves of any length as few points as a chart can show: of each stretch the least and
//! the greatest value stay, in their order, so that no peak is lost.

use crate::core::report::{EpochReport, StepReport, TrustRatios};

/// Most measurements of a kind that are kept between the first and the newest.
const MOST: usize = 600;

/// A point of a curve.
pub trait Measured: Clone {
    /// Most measurements of this kind that are kept between the first and the newest.
    const MOST: usize = MOST;

    /// Position along the curve, which grows, and the value whose peaks stay.
    fn point(&self) -> (f64, f64);
}

impl Measured for (f64, f64) {
    fn point(&self) -> (f64, f64) {
        *self
    }
}

impl Measured for StepReport {
    fn point(&self) -> (f64, f64) {
        (f64::from(self.step), f64::from(self.loss))
    }
}

impl Measured for EpochReport {
    fn point(&self) -> (f64, f64) {
        (f64::from(self.epoch), f64::from(self.knn))
    }
}

impl Measured for TrustRatios {
    /// A small chart shows no more.
    const MOST: usize = 120;

    fn point(&self) -> (f64, f64) {
        (f64::from(self.step), f64::from(self.ratios.iter().copied().fold(0.0, f32::max)))
    }
}

/// The measurements of a run under way: the first, the newest, and between them the least
/// and the greatest of each span. The length of a span doubles as the run grows.
#[derive(Clone, Debug, PartialEq)]
pub struct Thinned<T> {
    first: Option<T>,
    kept: Vec<T>,
    /// Least and greatest of the span that has not ended, and its length so far.
    open: Option<[T; 2]>,
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
        self.newest = Some(next.clone());
        if self.first.is_none() {
            self.first = Some(next);
            return;
        }
        self.open = Some(match self.open.take() {
            Some(ends) => widen(ends, &next),
            None => [next.clone(), next],
        });
        self.seen += 1;
        if self.seen == self.span {
            self.kept.extend(self.open.take().iter().flat_map(in_order).cloned());
            self.seen = 0;
        }
        if self.kept.len() > T::MOST {
            // Two spans, four measurements, become one of two.
            self.span *= 2;
            self.kept = self.kept.chunks(4).flat_map(ends).collect();
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

    /// All that are kept, in order; at most [`Measured::MOST`] and a few.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        let open = self.open.iter().flat_map(in_order);
        let all = self.first.iter().chain(&self.kept).chain(open).chain(&self.newest);
        let mut last = None;
        // The newest may also be the first, or an end of the open span.
        all.filter(move |m| last.replace(m.point().0) != Some(m.point().0))
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
    let mut few: Vec<_> = (0..buckets).flat_map(|i| ends(bucket(i))).collect();
    few.dedup();
    few
}

/// The least and the greatest of a stretch, in their order; none of an empty one.
fn ends<T: Measured>(stretch: &[T]) -> Vec<T> {
    let Some((first, rest)) = stretch.split_first() else { return Vec::new() };
    let ends = rest.iter().fold([first.clone(), first.clone()], widen);
    in_order(&ends).into_iter().cloned().collect()
}

/// The least and the greatest; a value that is no number counts as greatest.
fn widen<T: Measured>([least, greatest]: [T; 2], next: &T) -> [T; 2] {
    let value = |of: &T| of.point().1;
    let below = value(next).total_cmp(&value(&least)).is_lt();
    let above = value(next).total_cmp(&value(&greatest)).is_ge();
    [if below { next.clone() } else { least }, if above { next.clone() } else { greatest }]
}

fn in_order<T: Measured>([a, b]: &[T; 2]) -> [&T; 2] {
    if a.point().0 <= b.point().0 { [a, b] } else { [b, a] }
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
