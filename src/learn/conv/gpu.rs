//! [`Convolution`] on a GPU: which layers take the tiled kernels, and how these are launched. Other layers take burn's.

// SAFETY of all launches here: a kernel first compares its position with the size of its output, and it reads only
// inside the image. Tensors are contiguous, and their sizes are those that `Sizes` was made of.
#![allow(unsafe_code)]

use super::{Convolution, kernels, options, output_side};
use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{DType, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;

/// Numbers in a vector. Every WebGPU adapter reads this many at once.
const VECTOR: usize = 4;
/// Least number of threads of a weight gradient. It is enough for any GPU, and adding up the threads' parts costs little.
const THREADS: usize = 16_384;

/// Axes of [B, C, H, W] in the order in which the kernels read memory.
const NHWC: [usize; 4] = [0, 2, 3, 1];
const NCHW: [usize; 4] = [0, 3, 1, 2];

/// Sizes of one convolution.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    /// C and O.
    channels: [usize; 2],
    /// H and W, and H′ and W′.
    input: [usize; 2],
    output: [usize; 2],
    kernel: usize,
    stride: usize,
}

impl Sizes {
    fn of(x: &CubeTensor, weight: &CubeTensor, stride: usize, padding: [usize; 2]) -> Self {
        let ([batch, _, height, width], [out, channels, kernel, _]) = (x.shape().dims(), weight.shape().dims());
        let side = |input| output_side(input, kernel, stride, padding[0]);
        Self {
            batch,
            channels: [channels, out],
            input: [height, width],
            output: [side(height), side(width)],
            kernel,
            stride,
        }
    }

    /// Whether tiles of pixels and channels cover the output, and vectors the input channels.
    fn tiles_output(&self) -> bool {
        let [input, output] = self.channels;
        input.is_multiple_of(VECTOR)
            && output.is_multiple_of(VECTOR * kernels::VECTORS)
            && self.output[1].is_multiple_of(kernels::PIXELS)
    }

    /// The same for the gradient of the input, whose tiles take every `stride`-th pixel.
    fn tiles_input(&self) -> bool {
        let [input, output] = self.channels;
        output.is_multiple_of(VECTOR)
            && input.is_multiple_of(VECTOR * kernels::VECTORS)
            && self.input[1].is_multiple_of(kernels::PIXELS * self.stride)
    }

    fn tiles_weight(&self) -> bool {
        self.channels.iter().all(|c| c.is_multiple_of(VECTOR))
    }
}

/// Square kernels of floats only, padded alike on all sides: most layers here.
fn fits(x: &CubeTensor, weight: &CubeTensor, padding: [usize; 2]) -> bool {
    let [_, _, height, width]: [usize; 4] = weight.shape().dims();
    height == width && padding[0] == padding[1] && x.dtype == DType::F32 && weight.dtype == DType::F32
}

impl Convolution for CubeBackend {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let sizes = Sizes::of(&x, &weight, stride, padding);
        if !(fits(&x, &weight, padding) && sizes.tiles_output()) {
            return Self::conv2d(x, weight, None, options(stride, padding));
        }
        let [_, out] = sizes.channels;
        let [height, width] = sizes.output;
        let y = empty(&x, [sizes.batch, height, width, out]);
        let tiles = sizes.batch * height * (width / kernels::PIXELS) * (out / (VECTOR * kernels::VECTORS));
        // [K, K, C, O]: the output channels of one input channel lie side by side.
        let weight = contiguous(weight, &[2, 3, 1, 0]);
        launch(&x.client.clone(), tiles, |client, count, dim| unsafe {
            kernels::forward::launch_unchecked(
                client,
                count,
                dim,
                VECTOR,
                contiguous(x, &NHWC).into_tensor_arg(),
                weight.into_tensor_arg(),
                y.clone().into_tensor_arg(),
                stride,
                padding[0],
            );
        });
        permute(y, &NCHW)
    }

    fn convolution_input_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let sizes = Sizes::of(&x, &weight, stride, padding);
        if !(fits(&gradient, &weight, padding) && sizes.tiles_input()) {
            return Self::conv2d_x_backward(x, weight, gradient, options(stride, padding));
        }
        let [channels, _] = sizes.channels;
        let [height, width] = sizes.input;
        let result = empty(&gradient, [sizes.batch, height, width, channels]);
        let tiles = sizes.batch * height * (width / kernels::PIXELS) * (channels / (VECTOR * kernels::VECTORS));
        // [K, K, O, C]: as in the forward pass, with the roles exchanged.
        let weight = contiguous(weight, &[2, 3, 0, 1]);
        launch(&gradient.client.clone(), tiles, |client, count, dim| unsafe {
            kernels::input_gradient::launch_unchecked(
                client,
                count,
                dim,
                VECTOR,
                contiguous(gradient, &NHWC).into_tensor_arg(),
                weight.into_tensor_arg(),
                result.clone().into_tensor_arg(),
                stride,
                padding[0],
            );
        });
        permute(result, &NCHW)
    }

    fn convolution_weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let sizes = Sizes::of(&x, &weight, stride, padding);
        if !(fits(&x, &weight, padding) && sizes.tiles_weight()) {
            return Self::conv2d_weight_backward(x, weight, gradient, options(stride, padding));
        }
        let Sizes { batch, channels: [channels, out], kernel, .. } = sizes;
        let tiles = kernel * kernel * (channels / VECTOR) * (out / VECTOR);
        let images = batch.div_ceil(THREADS.div_ceil(tiles)).max(1);
        let parts = batch.div_ceil(images);
        let sums = empty(&x, [parts, kernel, kernel, channels * out]);
        launch(&x.client.clone(), parts * tiles, |client, count, dim| unsafe {
            kernels::weight_gradient::launch_unchecked(
                client,
                count,
                dim,
                VECTOR,
                contiguous(x, &NHWC).into_tensor_arg(),
                contiguous(gradient, &NHWC).into_tensor_arg(),
                sums.clone().into_tensor_arg(),
                images,
                stride,
                padding[0],
            );
        });
        let sum = Self::float_reshape(Self::float_sum_dim(sums, 0), Shape::from([kernel, kernel, channels, out]));
        // In [O, C, K, K] in memory too, as the weights are, not as a view: the optimiser reads all of them side by
        // side, and burn's fusion has flattened views in the wrong order.
        contiguous(sum, &[3, 2, 0, 1])
    }
}

fn contiguous(tensor: CubeTensor, axes: &[usize]) -> CubeTensor {
    into_contiguous(permute(tensor, axes))
}

/// Uninitialised memory beside `like`.
fn empty(like: &CubeTensor, shape: [usize; 4]) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), Shape::from(shape), like.dtype)
}

fn launch(client: &Client, threads: usize, run: impl FnOnce(&Client, CubeCount, CubeDim)) {
    let dim = CubeDim::new(client, threads);
    let count = burn_cubecl::cubecl::calculate_cube_count_elemwise(client, threads, dim);
    run(client, count, dim);
}
