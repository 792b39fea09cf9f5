//! Loss 1e-5 relative or 1e-6 absolute, gradients 1e-4 of their largest entry or
//! 1e-7, whichever is larger; computed in f32 and in f64.

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
