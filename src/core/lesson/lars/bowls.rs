//! One rate for all layers against LARS, on the simplest network whose layers need different rates.
//!
//! The model: four layers of two weights each that do not influence each other; the loss is Σ ½ c ‖w − w*‖², a bowl of
//! curvature c for each layer. Neither rule has momentum or weight decay here, and γ stays. In a real network layers do
//! influence each other, and curvatures change on the way.
//!
//! Plain gradient descent multiplies a layer's distance to w* by |1 − γc|: it diverges where γc > 2 and hardly moves
//! where γc is small. LARS moves every layer by γη of its own length, whatever c is. It does so also near w*, and
//! circles w* at about that distance until γ falls.

use crate::core::{float::norm, lars::Lars};

/// Steps of a run.
pub const STEPS: usize = 60;
/// Number of layers.
pub const LAYERS: usize = 4;
/// Largest distance that is recorded, in multiples of the distance at the start.
pub const FAR: f64 = 1e6;
/// Trust coefficient of a run: large, so that 60 steps are enough.
pub const TRUST: f64 = 0.03;

/// One layer of the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bowl {
    /// c.
    pub curvature: f64,
    pub start: [f64; 2],
    /// w*.
    pub best: [f64; 2],
}

/// Curvatures over more than three powers of ten, weights of different lengths.
pub const BOWLS: [Bowl; LAYERS] = [
    Bowl { curvature: 100.0, start: [0.8, 0.6], best: [1.0, 0.0] },
    Bowl { curvature: 10.0, start: [0.0, 4.0], best: [2.4, 3.2] },
    Bowl { curvature: 1.0, start: [1.6, 1.2], best: [0.0, 2.0] },
    Bowl { curvature: 0.05, start: [-1.8, 2.4], best: [1.8, 2.4] },
];

/// How gradients become steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescentRule {
    /// w ← w − γ g, one γ for all.
    Sgd,
    Lars,
}

/// Distances to w* over all steps, relative to the distance at the start: `[step 0..=STEPS][layer]`.
pub type Distances = Vec<[f64; LAYERS]>;

/// How a layer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Within a tenth of its distance at the start.
    Arrived,
    /// Nearer than at the start, but not within a tenth.
    OnTheWay,
    /// Less than a tenth of the way done.
    StoodStill,
    /// Farther than at the start.
    Diverged,
}

impl End {
    /// From the distance at the end, relative to the start's.
    pub fn of(distance: f64) -> Self {
        match distance {
            d if d <= 0.1 => Self::Arrived,
            d if d < 0.9 => Self::OnTheWay,
            d if d <= 1.0 => Self::StoodStill,
            _ => Self::Diverged,
        }
    }
}

fn gradient(bowl: &Bowl, w: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|i| bowl.curvature * (w[i] - bowl.best[i]))
}

/// The factor |1 − γc| that a step of plain gradient descent multiplies the distance by, in a bowl of curvature c.
pub fn factor(rate: f64, curvature: f64) -> f64 {
    (1.0 - rate * curvature).abs()
}

/// A whole run by one rule at rate γ.
pub fn run(rule: DescentRule, rate: f64) -> Distances {
    let lars = Lars { momentum: 0.0, weight_decay: 0.0, trust_coefficient: TRUST };
    let distance = |bowl: &Bowl, w: [f64; 2]| norm(&[w[0] - bowl.best[0], w[1] - bowl.best[1]]);
    let mut weights = BOWLS.map(|b| b.start);
    let mut all = vec![[1.0; LAYERS]];
    for _ in 0..STEPS {
        let mut now = [0.0; LAYERS];
        for (i, (w, bowl)) in weights.iter_mut().zip(&BOWLS).enumerate() {
            let g = gradient(bowl, *w);
            // Without λ a step of LARS is plain gradient descent.
            lars.step(w, &g, &mut [0.0; 2], rate, rule == DescentRule::Lars);
            now[i] = (distance(bowl, *w) / distance(bowl, bowl.start)).min(FAR);
            if now[i] == FAR {
                // Diverged: keeps the numbers finite.
                *w = [f64::MAX.sqrt(), 0.0];
            }
        }
        all.push(now);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rate_for_all_layers_and_lars_has_one() {
        let ends = |rule, rate| run(rule, rate).last().copied().unwrap().map(End::of);
        assert_eq!(ends(DescentRule::Sgd, 0.03), [End::Diverged, End::Arrived, End::OnTheWay, End::StoodStill]);
        assert_eq!(ends(DescentRule::Lars, 1.0), [End::Arrived; 4]);
        // Every rate that the slider offers, and more.
        for k in -120..=80 {
            let ends = ends(DescentRule::Sgd, 10f64.powf(f64::from(k) / 20.0));
            assert!(ends.contains(&End::Diverged) || ends.contains(&End::StoodStill), "10^({k}/20): {ends:?}");
        }
    }

    #[test]
    fn a_run_is_what_its_model_says() {
        let all = run(DescentRule::Sgd, 0.004);
        assert_eq!(all.len(), STEPS + 1);
        assert_eq!(all[0], [1.0; 4]);
        // Distance is multiplied by |1 − γc|.
        let mut want = [1.0; 4];
        for row in &all[1..] {
            for i in 0..4 {
                want[i] *= factor(0.004, BOWLS[i].curvature);
                assert!((row[i] - want[i]).abs() < 1e-9);
            }
        }
        // LARS does not see a loss's scale: the first step is γη‖w‖ long for all.
        let first = run(DescentRule::Lars, 1.0)[1];
        let step = TRUST;
        for (bowl, distance) in BOWLS.iter().zip(first) {
            let length = |v: [f64; 2]| (v[0] * v[0] + v[1] * v[1]).sqrt();
            let start = length([bowl.start[0] - bowl.best[0], bowl.start[1] - bowl.best[1]]);
            assert!(((1.0 - distance) * start - step * length(bowl.start)).abs() < 1e-9);
        }
        let wild = run(DescentRule::Sgd, 1000.0);
        assert!(wild.iter().flatten().all(|d| d.is_finite() && *d <= FAR));
        assert_eq!(wild[60][0], FAR);
    }
}
