//! Plain Rust: no tensors, no browser. What the lessons show and what the
//! tensor code is checked against.

pub mod augment;
pub mod config;
pub mod cost;
pub mod dataset;
pub mod error;
pub mod metrics;
pub mod report;
pub mod rng;
pub mod sample;
