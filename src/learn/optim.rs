//! The optimisers that a run can choose, behind one `step`. burn's rules for one tensor are driven
//! over a whole module here: burn's own driver keeps its states to itself and writes them by
//! synchronous reads, which a browser's GPU does not have. Here they can be taken out as tensors.

use super::lars::{Lars, LarsConfig};
use super::walk::{UpdateRule, update};
use crate::core::config::{self, OptimizerConfig};
use burn::module::{Module, ParamId};
use burn::optim::Optimizer as TensorRule;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::{Momentum, MomentumConfig, MomentumState};
use burn::optim::{
    AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, DynState, GradientsParams, LearningRate, Sgd, SgdConfig,
    SgdState,
};
use burn::tensor::{Device, Tensor};
use std::collections::HashMap;

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

    /// λ of every adapted tensor in the newest step, `[P]`; LARS alone has them.
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

    /// The tensors that it keeps for one parameter, by name, each of the parameter's shape; empty before the first
    /// step. `like` is the parameter, without a graph.
    pub fn state<const D: usize>(&self, id: ParamId, like: Tensor<D>) -> Vec<(&'static str, Tensor<D>)> {
        match self {
            Self::Lars(lars) => lars.velocity(id).map(|v| ("velocity", v)).into_iter().collect(),
            Self::Sgd(all) => all.state(id, like),
            Self::AdamW(all) => all.state(id, like),
        }
    }

    /// Puts back what [`Optimizer::state`] gave after `steps` steps, in the order of the slots.
    pub fn set_state<const D: usize>(&mut self, id: ParamId, mut slots: Vec<Tensor<D>>, steps: u32) {
        match self {
            Self::Lars(lars) => slots.drain(..).take(1).for_each(|velocity| lars.set_velocity(id, velocity)),
            Self::Sgd(all) => all.set_state(id, slots, steps),
            Self::AdamW(all) => all.set_state(id, slots, steps),
        }
    }
}

/// A rule of burn whose state is a few tensors of the parameter's shape, and the number of steps taken.
pub trait Rule: TensorRule {
    /// What the tensors of a state are called.
    const SLOTS: &'static [&'static str];

    /// The tensors of a state, in the order of the slots; `like` is of their shape and device.
    fn take<const D: usize>(state: Self::State<D>, like: Tensor<D>) -> Vec<Tensor<D>>;

    /// The state of these tensors after `steps` steps; `None` if there are too few tensors.
    fn restore<const D: usize>(slots: Vec<Tensor<D>>, steps: u32) -> Option<Self::State<D>>;
}

impl Rule for Sgd {
    const SLOTS: &'static [&'static str] = &["velocity"];

    fn take<const D: usize>(state: SgdState<D>, like: Tensor<D>) -> Vec<Tensor<D>> {
        // burn's velocity is private. Its transform with momentum 1 and dampening 1 gives it back as it is.
        let same = Momentum::new(&MomentumConfig::new().with_momentum(1.0).with_dampening(1.0));
        let velocity = |state: MomentumState<D>| same.transform(like.zeros_like(), Some(state)).0;
        state.momentum.map(velocity).into_iter().collect()
    }

    fn restore<const D: usize>(slots: Vec<Tensor<D>>, _steps: u32) -> Option<SgdState<D>> {
        let velocity = slots.into_iter().next()?;
        Some(SgdState::new(Some(MomentumState::new(velocity))))
    }
}

impl Rule for AdamW {
    const SLOTS: &'static [&'static str] = &["moment1", "moment2"];

    fn take<const D: usize>(state: AdamWState<D>, _like: Tensor<D>) -> Vec<Tensor<D>> {
        vec![state.momentum.moment_1, state.momentum.moment_2]
    }

    fn restore<const D: usize>(slots: Vec<Tensor<D>>, steps: u32) -> Option<AdamWState<D>> {
        let [first, second] = slots.try_into().ok()?;
        Some(AdamWState::new(AdaptiveMomentumState::new(steps as usize, first, second)))
    }
}

/// One rule for vectors, which are biases and normalisation, another for everything else.
#[derive(Clone)]
pub struct ByRank<O> {
    pub vectors: O,
    pub others: O,
}

impl<O: TensorRule> TensorRule for ByRank<O> {
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

/// A rule applied to every parameter of a module, with the states that it keeps.
#[derive(Clone)]
pub struct PerTensor<O> {
    rule: ByRank<O>,
    states: HashMap<ParamId, DynState>,
}

impl<O: Rule> PerTensor<O> {
    pub fn new(rule: ByRank<O>) -> Self {
        Self { rule, states: HashMap::new() }
    }

    /// One step of every parameter of `module` that has a gradient, at learning rate `rate`.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        update(module, gradients, &mut Step { owner: self, rate: rate.into() })
    }

    /// The tensors that belong to one parameter, by the names of the slots; empty before its first step.
    pub fn state<const D: usize>(&self, id: ParamId, like: Tensor<D>) -> Vec<(&'static str, Tensor<D>)> {
        let Some(state) = self.states.get(&id) else { return Vec::new() };
        let slots = O::take(state.clone().downcast::<O::State<D>>(), like);
        O::SLOTS.iter().copied().zip(slots).collect()
    }

    /// Puts back what [`PerTensor::state`] gave after `steps` steps.
    pub fn set_state<const D: usize>(&mut self, id: ParamId, slots: Vec<Tensor<D>>, steps: u32) {
        if let Some(state) = O::restore(slots, steps) {
            self.states.insert(id, DynState::create(state, D));
        }
    }
}

struct Step<'a, O> {
    owner: &'a mut PerTensor<O>,
    rate: LearningRate,
}

impl<O: Rule> UpdateRule for Step<'_, O> {
    fn update<const D: usize>(&mut self, id: ParamId, w: Tensor<D>, g: Tensor<D>) -> Tensor<D> {
        let state = self.owner.states.remove(&id).map(|state| state.downcast::<O::State<D>>());
        let (w, state) = self.owner.rule.step(self.rate, w, g, state);
        self.owner.states.extend(state.map(|state| (id, DynState::create(state, D))));
        w
    }
}
