//! Image operations against torchvision's results: every case of augment.json
//! goes through the batch function that training calls, beside images that are
//! left alone, with all other operations at identity.

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
