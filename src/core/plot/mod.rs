//! A line chart without its pixels: where the curves, the lines and the ticks lie.
//! [`thinned`] keeps a curve of any length small.

pub mod thinned;

use crate::core::metrics::paired_t_test::Summary;
use std::fmt::Write;
use thinned::downsample;

/// Buckets of the curve; twice as many points at most.
const BUCKETS: usize = 150;

/// A labelled horizontal line.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub y: f64,
    pub label: String,
}

/// A curve with its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: String,
    /// Ordered by x.
    pub points: Vec<(f64, f64)>,
    /// How far a band reaches on both sides of each point; empty without a band.
    pub spread: Vec<f64>,
}

impl Series {
    pub fn new(name: String, points: Vec<(f64, f64)>) -> Self {
        Self { name, points, spread: Vec::new() }
    }

    /// The mean of the curves that have a point, with a band of their standard deviation, at every x that all of them
    /// have; one alone has no band.
    pub fn mean(name: String, curves: &[Vec<(f64, f64)>]) -> Self {
        let mut mean = Self::new(name, Vec::new());
        let mut curves = curves.iter().filter(|points| !points.is_empty());
        let Some(first) = curves.next() else { return mean };
        let others: Vec<_> = curves.collect();
        for (x, y) in first {
            let at = |curve: &&Vec<(f64, f64)>| {
                let at = curve.binary_search_by(|p| p.0.total_cmp(x)).ok()?;
                Some(curve[at].1)
            };
            let values: Option<Vec<f64>> = std::iter::once(Some(*y)).chain(others.iter().map(at)).collect();
            if let Some(summary) = values.and_then(|values| Summary::of(&values)) {
                mean.points.push((*x, summary.mean));
                mean.spread.extend(summary.deviation);
            }
        }
        mean
    }

    /// One end of the band.
    fn end(&self, sign: f64) -> Vec<(f64, f64)> {
        let ends: Vec<_> = self.points.iter().zip(&self.spread).map(|((x, y), s)| (*x, y + sign * s)).collect();
        downsample(&ends, BUCKETS)
    }
}

/// What a line chart shows, in coordinates from 0 to 100, y downwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// One a curve, in order; empty where it has no point yet.
    pub paths: Vec<String>,
    /// Likewise, the outline of its band; empty where it has none.
    pub bands: Vec<String>,
    /// Position and words.
    pub rules: Vec<(f64, String)>,
    pub y_ticks: Vec<(f64, String)>,
    pub x_ticks: Vec<(f64, String)>,
    /// The newest point of the last curve that has one.
    pub last: Option<(f64, f64)>,
}

/// A curve of each series with `rules`, on common axes, the numbers in the words of `format`; empty where there is
/// nothing to see yet.
pub fn draw(curves: &[Series], rules: &[Rule], format: fn(f64) -> String) -> Drawing {
    let thinned: Vec<Vec<(f64, f64)>> = curves.iter().map(|curve| downsample(&curve.points, BUCKETS)).collect();
    let bands: Vec<[Vec<(f64, f64)>; 2]> = curves.iter().map(|curve| [1.0, -1.0].map(|sign| curve.end(sign))).collect();
    let few = || thinned.iter().flatten();
    let ys = || {
        few()
            .chain(bands.iter().flatten().flatten())
            .map(|p| p.1)
            .chain(rules.iter().map(|r| r.y))
            .filter(|y| y.is_finite())
    };
    let (low, high) = ys().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    // One line alone has no scale: nothing to see before the first value.
    if !low.is_finite() || (few().next().is_none() && low == high) {
        return Drawing::default();
    }
    // A little air above and below; some height for a flat curve.
    let air = ((high - low) * 0.08).max(high.abs() * 0.04).max(1e-9);
    let (low, high) = (if low >= 0.0 { (low - air).max(0.0) } else { low - air }, high + air);
    let ends = few().fold(None, |ends: Option<(f64, f64)>, p| {
        Some(ends.map_or((p.0, p.0), |(left, right)| (left.min(p.0), right.max(p.0))))
    });
    let (left, right) = match ends {
        Some((left, right)) if right > left => (left, right),
        Some((left, _)) => (left - 0.5, left + 0.5),
        None => (0.0, 1.0),
    };
    let x_of = |x: f64| (x - left) / (right - left) * 100.0;
    let y_of = |y: f64| (high - y) / (high - low) * 100.0;
    let path = |few: &mut dyn Iterator<Item = &(f64, f64)>| {
        let mut path = String::new();
        for (i, (x, y)) in few.enumerate() {
            let _ = write!(path, "{}{:.2} {:.2}", if i == 0 { 'M' } else { 'L' }, x_of(*x), y_of(*y));
        }
        path
    };
    Drawing {
        paths: thinned.iter().map(|few| path(&mut few.iter())).collect(),
        // Along the upper end, and back along the lower one; the filled path closes itself.
        bands: bands.iter().map(|[upper, lower]| path(&mut upper.iter().chain(lower.iter().rev()))).collect(),
        rules: rules.iter().filter(|r| r.y.is_finite()).map(|r| (y_of(r.y), r.label.clone())).collect(),
        y_ticks: unlike(ticks(low, high, 4).into_iter().map(|y| (y_of(y), format(y)))),
        x_ticks: ticks(left, right, 4)
            .into_iter()
            .filter(|x| x.fract() == 0.0)
            .map(|x| (x_of(x), format!("{x}")))
            .collect(),
        last: few().last().map(|p| (x_of(p.0), y_of(p.1))),
    }
}

/// Ticks whose words differ: rounding can make two of a narrow range alike.
fn unlike(ticks: impl Iterator<Item = (f64, String)>) -> Vec<(f64, String)> {
    let mut kept: Vec<(f64, String)> = ticks.collect();
    kept.dedup_by(|a, b| a.1 == b.1);
    kept
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

    fn percent(y: f64) -> String {
        format!("{:.1} %", 100.0 * y)
    }

    fn series(points: &[(f64, f64)]) -> Series {
        Series::new("a".into(), points.to_vec())
    }

    #[test]
    fn a_mean_has_a_band_where_all_curves_are() {
        let curves = [vec![(1.0, 1.0), (2.0, 4.0), (3.0, 9.0)], vec![(0.0, 0.0), (1.0, 3.0), (2.0, 4.0)]];
        let mean = Series::mean("both".into(), &curves);
        assert_eq!(mean.points, [(1.0, 2.0), (2.0, 4.0)]);
        // Of 1 and 3, over n - 1.
        assert_eq!(mean.spread, [2.0_f64.sqrt(), 0.0]);
        assert_eq!(Series::mean("none".into(), &[]), Series::new("none".into(), Vec::new()));
        let one = [Vec::new(), vec![(1.0, 2.0)]];
        assert_eq!(Series::mean("one".into(), &one), Series::new("one".into(), one[1].clone()), "no deviation of 0");
        let drawing = draw(&[mean, series(&[(1.0, 2.0), (2.0, 2.0)])], &[], percent);
        let [band, none] = &drawing.bands[..] else { panic!("one each") };
        assert!(none.is_empty());
        // Out and back over the two points: the widest at the left, where the band's ends set the axis too.
        let points: Vec<Vec<f64>> =
            band.split(['M', 'L']).skip(1).map(|p| p.split(' ').map(|n| n.parse().unwrap()).collect()).collect();
        assert_eq!(points.iter().map(|p| p[0]).collect::<Vec<_>>(), [0.0, 100.0, 100.0, 0.0]);
        assert_eq!(points[1], points[2]);
        assert!(points[3][1] > points[1][1] && points[3][1] < 100.0 && points[0][1] > 0.0, "{points:?}");
    }

    #[test]
    fn one_line_alone_is_not_drawn() {
        let chance = Rule { y: 0.004, label: "chance".into() };
        assert_eq!(draw(&[series(&[])], std::slice::from_ref(&chance), percent), Drawing::default());
        assert_ne!(draw(&[series(&[(1.0, 0.004)])], &[chance], percent), Drawing::default());
    }

    #[test]
    fn curves_share_their_axes() {
        let (long, short): (Vec<_>, Vec<_>) =
            ((0..30_000).map(|i| (f64::from(i), 4.0)).collect(), (0..3).map(|i| (f64::from(i), 2.0)).collect());
        let drawing = draw(&[series(&long), series(&[]), series(&short)], &[], percent);
        let [first, none, last] = &drawing.paths[..] else { panic!("a path each") };
        assert!(first.starts_with("M0.00") && first.contains("L100.00"), "{first}");
        assert!(first.matches('L').count() < 2 * BUCKETS);
        assert!(none.is_empty());
        assert!(last.ends_with(&format!("{:.2} {:.2}", 200.0 / 29_999.0, drawing.last.unwrap().1)), "{last}");
        assert_eq!(draw(&[], &[], percent), Drawing::default());
    }

    #[test]
    fn no_two_ticks_read_alike() {
        let ticks = draw(&[series(&[(1.0, 0.0040), (2.0, 0.0041)])], &[], percent).y_ticks;
        assert!(!ticks.is_empty());
        assert!(ticks.windows(2).all(|w| w[0].1 != w[1].1), "{ticks:?}");
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
