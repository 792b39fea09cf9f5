//! LARS (You et al. 2017, arXiv 1708.03888, algorithm 1); burn has none.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use std::collections::HashMap;

/// Settings that do not change during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LarsConfig {
    /// μ
    pub momentum: f32,
    /// β
    pub weight_decay: f32,
    /// η
    pub trust_coefficient: f32,
}

/// Layer-wise adaptive rate scaling:
/// λ = η‖w‖ / (‖g‖ + β‖w‖); v ← μ v + γ λ (g + β w); w ← w − v.
///
/// λ = 1 where ‖w‖ or ‖g‖ is 0. One-dimensional tensors, which are biases and
/// normalisation, get neither λ nor β. Norms are computed and used on the
/// device: nothing is read. All λ are computed as one vector, because on a GPU
/// a dozen operations on one number cost as much as on a thousand.
#[derive(Clone, Debug)]
pub struct Lars {
    config: LarsConfig,
    velocities: HashMap<ParamId, Tensor<1>>,
    /// λ of every adapted tensor in the newest step; [P].
    ratios: Option<Tensor<1>>,
}

impl Lars {
    pub fn new(config: LarsConfig) -> Self {
        Self { config, velocities: HashMap::new(), ratios: None }
    }

    /// One step of every parameter of `module` that has a gradient, at learning
    /// rate γ.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        let mut squares = Squares { gradients: &gradients, weights: Vec::new(), slopes: Vec::new() };
        module.visit(&mut squares);
        let Squares { weights, slopes, .. } = squares;
        self.ratios = (!weights.is_empty()).then(|| self.trust_ratios_of(weights, slopes));
        let scales = self.ratios.clone().map(|ratios| ratios * rate);
        module.map(&mut Step { lars: self, rate, scales, next: 0, gradients })
    }

    /// λ of every adapted tensor in the newest step, in the order of the module's
    /// parts; [P], still on the device. None before the first step.
    pub fn trust_ratios(&self) -> Option<&Tensor<1>> {
        self.ratios.as_ref()
    }

    /// v of one parameter of shape `shape`; none before its first step.
    pub fn velocity<const D: usize>(&self, id: ParamId, shape: [usize; D]) -> Option<Tensor<D>> {
        self.velocities.get(&id).map(|v| v.clone().reshape(shape))
    }

    /// Puts back what [`Lars::velocity`] gave.
    pub fn set_velocity<const D: usize>(&mut self, id: ParamId, velocity: Tensor<D>) {
        let length = velocity.shape().num_elements();
        self.velocities.insert(id, velocity.reshape([length]));
    }

    /// λ of every adapted tensor, from the squared norms of w and g; [P].
    fn trust_ratios_of(&self, weights: Vec<Tensor<1>>, slopes: Vec<Tensor<1>>) -> Tensor<1> {
        let (w, g) = (Tensor::cat(weights, 0).sqrt(), Tensor::cat(slopes, 0).sqrt());
        let none = w.clone().equal_scalar(0).bool_or(g.clone().equal_scalar(0));
        let denominator = (g + w.clone() * self.config.weight_decay).mask_fill(none.clone(), 1);
        (w * self.config.trust_coefficient / denominator).mask_fill(none, 1)
    }
}

/// Collects ‖w‖² and ‖g‖² of the adapted tensors, [1] each.
struct Squares<'a> {
    gradients: &'a GradientsParams,
    weights: Vec<Tensor<1>>,
    slopes: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D == 1 {
            return;
        }
        if let Some(g) = self.gradients.get::<D>(param.id) {
            self.weights.push(param.val().inner().powi_scalar(2).sum());
            self.slopes.push(g.inner().powi_scalar(2).sum());
        }
    }
}

struct Step<'a> {
    lars: &'a mut Lars,
    rate: f32,
    /// γ λ of the adapted tensors in the order of their visit, and how many of
    /// them are done.
    scales: Option<Tensor<1>>,
    next: usize,
    gradients: GradientsParams,
}

impl Step<'_> {
    /// γ λ (g + β w), or γ g for a vector.
    fn update<const D: usize>(&mut self, w: Tensor<D>, g: Tensor<D>) -> Tensor<D> {
        match &self.scales {
            Some(scales) if D != 1 => {
                let scale = scales.clone().narrow(0, self.next, 1).reshape([1; D]);
                self.next += 1;
                (g + w * self.lars.config.weight_decay) * scale
            }
            _ => g * self.rate,
        }
    }
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(g) = self.gradients.remove::<D>(param.id) else { return param };
        let id = param.id;
        param.map(|w| {
            let w = w.inner();
            let shape = w.dims();
            let update = self.update(w.clone(), g.inner());
            let v = match self.lars.velocities.remove(&id) {
                Some(v) => v.reshape(shape) * self.lars.config.momentum + update,
                None => update,
            };
            self.lars.velocities.insert(id, v.clone().reshape([shape.iter().product::<usize>()]));
            Tensor::from_inner(w - v).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lars::Lars as Plain;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Weights {
        matrices: Vec<Param<Tensor<2>>>,
        vector: Param<Tensor<1>>,
    }

    /// Weights after steps with constant gradients, one `[w, g]` a matrix.
    fn after(rates: &[f32], matrices: &[[[f32; 2]; 2]]) -> Vec<Vec<f32>> {
        let device = Device::flex().autodiff();
        let mut module = Weights {
            matrices: matrices.iter().map(|[w, _]| Param::from_tensor(Tensor::from_data([*w], &device))).collect(),
            vector: Param::from_tensor(Tensor::from_data([1.0f32, 2.0], &device)),
        };
        let mut lars = Lars::new(LarsConfig { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 });
        for &rate in rates {
            let mut gradients = GradientsParams::new();
            for (p, [_, g]) in module.matrices.iter().zip(matrices) {
                gradients.register(p.id, Tensor::<2>::from_data([*g], &Device::flex()));
            }
            gradients.register(module.vector.id, Tensor::<1>::from_data([0.5f32, 0.5], &Device::flex()));
            module = lars.step(rate, module, gradients);
        }
        assert_eq!(lars.velocities.len(), matrices.len() + 1);
        if rates.len() == 1 {
            let own = Plain { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 };
            let told: Vec<f32> = lars.trust_ratios().expect("a step").to_data().try_to_vec().unwrap();
            for ([w, g], told) in matrices.iter().zip(told) {
                let want = own.trust_ratio(w, g);
                assert!((told - want).abs() <= 1e-6 * want, "{told}, expected {want}");
            }
        }
        module.matrices.iter().map(|p| p.val().into_data().try_to_vec().unwrap()).collect()
    }

    fn close(got: &[f32], want: [f64; 2]) {
        for (got, want) in got.iter().zip(want) {
            assert!((f64::from(*got) - want).abs() < 1e-6, "{got}, expected {want}");
        }
    }

    #[test]
    fn the_rate_enters_the_momentum() {
        let example = [[3.0, 4.0], [0.8, -0.6]];
        close(&after(&[0.1], &[example])[0], [2.999_604_761_9, 4.000_266_666_7]);
        close(&after(&[0.1, 0.1], &[example])[0], [2.998_853_813_2, 4.000_773_330_9]);
        close(&after(&[0.1, 0.2], &[example])[0], [2.998_458_578_8, 4.001_039_995]);
    }

    #[test]
    fn each_tensor_has_its_own_ratio_and_zeros_have_one() {
        let all =
            [[[3.0, 4.0], [0.8, -0.6]], [[0.0, 0.0], [1.0, 2.0]], [[30.0, 1.0], [0.1, 0.1]], [[1.0, 1.0], [0.0; 2]]];
        let together = after(&[0.1, 0.2], &all);
        for (one, together) in all.iter().zip(&together) {
            assert_eq!(&after(&[0.1, 0.2], &[*one])[0], together);
        }
        // λ = 1: γ (g + β w).
        close(&after(&[0.1], &all)[1], [-0.1, -0.2]);
        close(&after(&[0.1], &all)[3], [0.999, 0.999]);
    }
}
