//! Values and gradients of the loss.

use super::golden;
use burn::tensor::{Device, Tensor, TensorData};
use simclr_lab::learn::nt_xent::nt_xent;

#[test]
fn nt_xent_values_and_gradients() {
    let device = Device::flex().autodiff();
    for case in golden::cases(&golden::read("nt_xent.json")) {
        let name = case["name"].as_str().expect("a name");
        let (rows, shape) = golden::tensor(&case["z_a"]);
        let mut values = rows;
        values.extend(golden::tensor(&case["z_b"]).0);
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        let data = TensorData::new(values, [2 * shape[0], shape[1]]);
        let z = Tensor::<2>::from_data(data, &device).require_grad();
        let loss = nt_xent(z.clone(), golden::number(&case["temperature"]) as f32).loss;

        let want = golden::number(&case["loss"]);
        let got = f64::from(loss.clone().into_scalar::<f32>());
        golden::close(name, &[got], &[want], (want.abs() * 1e-5).max(1e-6));

        let gradients = loss.backward();
        let gradient: Vec<f32> = z.grad(&gradients).expect("a gradient").into_data().try_to_vec().expect("f32");
        let mut want = golden::tensor(&case["grad_a"]).0;
        want.extend(golden::tensor(&case["grad_b"]).0);
        let tolerance = (golden::largest(&want) * 1e-4).max(1e-7);
        golden::close(&format!("{name}: gradient"), &golden::wide(&gradient), &want, tolerance);
    }
}
