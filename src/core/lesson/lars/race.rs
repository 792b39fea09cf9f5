//! One rate for all layers against LARS, on the simplest network whose layers
//! need different rates.
//!
//! The model: four layers of two weights each that do not influence each other;
//! the loss is Σ ½ c ‖w − w*‖², a bowl of curvature c for each layer. Neither
//! rule has momentum or weight decay here, and γ stays. In a real network layers
//! do influence each other, and curvatures change on the way.
//!
//! Plain gradient descent multiplies a layer's distance to w* by |1 − γc|: it
//! diverges where γc > 2 and stands still where γc is small. LARS moves every
//! layer by γη of its own length, whatever c is, also when it has arrived: then
//! it circles w* at about that distance, until γ falls.

use crate::core::float::norm;
use crate::core::lars::Lars;

/// Steps of the race.
pub const STEPS: usize = 60;
/// Number of layers.
pub const LAYERS: usize = 4;
/// Distances are cut here, in multiples of the one at the start: far beyond it
/// a picture says no more.
pub const FAR: f64 = 1e6;
/// Trust coefficient of the race: large, so that 60 steps are enough.
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

/// How a racer turns gradients into steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// w ← w − γ g, one γ for all.
    Sgd,
    Lars,
}

/// Distances to the optimum over all steps, relative to the start's, which is
/// therefore 1: `[step 0..=STEPS][layer]`.
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
    /// Of a distance at the end, relative to the start's.
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

/// What a step of plain gradient descent multiplies the distance by in a bowl
/// of curvature c: |1 − γc|.
pub fn factor(rate: f64, curvature: f64) -> f64 {
    (1.0 - rate * curvature).abs()
}

/// The whole race by one rule at rate γ.
pub fn run(rule: Rule, rate: f64) -> Distances {
    let lars = Lars { momentum: 0.0, weight_decay: 0.0, trust_coefficient: TRUST };
    let distance = |bowl: &Bowl, w: [f64; 2]| norm(&[w[0] - bowl.best[0], w[1] - bowl.best[1]]);
    let mut weights = BOWLS.map(|b| b.start);
    let mut all = vec![[1.0; LAYERS]];
    for _ in 0..STEPS {
        let mut now = [0.0; LAYERS];
        for (i, (w, bowl)) in weights.iter_mut().zip(&BOWLS).enumerate() {
            let g = gradient(bowl, *w);
            // Without λ a step of LARS is plain gradient descent.
            lars.step(w, &g, &mut [0.0; 2], rate, rule == Rule::Lars);
            now[i] = (distance(bowl, *w) / distance(bowl, bowl.start)).min(FAR);
            if now[i] == FAR {
                // As good as infinite: no further, where numbers would end.
                *w = [f64::MAX.sqrt(), 0.0];
            }
        }
        all.push(now);
    }
    all
}
