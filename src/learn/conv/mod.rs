//! Convolutions of the encoders, with kernels of our own.
//!
//! On the CPU backend (`cpu`) all layers take those of the crate `kernels`. On a GPU, autotune fails in a browser; without
//! it burn computes the three convolutions of a training step one output pixel at a time, so all layers take tiled kernels
//! (`gpu`). The operation is a backend extension of burn, so autodiff, fusion and the choice of device work with it.

mod autodiff;
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gpu")]
mod kernels;
#[cfg(any(feature = "gpu", test))]
mod tiles;

pub(super) use cpu::{tensor, values};

use burn::backend::ops::ConvOptions;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor};

/// Convolution without groups or dilation: as training has it, with its two gradients, and as evaluation has it.
///
/// x [B, C, H, W], weight [O, C, K, K′], gradient of the output [B, O, H′, W′]; padding above and below, left and right.
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Convolution: Backend {
    /// The output [B, O, H′, W′].
    #[fusion(dtype = x, shape = output_shape(x, weight, stride, padding))]
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
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
        padding: [usize; 2],
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
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        Self::conv2d_weight_backward(x, weight, gradient, options(stride, padding))
    }

    /// The weight as [`Convolution::finished_convolution`] takes it, with four axes; the best one for x of the sizes `like`.
    #[fusion(default)]
    fn packed_weight(
        weight: FloatTensor<Self>,
        like: [usize; 4],
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let _ = (like, stride, padding);
        weight
    }

    /// The output [B, O, H′, W′] of a packed weight that was `sizes` [O, C, K, K′], plus `bias` [O] and `residual`
    /// [B, O, H′, W′], with ReLU after it if `rectified`. Without a residual the bias stands in its place.
    #[fusion(default)]
    #[allow(clippy::too_many_arguments)]
    fn finished_convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        sizes: [usize; 4],
        stride: usize,
        padding: [usize; 2],
        rectified: bool,
    ) -> FloatTensor<Self> {
        let y = Self::convolution(x, weight, stride, padding);
        let y = Self::float_add(y, Self::float_reshape(bias, Shape::from([1, sizes[0], 1, 1])));
        let y = if residual.shape().num_dims() == 4 { Self::float_add(y, residual) } else { y };
        if rectified { Self::relu(y) } else { y }
    }
}

/// A convolution of evaluation, its weight in the order in which the device's kernels read it.
#[derive(Debug)]
pub struct Finished {
    weight: Tensor<4>,
    bias: Tensor<1>,
    /// O, C, K and K′.
    sizes: [usize; 4],
    stride: usize,
    padding: [usize; 2],
}

impl Finished {
    /// `weight` [O, C, K, K′] and `bias` [O], on the plain device, as is best for x of the sizes `like`.
    pub fn new(weight: Tensor<4>, bias: Tensor<1>, stride: usize, padding: [usize; 2], like: [usize; 4]) -> Self {
        let sizes = weight.dims();
        let weight = Dispatch::packed_weight(weight.into_dispatch(), like, stride, padding);
        Self { weight: Tensor::from_dispatch(weight), bias, sizes, stride, padding }
    }

    /// `x` [B, C, H, W] convolved, plus bias and `residual`, with ReLU after it if `rectified`: [B, O, H′, W′].
    ///
    /// # Panics
    /// If x has another number of channels than the weight.
    pub fn forward(&self, x: Tensor<4>, residual: Option<Tensor<4>>, rectified: bool) -> Tensor<4> {
        assert_eq!(x.dims()[1], self.sizes[1], "channels of input and weight");
        let [weight, bias] = [self.weight.clone().into_dispatch(), self.bias.clone().into_dispatch()];
        let residual = residual.map_or_else(|| bias.clone(), Tensor::into_dispatch);
        let (sizes, stride, padding) = (self.sizes, self.stride, self.padding);
        let y = Dispatch::finished_convolution(
            x.into_dispatch(),
            weight,
            bias,
            residual,
            sizes,
            stride,
            padding,
            rectified,
        );
        Tensor::from_dispatch(y)
    }
}

fn options(stride: usize, padding: [usize; 2]) -> ConvOptions<2> {
    ConvOptions::new([stride; 2], padding, [1; 2], 1)
}

#[cfg(feature = "gpu")]
fn output_shape(x: &Shape, weight: &Shape, stride: &usize, padding: &[usize; 2]) -> Shape {
    let [rows, row] = tiles::Sizes::of(x.dims(), weight.dims(), *stride, *padding).output;
    Shape::from([x[0], weight[0], rows, row])
}

/// `x` [B, C, H, W] convolved with `weight` [O, C, K, K′]: [B, O, H′, W′]. `padding`: rows above and below, columns on the
/// left and right.
///
/// # Panics
/// If the channels of the two differ.
pub fn convolution(x: Tensor<4>, weight: Tensor<4>, stride: usize, padding: [usize; 2]) -> Tensor<4> {
    assert_eq!(x.dims()[1], weight.dims()[1], "channels of input and weight");
    Tensor::from_dispatch(Dispatch::convolution(x.into_dispatch(), weight.into_dispatch(), stride, padding))
}

/// The part of the multiplications of all convolutions on a GPU so far that tiled kernels computed; `None` without any.
pub fn tiled_share() -> Option<f64> {
    #[cfg(feature = "gpu")]
    return tiles::tiled_share();
    #[cfg(not(feature = "gpu"))]
    None
}

#[cfg(test)]
mod tests {
    //! The extension on the CPU backend, against burn's own convolution, for random shapes. `kernels` has tests against the
    //! definition.

    use super::convolution;
    use crate::core::rng::Rng;
    use burn::tensor::{Device, Distribution, Tensor, module::conv2d, ops::ConvOptions};

    #[test]
    fn values_and_gradients_are_those_of_burns_convolution() {
        let device = Device::flex().autodiff();
        let mut rng = Rng::new(5);
        let mut draw = |of: &[usize]| of[rng.below(of.len())];
        for _ in 0..60 {
            let square = draw(&[1, 2, 3, 3, 5, 7]);
            let kernel = draw(&[0, 0, 1]) * draw(&[1, 3]);
            let kernel = if kernel == 0 { [square; 2] } else { [kernel, square] };
            let (stride, padding) = (draw(&[1, 1, 2, 3]), [draw(&[0, 1]), draw(&[0, 1])].map(|some| some * square / 2));
            let x = [draw(&[1, 2, 5]), draw(&[1, 4, 30]), draw(&[7, 8, 13]), draw(&[7, 9, 20])];
            let weight = [draw(&[1, 8, 26]), x[1], kernel[0], kernel[1]];
            let values = |shape| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
            let (x, weight) = (values(x), values(weight));
            let of = |forward: &dyn Fn(Tensor<4>, Tensor<4>) -> Tensor<4>| {
                let (x, weight) = (x.clone().require_grad(), weight.clone().require_grad());
                // Not contiguous in memory: the layers of a network may see such tensors.
                let y = forward(x.clone().swap_dims(2, 3), weight.clone());
                let gradients = y.clone().powi_scalar(2).sum().backward();
                [y.inner(), x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap()]
            };
            let ours = of(&|x, w| convolution(x, w, stride, padding));
            let burns = of(&|x, w| conv2d(x, w, None, ConvOptions::new([stride; 2], padding, [1; 2], 1)));
            for (a, b) in ours.into_iter().zip(burns) {
                let largest = b.clone().abs().max().into_scalar::<f32>();
                let apart = (a - b).abs().max().into_scalar::<f32>();
                assert!(apart <= 2e-5 * largest, "{apart} of {largest}: {kernel:?} {stride} {padding:?}");
            }
        }
    }
}
