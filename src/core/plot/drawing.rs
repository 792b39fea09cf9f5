//! A line chart without its pixels: where the curve, the lines and the ticks lie.

use super::{downsample, ticks};
use std::fmt::Write;

/// Buckets of the curve; twice as many points at most.
const BUCKETS: usize = 150;

/// A labelled horizontal line.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub y: f64,
    pub label: String,
}

/// What a line chart shows, in coordinates from 0 to 100, y downwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub path: String,
    /// Position and words.
    pub rules: Vec<(f64, String)>,
    pub y_ticks: Vec<(f64, String)>,
    pub x_ticks: Vec<(f64, String)>,
    pub last: Option<(f64, f64)>,
}

/// A curve through `points` (ordered by x) with `rules`, its numbers in the words of
/// `format`; empty where there is nothing to see yet.
pub fn draw(points: &[(f64, f64)], rules: &[Rule], format: fn(f64) -> String) -> Drawing {
    let few = downsample(points, BUCKETS);
    let ys = || few.iter().map(|p| p.1).chain(rules.iter().map(|r| r.y)).filter(|y| y.is_finite());
    let (low, high) = ys().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    // One line alone has no scale: nothing to see before the first value.
    if !low.is_finite() || (few.is_empty() && low == high) {
        return Drawing::default();
    }
    // A little air above and below; some height for a flat curve.
    let air = ((high - low) * 0.08).max(high.abs() * 0.04).max(1e-9);
    let (low, high) = (if low >= 0.0 { (low - air).max(0.0) } else { low - air }, high + air);
    let (left, right) = match (few.first(), few.last()) {
        (Some(first), Some(last)) if last.0 > first.0 => (first.0, last.0),
        (Some(first), _) => (first.0 - 0.5, first.0 + 0.5),
        _ => (0.0, 1.0),
    };
    let x_of = |x: f64| (x - left) / (right - left) * 100.0;
    let y_of = |y: f64| (high - y) / (high - low) * 100.0;
    let mut path = String::new();
    for (i, (x, y)) in few.iter().enumerate() {
        let _ = write!(path, "{}{:.2} {:.2}", if i == 0 { 'M' } else { 'L' }, x_of(*x), y_of(*y));
    }
    Drawing {
        path,
        rules: rules.iter().filter(|r| r.y.is_finite()).map(|r| (y_of(r.y), r.label.clone())).collect(),
        y_ticks: unlike(ticks(low, high, 4).into_iter().map(|y| (y_of(y), format(y)))),
        x_ticks: ticks(left, right, 4)
            .into_iter()
            .filter(|x| x.fract() == 0.0)
            .map(|x| (x_of(x), format!("{x}")))
            .collect(),
        last: few.last().map(|p| (x_of(p.0), y_of(p.1))),
    }
}

/// Ticks whose words differ: rounding can make two of a narrow range alike.
fn unlike(ticks: impl Iterator<Item = (f64, String)>) -> Vec<(f64, String)> {
    let mut kept: Vec<(f64, String)> = ticks.collect();
    kept.dedup_by(|a, b| a.1 == b.1);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(y: f64) -> String {
        format!("{:.1} %", 100.0 * y)
    }

    #[test]
    fn one_line_alone_is_not_drawn() {
        let chance = Rule { y: 0.004, label: "chance".into() };
        assert_eq!(draw(&[], std::slice::from_ref(&chance), percent), Drawing::default());
        assert_ne!(draw(&[(1.0, 0.004)], &[chance], percent), Drawing::default());
    }

    #[test]
    fn no_two_ticks_read_alike() {
        let ticks = draw(&[(1.0, 0.0040), (2.0, 0.0041)], &[], percent).y_ticks;
        assert!(!ticks.is_empty());
        assert!(ticks.windows(2).all(|w| w[0].1 != w[1].1), "{ticks:?}");
    }
}
