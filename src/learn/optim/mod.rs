//! The optimisers that a run can choose, behind one `step`.

mod per_tensor;

use super::lars::{Lars, LarsConfig};
use crate::core::config::{self, OptimizerConfig};
use burn::module::{Module, ParamId};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamW, AdamWConfig, GradientsParams, Sgd, SgdConfig};
use burn::tensor::Tensor;
use per_tensor::{ByRank, PerTensor, Rule};

/// LARS is the program's own, the rules of the others are burn's.
pub enum Optimizer {
    Lars(Box<Lars>),
    Sgd(PerTensor<Sgd>),
    AdamW(PerTensor<AdamW>),
}

impl Optimizer {
    /// The optimiser of `config`. One-dimensional parameters (biases,
    /// normalisation) get no weight decay in any of them.
    pub fn new(config: &OptimizerConfig) -> Self {
        let OptimizerConfig { momentum, weight_decay, trust_coefficient, .. } = *config;
        match config.optimizer {
            config::Optimizer::Lars => {
                Self::Lars(Box::new(Lars::new(LarsConfig { momentum, weight_decay, trust_coefficient })))
            }
            config::Optimizer::Sgd => Self::sgd(momentum, weight_decay, false),
            config::Optimizer::AdamW => {
                // ε 1e-8 is PyTorch's and the paper's; burn's default is 1e-5.
                let config = AdamWConfig::new().with_epsilon(1e-8);
                let vectors = config.clone().with_weight_decay(0.0).build();
                let others = config.with_weight_decay(weight_decay).build();
                Self::AdamW(PerTensor::new(ByRank { vectors, others }))
            }
        }
    }

    /// Stochastic gradient descent with momentum, Nesterov's or plain.
    pub fn sgd(momentum: f32, weight_decay: f32, nesterov: bool) -> Self {
        // Dampening 0 is PyTorch's momentum; burn's default is 0.1.
        let momentum =
            MomentumConfig::new().with_momentum(f64::from(momentum)).with_dampening(0.0).with_nesterov(nesterov);
        let plain = SgdConfig::new().with_momentum(Some(momentum));
        let decay = (weight_decay > 0.0).then(|| WeightDecayConfig::new(weight_decay));
        let others = plain.clone().with_weight_decay(decay).build();
        Self::Sgd(PerTensor::new(ByRank { vectors: plain.build(), others }))
    }

    /// λ of every adapted tensor in the newest step, [P]; LARS alone has them.
    pub fn trust_ratios(&self) -> Option<&Tensor<1>> {
        match self {
            Self::Lars(lars) => lars.trust_ratios(),
            Self::Sgd(_) | Self::AdamW(_) => None,
        }
    }

    /// One step of all parameters that have a gradient, at learning rate `rate`.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        match self {
            Self::Lars(lars) => lars.step(rate, module, gradients),
            Self::Sgd(all) => all.step(rate, module, gradients),
            Self::AdamW(all) => all.step(rate, module, gradients),
        }
    }

    /// What the tensors that it keeps for each parameter are called.
    pub fn slots(&self) -> &'static [&'static str] {
        match self {
            Self::Lars(_) | Self::Sgd(_) => Sgd::SLOTS,
            Self::AdamW(_) => AdamW::SLOTS,
        }
    }

    /// The tensors that it keeps for one parameter, by name, each of the
    /// parameter's shape; none before the first step. `like` is the parameter,
    /// without a graph.
    pub fn state<const D: usize>(&self, id: ParamId, like: Tensor<D>) -> Vec<(&'static str, Tensor<D>)> {
        match self {
            Self::Lars(lars) => lars.velocity(id).map(|v| ("velocity", v)).into_iter().collect(),
            Self::Sgd(all) => all.state(id, like),
            Self::AdamW(all) => all.state(id, like),
        }
    }

    /// Puts back what [`Optimizer::state`] gave after `steps` steps, in the order of
    /// the slots.
    pub fn set_state<const D: usize>(&mut self, id: ParamId, mut slots: Vec<Tensor<D>>, steps: u32) {
        match self {
            Self::Lars(lars) => slots.drain(..).take(1).for_each(|velocity| lars.set_velocity(id, velocity)),
            Self::Sgd(all) => all.set_state(id, slots, steps),
            Self::AdamW(all) => all.set_state(id, slots, steps),
        }
    }
}
