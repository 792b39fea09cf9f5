//! Tensors: what trains.

pub mod augment;
pub mod bench;
#[cfg(not(target_arch = "wasm32"))]
pub mod block_on;
pub mod check;
pub mod checkpoint;
pub mod classify;
pub mod conv;
pub mod encoder;
pub mod export;
pub mod features;
pub mod fine_tune;
pub mod gradient_cache;
pub mod head;
pub mod init;
pub mod knn;
pub mod lars;
pub mod linear_eval;
pub mod nt_xent;
pub mod optim;
pub mod step;
pub mod store;
pub mod trainer;
pub mod training;
pub mod untrained;
pub mod weights;
