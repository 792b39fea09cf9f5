//! SimCLR's augmentation on the device, a whole batch at a time. What was drawn for a view ([`ViewParams`]) becomes a few
//! numbers and weights, and the same few tensor operations run over all images at once.

mod colour;

use super::store::ByteStore;
use crate::core::augment::resample::{blur_weights, resize_weights};
use crate::core::{augment::ViewParams, augment::ops::blur_kernel};
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Both views of a batch: [2N, 3, S, S] in [0, 1]. The first views of all N images come first, then their second views.
///
/// # Panics
/// If `indices` and `params` differ in length, or an index has no image.
pub fn views(store: &ByteStore, indices: &[u32], params: &[[ViewParams; 2]]) -> Tensor<4> {
    some_views(store, store.size(), indices, params, &(0..2 * indices.len()).collect::<Vec<_>>())
}

/// Views that the CPU backend makes at a time.
const PART: usize = 8;

/// Some rows of [`views`], alone, of side `side`. Crops are of the images' own size, which may be larger.
///
/// # Panics
/// As there, or if there is no such row.
pub fn some_views(
    store: &ByteStore,
    side: usize,
    indices: &[u32],
    params: &[[ViewParams; 2]],
    rows: &[usize],
) -> Tensor<4> {
    assert_eq!(indices.len(), params.len(), "one pair of views an image");
    let images = indices.len();
    let of_rows: Vec<u32> = rows.iter().map(|row| indices[row % images]).collect();
    let params: Vec<ViewParams> = rows.iter().map(|row| params[row % images][row / images]).collect();
    let out = OutputShape { height: side, width: side, kernel: blur_kernel(side) };
    let all = 0..rows.len();
    let some = |rows: Range<usize>| apply_shaped(store.gather(&of_rows[rows.clone()]), &params[rows], out);
    if *store.device() != Device::flex() || rows.len() <= PART {
        return some(all);
    }
    // All threads, and what a part needs stays in a core's cache.
    let part = |i| some(i * PART..all.end.min((i + 1) * PART));
    Tensor::cat(kernels::map(rows.len().div_ceil(PART), part), 0)
}

/// One view of each image, of the image's size: [B, 3, H, W] in [0, 1] to the same. The order is crop and resize, flip,
/// jitter, grayscale, blur.
///
/// # Panics
/// See [`apply_shaped`].
pub fn apply(images: Tensor<4>, params: &[ViewParams]) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    apply_shaped(images, params, OutputShape { height, width, kernel: blur_kernel(height) })
}

/// The shape of the images that [`apply_shaped`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputShape {
    pub height: usize,
    pub width: usize,
    /// Side of the blur's window in pixels, odd.
    pub kernel: usize,
}

/// [`apply`] with a result of any size: [B, 3, H, W] to [B, 3, height, width].
///
/// Operations that no image of the batch needs are left out.
///
/// # Panics
/// If parameters and images differ in number, a crop leaves its image, or the kernel is even.
pub fn apply_shaped(images: Tensor<4>, params: &[ViewParams], out: OutputShape) -> Tensor<4> {
    let [batch, _, height, width] = images.dims();
    assert_eq!(batch, params.len(), "one view an image");
    let device = images.device();
    // All uploads first: on a GPU each one ends the commands recorded so far.
    let crop = crop_and_flip(params, [height, width], out, &device);
    let colors = colour::Coefficients::new(params, &device);
    let blur = blur(params, out, &device);
    let images = match crop {
        Some(weights) => weights.apply(images),
        None => images,
    };
    let images = match colors {
        Some(colors) => colour::jitter_and_gray(images, &colors),
        None => images,
    };
    match blur {
        Some(weights) => weights.apply(images),
        None => images,
    }
}

// Crop, resize, flip and blur are linear and separable. So each is two batched matrix products, out = R · image · Cᵀ, and
// every image has an R and a C. `core` computes the weights; they go to the device with the batch.

/// R [B, out_h, H] and Cᵀ [B, W, out_w] of a batch, on the device.
struct Resampling {
    rows: Tensor<3>,
    columns: Tensor<3>,
}

/// Weights that crop every image of `height` × `width`, resize the crop, and mirror it where that was drawn. `None` if no
/// image changes.
fn crop_and_flip(
    params: &[ViewParams],
    [height, width]: [usize; 2],
    out: OutputShape,
    device: &Device,
) -> Option<Resampling> {
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
    Some(Resampling::new(rows, columns, [height, width], out, device))
}

/// Weights of Gaussian blur, with reflected borders, where it was drawn. `None` if no image is blurred.
fn blur(params: &[ViewParams], out: OutputShape, device: &Device) -> Option<Resampling> {
    if params.iter().all(|p| p.blur_sigma.is_none()) {
        return None;
    }
    // σ = 0 gives the identity.
    let weights = |side| params.iter().flat_map(move |p| blur_weights(side, out.kernel, p.blur_sigma.unwrap_or(0.0)));
    let rows: Vec<f32> = weights(out.height).collect();
    let columns = if out.width == out.height { rows.clone() } else { weights(out.width).collect() };
    Some(Resampling::new(rows, columns, [out.height, out.width], out, device))
}

impl Resampling {
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
    fn apply(self, images: Tensor<4>) -> Tensor<4> {
        let [b, c, h, w] = images.dims();
        let out_w = self.columns.dims()[2];
        // The three channels of an image have the same C, so they are one tall matrix.
        let narrowed = images.reshape([b, c * h, w]).matmul(self.columns).reshape([b, c, h, out_w]);
        self.rows.unsqueeze_dim::<4>(1).matmul(narrowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::augment::{Crop, ops, ops::from_bytes};
    use crate::core::{config::AugmentConfig, dataset::Dataset, rng::Rng};

    fn all() -> AugmentConfig {
        AugmentConfig { blur_probability: 0.5, ..AugmentConfig::preset(32) }
    }

    fn dataset(images: usize, size: usize) -> Dataset {
        let mut rng = Rng::new(5);
        let pixels = (0..images * 3 * size * size).map(|_| rng.below(256) as u8).collect();
        Dataset { size, pixels, ..Dataset::default() }
    }

    fn draw(config: &AugmentConfig, indices: &[u32], size: usize) -> Vec<[ViewParams; 2]> {
        let one = |i, v| ViewParams::draw(config, size, &mut Rng::for_view(9, 1, i, v));
        indices.iter().map(|&i| [one(i, 0), one(i, 1)]).collect()
    }

    /// Every view of a random batch against `core`'s slice version.
    fn check(config: &AugmentConfig, size: usize) {
        let set = dataset(20, size);
        let indices: Vec<u32> = (0..20).rev().collect();
        let params = draw(config, &indices, size);
        let store = ByteStore::new(&set, &Device::flex(), 7 * set.stride());
        let got: Vec<f32> = views(&store, &indices, &params).into_data().try_to_vec().unwrap();
        let stride = set.stride();
        assert_eq!(got.len(), 40 * stride);
        for (row, view) in got.chunks_exact(stride).enumerate() {
            let (image, which) = (row % 20, row / 20);
            let drawn = params[image][which];
            let want = ops::apply(&from_bytes(set.image(indices[image] as usize)), size, &drawn);
            let worst = view.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 2e-3, "image {image} view {which}, off by {worst}: {drawn:?}");
        }
    }

    #[test]
    fn a_full_random_chain_equals_the_slice_version() {
        check(&all(), 32);
        check(&AugmentConfig { jitter_strength: 1.0, ..all() }, 48);
    }

    #[test]
    fn a_crop_of_half_the_side_shows_the_pixels_of_twice_the_size() {
        let size = 16;
        let set = Dataset { detail: dataset(3, 2 * size).pixels, ..dataset(3, size) };
        let store = ByteStore::new(&set, &Device::flex(), usize::MAX);
        let source = store.source(true);
        assert_eq!((source.size(), store.source(false).size()), (2 * size, size));
        let half = Crop { top: 5, left: 9, height: size as u32, width: size as u32 };
        let view = ViewParams { crop: half, ..ViewParams::identity(2 * size) };
        let made = some_views(source, size, &[2], &[[view; 2]], &[1]).into_data().iter::<f32>().collect::<Vec<_>>();
        let image = &set.detail[2 * 4 * set.stride()..];
        for (at, value) in made.iter().enumerate() {
            let (channel, y, x) = (at / (size * size), at / size % size, at % size);
            let pixel = image[(channel * 2 * size + y + 5) * 2 * size + x + 9];
            assert!((value - f32::from(pixel) / 255.0).abs() < 1e-6, "{at}");
        }
    }

    #[test]
    fn each_switch_alone_equals_the_slice_version() {
        let off = AugmentConfig {
            crop: false,
            flip_probability: 0.0,
            jitter_probability: 0.0,
            gray_probability: 0.0,
            blur_probability: 0.0,
            ..all()
        };
        for config in [
            off,
            AugmentConfig { crop: true, ..off },
            AugmentConfig { flip_probability: 0.5, ..off },
            AugmentConfig { jitter_probability: 1.0, ..off },
            AugmentConfig { gray_probability: 0.5, ..off },
            AugmentConfig { blur_probability: 0.7, ..off },
        ] {
            check(&config, 16);
        }
    }
}
