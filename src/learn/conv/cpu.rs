//! [`Convolution`] on the CPU backend, by the crate `kernels`.

use super::Convolution;
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
pub fn values(tensor: &Tensor) -> &[f32] {
    tensor.as_slice().expect("numbers of 32 bits: burn's default on the CPU backend, which nothing here changes")
}

/// A tensor on the CPU backend.
pub fn tensor(values: Vec<f32>, shape: &[usize]) -> Tensor {
    Tensor::from_data(TensorData::new(values, shape.to_vec()))
}

/// A tensor of what `compute` makes of the values of two, written over zeros.
fn computed(a: &Tensor, b: &Tensor, shape: [usize; 4], compute: impl Fn(&[f32], &[f32], &mut [f32])) -> Tensor {
    let mut result = kernels::zeros(shape.iter().product());
    compute(values(&a.to_contiguous()), values(&b.to_contiguous()), &mut result);
    tensor(result, &shape)
}

impl Convolution for Flex {
    fn convolution(x: Tensor, weight: Tensor, stride: usize, padding: [usize; 2]) -> Tensor {
        let sizes = sizes(x.shape().dims(), weight.shape().dims(), stride, padding);
        let [height, width] = sizes.output();
        let shape = [sizes.batch, sizes.channels[1], height, width];
        computed(&x, &weight, shape, |x, weight, y| kernels::forward(&sizes, x, weight, y))
    }

    fn convolution_input_gradient(
        x: Tensor,
        weight: Tensor,
        gradient: Tensor,
        stride: usize,
        padding: [usize; 2],
    ) -> Tensor {
        let sizes = sizes(x.shape().dims(), weight.shape().dims(), stride, padding);
        computed(&weight, &gradient, x.shape().dims(), |w, g, dx| kernels::input_gradient(&sizes, w, g, false, dx))
    }

    fn convolution_weight_gradient(
        x: Tensor,
        weight: Tensor,
        gradient: Tensor,
        stride: usize,
        padding: [usize; 2],
    ) -> Tensor {
        let shape = weight.shape().dims();
        let sizes = sizes(x.shape().dims(), shape, stride, padding);
        let [x, gradient] = [x, gradient].map(|tensor| tensor.to_contiguous());
        tensor(kernels::weight_gradient(&sizes, values(&x), values(&gradient)), &shape)
    }

    fn packed_weight(weight: Tensor, like: [usize; 4], stride: usize, padding: [usize; 2]) -> Tensor {
        let weight = weight.to_contiguous();
        let sizes = sizes(like, weight.shape().dims(), stride, padding);
        let packed = kernels::pack(&sizes, values(&weight));
        let shape = [1, 1, 1, packed.len()];
        tensor(packed, &shape)
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
        let finish = Finish { bias: values(&bias), add: residual.shape().num_dims() == 4, relu };
        let [height, width] = sizes.output();
        let shape = [sizes.batch, sizes.channels[1], height, width];
        // A residual becomes the output, in place where nobody else has it.
        let mut y = match finish.add {
            true => residual,
            false => tensor(kernels::zeros(shape.iter().product()), &shape),
        };
        kernels::forward_packed(&sizes, values(&x), values(&weight), &finish, y.storage_mut());
        y
    }
}
