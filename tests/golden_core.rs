//! `core` against expected values made with other libraries (torchvision, lightly, scikit-learn): every case of every
//! file in the folder named by `GOLDEN_DIR`, or in tests/golden where it is not set.

mod golden;

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

/// Image operations: 1e-4 absolute, hue 2e-3.
mod augment {
    use crate::golden::{cases, close, floats, indices, integer, number, read, tensor, wide};
    use serde_json::Value;
    use simclr_lab::core::augment::{Crop, ops};

    fn crop(params: &Value) -> Crop {
        let pixel = |key: &str| integer(&params[key]) as u32;
        Crop { top: pixel("top"), left: pixel("left"), height: pixel("height"), width: pixel("width") }
    }

    fn rgb(value: &Value) -> [f32; 3] {
        floats(value).try_into().expect("three channels")
    }

    #[test]
    fn image_operations() {
        let file = read("augment.json");
        for (index, case) in cases(&file).iter().enumerate() {
            let op = case["op"].as_str().expect("op");
            let (image, shape) = tensor(&file[case["on"].as_str().expect("on")]);
            let mut image: Vec<f32> = image.iter().map(|&v| v as f32).collect();
            let (h, w) = (shape[1], shape[2]);
            let params = &case["params"];
            let factor = || number(&params["factor"]) as f32;
            match op {
                "resized_crop" => {
                    assert_eq!(params["interpolation"].as_str().unwrap_or("bilinear"), "bilinear", "case {index}");
                    let size = indices(&params["size"]);
                    image = ops::resized_crop(&image, h, w, crop(params), size[0], size[1]);
                }
                "horizontal_flip" => ops::hflip(&mut image, w),
                "brightness" => ops::brightness(&mut image, factor()),
                "contrast" => ops::contrast(&mut image, factor()),
                "saturation" => ops::saturation(&mut image, factor()),
                "hue" => ops::hue(&mut image, factor()),
                "grayscale" => ops::grayscale(&mut image),
                "gaussian_blur" => {
                    let (kernel, sigma) = (integer(&params["kernel_size"]), number(&params["sigma"]) as f32);
                    image = ops::gaussian_blur(&image, h, w, kernel, sigma);
                }
                "normalize" => ops::normalize(&mut image, rgb(&params["mean"]), rgb(&params["std"])),
                other => panic!("case {index}: no operation `{other}` here"),
            }
            let tolerance = if op == "hue" { 2e-3 } else { 1e-4 };
            close(&format!("case {index} {op} {params}"), &wide(&image), &tensor(&case["result"]).0, tolerance);
        }
    }
}

/// 1e-5 relative, each entry to itself; computed in f32 and in f64.
mod lars {
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
}

/// Precision, recall and F1 of scikit-learn, to 1e-12.
mod metrics {
    use crate::golden::{cases, close, indices, integer, number, read};
    use serde_json::Value;
    use simclr_lab::core::metrics::{ClassificationReport, Scores};

    fn same(what: &str, got: &Scores, want: &Value) {
        let want = ["precision", "recall", "f1"].map(|key| number(&want[key]));
        close(what, &[got.precision, got.recall, got.f1], &want, 1e-12);
    }

    #[test]
    fn classification_metrics() {
        let file = read("metrics.json");
        for case in cases(&file) {
            let name = case["name"].as_str().unwrap_or("a case");
            let classes = integer(&case["classes"]);
            let report = ClassificationReport::new(&indices(&case["truth"]), &indices(&case["predicted"]), classes);

            let confusion: Vec<Vec<u32>> = serde_json::from_value(case["confusion"].clone()).expect("a matrix");
            assert_eq!(report.confusion, confusion, "{name}");
            close(&format!("{name}: accuracy"), &[report.accuracy], &[number(&case["accuracy"])], 1e-12);
            let per_class = case["per_class"].as_array().expect("a list");
            assert_eq!((report.per_class.len(), per_class.len()), (classes, classes), "{name}");
            for (c, want) in per_class.iter().enumerate() {
                same(&format!("{name}: class {c}"), &report.per_class[c], want);
                assert_eq!(report.support[c] as usize, integer(&want["support"]), "{name}: class {c}");
            }
            same(&format!("{name}: macro"), &report.macro_average, &case["macro"]);
            same(&format!("{name}: weighted"), &report.weighted_average, &case["weighted"]);
            same(&format!("{name}: micro"), &report.micro_average, &case["micro"]);
        }
    }
}

/// Loss 1e-5 relative or 1e-6 absolute, gradients 1e-4 of their largest entry or
/// 1e-7, whichever is larger; computed in f32 and in f64.
mod nt_xent {
    use crate::golden::{cases, close, largest, number, read, tensor};
    use simclr_lab::core::float::Float;
    use simclr_lab::core::nt_xent::{Similarities, gradients};

    fn check<F: Float>(precision: &str) {
        let file = read("nt_xent.json");
        for case in cases(&file) {
            let what = format!("{} in {precision}", case["name"].as_str().unwrap_or("a case"));
            let read = |key: &str| tensor(&case[key]);
            let narrow = |key: &str| read(key).0.iter().map(|&v| F::of(v)).collect::<Vec<F>>();
            let (z_a, z_b, dim) = (narrow("z_a"), narrow("z_b"), read("z_a").1[1]);
            let tau = F::of(number(&case["temperature"]));
            let found = gradients(&z_a, &z_b, dim, tau);

            let loss = number(&case["loss"]);
            let tolerance = (1e-5 * loss.abs()).max(1e-6);
            close(&format!("{what}: loss"), &[found.loss.to_f64()], &[loss], tolerance);
            let alone = Similarities::of(&z_a, &z_b, dim).loss(tau);
            close(&format!("{what}: loss alone"), &[alone.to_f64()], &[loss], tolerance);
            for (key, got) in [("grad_a", found.a), ("grad_b", found.b)] {
                let want = read(key).0;
                let got: Vec<f64> = got.iter().map(|g| g.to_f64()).collect();
                close(&format!("{what}: {key}"), &got, &want, (1e-4 * largest(&want)).max(1e-7));
            }
        }
    }

    #[test]
    fn nt_xent_in_f32() {
        check::<f32>("f32");
    }

    #[test]
    fn nt_xent_in_f64() {
        check::<f64>("f64");
    }
}
