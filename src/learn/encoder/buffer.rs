//! A tensor that belongs to a layer but is not trained: running statistics.

use burn::module::{Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor};
use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A vector that the forward pass may replace. burn's own `RunningState` keeps
/// one value a thread and averages them with an extra kernel each; training
/// here has one thread, so the value is simply stored.
///
/// A `clone` shares the value, like burn's; [`Module::valid`], [`Module::fork`]
/// and [`Module::train`] give a copy of its own.
#[derive(Clone, Debug)]
pub struct Buffer {
    id: ParamId,
    value: Arc<Mutex<Tensor<1>>>,
}

impl Buffer {
    pub fn new(value: Tensor<1>) -> Self {
        Self::with_id(ParamId::new(), value)
    }

    fn with_id(id: ParamId, value: Tensor<1>) -> Self {
        Self { id, value: Arc::new(Mutex::new(value)) }
    }

    fn lock(&self) -> MutexGuard<'_, Tensor<1>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, without a graph.
    pub fn get(&self) -> Tensor<1> {
        self.lock().clone().inner()
    }

    /// Replaces the value; what led to it is dropped with its graph.
    pub fn set(&self, value: Tensor<1>) {
        *self.lock() = value.inner();
    }
}

impl Module for Buffer {
    fn collect_devices(&self, mut devices: Devices) -> Devices {
        let device = self.get().device();
        if !devices.contains(&device) {
            devices.push(device);
        }
        devices
    }

    fn fork(self, device: &Device) -> Self {
        self.to_device(device)
    }

    fn to_device(self, device: &Device) -> Self {
        Self::with_id(self.id, self.get().to_device(&device.clone().inner()))
    }

    fn train(self) -> Self {
        Self::with_id(self.id, self.get())
    }

    fn valid(&self) -> Self {
        Self::with_id(self.id, self.get())
    }

    fn materialize(self) -> Self {
        self
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.visit_float(&Param::initialized(self.id, self.get()));
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        let mapped = mapper.map_float(Param::initialized(self.id, self.get()));
        self.set(mapped.val());
        self
    }
}

impl std::fmt::Display for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({})", self.id)
    }
}

impl ModuleDisplayDefault for Buffer {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(self).optional()
    }
}

impl ModuleDisplay for Buffer {}
