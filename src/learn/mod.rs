//! Tensors: what trains.

pub mod augment;
pub mod store;
