//! `core` against expected values made with other libraries (torchvision,
//! lightly, scikit-learn): every case of every file in the folder named by
//! `GOLDEN_DIR`, or in tests/golden where it is not set.

mod golden;

#[path = "golden_core/augment.rs"]
mod augment;
#[path = "golden_core/lars.rs"]
mod lars;
#[path = "golden_core/metrics.rs"]
mod metrics;
#[path = "golden_core/nt_xent.rs"]
mod nt_xent;

/// Files of expected values that have a test, here or (encoders) with the tensor code.
const KNOWN: [&str; 5] = ["augment.json", "encoders.json", "lars.json", "metrics.json", "nt_xent.json"];

#[test]
fn every_file_has_a_test() {
    for entry in std::fs::read_dir(golden::dir()).expect("the folder of expected values") {
        let name = entry.expect("a file").file_name().into_string().expect("a plain name");
        if name.ends_with(".json") {
            assert!(KNOWN.contains(&name.as_str()), "{name}: no test reads this file");
        }
    }
}
