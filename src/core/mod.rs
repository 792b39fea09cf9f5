//! Plain Rust: no tensors, no browser. What the lessons show and what the tensor code is checked against.

// The method on slices: for the lessons, and as the reference for `learn`, which has files of the same names.
pub mod augment;
pub mod diagnostics;
pub mod float;
pub mod lars;
pub mod nt_xent;
pub mod rng;
pub mod schedule;

// What can be chosen: every setting with its default and bounds, every network, and what it costs.
pub mod architecture;
pub mod config;
pub mod cost;
pub mod imagenet;
pub mod query;

// Images, and files of weights.
pub mod dataset;
pub mod hub_addresses;
pub mod sample;
pub mod weights_file;

// Runs, and what is said of them. Metrics are made of predictions: F1, intervals, McNemar's test, the paired t-test.
pub mod error;
pub mod metrics;
pub mod report;
pub mod run;
pub mod run_progress;
pub mod run_state;
pub mod run_time;

// What the page draws.
pub mod formula;
pub mod lesson;
pub mod plot;
