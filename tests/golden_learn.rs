//! `learn`, natively on the CPU backend, against expected values made with
//! other libraries: every case of every file in the folder named by
//! `GOLDEN_DIR`, or in tests/golden where it is not set. The browser tests put
//! the same cases to the worker, on WebGPU and on the CPU backend.
#![cfg(feature = "learn")]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

mod golden;

#[path = "golden_learn/augment.rs"]
mod augment;
#[path = "golden_learn/encoders.rs"]
mod encoders;
#[path = "golden_learn/lars.rs"]
mod lars;
#[path = "golden_learn/networks.rs"]
mod networks;
#[path = "golden_learn/nt_xent.rs"]
mod nt_xent;
#[path = "golden_learn/steps.rs"]
mod steps;

use burn::tensor::Device;
use serde_json::{Value, json};
use simclr_lab::learn::block_on::block_on;
use simclr_lab::learn::check;

/// The program's answer to a case of a file.
fn answer(kind: &str, case: &Value) -> Vec<Vec<f32>> {
    let case = serde_json::from_value(json!({ kind: case })).unwrap_or_else(|e| panic!("{kind}: {e}"));
    block_on(check::answer(case, &Device::flex())).unwrap_or_else(|e| panic!("{kind}: {e:?}"))
}
