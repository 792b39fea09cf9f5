//! SimCLR's augmentation on the device, a whole batch at a time. What was drawn for a view ([`ViewParams`]) becomes a few
//! numbers and weights, and the same few tensor operations run over all images at once.

mod colour;

use super::store::ByteStore;
use crate::core::augment::{ViewParams, ops::blur_kernel, resample::gaussian_taps};
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
/// If parameters and images differ in number, a crop leaves its image, or the kernel is even or about as large as twice the
/// result.
pub fn apply_shaped(images: Tensor<4>, params: &[ViewParams], out: OutputShape) -> Tensor<4> {
    let [batch, _, height, width] = images.dims();
    assert_eq!(batch, params.len(), "one view an image");
    let device = images.device();
    // All uploads first: on a GPU each one ends the commands recorded so far.
    let odd = odd(height.max(width).max(out.height).max(out.width), &device);
    let crop = crop_and_flip(params, [height, width], out, &odd);
    let colors = colour::Coefficients::new(params, &device);
    let blur = blur(params, out, &odd);
    let images = match crop {
        Some(axes) => resampled(images, axes.map(Axis::resizing)),
        None => images,
    };
    let images = match colors {
        Some(colors) => colour::jitter_and_gray(images, &colors),
        None => images,
    };
    match blur {
        Some(axes) => resampled(images, axes.map(|axis| axis.blurring(out.kernel))),
        None => images,
    }
}

// Crop, resize, flip and blur are linear and separable. So each is two batched matrix products, out = R · image · Cᵀ, and
// every image has an R and a C. The device makes these weights, as `core::augment::resample` defines them, of a few numbers
// an image. Positions are counted in half samples: the middle of sample i is at 2 i + 1. So they are whole, thus exact.

/// 1, 3, 5 …: the middles of `count` samples.
fn odd(count: usize, device: &Device) -> Tensor<1> {
    let middles: Vec<f32> = (0..count).map(|i| (2 * i + 1) as f32).collect();
    Tensor::from_data(TensorData::new(middles, [count]), device)
}

/// One axis of all images.
struct Axis<const K: usize> {
    /// Of each image: [B, 1, 1].
    numbers: [Tensor<3>; K],
    /// Middles of the samples, [1, 1, from], and of those that are made of them, [1, to, 1].
    from: Tensor<3>,
    to: Tensor<3>,
}

impl<const K: usize> Axis<K> {
    fn new(numbers: &[Tensor<3>], from: usize, to: usize, odd: &Tensor<1>) -> Self {
        let middles = |count| odd.clone().narrow(0, 0, count);
        let numbers = std::array::from_fn(|k| numbers[k].clone());
        Self { numbers, from: middles(from).reshape([1, 1, from]), to: middles(to).reshape([1, to, 1]) }
    }
}

/// How a crop makes `to` samples: numbers of [`Axis::resizing`].
fn resizing(start: u32, length: u32, axis: usize, to: usize, flip: bool) -> [f32; 5] {
    let (end, to) = (start + length, to as u32);
    assert!(length > 0 && end as usize <= axis, "range {start}+{length} of an axis of {axis}");
    // The mirror image takes its samples from the other end: 2 to − m in place of a middle m.
    let (turned, offset) = if flip { (-(length as f32), 2 * to * end) } else { (length as f32, 2 * to * start) };
    [turned, offset as f32, 0.5 / length.max(to) as f32, 2.0 * start as f32, 2.0 * end as f32]
}

impl Axis<5> {
    /// The weights of `resize_weights`, [B, to, from].
    fn resizing(self) -> Tensor<3> {
        let Self { numbers: [turned, offset, slope, start, end], from, to } = self;
        let scale = to.dims()[1] as f32;
        let away = from.clone().mul_scalar(scale).sub(offset).sub(to.mul(turned));
        let inside = from.clone().sub(start).clamp(0.0, 1.0).mul(end.sub(from).clamp(0.0, 1.0));
        let taps = away.abs().mul(slope).neg().add_scalar(1.0).clamp_min(0.0).mul(inside);
        taps.clone().div(taps.sum_dim(2))
    }
}

/// The square of a distance at which no Gaussian is seen.
const FAR: f32 = 1e9;

impl Axis<2> {
    /// The weights of `blur_weights`, [B, side, side], of σ and the middle tap.
    fn blurring(self, kernel: usize) -> Tensor<3> {
        let Self { numbers: [exponent, middle], from, to } = self;
        let end = 2.0 * (to.dims()[1] as f32 - 1.0);
        // To the sample itself, and to its reflections at both ends; the outermost samples have none there.
        let direct = from.clone().sub(to.clone()).abs();
        let first = from.clone().add(to).sub_scalar(2.0);
        let last = first.clone().neg().add_scalar(2.0 * end);
        let tap = |distance: Tensor<3>, none: Option<Tensor<3>>| {
            let outside = distance.clone().sub_scalar(kernel as f32 - 1.0).clamp(0.0, 1.0);
            let outside = none.into_iter().fold(outside, |outside, none| outside.add(none.clamp(0.0, 1.0)));
            distance.clone().mul(distance).add(outside.mul_scalar(FAR)).mul(exponent.clone()).exp()
        };
        let taps = tap(direct, None).add(tap(first, Some(from.clone().neg().add_scalar(2.0))));
        taps.add(tap(last, Some(from.sub_scalar(end)))).mul(middle)
    }
}

/// Rows and columns that crop every image of `height` × `width`, resize the crop, and mirror it where that was drawn. `None`
/// if no image changes.
fn crop_and_flip(
    params: &[ViewParams],
    [height, width]: [usize; 2],
    out: OutputShape,
    odd: &Tensor<1>,
) -> Option<[Axis<5>; 2]> {
    let whole = |p: &ViewParams| p.crop.height as usize == height && p.crop.width as usize == width;
    if (out.height, out.width) == (height, width) && params.iter().all(|p| whole(p) && !p.flip) {
        return None;
    }
    let plan = |ViewParams { crop, flip, .. }: &ViewParams| -> [f32; 10] {
        let rows = resizing(crop.top, crop.height, height, out.height, false);
        let columns = resizing(crop.left, crop.width, width, out.width, *flip);
        std::array::from_fn(|k| if k < 5 { rows[k] } else { columns[k - 5] })
    };
    let numbers = colour::rows(&params.iter().map(plan).collect::<Vec<_>>(), &odd.device());
    Some([Axis::new(&numbers[..5], height, out.height, odd), Axis::new(&numbers[5..], width, out.width, odd)])
}

/// Rows and columns of Gaussian blur, with reflected borders, where it was drawn. `None` if no image is blurred.
fn blur(params: &[ViewParams], out: OutputShape, odd: &Tensor<1>) -> Option<[Axis<2>; 2]> {
    if params.iter().all(|p| p.blur_sigma.is_none()) {
        return None;
    }
    assert!(out.kernel / 2 < out.height.min(out.width), "one reflection reaches all samples");
    let plan = |p: &ViewParams| {
        // σ = 0 gives the identity. Distances are in half samples.
        let sigma = p.blur_sigma.unwrap_or(0.0).max(1e-3);
        [-0.125 / (sigma * sigma), gaussian_taps(out.kernel, sigma)[out.kernel / 2]]
    };
    let numbers = colour::rows(&params.iter().map(plan).collect::<Vec<_>>(), &odd.device());
    Some([out.height, out.width].map(|side| Axis::new(&numbers, side, side, odd)))
}

/// R · image · Cᵀ for every plane: [B, 3, H, W] to [B, 3, out_h, out_w], of R [B, out_h, H] and C [B, out_w, W].
fn resampled(images: Tensor<4>, [rows, columns]: [Tensor<3>; 2]) -> Tensor<4> {
    let [b, c, h, w] = images.dims();
    let out_w = columns.dims()[1];
    // The three channels of an image have the same C, so they are one tall matrix.
    let narrowed = images.reshape([b, c * h, w]).matmul(columns.swap_dims(1, 2)).reshape([b, c, h, out_w]);
    rows.unsqueeze_dim::<4>(1).matmul(narrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::augment::resample::{blur_weights, resize_weights};
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

    /// Crops of every kind, from 1 sample to all, enlarged and shrunk, mirrored; blurs of all σ, where borders count most.
    #[test]
    fn weights_made_on_the_device_are_those_of_the_slice_version() {
        let device = Device::flex();
        let near = |made: Tensor<3>, want: Vec<f32>, what: &str| {
            let made: Vec<f32> = made.into_data().try_to_vec().unwrap();
            assert_eq!(made.len(), want.len(), "{what}");
            let worst = made.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-6, "{what}: off by {worst}");
        };
        for (from, to) in [(7, 32), (32, 32), (33, 8), (224, 224), (448, 224)] {
            let odd = odd(from.max(to), &device);
            for (start, length) in [(0, from), (0, 1), (from - 1, 1), (from / 3, from / 2), (1, from - 1)] {
                for flip in [false, true] {
                    let plan = resizing(start as u32, length as u32, from, to, flip);
                    let mut want = resize_weights(start, length, from, to);
                    if flip {
                        want = want.chunks_exact(from).rev().flatten().copied().collect();
                    }
                    let made = Axis::<5>::new(&colour::rows(&[plan], &device), from, to, &odd).resizing();
                    near(made, want, &format!("{start}+{length} of {from} to {to}, {flip}"));
                }
            }
        }
        for (side, kernel) in [(8, 15), (32, 3), (224, 23)] {
            for sigma in [0.0, 0.1, 0.7, 2.0, 50.0] {
                let view = ViewParams { blur_sigma: Some(sigma), ..ViewParams::identity(side) };
                let out = OutputShape { height: side, width: side, kernel };
                let [rows, _] = blur(&[view], out, &odd(side, &device)).unwrap();
                near(
                    rows.blurring(kernel),
                    blur_weights(side, kernel, sigma),
                    &format!("σ {sigma}, {kernel} of {side}"),
                );
            }
        }
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
