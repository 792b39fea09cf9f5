//! λ of one layer, taken apart.

use crate::core::lars::Lars;

/// Everything that the formula names, for a layer of these norms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
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

impl Parts {
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

    /// The most that one update can be long, γλ(‖g‖ + β‖w‖): when g and w point
    /// the same way. Where the rule does not apply it is γη‖w‖ for any gradient.
    pub fn longest(&self, rate: f64) -> f64 {
        rate * self.ratio * self.denominator
    }
}

impl Parts {
    /// The gradient's part of one update as a part of the layer's length:
    /// γλ‖g‖/‖w‖.
    pub fn share(&self, rate: f64) -> f64 {
        self.gradient_part(rate) / self.weight
    }

    /// The longest update as a part of the layer's length: γη, except by rule.
    pub fn longest_share(&self, rate: f64) -> f64 {
        self.longest(rate) / self.weight
    }

    /// The same of plain gradient descent: γ‖g‖/‖w‖.
    pub fn plain_share(&self, rate: f64) -> f64 {
        rate * self.gradient / self.weight
    }
}

/// The smallest and the largest of some λ.
pub fn ends(ratios: impl Iterator<Item = f64>) -> [f64; 2] {
    ratios.fold([f64::INFINITY, 0.0], |[least, most], r| [r.min(least), r.max(most)])
}

/// How many times the smallest of some λ the largest is.
pub fn spread(ratios: impl Iterator<Item = f64>) -> f64 {
    let [least, most] = ends(ratios);
    most / least
}

/// η/β, which λ comes near as the gradient fades.
pub fn bound(lars: &Lars) -> f64 {
    lars.trust_coefficient / lars.weight_decay
}

/// λ along a slider: `count` gradient norms from `low` to `high`, evenly spread
/// in the logarithm, each with its λ for a layer of norm `weight`.
pub fn curve(lars: &Lars, weight: f64, low: f64, high: f64, count: usize) -> Vec<(f64, f64)> {
    let part = |i: usize| i as f64 / (count.max(2) - 1) as f64;
    let gradient = |i| low * (high / low).powf(part(i));
    (0..count).map(|i| (gradient(i), lars.ratio(weight, gradient(i)))).collect()
}
