//! [`Convolution`] on a GPU: how the tiled kernels are launched.

// SAFETY of all launches here: a kernel first compares its position with the size of its output, and it reads only
// inside the image. Tensors are contiguous, and their sizes are those that `Sizes` was made of.
#![allow(unsafe_code)]

use super::tiles::{Sizes, VECTOR};
use super::{Convolution, kernels, options};
use crate::learn::gpu::empty;
use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{DType, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;

/// Axes of [B, C, H, W] in the order in which the kernels read memory.
const NHWC: [usize; 4] = [0, 2, 3, 1];
const NCHW: [usize; 4] = [0, 3, 1, 2];

/// The sizes, if the tiled kernels take this convolution, and counts it. They compute floats only: nothing else is in the
/// networks here.
fn tiled(x: &CubeTensor, weight: &CubeTensor, stride: usize, padding: [usize; 2]) -> Option<Sizes> {
    let sizes = Sizes::of(x.shape().dims(), weight.shape().dims(), stride, padding);
    let fits = x.dtype == DType::F32 && weight.dtype == DType::F32;
    sizes.count(fits);
    fits.then_some(sizes)
}

impl Convolution for CubeBackend {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let Some(sizes) = tiled(&x, &weight, stride, padding) else {
            return Self::conv2d(x, weight, None, options(stride, padding));
        };
        let Sizes { batch, channels: [_, out], input: [height, width], output: [rows, row], kernel, .. } = sizes;
        let [depth, columns] = sizes.output_channels();
        let y = empty(&x, [batch, rows, row, columns]);
        // [K, K′, C, O]: the output channels of one input channel lie side by side.
        let weight = contiguous(weight, [2, 3, 1, 0], [kernel[0], kernel[1], depth, columns]);
        launch(&x.client.clone(), sizes.output_threads(), |client, count, dim| unsafe {
            kernels::forward::launch_unchecked(
                client,
                count,
                dim,
                VECTOR,
                contiguous(x, NHWC, [batch, height, width, depth]).into_tensor_arg(),
                weight.into_tensor_arg(),
                y.clone().into_tensor_arg(),
                stride,
                padding[0],
                padding[1],
            );
        });
        in_order(y, [batch, out, rows, row])
    }

    fn convolution_input_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let Some(sizes) = tiled(&x, &weight, stride, padding) else {
            return Self::conv2d_x_backward(x, weight, gradient, options(stride, padding));
        };
        let Sizes { batch, channels: [channels, _], input: [height, width], output: [rows, row], kernel, .. } = sizes;
        let [columns, depth] = sizes.input_channels();
        let result = empty(&gradient, [batch, height, width, columns]);
        // [K, K′, O, C]: as in the forward pass, with the roles exchanged.
        let weight = contiguous(weight, [2, 3, 0, 1], [kernel[0], kernel[1], depth, columns]);
        launch(&gradient.client.clone(), sizes.input_threads(), |client, count, dim| unsafe {
            kernels::input_gradient::launch_unchecked(
                client,
                count,
                dim,
                VECTOR,
                contiguous(gradient, NHWC, [batch, rows, row, depth]).into_tensor_arg(),
                weight.into_tensor_arg(),
                result.clone().into_tensor_arg(),
                stride,
                padding[0],
                padding[1],
            );
        });
        in_order(result, [batch, channels, height, width])
    }

    fn convolution_weight_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        let Some(sizes) = tiled(&x, &weight, stride, padding) else {
            return Self::conv2d_weight_backward(x, weight, gradient, options(stride, padding));
        };
        let Sizes { batch, input: [height, width], output: [rows, row], kernel: [high, wide], .. } = sizes;
        let [depth, columns] = sizes.weight_channels();
        let (tiles, images) = sizes.weight_threads();
        let parts = batch.div_ceil(images);
        let sums = empty(&x, [parts, high, wide, depth * columns]);
        launch(&x.client.clone(), parts * tiles, |client, count, dim| unsafe {
            kernels::weight_gradient::launch_unchecked(
                client,
                count,
                dim,
                VECTOR,
                contiguous(x, NHWC, [batch, height, width, depth]).into_tensor_arg(),
                contiguous(gradient, NHWC, [batch, rows, row, columns]).into_tensor_arg(),
                sums.clone().into_tensor_arg(),
                images,
                stride,
                padding[0],
                padding[1],
            );
        });
        let sum = Self::float_reshape(Self::float_sum_dim(sums, 0), Shape::from([high, wide, depth, columns]));
        // In [O, C, K, K′] in memory too, as the weights are, not as a view: the optimiser reads all of them side by
        // side, and burn's fusion has flattened views in the wrong order.
        contiguous(sum, [3, 2, 0, 1], weight.shape().dims())
    }
}

/// A kernel's result [B, H, W, C] as a view [B, C, H, W], without channels that are there for its tiles only.
fn in_order(result: CubeTensor, shape: [usize; 4]) -> CubeTensor {
    let [_, _, _, channels]: [usize; 4] = result.shape().dims();
    if channels == shape[1] { permute(result, &NCHW) } else { contiguous(result, NCHW, shape) }
}

/// `tensor` with its axes in another order, in memory too, and of the sizes `shape`: see [`kernels::resize`].
fn contiguous(tensor: CubeTensor, axes: [usize; 4], shape: [usize; 4]) -> CubeTensor {
    let view = permute(tensor, &axes);
    if view.shape().dims() == shape {
        return into_contiguous(view);
    }
    let output = empty(&view, shape);
    launch(&view.client.clone(), shape.iter().product(), |client, count, dim| unsafe {
        kernels::resize::launch_unchecked(client, count, dim, view.into_tensor_arg(), output.clone().into_tensor_arg());
    });
    output
}

fn launch(client: &Client, threads: usize, run: impl FnOnce(&Client, CubeCount, CubeDim)) {
    let dim = CubeDim::new(client, threads);
    let count = burn_cubecl::cubecl::calculate_cube_count_elemwise(client, threads, dim);
    run(client, count, dim);
}
