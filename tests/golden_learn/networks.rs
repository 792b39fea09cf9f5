//! The networks whose gradients a browser's devices are compared in.

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
