//! `core` against expected values made with other libraries (torchvision,
//! lightly, scikit-learn): every case of every file in the folder named by
//! `GOLDEN_DIR`, or in tests/golden where it is not set.

mod golden;

#[path = "golden_core/augment.rs"]
mod augment;
