//! Tensors: what trains.

pub mod augment;
pub mod encoder;
pub mod export;
pub mod head;
pub mod init;
pub mod lars;
pub mod nt_xent;
pub mod optim;
pub mod step;
pub mod store;
pub mod trainer;
