//! Plain Rust: no tensors, no browser. What the lessons show and what the tensor code is checked against.

pub mod architecture;
pub mod augment;
pub mod config;
pub mod cost;
pub mod dataset;
pub mod diagnostics;
pub mod error;
pub mod float;
pub mod formula;
pub mod hub_addresses;
pub mod imagenet;
pub mod lars;
pub mod lesson;
pub mod metrics;
pub mod nt_xent;
pub mod plot;
pub mod query;
pub mod report;
pub mod rng;
pub mod run;
pub mod run_progress;
pub mod run_state;
pub mod sample;
pub mod schedule;
pub mod weights_file;
