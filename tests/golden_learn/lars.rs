//! Steps of the optimiser.

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
