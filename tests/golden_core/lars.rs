//! 1e-5 relative, each entry to itself; computed in f32 and in f64.

use crate::golden::{cases, number, read, strings, tensor};
use simclr_lab::core::float::Float;
use simclr_lab::core::lars::{Lars, adapts};
use std::collections::BTreeMap;

fn check<F: Float>(precision: &str) {
    let file = read("lars.json");
    for case in cases(&file) {
        let name = case["name"].as_str().unwrap_or("a case");
        let lars = Lars {
            momentum: number(&case["momentum"]),
            weight_decay: number(&case["weight_decay"]),
            trust_coefficient: number(&case["trust_coefficient"]),
        };
        let narrow = |values: Vec<f64>| values.into_iter().map(F::of).collect::<Vec<F>>();
        let adapted = strings(&case["adapted"]);
        let names: Vec<&str> = adapted.iter().copied().chain(strings(&case["excluded"])).collect();
        let mut state = BTreeMap::new();
        for tensor_name in names {
            let (values, shape) = tensor(&case["init"][tensor_name]);
            assert_eq!(adapts(&shape), adapted.contains(&tensor_name), "{name}: {tensor_name} by its shape");
            let zeros = vec![F::ZERO; values.len()];
            state.insert(tensor_name, (narrow(values), zeros, adapts(&shape)));
        }
        let rates = case["lr"].as_array().expect("a rate for every step");
        let (grads, after) = (&case["grads"], &case["after"]);
        assert_eq!(grads.as_array().map(Vec::len), Some(rates.len()), "{name}: gradients for every step");
        assert!(!rates.is_empty(), "{name}: one step at least");
        for (step, rate) in rates.iter().enumerate() {
            for (tensor_name, (weights, velocity, adapted)) in &mut state {
                let gradient = narrow(tensor(&grads[step][*tensor_name]).0);
                lars.step(weights, &gradient, velocity, F::of(number(rate)), *adapted);
                let want = tensor(&after[step][*tensor_name]).0;
                assert_eq!(want.len(), weights.len(), "{name}: {tensor_name}");
                for (i, (got, want)) in weights.iter().zip(&want).enumerate() {
                    let got = got.to_f64();
                    let near = (got - want).abs() <= 1e-5 * want.abs();
                    assert!(near, "{name} in {precision}: step {step} {tensor_name}[{i}] {got} for {want}");
                }
            }
        }
    }
}

#[test]
fn lars_steps_in_f32() {
    check::<f32>("f32");
}

#[test]
fn lars_steps_in_f64() {
    check::<f64>("f64");
}
