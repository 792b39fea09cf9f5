//! [`Convolution`] on the CPU backend, by the crate `kernels`.

use super::{Convolution, options};
use burn::backend::ops::ModuleOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use kernels::{Finish, Sizes};

type Tensor = FloatTensor<Flex>;

/// Of x [B, C, H, W] and a weight [O, C, K, K′].
fn sizes(x: [usize; 4], weight: [usize; 4], stride: usize, padding: [usize; 2]) -> Sizes {
    let ([batch, depth, height, width], [out, _, high, wide]) = (x, weight);
    Sizes { batch, channels: [depth, out], input: [height, width], kernel: [high, wide], stride, padding }
}

/// The values of a contiguous tensor.
fn values(tensor: &Tensor) -> &[f32] {
    tensor.as_slice().expect("numbers of 32 bits: burn's default on the CPU backend, which nothing here changes")
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
        let sizes = sizes(x.shape().dims(), weight.shape().dims(), stride, padding);
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
        let sizes = sizes(x.shape().dims(), weight.shape().dims(), stride, padding);
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
        let sizes = sizes(x.shape().dims(), weight.shape().dims(), stride, padding);
        computed(&x, &gradient, weight.shape().dims(), |x, g, dw| kernels::weight_gradient(&sizes, x, g, dw))
            .unwrap_or_else(|| Self::conv2d_weight_backward(x, weight, gradient, options(stride, padding)))
    }

    fn packed_weight(weight: Tensor, like: [usize; 4], stride: usize, padding: [usize; 2]) -> Tensor {
        let weight = weight.to_contiguous();
        let sizes = sizes(like, weight.shape().dims(), stride, padding);
        let packed = kernels::pack(&sizes, values(&weight));
        let shape = [1, 1, 1, packed.len()];
        Tensor::from_data(TensorData::new(packed, shape))
    }

    fn finished_convolution(
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        residual: Tensor,
        of_weight: [usize; 4],
        stride: usize,
        padding: [usize; 2],
        relu: bool,
    ) -> Tensor {
        let sizes = sizes(x.shape().dims(), of_weight, stride, padding);
        let [x, weight, bias, residual] = [x, weight, bias, residual].map(|tensor| tensor.to_contiguous());
        let residual = (residual.shape().num_dims() == 4).then(|| values(&residual));
        let finish = Finish { bias: values(&bias), residual, relu };
        let [height, width] = sizes.output();
        let shape = [sizes.batch, sizes.channels[1], height, width];
        let mut y = vec![0.0; shape.iter().product()];
        kernels::forward_packed(&sizes, values(&x), values(&weight), &finish, &mut y);
        Tensor::from_data(TensorData::new(y, shape))
    }

    fn max_pooled(x: Tensor, side: usize, padding: usize) -> Tensor {
        let [batch, channels, height, width] = x.shape().dims();
        let [rows, row] = [height, width].map(|length| (length + 2 * padding - side) / 2 + 1);
        let mut y = vec![0.0; batch * channels * rows * row];
        kernels::max_pool([height, width], side, padding, values(&x.to_contiguous()), &mut y);
        Tensor::from_data(TensorData::new(y, [batch, channels, rows, row]))
    }
}
