//! Encoders with the original library's weights by name, through the loader of
//! published weights. Each is a test of its own, so that they run side by side and a
//! failure names its network.

use super::{answer, golden};

const KNOWN: [&str; 5] = ["resnet18", "resnet50", "resnet101", "vgg19", "inception_resnet_v2"];

/// Every case of a network: its name, or that and more.
fn features_of(network: &str) {
    let file = golden::read("encoders.json");
    for case in golden::cases(&file).iter().filter(|case| name(case).starts_with(network)) {
        let want = golden::tensor(&case["features"]).0;
        golden::close(name(case), &golden::wide(&answer("encoder", case)[0]), &want, golden::largest(&want) * 1e-3);
    }
}

fn name(case: &serde_json::Value) -> &str {
    case["name"].as_str().expect("a name")
}

#[test]
fn features_of_resnet18() {
    features_of("resnet18");
}

#[test]
fn features_of_resnet50() {
    features_of("resnet50");
}

#[test]
fn features_of_resnet101() {
    features_of("resnet101");
}

#[test]
fn features_of_vgg19() {
    features_of("vgg19");
}

#[test]
fn features_of_inception_resnet_v2() {
    features_of("inception_resnet_v2");
}

/// A case that no test looks at would pass unseen, and so would a test without a case.
#[test]
fn every_case_has_a_test_and_every_test_a_case() {
    let file = golden::read("encoders.json");
    let of = |case: &serde_json::Value| KNOWN.iter().filter(|known| name(case).starts_with(**known)).count();
    for case in golden::cases(&file) {
        assert_eq!(of(case), 1, "tests for {}", name(case));
    }
    if std::env::var_os("GOLDEN_DIR").is_none() {
        for known in KNOWN {
            assert!(golden::cases(&file).iter().any(|case| name(case) == known), "no case of {known}");
        }
    }
}
