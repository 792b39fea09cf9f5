//! `learn`, natively on the CPU backend, against expected values made with
//! other libraries: every case of every file in the folder named by
//! `GOLDEN_DIR`, or in tests/golden where it is not set.
#![cfg(feature = "learn")]

mod golden;

#[path = "golden_learn/encoders.rs"]
mod encoders;
#[path = "golden_learn/lars.rs"]
mod lars;
#[path = "golden_learn/nt_xent.rs"]
mod nt_xent;
