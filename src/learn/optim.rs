//! The optimisers that a run can choose, behind one `step`.

use super::lars::{Lars, LarsConfig};
use crate::core::config::{self, OptimizerConfig};
use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, GradientsParams, LearningRate, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};

/// LARS is the program's own, the others are burn's.
pub enum Optimizer {
    Lars(Box<Lars>),
    Burn(ModuleOptimizer),
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
            config::Optimizer::Sgd => {
                // Dampening 0 is PyTorch's momentum; burn's default is 0.1.
                let momentum = MomentumConfig::new().with_momentum(f64::from(momentum)).with_dampening(0.0);
                let plain = SgdConfig::new().with_momentum(Some(momentum));
                let decay = (weight_decay > 0.0).then(|| WeightDecayConfig::new(weight_decay));
                let others = plain.clone().with_weight_decay(decay).build();
                Self::Burn(ByRank { vectors: plain.build(), others }.into())
            }
            config::Optimizer::AdamW => {
                // ε 1e-8 is PyTorch's and the paper's; burn's default is 1e-5.
                let config = AdamWConfig::new().with_epsilon(1e-8);
                let vectors = config.clone().with_weight_decay(0.0).build();
                Self::Burn(ByRank { vectors, others: config.with_weight_decay(weight_decay).build() }.into())
            }
        }
    }

    /// λ of every adapted tensor in the newest step, [P]; LARS alone has them.
    pub fn trust_ratios(&self) -> Option<&Tensor<1>> {
        match self {
            Self::Lars(lars) => lars.trust_ratios(),
            Self::Burn(_) => None,
        }
    }

    /// One step of all parameters that have a gradient, at learning rate `rate`.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        match self {
            Self::Lars(lars) => lars.step(rate, module, gradients),
            Self::Burn(optimizer) => optimizer.step(f64::from(rate), module, gradients),
        }
    }
}

/// One rule for vectors, which are biases and normalisation, another for
/// everything else.
#[derive(Clone)]
struct ByRank<O> {
    vectors: O,
    others: O,
}

impl<O: burn::optim::Optimizer> burn::optim::Optimizer for ByRank<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let rule = if D == 1 { &self.vectors } else { &self.others };
        rule.step(rate, tensor, gradient, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
