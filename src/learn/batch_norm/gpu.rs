//! [`BatchNormalisation`] on a GPU: how its kernels are launched.

// SAFETY of all launches here: tensors are contiguous, and a kernel compares row and column with their sizes.
#![allow(unsafe_code)]

use super::{BatchNormalisation, gpu_kernels as kernels, gpu_kernels::HEAD, gpu_kernels::THREADS};
use crate::learn::gpu::{channels_last, channels_second, empty};
use burn::backend::tensor::FloatTensor;
use burn::backend::{DType, TensorMetadata};
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

/// Vectors of one row that a workgroup sees.
const LANES: usize = 16;
/// Rows that a thread sees, if there are not too many for [`PARTS`] workgroups.
const ROWS: usize = 16;
/// Parts of a sum at most.
const PARTS: usize = 64;

/// How x [rows, C] is cut up.
struct Cut {
    rows: usize,
    channels: usize,
    /// Numbers in a vector.
    vector: usize,
    lanes: usize,
    /// Workgroups over rows, with [`ROWS`] each, and over columns.
    groups: [usize; 2],
}

impl Cut {
    fn of(x: &CubeTensor) -> Self {
        assert_eq!(x.dtype, DType::F32, "nothing here changes burn's default");
        let shape = x.shape();
        let channels = shape[1];
        let rows = shape.num_elements() / channels;
        let vector = if channels.is_multiple_of(4) { 4 } else { 1 };
        let columns = channels / vector;
        let lanes = columns.next_power_of_two().min(LANES);
        let groups = [rows.div_ceil(THREADS / lanes * ROWS), columns.div_ceil(lanes)];
        Self { rows, channels, vector, lanes, groups }
    }

    /// Parts of each sum.
    fn parts(&self) -> usize {
        self.groups[0].min(PARTS)
    }

    /// A launch with `rows` workgroups over rows.
    fn count(&self, rows: usize) -> CubeCount {
        CubeCount::Static(rows as u32, self.groups[1] as u32, 1)
    }

    /// The workgroups that write a value for each of x.
    fn all(&self) -> CubeCount {
        self.count(self.groups[0].min(usize::from(u16::MAX)))
    }
}

fn dim() -> CubeDim {
    CubeDim::new_1d(THREADS as u32)
}

/// Room for two vectors of `channels` numbers, written side by side; and each of the two. They begin where a binding may.
fn pair(like: &CubeTensor, channels: usize) -> (CubeTensor, [CubeTensor; 2]) {
    let size = size_of::<f32>() as u64;
    let row = (channels as u64 * size).next_multiple_of(like.client.properties().memory.alignment);
    let both = empty(like, [2, (row / size) as usize]);
    let view = |[before, after]: [u64; 2]| {
        let handle = both.handle.clone().offset_start(before).offset_end(after);
        CubeTensor::new_contiguous(
            like.client.clone(),
            like.device.clone(),
            Shape::from([channels]),
            handle,
            like.dtype,
        )
    };
    let views = [view([0, row]), view([row, 0])];
    (both, views)
}

impl BatchNormalisation for CubeBackend {
    fn batch_normalised(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        epsilon: f64,
        summed: bool,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let cut = Cut::of(&x);
        let (x, client) = (channels_last(x.clone()), x.client);
        let residual = if summed { channels_last(residual) } else { x.clone() };
        let parts = empty(&x, [2 * cut.parts(), cut.channels]);
        let y = empty(&x, x.shape());
        let (statistics, [mean, variance]) = pair(&x, cut.channels);
        unsafe {
            kernels::moments::launch_unchecked(
                &client,
                cut.count(cut.parts()),
                dim(),
                cut.vector,
                x.clone().into_tensor_arg(),
                parts.clone().into_tensor_arg(),
                cut.rows,
                cut.lanes,
            );
            kernels::normalise::launch_unchecked(
                &client,
                cut.all(),
                dim(),
                cut.vector,
                x.into_tensor_arg(),
                parts.into_tensor_arg(),
                into_contiguous(weight).into_tensor_arg(),
                into_contiguous(bias).into_tensor_arg(),
                residual.into_tensor_arg(),
                y.clone().into_tensor_arg(),
                statistics.into_tensor_arg(),
                cut.rows,
                epsilon as f32,
                summed,
                rectified,
                cut.lanes,
            );
        }
        (channels_second(y), mean, variance)
    }

    fn batch_normalised_gradients(
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        _bias: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
        summed: bool,
        rectified: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let cut = Cut::of(&x);
        let client = x.client.clone();
        let [x, y, gradient] = [x, y, gradient].map(channels_last);
        let parts = empty(&x, [HEAD + 2 * cut.parts(), cut.channels]);
        let of_x = empty(&x, x.shape());
        // Without ReLU the gradient itself is that of the residual.
        let passes = summed && rectified;
        let of_residual = if passes { empty(&x, x.shape()) } else { empty(&x, [cut.vector]) };
        let (of_weights, [of_bias, of_weight]) = pair(&x, cut.channels);
        unsafe {
            kernels::slopes::launch_unchecked(
                &client,
                cut.count(cut.parts()),
                dim(),
                cut.vector,
                x.clone().into_tensor_arg(),
                y.clone().into_tensor_arg(),
                gradient.clone().into_tensor_arg(),
                into_contiguous(weight).into_tensor_arg(),
                mean.into_tensor_arg(),
                variance.into_tensor_arg(),
                parts.clone().into_tensor_arg(),
                cut.rows,
                epsilon as f32,
                rectified,
                cut.lanes,
            );
            kernels::gradients::launch_unchecked(
                &client,
                cut.all(),
                dim(),
                cut.vector,
                x.into_tensor_arg(),
                y.into_tensor_arg(),
                gradient.clone().into_tensor_arg(),
                parts.into_tensor_arg(),
                of_x.clone().into_tensor_arg(),
                of_residual.clone().into_tensor_arg(),
                of_weights.into_tensor_arg(),
                cut.rows,
                passes,
                rectified,
                cut.lanes,
            );
        }
        let of_residual = channels_second(if passes { of_residual } else { gradient });
        (channels_second(of_x), of_weight, of_bias, of_residual)
    }
}
