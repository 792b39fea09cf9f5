//! Results over seeds: mean and standard deviation, and whether one way to train is better than another by Student's
//! paired t-test.

use super::interval::Interval;

/// A number of each seed, once, in the order of seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BySeed(Vec<(u64, f64)>);

/// What so many seeds gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub mean: f64,
    /// Of the sample, over n − 1; `None` for one seed.
    pub deviation: Option<f64>,
    pub n: usize,
}

/// Two ways to train, on the seeds that both have: those start from the same draws, so their differences vary less.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedComparison {
    /// Mean of the first's number minus the second's.
    pub difference: f64,
    /// 95 % interval of the difference. `None` for one pair, and where all differences are the same number: both tell
    /// nothing of other seeds.
    pub interval: Option<Interval>,
    pub pairs: usize,
    /// Seeds that only one of the two has.
    pub unpaired: usize,
}

/// Of several numbers of one seed the first stays; what is no number is left out.
impl FromIterator<(u64, f64)> for BySeed {
    fn from_iter<I: IntoIterator<Item = (u64, f64)>>(all: I) -> Self {
        let mut all: Vec<(u64, f64)> = all.into_iter().filter(|(_, value)| value.is_finite()).collect();
        all.sort_by_key(|(seed, _)| *seed);
        all.dedup_by_key(|(seed, _)| *seed);
        Self(all)
    }
}

impl BySeed {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `None` without a seed.
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.0.iter().map(|(_, value)| *value).collect::<Vec<_>>())
    }

    /// Those of seeds that `other` has too.
    pub fn of_seeds_in(&self, other: &Self) -> Self {
        let has = |seed: &u64| other.0.binary_search_by_key(seed, |(seed, _)| *seed).is_ok();
        Self(self.0.iter().filter(|(seed, _)| has(seed)).copied().collect())
    }

    /// Compares seed by seed; `None` without a seed in common.
    pub fn compare(&self, other: &Self) -> Option<SeedComparison> {
        let of = |seed: u64| other.0.binary_search_by_key(&seed, |(seed, _)| *seed).ok().map(|at| other.0[at].1);
        let differences: Vec<f64> = self.0.iter().filter_map(|(seed, value)| Some(value - of(*seed)?)).collect();
        let Summary { mean, deviation, n } = Summary::of(&differences)?;
        // What rounding leaves of equal differences is no spread.
        let deviation = deviation.filter(|deviation| *deviation > 1e-9);
        let interval = deviation.map(|deviation| {
            let half = student_95(n as u32 - 1) * deviation / (n as f64).sqrt();
            Interval { low: mean - half, high: mean + half }
        });
        Some(SeedComparison { difference: mean, interval, pairs: n, unpaired: self.len() + other.len() - 2 * n })
    }
}

impl Summary {
    /// `None` of no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (n > 0).then(|| Self { mean, deviation: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()), n })
    }
}

impl SeedComparison {
    /// Whether the interval leaves 0 out.
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|interval| !interval.contains(0.0))
    }
}

/// Two-sided 95 % of Student's t with `freedom` degrees of freedom, at least 1: its 97.5 % quantile, by bisection of
/// the angle atan(t / √freedom).
pub fn student_95(freedom: u32) -> f64 {
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..60 {
        let angle = 0.5 * (low + high);
        if student_within(angle, freedom) < 0.95 { low = angle } else { high = angle }
    }
    f64::from(freedom).sqrt() * low.tan()
}

/// P(|T| ≤ t) of Student's t, where `angle` = atan(t / √freedom), as the finite sums 26.7.3 and 26.7.4 of Abramowitz
/// and Stegun 1964.
fn student_within(angle: f64, freedom: u32) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    let (mut term, mut sum) = (if odd { cos } else { 1.0 }, 0.0);
    for k in 0..freedom / 2 {
        sum += term;
        let over = 2.0 * f64::from(k) + if odd { 3.0 } else { 2.0 };
        term *= cos * cos * (over - 1.0) / over;
    }
    if odd { std::f64::consts::FRAC_2_PI * (angle + sin * sum) } else { sin * sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_seed(values: &[(u64, f64)]) -> BySeed {
        values.iter().copied().collect()
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} for {b}");
    }

    /// `scipy.stats.t.ppf(0.975, freedom)`.
    #[test]
    fn quantiles_are_those_of_scipy_for_any_n() {
        for (freedom, quantile) in [
            (1, 12.706_204_736_174_694),
            (2, 4.302_652_729_749_462),
            (3, 3.182_446_305_283_708),
            (4, 2.776_445_105_197_793),
            (5, 2.570_581_835_636_315),
            (10, 2.228_138_851_986_274),
            (29, 2.045_229_642_132_703),
            (99, 1.984_216_951_586_417),
            (1000, 1.962_339_080_826_408),
            (2999, 1.960_755_319_205_315),
        ] {
            near(student_95(freedom), quantile);
        }
    }

    #[test]
    fn a_mean_has_the_samples_deviation() {
        let Some(Summary { mean, deviation: Some(deviation), n }) = by_seed(&[(0, 0.5), (1, 0.75), (7, 0.7)]).summary()
        else {
            panic!("three seeds")
        };
        // Differences from 0.65: -0.15, 0.1, 0.05; their squares sum to 0.035.
        near(mean, 0.65);
        near(deviation, 0.0175_f64.sqrt());
        assert_eq!(n, 3);
        assert_eq!(by_seed(&[(4, 0.5)]).summary(), Some(Summary { mean: 0.5, deviation: None, n: 1 }));
        assert_eq!(by_seed(&[]).summary(), None);
    }

    #[test]
    fn a_seed_counts_once_and_what_is_no_number_does_not() {
        let got = by_seed(&[(3, 0.25), (1, 0.5), (3, 0.9), (2, f64::NAN)]);
        assert_eq!(got, by_seed(&[(1, 0.5), (3, 0.25)]));
        assert_eq!((got.len(), got.is_empty()), (2, false));
    }

    /// `scipy.stats.ttest_rel(first, second).confidence_interval()`.
    #[test]
    fn intervals_are_those_of_the_paired_test() {
        let first = by_seed(&[(0, 0.812), (1, 0.798), (2, 0.825), (3, 0.804), (4, 0.819)]);
        let other = by_seed(&[(0, 0.791), (1, 0.8), (2, 0.803), (3, 0.788), (4, 0.81)]);
        let got = first.compare(&other).unwrap();
        near(got.difference, 0.0132);
        near(got.interval.unwrap().low, 0.000_864_332_198_305_175);
        near(got.interval.unwrap().high, 0.025_535_667_801_694_757);
        assert_eq!((got.pairs, got.unpaired, got.is_clear()), (5, 0, true));
        let closer = by_seed(&[(0, 0.799), (1, 0.8), (2, 0.803), (3, 0.801), (4, 0.82)]);
        let got = first.compare(&closer).unwrap();
        near(got.interval.unwrap().low, -0.005_753_527_379_040_264);
        near(got.interval.unwrap().high, 0.019_753_527_379_040_23);
        assert!(!got.is_clear());
    }

    #[test]
    fn only_seeds_that_both_have_are_compared() {
        let (first, second) =
            (by_seed(&[(0, 0.9), (1, 0.6), (2, 0.7)]), by_seed(&[(1, 0.5), (2, 0.4), (5, 0.1), (6, 0.0)]));
        let got = first.compare(&second).unwrap();
        // 0.1 and 0.3: mean 0.2, deviation 0.1·√2, half an interval 12.706 · 0.1.
        near(got.difference, 0.2);
        near(got.interval.unwrap().high, 0.2 + 0.1 * student_95(1));
        assert_eq!((got.pairs, got.unpaired, got.is_clear()), (2, 3, false));
        assert_eq!(first.compare(&by_seed(&[(9, 0.5)])), None);
    }

    #[test]
    fn one_pair_or_equal_differences_are_never_clear() {
        let one = by_seed(&[(0, 0.9)]).compare(&by_seed(&[(0, 0.1)])).unwrap();
        assert_eq!((one.interval, one.pairs, one.is_clear()), (None, 1, false));
        // One test image more of each seed, by numbers of 64 bits that differ in their last digit.
        let equal = by_seed(&[(0, 0.35), (1, 0.8)]).compare(&by_seed(&[(0, 0.3), (1, 0.75)])).unwrap();
        assert_eq!((equal.interval, equal.pairs, equal.is_clear()), (None, 2, false));
    }
}
