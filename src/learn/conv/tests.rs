//! The extension on the CPU backend, where it must be burn's own convolution.

use super::convolution;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, Tolerance};

fn ramp<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
    Tensor::<1>::from_floats(values.as_slice(), device).reshape(shape)
}

#[test]
fn values_and_gradients_are_those_of_burns_convolution() {
    let device = Device::flex().autodiff();
    for (side, kernel, stride) in [(8, 3, 1), (8, 3, 2), (8, 1, 2), (7, 3, 2)] {
        let of = |forward: &dyn Fn(Tensor<4>, Tensor<4>) -> Tensor<4>| {
            let x = ramp([2, 4, side, side], &device).require_grad();
            let weight = ramp([8, 4, kernel, kernel], &device).require_grad();
            let y = forward(x.clone(), weight.clone());
            let factors = ramp(y.dims(), &device);
            let gradients = (y.clone() * factors).sum().backward();
            [y.inner(), x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap()]
        };
        let padding = kernel / 2;
        let ours = of(&|x, w| convolution(x, w, stride, padding));
        let burns = of(&|x, w| conv2d(x, w, None, ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1)));
        for (a, b) in ours.into_iter().zip(burns) {
            a.into_data().assert_approx_eq::<f32>(&b.into_data(), Tolerance::default());
        }
    }
}
