//! The image operations on slices, each as torchvision's `transforms.v2.functional`
//! defines it for float images; the golden tests compare them. Images are planar
//! RGB `[3][height][width]`; colour operations work in place and clamp to [0, 1].

use super::resample::{apply_separable, blur_weights, resize_weights};
use super::{ColorOp, Crop, ViewParams};

/// Weights of red, green and blue in grayscale (ITU-R BT.601, as torchvision rounds them).
pub const LUMA: [f32; 3] = [0.2989, 0.587, 0.114];

/// Bytes of 0..=255 as values in [0, 1].
pub fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.iter().map(|&b| f32::from(b) / 255.0).collect()
}

/// Cuts `crop` out of `[3][h][w]` and resizes it to `[3][out_h][out_w]`: bilinear, antialiased where it shrinks.
///
/// # Panics
/// If the crop is empty or leaves the image.
pub fn resized_crop(image: &[f32], h: usize, w: usize, crop: Crop, out_h: usize, out_w: usize) -> Vec<f32> {
    let rows = resize_weights(crop.top as usize, crop.height as usize, h, out_h);
    let cols = resize_weights(crop.left as usize, crop.width as usize, w, out_w);
    apply_separable(image, h, w, &rows, &cols)
}

/// Mirrors left and right; `w` is the length of a row.
pub fn hflip(image: &mut [f32], w: usize) {
    image.chunks_exact_mut(w).for_each(<[f32]>::reverse);
}

/// Forces every value into [0, 1].
pub fn clamp(image: &mut [f32]) {
    image.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
}

/// Mixes `image` with a black image: value × factor.
pub fn brightness(image: &mut [f32], factor: f32) {
    image.iter_mut().for_each(|v| *v = (*v * factor).clamp(0.0, 1.0));
}

/// Mixes `image` with the mean of its grayscale: factor 0 gives that gray, 1 the image.
pub fn contrast(image: &mut [f32], factor: f32) {
    let count = image.len() / 3;
    let mean = (0..count).map(|i| f64::from(luma(image, i))).sum::<f64>() / count.max(1) as f64;
    let rest = (1.0 - factor) * mean as f32;
    image.iter_mut().for_each(|v| *v = (*v * factor + rest).clamp(0.0, 1.0));
}

/// Mixes `image` with its grayscale: factor 0 gives grayscale, 1 the image.
pub fn saturation(image: &mut [f32], factor: f32) {
    let count = image.len() / 3;
    for i in 0..count {
        let rest = (1.0 - factor) * luma(image, i);
        for c in 0..3 {
            let v = &mut image[c * count + i];
            *v = (*v * factor + rest).clamp(0.0, 1.0);
        }
    }
}

/// Turns the hue by `turn` (a part of a whole turn, any sign), in HSV.
pub fn hue(image: &mut [f32], turn: f32) {
    let count = image.len() / 3;
    for i in 0..count {
        let (h, s, v) = rgb_to_hsv([image[i], image[count + i], image[2 * count + i]]);
        let rgb = hsv_to_rgb((h + turn).rem_euclid(1.0), s, v);
        for (c, value) in rgb.into_iter().enumerate() {
            image[c * count + i] = value;
        }
    }
}

/// Gives all three channels the grayscale value.
pub fn grayscale(image: &mut [f32]) {
    let count = image.len() / 3;
    for i in 0..count {
        let gray = luma(image, i);
        (0..3).for_each(|c| image[c * count + i] = gray);
    }
}

/// Gaussian blur of `[c][h][w]` with a `kernel` × `kernel` window and reflected borders.
///
/// # Panics
/// If `kernel` is even.
pub fn gaussian_blur(image: &[f32], h: usize, w: usize, kernel: usize, sigma: f32) -> Vec<f32> {
    apply_separable(image, h, w, &blur_weights(h, kernel, sigma), &blur_weights(w, kernel, sigma))
}

/// (value − mean) / std by channel.
pub fn normalize(image: &mut [f32], mean: [f32; 3], std: [f32; 3]) {
    let count = image.len() / 3;
    if count == 0 {
        return;
    }
    for (c, plane) in image.chunks_exact_mut(count).enumerate() {
        plane.iter_mut().for_each(|v| *v = (*v - mean[c]) / std[c]);
    }
}

/// Side of the blur's kernel for images of `size` pixels: a tenth of the side, odd (as google-research/simclr: `2 *
/// (size / 10 / 2) + 1`), but at least 3, because a kernel of 1 would blur nothing.
pub fn blur_kernel(size: usize) -> usize {
    (size / 10 / 2 * 2 + 1).max(3)
}

/// One view of a square image: `image` is `[3][size][size]` in [0, 1], so is the result.
///
/// # Panics
/// If the image's length is not `3 * size * size`, or the crop leaves the image.
pub fn apply(image: &[f32], size: usize, view: &ViewParams) -> Vec<f32> {
    assert_eq!(image.len(), 3 * size * size, "a planar RGB image of side {size}");
    let mut out = if view.crop == ViewParams::identity(size).crop {
        image.to_vec()
    } else {
        resized_crop(image, size, size, view.crop, size, size)
    };
    if view.flip {
        hflip(&mut out, size);
    }
    if let Some(jitter) = view.jitter {
        for op in jitter.order {
            match op {
                ColorOp::Brightness => brightness(&mut out, jitter.brightness),
                ColorOp::Contrast => contrast(&mut out, jitter.contrast),
                ColorOp::Saturation => saturation(&mut out, jitter.saturation),
                ColorOp::Hue => hue(&mut out, jitter.hue),
            }
        }
    }
    if view.gray {
        grayscale(&mut out);
    }
    match view.blur_sigma {
        Some(sigma) => gaussian_blur(&out, size, size, blur_kernel(size), sigma),
        None => out,
    }
}

fn luma(image: &[f32], pixel: usize) -> f32 {
    let count = image.len() / 3;
    LUMA[0] * image[pixel] + LUMA[1] * image[count + pixel] + LUMA[2] * image[2 * count + pixel]
}

/// Hue in turns [0, 1), saturation and value; gray has hue 0 and saturation 0.
fn rgb_to_hsv([r, g, b]: [f32; 3]) -> (f32, f32, f32) {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let range = max - min;
    if range == 0.0 {
        return (0.0, 0.0, max);
    }
    let sixths = if max == r {
        (g - b) / range
    } else if max == g {
        2.0 + (b - r) / range
    } else {
        4.0 + (r - g) / range
    };
    ((sixths / 6.0).rem_euclid(1.0), range / max, max)
}

fn hsv_to_rgb(h: f32, s: f32, v: f32) -> [f32; 3] {
    // Each channel is v less the part of s by its distance from its sector.
    [5.0_f32, 3.0, 1.0].map(|offset| {
        let k = (offset + h * 6.0).rem_euclid(6.0);
        (v - v * s * k.min(4.0 - k).clamp(0.0, 1.0)).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::augment::Jitter;

    fn near(a: &[f32], b: &[f32], tolerance: f32) {
        assert_eq!(a.len(), b.len());
        for (i, (x, y)) in a.iter().zip(b).enumerate() {
            assert!((x - y).abs() <= tolerance, "{i}: {x} {y}");
        }
    }

    /// Six pixels: the pure colours and two mixtures, planar.
    fn colours() -> Vec<f32> {
        vec![1., 0., 0., 0.2, 0.9, 0.5, 0., 1., 0., 0.4, 0.6, 0.5, 0., 0., 1., 0.7, 0.1, 0.5]
    }

    #[test]
    fn a_third_of_a_turn_passes_the_channels_on() {
        let mut image = colours();
        hue(&mut image, 1.0 / 3.0);
        let before = colours();
        // Red becomes green, green blue, blue red.
        near(&image[0..6], &before[12..18], 1e-5);
        near(&image[6..12], &before[0..6], 1e-5);
        near(&image[12..18], &before[6..12], 1e-5);
    }

    #[test]
    fn hue_keeps_gray_and_comes_back_after_a_whole_turn() {
        for turn in [-1.0, 0.0, 1.0] {
            let mut image = colours();
            hue(&mut image, turn);
            near(&image, &colours(), 1e-5);
        }
        let mut gray = vec![0.3; 3];
        hue(&mut gray, 0.37);
        near(&gray, &[0.3; 3], 1e-6);
    }

    #[test]
    fn factors_of_one_change_nothing() {
        let mut image = colours();
        brightness(&mut image, 1.0);
        contrast(&mut image, 1.0);
        saturation(&mut image, 1.0);
        near(&image, &colours(), 1e-6);
    }

    #[test]
    fn colour_operations_clamp() {
        for op in [brightness, contrast, saturation] {
            let mut image = colours();
            op(&mut image, 3.0);
            assert!(image.iter().all(|v| (0.0..=1.0).contains(v)));
            assert!(image.contains(&1.0));
        }
    }

    #[test]
    fn flipping_twice_is_nothing_and_once_mirrors_rows() {
        let mut image: Vec<f32> = (0..12).map(|i| i as f32).collect();
        hflip(&mut image, 2);
        assert_eq!(image[..4], [1., 0., 3., 2.]);
        hflip(&mut image, 2);
        assert_eq!(image, (0..12).map(|i| i as f32).collect::<Vec<_>>());
    }

    #[test]
    fn blurring_keeps_the_sum_of_a_dot_far_from_the_border() {
        let mut image = vec![0.0; 81];
        image[40] = 1.0;
        let out = gaussian_blur(&image, 9, 9, 5, 1.0);
        assert!((out.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(out[40] < 0.2 && out[40] > out[41] && (out[41] - out[31]).abs() < 1e-6);
    }

    #[test]
    fn bytes_reach_both_ends() {
        assert_eq!(from_bytes(&[0, 255, 51]), [0.0, 1.0, 0.2]);
    }

    /// A smooth, coloured, asymmetric image.
    fn picture(size: usize) -> Vec<f32> {
        (0..3 * size * size)
            .map(|i| {
                let (c, y, x) = (i / (size * size), i / size % size, i % size);
                0.5 + 0.4 * ((x as f32 * 0.7 + c as f32).sin() * (y as f32 * 0.3 + 1.0).cos())
            })
            .collect()
    }

    #[test]
    fn identity_leaves_every_pixel() {
        let image = picture(16);
        assert_eq!(apply(&image, 16, &ViewParams::identity(16)), image);
    }

    #[test]
    fn kernels_are_a_tenth_of_the_side_and_odd() {
        assert_eq!([16, 32, 48, 64, 96, 224].map(blur_kernel), [3, 3, 5, 7, 9, 23]);
    }

    #[test]
    fn jitter_runs_in_the_order_drawn() {
        let image = picture(16);
        let jitter = Jitter {
            order: [ColorOp::Brightness, ColorOp::Contrast, ColorOp::Saturation, ColorOp::Hue],
            brightness: 1.4,
            contrast: 0.6,
            saturation: 1.3,
            hue: 0.1,
        };
        let view = ViewParams { jitter: Some(jitter), ..ViewParams::identity(16) };
        let mut by_hand = image.clone();
        brightness(&mut by_hand, 1.4);
        contrast(&mut by_hand, 0.6);
        saturation(&mut by_hand, 1.3);
        hue(&mut by_hand, 0.1);
        assert_eq!(apply(&image, 16, &view), by_hand);

        let order = [ColorOp::Contrast, ColorOp::Brightness, ColorOp::Saturation, ColorOp::Hue];
        let swapped = ViewParams { jitter: Some(Jitter { order, ..jitter }), ..view };
        assert_ne!(apply(&image, 16, &swapped), by_hand);
    }

    #[test]
    fn every_step_changes_the_image_and_stays_in_range() {
        let image = picture(32);
        let plain = ViewParams::identity(32);
        let views = [
            ViewParams { crop: Crop { top: 3, left: 5, height: 11, width: 14 }, ..plain },
            ViewParams { flip: true, ..plain },
            ViewParams { gray: true, ..plain },
            ViewParams { blur_sigma: Some(1.5), ..plain },
        ];
        for view in views {
            let out = apply(&image, 32, &view);
            assert!(out.iter().zip(&image).any(|(a, b)| (a - b).abs() > 0.05), "{view:?}");
            assert!(out.iter().all(|v| (0.0..=1.0).contains(v)), "{view:?}");
        }
    }
}
