//! [`Convolution`] on the CPU backend, by the crate `kernels`.

use super::{Convolution, options};
use burn::backend::ops::ModuleOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use kernels::Sizes;

type Tensor = FloatTensor<Flex>;

fn sizes(x: &Tensor, weight: &Tensor, stride: usize, padding: [usize; 2]) -> Sizes {
    let ([batch, depth, height, width], [out, _, high, wide]) = (x.shape().dims(), weight.shape().dims());
    Sizes { batch, channels: [depth, out], input: [height, width], kernel: [high, wide], stride, padding }
}

/// A tensor of what `compute` makes of the values of two, if these are of 32 bits.
fn computed(a: &Tensor, b: &Tensor, shape: [usize; 4], compute: impl Fn(&[f32], &[f32], &mut [f32])) -> Option<Tensor> {
    let (a, b) = (a.to_contiguous(), b.to_contiguous());
    let mut result = vec![0.0; shape.iter().product()];
    compute(a.as_slice()?, b.as_slice()?, &mut result);
    Some(Tensor::from_data(TensorData::new(result, shape)))
}

impl Convolution for Flex {
    fn convolution(x: Tensor, weight: Tensor, stride: usize, padding: [usize; 2]) -> Tensor {
        let sizes = sizes(&x, &weight, stride, padding);
        let [height, width] = sizes.output();
        let shape = [sizes.batch, sizes.channels[1], height, width];
        computed(&x, &weight, shape, |x, weight, y| kernels::forward(&sizes, x, weight, y))
            .unwrap_or_else(|| Self::conv2d(x, weight, None, options(stride, padding)))
    }

    fn convolution_input_gradient(
        x: Tensor,
        weight: Tensor,
        gradient: Tensor,
        stride: usize,
        padding: [usize; 2],
    ) -> Tensor {
        let sizes = sizes(&x, &weight, stride, padding);
        computed(&weight, &gradient, x.shape().dims(), |w, g, dx| kernels::input_gradient(&sizes, w, g, dx))
            .unwrap_or_else(|| Self::conv2d_x_backward(x, weight, gradient, options(stride, padding)))
    }

    fn convolution_weight_gradient(
        x: Tensor,
        weight: Tensor,
        gradient: Tensor,
        stride: usize,
        padding: [usize; 2],
    ) -> Tensor {
        let sizes = sizes(&x, &weight, stride, padding);
        computed(&x, &gradient, weight.shape().dims(), |x, g, dw| kernels::weight_gradient(&sizes, x, g, dw))
            .unwrap_or_else(|| Self::conv2d_weight_backward(x, weight, gradient, options(stride, padding)))
    }
}
