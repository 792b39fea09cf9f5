//! What the tutorial that the lesson follows prints of LARS, computed as
//! printed, on the worked example.

use super::momentum::{GRADIENT, Rule, Step, WEIGHTS, decayed};
use crate::core::float::norm;
use crate::core::lars::Lars;

/// One slip at a time, everything else right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// The second formula for λ has no η: λ = ‖w‖ / (‖g‖ + β‖w‖).
    NoTrust,
    /// A norm is added to a vector: v ← μv + γλ(g + β‖w‖).
    NormAdded,
    /// γ is called the local rate. That is λ; with it in γ's place, v grows by
    /// λ·λ(g + βw).
    RateLocal,
    /// w ← w − v is not there: v grows, and w stays.
    NoStep,
}

impl Slip {
    pub const ALL: [Self; 4] = [Self::NoTrust, Self::NormAdded, Self::RateLocal, Self::NoStep];
}

/// The worked example as `slip` has it, a step for each rate.
pub fn run(slip: Slip, lars: &Lars, rates: &[f64]) -> Vec<Step> {
    if slip == Slip::NoTrust {
        return super::momentum::run(Rule::Paper, &Lars { trust_coefficient: 1.0, ..*lars }, rates);
    }
    let (mut w, mut v) = (WEIGHTS, [0.0; 2]);
    rates
        .iter()
        .map(|&rate| {
            let before = w;
            let ratio = lars.trust_ratio(&before, &GRADIENT);
            match slip {
                Slip::NormAdded => {
                    let added = direction(slip, lars, before);
                    v = [0, 1].map(|i| lars.momentum * v[i] + rate * ratio * added[i]);
                    w = [0, 1].map(|i| before[i] - v[i]);
                }
                Slip::RateLocal => lars.step(&mut w, &GRADIENT, &mut v, ratio, true),
                Slip::NoStep | Slip::NoTrust => {
                    lars.step(&mut w, &GRADIENT, &mut v, rate, true);
                    w = before;
                }
            }
            let rate = if slip == Slip::RateLocal { ratio } else { rate };
            Step { rate, ratio, velocity: v, moved: [0, 1].map(|i| before[i] - w[i]), weights: w }
        })
        .collect()
}

/// What v grows along, without γλ: g + βw, or g + β‖w‖ in every entry.
pub fn direction(slip: Slip, lars: &Lars, w: [f64; 2]) -> [f64; 2] {
    match slip {
        Slip::NormAdded => GRADIENT.map(|g| g + lars.weight_decay * norm(&w)),
        _ => decayed(lars, w, GRADIENT),
    }
}
