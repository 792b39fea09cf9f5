//! Tensors: what trains.
