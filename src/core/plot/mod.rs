//! What a line chart needs before it is drawn: fewer points, and round ticks.
//! [`thinned`] keeps a run of any length small.

mod drawing;
pub mod thinned;

pub use drawing::{Drawing, Rule, draw};

/// At most `2 * buckets` points that look like `points` (ordered by x): of each
/// bucket the least and the greatest, in their order, so that no spike is lost.
/// A y that is no number is left out.
pub fn downsample(points: &[(f64, f64)], buckets: usize) -> Vec<(f64, f64)> {
    let finite: Vec<_> = points.iter().copied().filter(|p| p.1.is_finite()).collect();
    if finite.len() <= 2 * buckets || buckets == 0 {
        return finite;
    }
    let mut out = Vec::with_capacity(2 * buckets);
    for bucket in 0..buckets {
        let slice = &finite[bucket * finite.len() / buckets..(bucket + 1) * finite.len() / buckets];
        let by_y = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (Some(&low), Some(&high)) = (slice.iter().min_by(by_y), slice.iter().max_by(by_y)) else { continue };
        let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        out.push(first);
        if second != first {
            out.push(second);
        }
    }
    out
}

/// Round numbers (1, 2 or 5 times a power of ten apart) inside `low..=high`,
/// about `wanted` of them; one alone where the range is empty or not finite.
pub fn ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let span = high - low;
    if span.is_nan() || span.is_infinite() || span <= 0.0 || wanted == 0 {
        return vec![low];
    }
    let raw = span / wanted as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= raw).unwrap_or(raw);
    let first = (low / step - 1e-9).ceil();
    (0..).map(|i| (first + f64::from(i)) * step).take_while(|t| *t <= high + step * 1e-9).collect()
}

/// At most `rows` of `items`, evenly spread, with the first and the last.
pub fn spread<T: Copy>(items: &[T], rows: usize) -> Vec<T> {
    if items.len() <= rows || rows < 2 {
        return items.to_vec();
    }
    (0..rows).map(|i| items[i * (items.len() - 1) / (rows - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn ticks_are_round_and_inside() {
        let close = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&ticks(4.31, 5.6, 4), &[4.5, 5.0, 5.5]));
        assert!(close(&ticks(0.0, 1.0, 5), &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]));
        assert!(close(&ticks(-3.0, 3.0, 3), &[-2.0, 0.0, 2.0]));
        assert_eq!(ticks(2.0, 2.0, 4), [2.0]);
        assert_eq!(ticks(0.0, f64::INFINITY, 4), [0.0]);
    }

    #[test]
    fn spread_keeps_both_ends() {
        let all: Vec<u32> = (0..101).collect();
        assert_eq!(spread(&all, 5), [0, 25, 50, 75, 100]);
        assert_eq!(spread(&all[..3], 5), [0, 1, 2]);
    }
}
