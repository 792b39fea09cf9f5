//! LARS (You et al. 2017, arXiv 1708.03888, algorithm 1); burn has none.

use super::walk::{TensorPath, TensorVisitor, UpdateRule, update, visit};
use burn::module::{Module, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

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

/// Layer-wise adaptive rate scaling: λ = η‖w‖ / (‖g‖ + β‖w‖); v ← μ v + γ λ (g + β w); w ← w − v.
///
/// λ = 1 where ‖w‖ or ‖g‖ is 0. One-dimensional tensors, which are biases and normalisation, get neither λ nor β. Norms
/// are computed and used on the device: nothing is read. All λ are computed as one vector, because on a GPU a dozen
/// operations on one number cost as much as on a thousand.
#[derive(Debug)]
pub struct Lars {
    config: LarsConfig,
    /// v of every parameter that has taken a step, in the parameter's own shape: burn's fusion flattens permuted views
    /// in the wrong order. (A container of gradients is burn's one that holds tensors of any rank.)
    velocities: GradientsParams,
    /// λ of every adapted tensor in the newest step; [P].
    ratios: Option<Tensor<1>>,
}

impl Lars {
    pub fn new(config: LarsConfig) -> Self {
        Self { config, velocities: GradientsParams::new(), ratios: None }
    }

    /// One step of every parameter of `module` that has a gradient, at learning rate γ.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        let mut squares = Squares { gradients: &gradients, weights: Vec::new(), slopes: Vec::new() };
        visit(&module, &mut squares);
        let Squares { weights, slopes, .. } = squares;
        self.ratios = (!weights.is_empty()).then(|| self.trust_ratios_of(weights, slopes));
        // All slices before the first update: between two of them one would end what burn fuses.
        let scales = match self.ratios.clone().map(|ratios| ratios * rate) {
            Some(scales) => (0..scales.dims()[0]).map(|i| scales.clone().narrow(0, i, 1)).collect(),
            None => Vec::new(),
        };
        update(module, gradients, &mut Step { lars: self, rate, scales: scales.into_iter() })
    }

    /// λ of every adapted tensor in the newest step, in the order of the module's
    /// parts; `[P]`, still on the device. None before the first step.
    pub fn trust_ratios(&self) -> Option<&Tensor<1>> {
        self.ratios.as_ref()
    }

    /// v of one parameter; `None` before its first step.
    pub fn velocity<const D: usize>(&self, id: ParamId) -> Option<Tensor<D>> {
        self.velocities.get(id)
    }

    /// Puts back what [`Lars::velocity`] gave.
    pub fn set_velocity<const D: usize>(&mut self, id: ParamId, velocity: Tensor<D>) {
        self.velocities.register(id, velocity);
    }

    /// λ of every adapted tensor, from the squared norms of w and g; [P].
    fn trust_ratios_of(&self, weights: Vec<Tensor<1>>, slopes: Vec<Tensor<1>>) -> Tensor<1> {
        let (w, g) = (Tensor::cat(weights, 0).sqrt(), Tensor::cat(slopes, 0).sqrt());
        let none = w.clone().equal_scalar(0).bool_or(g.clone().equal_scalar(0));
        let denominator = (g + w.clone() * self.config.weight_decay).mask_fill(none.clone(), 1);
        (w * self.config.trust_coefficient / denominator).mask_fill(none, 1)
    }
}

/// ‖t‖², [1]. By rows and then over them: two kernels that use a whole GPU. burn's `sum` takes one a dimension, and one
/// more for the squares. In what order the rows lie in memory is of no matter.
fn square_norm<const D: usize>(t: Tensor<D>) -> Tensor<1> {
    let shape = t.dims();
    let rows = t.reshape([shape[0], shape[1..].iter().product()]).powi_scalar(2).sum_dim(1);
    rows.sum_dim(0).reshape([1])
}

/// Collects ‖w‖² and ‖g‖² of the adapted tensors, [1] each.
struct Squares<'a> {
    gradients: &'a GradientsParams,
    weights: Vec<Tensor<1>>,
    slopes: Vec<Tensor<1>>,
}

impl TensorVisitor for Squares<'_> {
    fn tensor<const D: usize>(&mut self, _path: &TensorPath, param: &Param<Tensor<D>>) {
        if D == 1 {
            return;
        }
        if let Some(g) = self.gradients.get::<D>(param.id) {
            self.weights.push(square_norm(param.val().inner()));
            self.slopes.push(square_norm(g.inner()));
        }
    }
}

struct Step<'a> {
    lars: &'a mut Lars,
    rate: f32,
    /// γ λ of the adapted tensors in the order of their visit, [1] each.
    scales: std::vec::IntoIter<Tensor<1>>,
}

impl Step<'_> {
    /// γ λ (g + β w), or γ g for a vector.
    fn scaled<const D: usize>(&mut self, w: Tensor<D>, g: Tensor<D>) -> Tensor<D> {
        if D == 1 {
            return g * self.rate;
        }
        let scale = self.scales.next().expect("a λ for every tensor with a gradient");
        (g + w * self.lars.config.weight_decay) * scale.reshape([1; D])
    }
}

impl UpdateRule for Step<'_> {
    fn update<const D: usize>(&mut self, id: ParamId, w: Tensor<D>, g: Tensor<D>) -> Tensor<D> {
        let update = self.scaled(w.clone(), g);
        let v = match self.lars.velocities.remove::<D>(id) {
            Some(v) => v * self.lars.config.momentum + update,
            None => update,
        };
        self.lars.velocities.register(id, v.clone());
        w - v
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
