//! Why biases and normalisation get neither λ nor β: a bias that starts at 0,
//! as those of normalisation do, and should become [`BEST`].
//!
//! The loss is ½‖b − b*‖². With λ the first step has λ = 1, because ‖b‖ = 0, and
//! every later one moves b by γη of its own length: it hardly goes on.

use super::momentum::Step;
use crate::core::float::norm;
use crate::core::lars::Lars;

/// b*.
pub const BEST: [f64; 2] = [0.3, -0.4];
/// γ of every step.
pub const RATE: f64 = 0.03;

/// g of the loss ½‖b − b*‖².
pub fn gradient(b: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|i| b[i] - BEST[i])
}

/// Distances ‖b − b*‖ from the start on, `[steps + 1]`.
pub fn distances(steps: &[Step]) -> Vec<f64> {
    let weights = std::iter::once([0.0; 2]).chain(steps.iter().map(|s| s.weights));
    weights.map(|b| norm(&gradient(b))).collect()
}

/// `steps` steps of the bias, with λ and β or, as it should be, without.
pub fn run(lars: &Lars, adapted: bool, steps: usize) -> Vec<Step> {
    let (mut w, mut v) = ([0.0; 2], [0.0; 2]);
    (0..steps)
        .map(|_| {
            let before = w;
            let g = gradient(before);
            let ratio = if adapted { lars.trust_ratio(&before, &g) } else { 1.0 };
            lars.step(&mut w, &g, &mut v, RATE, adapted);
            Step { rate: RATE, ratio, velocity: v, moved: [0, 1].map(|i| before[i] - w[i]), weights: w }
        })
        .collect()
}
