//! λ of one layer, taken apart; and λ of every layer over the steps of a run.

use crate::core::{lars::Lars, plot::thinned::Thinned, report::TrustRatios};

/// λ = η‖w‖ / (‖g‖ + β‖w‖) of one layer, with every part of the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustRatio {
    /// ‖w‖.
    pub weight: f64,
    /// ‖g‖.
    pub gradient: f64,
    /// η‖w‖.
    pub numerator: f64,
    /// β‖w‖.
    pub decay: f64,
    /// ‖g‖ + β‖w‖.
    pub denominator: f64,
    /// λ.
    pub ratio: f64,
    /// λ is 1 by the rule for ‖w‖ = 0 or ‖g‖ = 0, not by the formula.
    pub by_rule: bool,
}

impl TrustRatio {
    /// Of a layer with these norms.
    pub fn new(lars: &Lars, weight: f64, gradient: f64) -> Self {
        let decay = lars.weight_decay * weight;
        Self {
            weight,
            gradient,
            numerator: lars.trust_coefficient * weight,
            decay,
            denominator: gradient + decay,
            ratio: lars.ratio(weight, gradient),
            by_rule: weight == 0.0 || gradient == 0.0,
        }
    }

    /// Length of the gradient's part of one update without momentum: γλ‖g‖.
    pub fn gradient_part(&self, rate: f64) -> f64 {
        rate * self.ratio * self.gradient
    }

    /// Length of weight decay's part: γλβ‖w‖.
    pub fn decay_part(&self, rate: f64) -> f64 {
        rate * self.ratio * self.decay
    }

    /// Largest possible length of one update, γλ(‖g‖ + β‖w‖): when g and w point
    /// the same way. It is γη‖w‖ for any gradient, except by rule.
    pub fn longest(&self, rate: f64) -> f64 {
        rate * self.ratio * self.denominator
    }

    /// The gradient's part of one update, relative to the layer's length: γλ‖g‖/‖w‖.
    pub fn share(&self, rate: f64) -> f64 {
        self.gradient_part(rate) / self.weight
    }

    /// The longest update, relative to the layer's length: γη, except by rule.
    pub fn longest_share(&self, rate: f64) -> f64 {
        self.longest(rate) / self.weight
    }

    /// An update of plain gradient descent, relative to the layer's length: γ‖g‖/‖w‖.
    pub fn plain_share(&self, rate: f64) -> f64 {
        rate * self.gradient / self.weight
    }
}

/// The smallest and the largest λ.
pub fn ends(ratios: impl Iterator<Item = f64>) -> [f64; 2] {
    ratios.fold([f64::INFINITY, 0.0], |[least, most], r| [r.min(least), r.max(most)])
}

/// The largest λ over the smallest.
pub fn spread(ratios: impl Iterator<Item = f64>) -> f64 {
    let [least, most] = ends(ratios);
    most / least
}

/// η/β: the limit of λ as the gradient goes to 0.
pub fn bound(lars: &Lars) -> f64 {
    lars.trust_coefficient / lars.weight_decay
}

/// `count` gradient norms from `low` to `high` in equal ratios, each with its λ for a layer of norm `weight`.
pub fn curve(lars: &Lars, weight: f64, low: f64, high: f64, count: usize) -> Vec<(f64, f64)> {
    let part = |i: usize| i as f64 / (count.max(2) - 1) as f64;
    let gradient = |i| low * (high / low).powf(part(i));
    (0..count).map(|i| (gradient(i), lars.ratio(weight, gradient(i)))).collect()
}

/// λ of every layer over a run of any length: as many steps as a small chart shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrustHistory {
    layers: Vec<String>,
    steps: Thinned<TrustRatios>,
}

impl TrustHistory {
    /// Of a run at its start. A run without λ has no layers.
    pub fn new(layers: Vec<String>) -> Self {
        Self { layers, ..Self::default() }
    }

    /// Names, in the order of the values.
    pub fn layers(&self) -> &[String] {
        &self.layers
    }

    /// Adds the next step. A step that does not fit the layers is left out.
    pub fn push(&mut self, next: &TrustRatios) {
        if next.ratios.len() == self.layers.len() && !next.ratios.is_empty() {
            self.steps.push(next.clone());
        }
    }

    /// All steps kept, in order; the newest one is the last.
    pub fn moments(&self) -> Vec<&TrustRatios> {
        self.steps.iter().collect()
    }

    /// Step and λ of one layer.
    pub fn of(&self, layer: usize) -> Vec<(f64, f64)> {
        self.moments().iter().map(|m| (f64::from(m.step), f64::from(m.ratios[layer]))).collect()
    }

    /// Smallest and largest λ of all steps kept; `None` before the first step.
    pub fn range(&self) -> Option<[f64; 2]> {
        let all = self.moments().into_iter().flat_map(|m| &m.ratios).map(|&r| f64::from(r));
        let range = ends(all.filter(|r| *r > 0.0 && r.is_finite()));
        (range[1] > 0.0).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lesson::lars::worked_example::{LARS, LarsVariant, run};
    use crate::core::plot::thinned::Measured;

    const MOST: usize = TrustRatios::MOST;

    #[test]
    fn a_layer_taken_apart() {
        let p = TrustRatio::new(&LARS, 5.0, 1.0);
        assert_eq!((p.numerator, p.decay, p.denominator, p.by_rule), (0.005, 0.05, 1.05, false));
        assert!((p.ratio - 0.005 / 1.05).abs() < 1e-17);
        assert!((p.ratio - run(LarsVariant::Paper, &LARS, &[0.1])[0].ratio).abs() < 1e-17);
        // The longest update is γη‖w‖ whatever the gradient.
        for gradient in [1e-6, 0.3, 1e6] {
            let p = TrustRatio::new(&LARS, 5.0, gradient);
            assert!((p.longest(0.1) - 0.1 * 0.001 * 5.0).abs() < 1e-15);
            assert!((p.gradient_part(0.1) + p.decay_part(0.1) - p.longest(0.1)).abs() < 1e-15);
        }
        // The same part of every layer's length, and of plain descent a different one.
        for (w, g) in [(5.0, 1.0), (2.0, 0.1), (0.5, 4.0)] {
            let p = TrustRatio::new(&LARS, w, g);
            assert!((p.longest_share(0.1) - 0.1 * 0.001).abs() < 1e-17);
            assert!((p.share(0.1) - 0.1 * p.ratio * g / w).abs() < 1e-17);
            assert!((p.plain_share(0.1) - 0.1 * g / w).abs() < 1e-15);
        }
        for (w, g) in [(0.0, 2.0), (3.0, 0.0), (0.0, 0.0)] {
            let p = TrustRatio::new(&LARS, w, g);
            assert_eq!((p.ratio, p.by_rule), (1.0, true));
        }
    }

    #[test]
    fn weight_decay_caps_lambda() {
        let points = curve(&LARS, 2.0, 1e-8, 10.0, 40);
        assert_eq!(points.len(), 40);
        assert!((points[0].0 - 1e-8).abs() < 1e-20 && (points[39].0 - 10.0).abs() < 1e-9);
        assert!(points.windows(2).all(|p| p[0].0 < p[1].0 && p[0].1 > p[1].1));
        assert!((bound(&LARS) - 0.1).abs() < 1e-15);
        assert!((spread([0.2, 0.05, 0.1].into_iter()) - 4.0).abs() < 1e-15);
        assert!((points[0].1 - 0.1).abs() < 1e-6 && points.iter().all(|p| p.1 < 0.1));
        let free = curve(&Lars { weight_decay: 0.0, ..LARS }, 2.0, 1e-8, 10.0, 40);
        assert!((free[0].1 - 2e5).abs() < 1.0);
    }

    #[test]
    fn a_long_run_keeps_its_first_and_last_step_and_few_between() {
        let mut history = TrustHistory::new(vec!["a".into(), "b".into()]);
        assert_eq!((history.moments().len(), history.range()), (0, None));
        for step in 1..=10_000 {
            history.push(&TrustRatios { step, ratios: vec![0.001, step as f32] });
            let moments = history.moments();
            assert_eq!((moments[0].step, moments[moments.len() - 1].step), (1, step));
            assert!(moments.len() <= MOST + 4 && moments.len() >= (step as usize).min(MOST / 2));
            assert!(moments.windows(2).all(|m| m[0].step < m[1].step));
        }
        assert_eq!(history.of(1)[0], (1.0, 1.0));
        assert_eq!(history.of(1).last(), Some(&(10_000.0, 10_000.0)));
        assert!(history.range().is_some_and(|[l, h]| (l - 0.001).abs() < 1e-9 && h == 10_000.0));
    }

    #[test]
    fn a_step_that_does_not_fit_is_left_out() {
        let mut history = TrustHistory::new(vec!["a".into()]);
        history.push(&TrustRatios { step: 1, ratios: vec![0.1, 0.2] });
        TrustHistory::default().push(&TrustRatios { step: 1, ratios: Vec::new() });
        assert!(history.moments().is_empty());
        history.push(&TrustRatios { step: 1, ratios: vec![f32::NAN] });
        assert_eq!(history.range(), None);
    }
}
