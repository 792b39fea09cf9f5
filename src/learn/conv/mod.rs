//! Convolutions of the encoders, with kernels of our own on a GPU.
//!
//! Autotune fails in a browser. Without it burn computes the three convolutions of a training step one output pixel at a
//! time. The layers of this program's networks take tiled kernels instead (`gpu`). Every other layer, and the CPU backend,
//! take burn's. The operation is a backend extension of burn, so autodiff, fusion and the choice of device work with it.

mod autodiff;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gpu")]
mod kernels;

use burn::backend::ops::ConvOptions;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
#[cfg(feature = "gpu")]
use burn::tensor::Shape;
use burn::tensor::Tensor;

/// Square convolution without bias, groups or dilation, and its two gradients.
///
/// x [B, C, H, W], weight [O, C, K, K], gradient of the output [B, O, H′, W′].
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Convolution: Backend {
    /// The output [B, O, H′, W′].
    #[fusion(dtype = x, shape = output_shape(x, weight, stride, padding))]
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        Self::conv2d(x, weight, None, options(stride, padding))
    }

    /// The gradient with respect to x, whose values are not used.
    #[fusion(dtype = x, shape = x)]
    fn convolution_input_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        Self::conv2d_x_backward(x, weight, gradient, options(stride, padding))
    }

    /// The gradient with respect to the weight, whose values are not used.
    #[fusion(dtype = weight, shape = weight)]
    fn convolution_weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        Self::conv2d_weight_backward(x, weight, gradient, options(stride, padding))
    }
}

impl Convolution for Flex {}

fn options(stride: usize, padding: usize) -> ConvOptions<2> {
    ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1)
}

/// Pixels along a side of the output.
#[cfg(feature = "gpu")]
fn output_side(input: usize, kernel: usize, stride: usize, padding: usize) -> usize {
    (input + 2 * padding - kernel) / stride + 1
}

#[cfg(feature = "gpu")]
fn output_shape(x: &Shape, weight: &Shape, stride: &usize, padding: &usize) -> Shape {
    let side = |i: usize| output_side(x[i], weight[i], *stride, *padding);
    Shape::from([x[0], weight[0], side(2), side(3)])
}

/// `x` [B, C, H, W] convolved with `weight` [O, C, K, K]: [B, O, H′, W′].
///
/// # Panics
/// If the channels of the two differ.
pub fn convolution(x: Tensor<4>, weight: Tensor<4>, stride: usize, padding: usize) -> Tensor<4> {
    assert_eq!(x.dims()[1], weight.dims()[1], "channels of input and weight");
    Tensor::from_dispatch(Dispatch::convolution(x.into_dispatch(), weight.into_dispatch(), stride, padding))
}

#[cfg(test)]
mod tests {
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
}
