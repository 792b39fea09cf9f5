//! Crop, resize, flip and blur: linear and separable, so each is two batched
//! matrix products, out = R · image · Cᵀ, with one R and one C an image. The
//! weights are `core`'s; they go to the device with the batch.

use super::OutputShape;
use crate::core::augment::ViewParams;
use crate::core::augment::resample::{blur_weights, resize_weights};
use burn::tensor::{Device, Tensor, TensorData};

/// Crops every image, resizes the crop and mirrors it where drawn.
pub fn crop_and_flip(images: Tensor<4>, params: &[ViewParams], out: OutputShape) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    let whole = |p: &ViewParams| p.crop.height as usize == height && p.crop.width as usize == width;
    if (out.height, out.width) == (height, width) && params.iter().all(|p| whole(p) && !p.flip) {
        return images;
    }
    let mut rows = Vec::with_capacity(params.len() * out.height * height);
    let mut columns = Vec::with_capacity(params.len() * out.width * width);
    for ViewParams { crop, flip, .. } in params {
        rows.extend(resize_weights(crop.top as usize, crop.height as usize, height, out.height));
        let weights = resize_weights(crop.left as usize, crop.width as usize, width, out.width);
        match flip {
            // The mirror image takes its columns from the other end.
            true => weights.chunks_exact(width).rev().for_each(|row| columns.extend_from_slice(row)),
            false => columns.extend(weights),
        }
    }
    separable(images, rows, columns, out.height, out.width)
}

/// Gaussian blur where drawn, with reflected borders.
pub fn blur(images: Tensor<4>, params: &[ViewParams], kernel: usize) -> Tensor<4> {
    if params.iter().all(|p| p.blur_sigma.is_none()) {
        return images;
    }
    let [_, _, height, width] = images.dims();
    // σ = 0 gives the identity.
    let weights = |side| params.iter().flat_map(move |p| blur_weights(side, kernel, p.blur_sigma.unwrap_or(0.0)));
    let rows: Vec<f32> = weights(height).collect();
    let columns = if width == height { rows.clone() } else { weights(width).collect() };
    separable(images, rows, columns, height, width)
}

/// R · image · Cᵀ for every plane: [B, 3, H, W] to [B, 3, out_h, out_w], with
/// `rows` [B, out_h, H] and `columns` [B, out_w, W].
fn separable(images: Tensor<4>, rows: Vec<f32>, columns: Vec<f32>, out_h: usize, out_w: usize) -> Tensor<4> {
    let [b, c, h, w] = images.dims();
    let device = images.device();
    let columns = matrices(columns, [b, out_w, w], &device).swap_dims(1, 2);
    // One C an image, whatever the channel: the three planes are one tall matrix.
    let narrowed = images.reshape([b, c * h, w]).matmul(columns).reshape([b, c, h, out_w]);
    matrices(rows, [b, out_h, h], &device).unsqueeze_dim::<4>(1).matmul(narrowed)
}

fn matrices(weights: Vec<f32>, shape: [usize; 3], device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(weights, shape), device)
}
