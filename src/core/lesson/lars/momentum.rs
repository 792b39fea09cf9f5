//! The worked example over steps: two weights, one gradient that stays, and a
//! learning rate that changes. Programs agree as long as γ stays and disagree
//! as soon as it changes.

use crate::core::float::norm;
use crate::core::lars::Lars;

/// w at the start.
pub const WEIGHTS: [f64; 2] = [3.0, 4.0];
/// g of every step.
pub const GRADIENT: [f64; 2] = [0.8, -0.6];
/// μ, β and η.
pub const LARS: Lars = Lars { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 };

/// A LARS found in the wild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The paper's algorithm 1, and this program's: v ← μv + γλ(g + βw); w ← w − v.
    Paper,
    /// lightly, timm: v ← μv + λ(g + βw); w ← w − γv.
    RateOutside,
    /// Google's SimCLR: λ = η‖w‖/‖g + βw‖, γ inside v.
    Google,
}

impl Rule {
    pub const ALL: [Self; 3] = [Self::Paper, Self::RateOutside, Self::Google];
}

/// One step with everything that it computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// γ.
    pub rate: f64,
    /// λ.
    pub ratio: f64,
    /// v after the step.
    pub velocity: [f64; 2],
    /// What was taken off w.
    pub moved: [f64; 2],
    /// w after the step.
    pub weights: [f64; 2],
}

/// g + βw.
pub fn decayed(lars: &Lars, w: [f64; 2], g: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|i| g[i] + lars.weight_decay * w[i])
}

/// The worked example by `rule`, a step for each rate.
pub fn run(rule: Rule, lars: &Lars, rates: &[f64]) -> Vec<Step> {
    let (mut w, mut v) = (WEIGHTS, [0.0; 2]);
    rates
        .iter()
        .map(|&rate| {
            let before = w;
            let ratio = match rule {
                Rule::Paper => {
                    lars.step(&mut w, &GRADIENT, &mut v, rate, true);
                    lars.trust_ratio(&before, &GRADIENT)
                }
                Rule::RateOutside => {
                    // The paper's v at a rate of 1, and γ at the end.
                    lars.step(&mut w, &GRADIENT, &mut v, 1.0, true);
                    w = [0, 1].map(|i| before[i] - rate * v[i]);
                    lars.trust_ratio(&before, &GRADIENT)
                }
                Rule::Google => {
                    // The paper's rule with decay as a part of the gradient.
                    let (lars, g) = (Lars { weight_decay: 0.0, ..*lars }, decayed(lars, before, GRADIENT));
                    lars.step(&mut w, &g, &mut v, rate, true);
                    lars.trust_ratio(&before, &g)
                }
            };
            Step { rate, ratio, velocity: v, moved: [0, 1].map(|i| before[i] - w[i]), weights: w }
        })
        .collect()
}

/// v after `steps` steps as a multiple of one update that stays:
/// 1 + μ + … + μ^(steps − 1).
pub fn gain(momentum: f64, steps: usize) -> f64 {
    (0..steps).fold(0.0, |gain, _| momentum * gain + 1.0)
}

/// What [`gain`] comes to: 1/(1 − μ).
pub fn limit(momentum: f64) -> f64 {
    1.0 / (1.0 - momentum)
}

/// How far w has come after each step: ‖w − w₀‖.
pub fn travelled(steps: &[Step]) -> Vec<f64> {
    steps.iter().map(|s| norm(&[s.weights[0] - WEIGHTS[0], s.weights[1] - WEIGHTS[1]])).collect()
}
