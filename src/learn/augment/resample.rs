//! Crop, resize, flip and blur: linear and separable, so each is two batched
//! matrix products, out = R · image · Cᵀ, with one R and one C an image. The
//! weights are `core`'s; they go to the device with the batch.

use super::OutputShape;
use crate::core::augment::ViewParams;
use crate::core::augment::resample::{blur_weights, resize_weights};
use burn::tensor::{Device, Tensor, TensorData};

/// R [B, out_h, H] and Cᵀ [B, W, out_w] of a batch, on the device.
pub struct Weights {
    rows: Tensor<3>,
    columns: Tensor<3>,
}

/// Weights that crop every image of `height` × `width`, resize the crop and
/// mirror it where drawn; none where that changes nothing.
pub fn crop_and_flip(
    params: &[ViewParams],
    [height, width]: [usize; 2],
    out: OutputShape,
    device: &Device,
) -> Option<Weights> {
    let whole = |p: &ViewParams| p.crop.height as usize == height && p.crop.width as usize == width;
    if (out.height, out.width) == (height, width) && params.iter().all(|p| whole(p) && !p.flip) {
        return None;
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
    Some(Weights::new(rows, columns, [height, width], out, device))
}

/// Weights of Gaussian blur where drawn, with reflected borders; none where no
/// image is blurred.
pub fn blur(params: &[ViewParams], out: OutputShape, device: &Device) -> Option<Weights> {
    if params.iter().all(|p| p.blur_sigma.is_none()) {
        return None;
    }
    // σ = 0 gives the identity.
    let weights = |side| params.iter().flat_map(move |p| blur_weights(side, out.kernel, p.blur_sigma.unwrap_or(0.0)));
    let rows: Vec<f32> = weights(out.height).collect();
    let columns = if out.width == out.height { rows.clone() } else { weights(out.width).collect() };
    Some(Weights::new(rows, columns, [out.height, out.width], out, device))
}

impl Weights {
    /// From rows [B, out_h, H] and columns [B, out_w, W], row-major.
    fn new(rows: Vec<f32>, columns: Vec<f32>, from: [usize; 2], out: OutputShape, device: &Device) -> Self {
        let matrices = |weights: Vec<f32>, to: usize, from: usize| {
            let b = weights.len() / (to * from);
            Tensor::<3>::from_data(TensorData::new(weights, [b, to, from]), device)
        };
        Self {
            rows: matrices(rows, out.height, from[0]),
            columns: matrices(columns, out.width, from[1]).swap_dims(1, 2),
        }
    }

    /// R · image · Cᵀ for every plane: [B, 3, H, W] to [B, 3, out_h, out_w].
    pub fn apply(self, images: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = images.dims();
        let out_w = self.columns.dims()[2];
        // One C an image, whatever the channel: the three planes are one tall matrix.
        let narrowed = images.reshape([b, c * h, w]).matmul(self.columns).reshape([b, c, h, out_w]);
        self.rows.unsqueeze_dim::<4>(1).matmul(narrowed)
    }
}
