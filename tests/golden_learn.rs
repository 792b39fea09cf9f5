//! `learn`, natively on the CPU backend, against expected values made with other libraries: every case of every file in
//! the folder named by `GOLDEN_DIR`, or in tests/golden where it is not set. The browser tests put the same cases to
//! the worker, on WebGPU and on the CPU backend.
#![cfg(feature = "learn")]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

mod golden;

use burn::tensor::Device;
use serde_json::{Value, json};
use simclr_lab::learn::block_on::block_on;
use simclr_lab::learn::check;

/// The program's answer to a case of a file.
fn answer(kind: &str, case: &Value) -> Vec<Vec<f32>> {
    let case = serde_json::from_value(json!({ kind: case })).unwrap_or_else(|e| panic!("{kind}: {e}"));
    block_on(check::answer(case, &Device::flex())).unwrap_or_else(|e| panic!("{kind}: {e:?}"))
}

/// Image operations against torchvision's results: every case of augment.json goes through the batch function that
/// training calls, beside images that are left alone, with all other operations at identity.
mod augment {
    use super::{answer, golden};
    use serde_json::json;

    fn worst(got: &[f32], want: &[f64]) -> f64 {
        assert_eq!(got.len(), want.len(), "values");
        let worst = golden::wide(got).iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if golden::wide(got).iter().any(|v| v.is_nan()) { f64::NAN } else { worst }
    }

    #[test]
    fn every_operation_equals_torchvision() {
        let file = golden::read("augment.json");
        for case in golden::cases(&file) {
            let (op, params) = (case["op"].as_str().expect("op"), &case["params"]);
            let on = &file[case["on"].as_str().expect("on")];
            let got = answer("image", &json!({ "op": { op: params }, "image": on })).remove(0);
            let want = golden::tensor(&case["result"]).0;
            assert_eq!(got.len(), 3 * want.len(), "{op} {params}");
            let (first, rest) = got.split_at(want.len());
            let (result, last) = rest.split_at(want.len());
            let off = worst(result, &want);
            let tolerance = if op == "hue" { 2e-3 } else { 1e-4 };
            assert!(off <= tolerance, "{op} {params}: off by {off}");

            // The neighbours come back as they were, where the output has their size.
            let left_alone: Vec<f64> = golden::tensor(on).0.iter().map(|v| 1.0 - v * v).collect();
            if op != "normalize" && want.len() == left_alone.len() {
                for kept in [first, last] {
                    let off = worst(kept, &left_alone);
                    assert!(off <= 1e-5, "{op} {params}: a neighbour changed by {off}");
                }
            }
        }
    }

    #[test]
    fn a_full_random_chain_equals_the_slice_version() {
        for size in [16, 32, 64] {
            let got = answer("chain", &json!({ "seed": 3, "size": size }));
            let off = worst(&got[0], &golden::wide(&got[1]));
            assert!(off <= 2e-3, "{size} pixels: off by {off}");
        }
    }
}

/// Encoders with the original library's weights by name, through the loader of published weights. Each is a test of its
/// own, so that they run side by side and a failure names its network.
mod encoders {
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
}

/// Steps of the optimiser.
mod lars {
    use super::{answer, golden};

    #[test]
    fn lars_steps() {
        for case in golden::cases(&golden::read("lars.json")) {
            let name = case["name"].as_str().expect("a name");
            let tensors = [golden::strings(&case["adapted"]), golden::strings(&case["excluded"])].concat();
            let after = case["after"].as_array().expect("a list of steps");
            let got = answer("lars", case);
            assert_eq!(got.len(), after.len() * tensors.len(), "{name}: every tensor after every step");
            let mut got = got.iter();
            for (step, after) in after.iter().enumerate() {
                for tensor in &tensors {
                    let got = golden::wide(got.next().expect("as many as were counted"));
                    let want = golden::tensor(&after[tensor]).0;
                    assert_eq!(got.len(), want.len(), "{name}, step {step}, {tensor}");
                    for (got, want) in got.iter().zip(want) {
                        golden::close(&format!("{name}, step {step}, {tensor}"), &[*got], &[want], want.abs() * 1e-5);
                    }
                }
            }
        }
    }
}

/// The networks whose gradients a browser's devices are compared in.
mod networks {
    use super::answer;
    use serde_json::json;

    #[test]
    fn every_parameter_of_a_residual_network_has_a_gradient() {
        for stem in ["Small", "ImageNet"] {
            let case = json!({ "architecture": "ResNet10", "stem": stem, "width": 16, "views": 8, "size": 16 });
            let got = answer("network", &case);
            // Twelve convolutions with their normalisations, two linear layers.
            assert_eq!(got.len(), 1 + 3 * 12 + 4, "{stem}");
            // Chance is ln 7.
            assert!((0.5..3.0).contains(&got[0][0]), "{stem}: {:?}", got[0]);
            for (i, gradient) in got[1..].iter().enumerate() {
                assert!(gradient.iter().all(|v| v.is_finite()), "{stem}, parameter {i}");
                assert!(gradient.iter().any(|v| v.abs() > 1e-6), "{stem}, parameter {i}");
            }
        }
    }
}

/// Values and gradients of the loss.
mod nt_xent {
    use super::{answer, golden};

    #[test]
    fn nt_xent_values_and_gradients() {
        for case in golden::cases(&golden::read("nt_xent.json")) {
            let name = case["name"].as_str().expect("a name");
            let got = answer("nt_xent", case);
            let [loss, gradient] = &got[..] else { panic!("{name}: a loss and a gradient") };

            let want = golden::number(&case["loss"]);
            golden::close(name, &golden::wide(loss), &[want], (want.abs() * 1e-5).max(1e-6));

            let mut want = golden::tensor(&case["grad_a"]).0;
            want.extend(golden::tensor(&case["grad_b"]).0);
            let tolerance = (golden::largest(&want) * 1e-4).max(1e-7);
            golden::close(&format!("{name}: gradient"), &golden::wide(gradient), &want, tolerance);
        }
    }
}

/// The steps that a browser's devices must take alike are steps that learn.
mod steps {
    use super::answer;
    use serde_json::json;

    #[test]
    fn five_steps_bring_the_loss_down() {
        for optimizer in ["Lars", "Sgd", "AdamW"] {
            let losses = answer("steps", &json!({ "count": 5, "optimizer": optimizer })).remove(0);
            assert_eq!(losses.len(), 5);
            assert!(losses[0] - losses[4] >= 0.1, "{optimizer}: {losses:?}");
        }
    }
}
