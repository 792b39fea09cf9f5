//! LARS (You et al. 2017, arXiv 1708.03888, algorithm 1); burn has none.

use burn::module::{Module, ModuleMapper, Param, ParamId};
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
/// device: nothing is read.
#[derive(Clone, Debug)]
pub struct Lars {
    config: LarsConfig,
    velocities: HashMap<ParamId, Velocity>,
}

/// v of one parameter, flat, so that state of any rank has one type to store;
/// rows and columns as the parameter's own.
#[derive(Clone, Debug)]
pub struct Velocity(pub Tensor<1>);

impl Lars {
    pub fn new(config: LarsConfig) -> Self {
        Self { config, velocities: HashMap::new() }
    }

    /// One step of every parameter of `module` that has a gradient, at learning
    /// rate γ.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        module.map(&mut Step { lars: self, rate, gradients })
    }

    /// The momentum of every parameter stepped so far, for checkpoints.
    pub fn velocities(&self) -> &HashMap<ParamId, Velocity> {
        &self.velocities
    }

    /// Goes on from stored momentum.
    pub fn with_velocities(self, velocities: HashMap<ParamId, Velocity>) -> Self {
        Self { velocities, ..self }
    }

    /// γ λ (g + β w).
    fn update<const D: usize>(&self, rate: f32, w: Tensor<D>, g: Tensor<D>) -> Tensor<D> {
        if D == 1 {
            return g * rate;
        }
        let LarsConfig { weight_decay, trust_coefficient, .. } = self.config;
        let (w_norm, g_norm) = (norm(&w), norm(&g));
        let none = (w_norm.clone() * g_norm.clone()).equal_scalar(0);
        let denominator = (g_norm + w_norm.clone() * weight_decay).mask_fill(none.clone(), 1);
        let lambda = (w_norm * trust_coefficient / denominator).mask_fill(none, 1);
        let scale = (lambda * rate).reshape([1; D]);
        (g + w * weight_decay) * scale
    }
}

/// Euclidean norm of all entries; [1].
fn norm<const D: usize>(t: &Tensor<D>) -> Tensor<1> {
    t.clone().powi_scalar(2).sum().sqrt()
}

struct Step<'a> {
    lars: &'a mut Lars,
    rate: f32,
    gradients: GradientsParams,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(g) = self.gradients.remove::<D>(param.id) else { return param };
        let id = param.id;
        param.map(|w| {
            let w = w.inner();
            let shape = w.dims();
            let update = self.lars.update(self.rate, w.clone(), g.inner());
            let v = match self.lars.velocities.remove(&id) {
                Some(Velocity(v)) => v.reshape(shape) * self.lars.config.momentum + update,
                None => update,
            };
            self.lars.velocities.insert(id, Velocity(v.clone().reshape([shape.iter().product::<usize>()])));
            Tensor::from_inner(w - v).require_grad()
        })
    }
}
