//! Values and gradients of the loss.

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
