//! Tensors: encoders, loss, optimisers, training and evaluation.

// Pre-training, from the images on the device to the run that is trained.
pub mod augment;
pub mod gradient_cache;
pub mod lars;
pub mod learner;
pub mod nt_xent;
pub mod optim;
pub mod simclr;
pub mod store;
pub mod trainer;
pub mod training;

// Networks: their layers, convolutions and weights.
pub mod batch_norm;
pub mod branches;
pub mod checkpoint;
pub mod conv;
pub mod encoder;
#[cfg(feature = "gpu")]
mod gpu;
pub mod init;
pub mod named_tensors;
pub mod pooling;
pub mod published;
pub mod walk;

// What an encoder has learned.
pub mod baseline;
pub mod features;
pub mod fine_tune;
pub mod knn;
pub mod linear_evaluation;

// For tests and measurements.
pub mod bench;
#[cfg(not(target_arch = "wasm32"))]
pub mod block_on;
pub mod check;
