//! LARS, layer-wise adaptive rate scaling (You et al. 2017, algorithm 1):
//!
//! λ = η‖w‖ / (‖g‖ + β‖w‖), v ← μ v + γ λ (g + β w), w ← w − v
//!
//! with γ the global learning rate (inside the momentum, unlike in lightly and timm, which differs as soon as γ
//! changes), β the weight decay, η the trust coefficient and μ the momentum. λ = 1 where ‖w‖ or ‖g‖ is 0.

use super::config::OptimizerConfig;
use super::float::{Float, norm};

/// What does not change from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lars {
    /// μ.
    pub momentum: f64,
    /// β.
    pub weight_decay: f64,
    /// η.
    pub trust_coefficient: f64,
}

impl From<&OptimizerConfig> for Lars {
    fn from(config: &OptimizerConfig) -> Self {
        Self {
            momentum: config.momentum.into(),
            weight_decay: config.weight_decay.into(),
            trust_coefficient: config.trust_coefficient.into(),
        }
    }
}

/// Whether a tensor of this shape gets the trust ratio and weight decay. Biases and normalisation parameters, the
/// one-dimensional ones, get neither; names play no part.
pub fn adapts(shape: &[usize]) -> bool {
    shape.len() > 1
}

impl Lars {
    /// λ for one tensor.
    pub fn trust_ratio<F: Float>(&self, weights: &[F], gradient: &[F]) -> F {
        self.ratio(norm(weights), norm(gradient))
    }

    /// λ from ‖w‖ and ‖g‖.
    pub fn ratio<F: Float>(&self, w: F, g: F) -> F {
        if w == F::ZERO || g == F::ZERO {
            return F::ONE;
        }
        F::of(self.trust_coefficient) * w / (g + F::of(self.weight_decay) * w)
    }

    /// One step of one tensor at the global rate γ: changes `weights` and
    /// `velocity`, which is 0 before the first step. `adapted` as [`adapts`] says.
    ///
    /// # Panics
    /// If the three differ in length.
    pub fn step<F: Float>(&self, weights: &mut [F], gradient: &[F], velocity: &mut [F], rate: F, adapted: bool) {
        assert!(weights.len() == gradient.len() && weights.len() == velocity.len(), "one value each per weight");
        let (scale, decay) = match adapted {
            true => (rate * self.trust_ratio(weights, gradient), F::of(self.weight_decay)),
            false => (rate, F::ZERO),
        };
        for ((w, &g), v) in weights.iter_mut().zip(gradient).zip(velocity) {
            *v = F::of(self.momentum) * *v + scale * (g + decay * *w);
            *w = *w - *v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARS: Lars = Lars { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 };

    fn two_steps(rates: [f64; 2]) -> [[f64; 2]; 2] {
        let (mut w, mut v) = ([3.0, 4.0], [0.0; 2]);
        rates.map(|rate| {
            LARS.step(&mut w, &[0.8, -0.6], &mut v, rate, true);
            w
        })
    }

    fn near(got: [f64; 2], want: [f64; 2]) {
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 6e-11), "{got:?} {want:?}");
    }

    #[test]
    fn the_worked_example_with_a_steady_and_a_changing_rate() {
        let steady = two_steps([0.1, 0.1]);
        near(steady[0], [2.999_604_761_9, 4.000_266_666_7]);
        near(steady[1], [2.998_853_813_2, 4.000_773_330_9]);
        near(two_steps([0.1, 0.2])[1], [2.998_458_578_8, 4.001_039_995_0]);
    }

    #[test]
    fn zero_weights_or_gradient_have_a_ratio_of_one() {
        assert_eq!(LARS.trust_ratio(&[0.0, 0.0], &[1.0, 2.0]), 1.0);
        assert_eq!(LARS.trust_ratio(&[1.0, 2.0], &[0.0, 0.0]), 1.0);
        let (mut w, mut v) = ([0.0_f32], [0.0]);
        LARS.step(&mut w, &[2.0], &mut v, 0.5, true);
        assert_eq!(w, [-1.0]);
    }

    #[test]
    fn excluded_tensors_take_plain_momentum_steps() {
        let (mut w, mut v) = ([3.0, 4.0], [0.0; 2]);
        LARS.step(&mut w, &[0.8, -0.6], &mut v, 0.1, false);
        LARS.step(&mut w, &[0.8, -0.6], &mut v, 0.1, false);
        near(w, [3.0 - 0.08 - 0.152, 4.0 + 0.06 + 0.114]);
    }

    #[test]
    fn matrices_adapt_and_vectors_do_not() {
        assert!(adapts(&[16, 3, 3, 3]) && adapts(&[10, 1]) && !adapts(&[16]) && !adapts(&[]));
    }
}
