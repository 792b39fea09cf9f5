//! burn's rules for one tensor, driven over a whole module. burn's own driver
//! keeps its states to itself and writes them by synchronous reads, which a
//! browser's GPU has not; here they can be taken out as tensors.

use crate::learn::walk::{UpdateRule, update};
use burn::module::{Module, ParamId};
use burn::optim::momentum::{Momentum, MomentumConfig, MomentumState};
use burn::optim::{
    AdamW, AdamWState, AdaptiveMomentumState, DynState, GradientsParams, LearningRate, Optimizer, Sgd, SgdState,
};
use burn::tensor::{Device, Tensor};
use std::collections::HashMap;

/// A rule of burn whose state is a few tensors of the parameter's shape, and the
/// number of steps taken.
pub trait Rule: Optimizer {
    /// What the tensors of a state are called.
    const SLOTS: &'static [&'static str];

    /// The tensors of a state, in the order of the slots; `like` is of their shape
    /// and device.
    fn take<const D: usize>(state: Self::State<D>, like: Tensor<D>) -> Vec<Tensor<D>>;

    /// The state of these tensors after `steps` steps; none if there are too few.
    fn restore<const D: usize>(slots: Vec<Tensor<D>>, steps: u32) -> Option<Self::State<D>>;
}

impl Rule for Sgd {
    const SLOTS: &'static [&'static str] = &["velocity"];

    fn take<const D: usize>(state: SgdState<D>, like: Tensor<D>) -> Vec<Tensor<D>> {
        // burn's velocity is private. Its transform with momentum 1 and dampening 1
        // gives it back as it is.
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

/// One rule for vectors, which are biases and normalisation, another for
/// everything else.
#[derive(Clone)]
pub struct ByRank<O> {
    pub vectors: O,
    pub others: O,
}

impl<O: Optimizer> Optimizer for ByRank<O> {
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

    /// One step of every parameter of `module` that has a gradient, at learning
    /// rate `rate`.
    pub fn step<M: Module>(&mut self, rate: f32, module: M, gradients: GradientsParams) -> M {
        update(module, gradients, &mut Step { owner: self, rate: rate.into() })
    }

    /// The tensors that belong to one parameter, by the names of the slots; none
    /// before its first step.
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
