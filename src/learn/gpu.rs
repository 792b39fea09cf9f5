//! What the kernels for a GPU share: the order of axes in memory, and room for results.

use burn::backend::TensorMetadata;
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::ops::permute;
use burn_cubecl::tensor::CubeTensor;

/// [B, C, …] as [B, …, C], contiguous: so the kernels read activations. Those that the kernels made have this order already.
pub fn channels_last(x: CubeTensor) -> CubeTensor {
    let rank = x.shape().num_dims();
    let axes: Vec<usize> = [0].into_iter().chain(2..rank).chain([1]).collect();
    into_contiguous(permute(x, &axes))
}

/// A kernel's result [B, …, C] as a view [B, C, …].
pub fn channels_second(y: CubeTensor) -> CubeTensor {
    let rank = y.shape().num_dims();
    let axes: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
    permute(y, &axes)
}

/// Uninitialised memory beside `like`.
pub fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), like.dtype)
}
