//! SimCLR's augmentation on the device, a whole batch at a time: what was drawn
//! for each view ([`ViewParams`]) becomes a few numbers and weights an image,
//! and the same handful of tensor operations runs over all images at once.

mod color;
mod resample;

use super::store::ByteStore;
use crate::core::augment::{ViewParams, blur_kernel};
use burn::tensor::{Tensor, TensorData};
use std::ops::Range;

/// Both views of a batch: [2N, 3, S, S] in [0, 1], first the first views of
/// all N images, then the second ones.
///
/// # Panics
/// If `indices` and `params` differ in length, or an index is of no image.
pub fn views(store: &ByteStore, indices: &[u32], params: &[[ViewParams; 2]]) -> Tensor<4> {
    some_views(store, indices, params, 0..2 * indices.len())
}

/// Some rows of [`views`], alone.
///
/// # Panics
/// As there, or if there is no such row.
pub fn some_views(store: &ByteStore, indices: &[u32], params: &[[ViewParams; 2]], rows: Range<usize>) -> Tensor<4> {
    assert_eq!(indices.len(), params.len(), "one pair of views an image");
    let images = indices.len();
    let of_rows: Vec<u32> = rows.clone().map(|row| indices[row % images]).collect();
    let params: Vec<ViewParams> = rows.map(|row| params[row % images][row / images]).collect();
    apply(store.gather(&of_rows), &params)
}

/// One view of each image, of the image's own size: [B, 3, H, W] in [0, 1] to
/// the same. In this order: crop and resize, flip, jitter, grayscale, blur.
///
/// # Panics
/// See [`apply_shaped`].
pub fn apply(images: Tensor<4>, params: &[ViewParams]) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    apply_shaped(images, params, OutputShape { height, width, kernel: blur_kernel(height) })
}

/// What [`apply_shaped`] makes of every image.
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
/// If there are not as many parameters as images, a crop leaves its image, or
/// the kernel is even.
pub fn apply_shaped(images: Tensor<4>, params: &[ViewParams], out: OutputShape) -> Tensor<4> {
    let [batch, _, height, width] = images.dims();
    assert_eq!(batch, params.len(), "one view an image");
    let device = images.device();
    // All uploads first: on a GPU each one ends the commands recorded so far.
    let crop = resample::crop_and_flip(params, [height, width], out, &device);
    let colors = color::Coefficients::new(params, &device);
    let blur = resample::blur(params, out, &device);
    let images = match crop {
        Some(weights) => weights.apply(images),
        None => images,
    };
    let images = match colors {
        Some(colors) => color::jitter_and_gray(images, &colors),
        None => images,
    };
    match blur {
        Some(weights) => weights.apply(images),
        None => images,
    }
}

/// (image − mean) / std by channel, as encoders trained elsewhere want it;
/// [B, 3, H, W]. Encoders trained here take images in [0, 1] as they are.
pub fn normalize(images: Tensor<4>, mean: [f32; 3], std: [f32; 3]) -> Tensor<4> {
    let device = images.device();
    let channel = |v: [f32; 3]| Tensor::<4>::from_data(TensorData::new(v.to_vec(), [1, 3, 1, 1]), &device);
    images.sub(channel(mean)).div(channel(std))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::augment::{self, ops::from_bytes};
    use crate::core::config::AugmentConfig;
    use crate::core::dataset::Dataset;
    use crate::core::rng::Rng;
    use burn::tensor::Device;

    const ALL: AugmentConfig = AugmentConfig {
        crop: true,
        crop_min_area: 0.08,
        flip_probability: 0.5,
        jitter_probability: 0.8,
        jitter_strength: 0.5,
        gray_probability: 0.2,
        blur_probability: 0.5,
        blur_sigma: (0.1, 2.0),
    };

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
            let want = augment::apply(&from_bytes(set.image(indices[image] as usize)), size, &drawn);
            let worst = view.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 2e-3, "image {image} view {which}, off by {worst}: {drawn:?}");
        }
    }

    #[test]
    fn a_full_random_chain_equals_the_slice_version() {
        check(&ALL, 32);
        check(&AugmentConfig { jitter_strength: 1.0, ..ALL }, 48);
    }

    #[test]
    fn each_switch_alone_equals_the_slice_version() {
        let off = AugmentConfig {
            crop: false,
            flip_probability: 0.0,
            jitter_probability: 0.0,
            gray_probability: 0.0,
            blur_probability: 0.0,
            ..ALL
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
