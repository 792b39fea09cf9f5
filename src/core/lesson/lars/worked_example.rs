//! The worked example over steps: two weights, one constant gradient, and a learning rate that changes; by LARS as this
//! program has it, by other programs, and as the tutorial prints it. And why a bias gets neither λ nor β.
//!
//! Programs agree while γ is constant and disagree as soon as it changes.

use crate::core::{float::norm, lars::Lars};

/// w at the start.
pub const WEIGHTS: [f64; 2] = [3.0, 4.0];
/// g of every step.
pub const GRADIENT: [f64; 2] = [0.8, -0.6];
/// γ over four steps: constant, rising, falling.
pub const RATES: [[f64; 4]; 3] = [[0.1; 4], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]];
/// μ, β and η.
pub const LARS: Lars = Lars { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 };

/// A program's LARS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LarsVariant {
    /// The paper's algorithm 1, and this program's: v ← μv + γλ(g + βw); w ← w − v.
    Paper,
    /// lightly, timm: v ← μv + λ(g + βw); w ← w − γv.
    RateOutside,
    /// Google's SimCLR: λ = η‖w‖/‖g + βw‖, γ inside v.
    Google,
}

impl LarsVariant {
    pub const ALL: [Self; 3] = [Self::Paper, Self::RateOutside, Self::Google];
}

/// One step with its intermediate numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LarsStep {
    /// γ.
    pub rate: f64,
    /// λ.
    pub ratio: f64,
    /// v after the step.
    pub velocity: [f64; 2],
    /// w after the step.
    pub weights: [f64; 2],
}

/// Steps of two weights from `start`, one for each rate. `advance` takes w, v and
/// γ, makes the step, and returns the rate and λ that it used.
fn run_steps(
    start: [f64; 2],
    rates: &[f64],
    advance: impl Fn(&mut [f64; 2], &mut [f64; 2], f64) -> (f64, f64),
) -> Vec<LarsStep> {
    let (mut weights, mut velocity) = (start, [0.0; 2]);
    let step = |&rate: &f64| {
        let (rate, ratio) = advance(&mut weights, &mut velocity, rate);
        LarsStep { rate, ratio, velocity, weights }
    };
    rates.iter().map(step).collect()
}

/// g + βw.
pub fn decayed(lars: &Lars, w: [f64; 2], g: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|i| g[i] + lars.weight_decay * w[i])
}

/// The worked example by `rule`, a step for each rate.
pub fn run(rule: LarsVariant, lars: &Lars, rates: &[f64]) -> Vec<LarsStep> {
    run_steps(WEIGHTS, rates, |w, v, rate| {
        let before = *w;
        let ratio = match rule {
            LarsVariant::Paper => {
                lars.step(w, &GRADIENT, v, rate, true);
                lars.trust_ratio(&before, &GRADIENT)
            }
            LarsVariant::RateOutside => {
                // The paper's v at a rate of 1, and γ at the end.
                lars.step(w, &GRADIENT, v, 1.0, true);
                *w = [0, 1].map(|i| before[i] - rate * v[i]);
                lars.trust_ratio(&before, &GRADIENT)
            }
            LarsVariant::Google => {
                // The paper's rule with decay as a part of the gradient.
                let (lars, g) = (Lars { weight_decay: 0.0, ..*lars }, decayed(lars, before, GRADIENT));
                lars.step(w, &g, v, rate, true);
                lars.trust_ratio(&before, &g)
            }
        };
        (rate, ratio)
    })
}

/// v after `steps` equal updates, as a multiple of one update: 1 + μ + … + μ^(steps − 1).
pub fn gain(momentum: f64, steps: usize) -> f64 {
    (0..steps).fold(0.0, |gain, _| momentum * gain + 1.0)
}

/// Limit of [`gain`] over many steps: 1/(1 − μ).
pub fn limit(momentum: f64) -> f64 {
    1.0 / (1.0 - momentum)
}

/// Distance of w from its start after each step: ‖w − w₀‖.
pub fn travelled(steps: &[LarsStep]) -> Vec<f64> {
    steps.iter().map(|s| norm(&[s.weights[0] - WEIGHTS[0], s.weights[1] - WEIGHTS[1]])).collect()
}

/// An error of the tutorial that the lesson follows; everything else is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TutorialError {
    /// The second formula for λ has no η: λ = ‖w‖ / (‖g‖ + β‖w‖).
    NoTrust,
    /// A norm is added to a vector: v ← μv + γλ(g + β‖w‖).
    NormAdded,
    /// γ is called the local rate. That is λ; with it in γ's place, v grows by λ·λ(g + βw).
    RateLocal,
    /// w ← w − v is missing: v grows, and w stays.
    NoStep,
}

impl TutorialError {
    pub const ALL: [Self; 4] = [Self::NoTrust, Self::NormAdded, Self::RateLocal, Self::NoStep];
}

/// The worked example with `error`, a step for each rate.
pub fn run_printed(error: TutorialError, lars: &Lars, rates: &[f64]) -> Vec<LarsStep> {
    if error == TutorialError::NoTrust {
        return run(LarsVariant::Paper, &Lars { trust_coefficient: 1.0, ..*lars }, rates);
    }
    run_steps(WEIGHTS, rates, |w, v, rate| {
        let before = *w;
        let ratio = lars.trust_ratio(&before, &GRADIENT);
        match error {
            TutorialError::NormAdded => {
                let added = printed_direction(error, lars, before);
                *v = [0, 1].map(|i| lars.momentum * v[i] + rate * ratio * added[i]);
                *w = [0, 1].map(|i| before[i] - v[i]);
            }
            TutorialError::RateLocal => {
                lars.step(w, &GRADIENT, v, ratio, true);
                return (ratio, ratio);
            }
            TutorialError::NoStep | TutorialError::NoTrust => {
                lars.step(w, &GRADIENT, v, rate, true);
                *w = before;
            }
        }
        (rate, ratio)
    })
}

/// The direction that v grows in, without γλ: g + βw, or g + β‖w‖ in every entry.
pub fn printed_direction(error: TutorialError, lars: &Lars, w: [f64; 2]) -> [f64; 2] {
    match error {
        TutorialError::NormAdded => GRADIENT.map(|g| g + lars.weight_decay * norm(&w)),
        _ => decayed(lars, w, GRADIENT),
    }
}

/// The best value b* of a bias that starts at 0, as biases and those of normalisation do. The loss is ½‖b − b*‖².
///
/// With λ the first step has λ = 1, because ‖b‖ = 0, and every later one moves b by γη of its own length, which is
/// nearly nothing. Therefore biases and normalisation get neither λ nor β.
pub const BEST_BIAS: [f64; 2] = [0.3, -0.4];
/// γ of the bias's steps.
pub const BIAS_RATE: f64 = 0.03;

/// g of the loss ½‖b − b*‖².
pub fn bias_gradient(b: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|i| b[i] - BEST_BIAS[i])
}

/// Distances ‖b − b*‖ from the start on, `[steps + 1]`.
pub fn bias_distances(steps: &[LarsStep]) -> Vec<f64> {
    let weights = std::iter::once([0.0; 2]).chain(steps.iter().map(|s| s.weights));
    weights.map(|b| norm(&bias_gradient(b))).collect()
}

/// `steps` steps of the bias, with λ and β (`adapted`) or, as is right, without.
pub fn run_bias(lars: &Lars, adapted: bool, steps: usize) -> Vec<LarsStep> {
    run_steps([0.0; 2], &vec![BIAS_RATE; steps], |b, v, rate| {
        let g = bias_gradient(*b);
        let ratio = if adapted { lars.trust_ratio(b, &g) } else { 1.0 };
        lars.step(b, &g, v, rate, adapted);
        (rate, ratio)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: [f64; 2], want: [f64; 2]) {
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 6e-11), "{got:?} {want:?}");
    }

    #[test]
    fn the_worked_example_by_every_rule() {
        let steady = run(LarsVariant::Paper, &LARS, &[0.1, 0.1]);
        near(steady[0].weights, [2.999_604_761_9, 4.000_266_666_7]);
        near(steady[1].weights, [2.998_853_813_2, 4.000_773_330_9]);
        let rising = run(LarsVariant::Paper, &LARS, &[0.1, 0.2]);
        near(rising[1].weights, [2.998_458_578_8, 4.001_039_995]);

        // With γ outside of v nothing changes while γ stays; when it rises, the old
        // velocity is scaled up with it: 0.2 (0.9 v₁ + u₂) in place of 0.09 v₁ + 0.2 u₂.
        let outside = run(LarsVariant::RateOutside, &LARS, &[0.1, 0.1]);
        near(outside[1].weights, steady[1].weights);
        let outside = run(LarsVariant::RateOutside, &LARS, &[0.1, 0.2]);
        near(outside[0].weights, rising[0].weights);
        let extra = [0, 1].map(|i| 0.9 * rising[0].velocity[i]);
        near(outside[1].weights, [0, 1].map(|i| rising[1].weights[i] - extra[i]));

        // Google's λ: 0.005 / ‖(0.83, −0.56)‖.
        let google = run(LarsVariant::Google, &LARS, &[0.1, 0.1]);
        let ratio = 0.005 / (0.83_f64 * 0.83 + 0.56 * 0.56).sqrt();
        assert!((google[0].ratio - ratio).abs() < 1e-15 && (google[0].ratio - steady[0].ratio).abs() > 2e-4);
        near(google[0].weights, [3.0 - 0.1 * ratio * 0.83, 4.0 + 0.1 * ratio * 0.56]);
        let plain = Lars { weight_decay: 0.0, ..LARS };
        let both = [LarsVariant::Google, LarsVariant::Paper].map(|rule| run(rule, &plain, &[0.1, 0.3, 0.2]));
        near(both[0][2].weights, both[1][2].weights);
    }

    #[test]
    fn the_numbers_of_a_step_fit_together() {
        for rule in LarsVariant::ALL {
            let steps = run(rule, &LARS, &[0.1, 0.2, 0.05]);
            let mut w = WEIGHTS;
            for (step, travelled) in steps.iter().zip(travelled(&steps)) {
                let moved = [0, 1].map(|i| w[i] - step.weights[i]);
                w = step.weights;
                let way = ((w[0] - 3.0).powi(2) + (w[1] - 4.0).powi(2)).sqrt();
                assert!((travelled - way).abs() < 1e-15);
                let taken = if rule == LarsVariant::RateOutside { step.rate } else { 1.0 };
                near(step.velocity.map(|v| taken * v), moved);
            }
        }
    }

    #[test]
    fn the_tutorials_errors() {
        let right = run(LarsVariant::Paper, &LARS, &[0.1, 0.1]);
        let [trust, norm, local, none] = TutorialError::ALL.map(|error| run_printed(error, &LARS, &[0.1, 0.1]));
        // Without η, λ is 1/η times as large.
        assert!((trust[0].ratio / right[0].ratio - 1000.0).abs() < 1e-9);
        near(trust[0].weights, [3.0 - 0.1 * 5.0 / 1.05 * 0.83, 4.0 + 0.1 * 5.0 / 1.05 * 0.56]);
        // ‖w‖ = 5 in every entry in place of (3, 4).
        let scale = 0.1 * right[0].ratio;
        near(norm[0].weights, [3.0 - scale * 0.85, 4.0 - scale * -0.55]);
        near(printed_direction(TutorialError::NormAdded, &LARS, WEIGHTS), [0.85, -0.55]);
        near(printed_direction(TutorialError::NoStep, &LARS, WEIGHTS), [0.83, -0.56]);
        // λ in γ's place.
        let scale = right[0].ratio * right[0].ratio;
        near(local[0].weights, [3.0 - scale * 0.83, 4.0 - scale * -0.56]);
        // v as it should be after the first step, and w where it was.
        assert_eq!((none[0].velocity, none[1].weights), (right[0].velocity, WEIGHTS));
        assert_eq!(GRADIENT, [0.8, -0.6]);
    }

    #[test]
    fn momentum_grows_a_steady_step_to_its_limit() {
        // Without decay the update γλg hardly changes: ‖w‖ does by less than a thousandth.
        let plain = Lars { weight_decay: 0.0, ..LARS };
        let steps = run(LarsVariant::Paper, &plain, &[0.1; 40]);
        for (n, step) in steps.iter().enumerate() {
            let gain = gain(0.9, n + 1);
            assert!((step.velocity[0] / steps[0].velocity[0] / gain - 1.0).abs() < 2e-3, "{n}");
        }
        assert!((limit(0.9) - 10.0).abs() < 1e-12 && (gain(0.9, 4) - 3.439).abs() < 1e-12);
        assert!((gain(0.9, 400) - 10.0).abs() < 1e-9);
        assert_eq!((gain(0.0, 4), limit(0.0)), (1.0, 1.0));
    }

    #[test]
    fn a_bias_with_lambda_hardly_goes_on() {
        let (with, without) = (run_bias(&LARS, true, 200), run_bias(&LARS, false, 200));
        assert_eq!(with[0].ratio, 1.0);
        assert_eq!(with[0].weights, without[0].weights);
        let off = |w: [f64; 2]| ((w[0] - BEST_BIAS[0]).powi(2) + (w[1] - BEST_BIAS[1]).powi(2)).sqrt();
        assert!(off(without[199].weights) < 0.01 * 0.5, "{:?}", without[199]);
        assert!(off(with[199].weights) > 0.5 * 0.5, "{:?}", with[199]);
        assert!(with[50].ratio < 0.01);
        let distances = bias_distances(&with);
        assert_eq!((distances.len(), distances[0]), (201, 0.5));
        assert!((distances[200] - off(with[199].weights)).abs() < 1e-15);
    }
}
