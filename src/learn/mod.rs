//! Tensors: encoders, loss, optimisers, training and evaluation.

pub mod augment;
pub mod baseline;
pub mod bench;
#[cfg(not(target_arch = "wasm32"))]
pub mod block_on;
pub mod check;
pub mod checkpoint;
pub mod conv;
pub mod encoder;
pub mod features;
pub mod fine_tune;
pub mod gradient_cache;
pub mod init;
pub mod knn;
pub mod lars;
pub mod learner;
pub mod linear_eval;
pub mod named_tensors;
pub mod nt_xent;
pub mod optim;
pub mod published;
pub mod simclr;
pub mod store;
pub mod trainer;
pub mod training;
pub mod walk;
