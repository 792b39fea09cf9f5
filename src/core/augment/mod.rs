//! SimCLR's augmentation (Chen et al. 2020, appendix A): what is drawn for one
//! view ([`draw`]), the image operations on slices ([`ops`]), and the weights of
//! their two resampling steps ([`resample`]), which the device applies as matrix
//! products.
//!
//! Images are planar RGB in [0, 1]: `[3][height][width]`, `f32`.

mod draw;
pub mod ops;
pub mod resample;

/// One colour operation; the four come in random order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorOp {
    Brightness,
    Contrast,
    Saturation,
    Hue,
}

/// Colour jitter of one view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    pub order: [ColorOp; 4],
    /// Factors, at least 0; 1 leaves the image as it is.
    pub brightness: f32,
    pub contrast: f32,
    pub saturation: f32,
    /// In turns, −0.5 to 0.5; 0 leaves the image as it is.
    pub hue: f32,
}

/// A rectangle of whole pixels inside the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    pub top: u32,
    pub left: u32,
    pub height: u32,
    pub width: u32,
}

/// Everything random about one view, drawn on the host and applied on any
/// device, in this order: crop and resize, flip, jitter, grayscale, blur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewParams {
    pub crop: Crop,
    pub flip: bool,
    pub jitter: Option<Jitter>,
    pub gray: bool,
    /// σ in pixels.
    pub blur_sigma: Option<f32>,
}

impl ViewParams {
    /// The view that is the image itself.
    pub fn identity(size: usize) -> Self {
        let side = size as u32;
        Self {
            crop: Crop { top: 0, left: 0, height: side, width: side },
            flip: false,
            jitter: None,
            gray: false,
            blur_sigma: None,
        }
    }
}

/// Side of the blur's kernel for images of `size` pixels: a tenth of the side,
/// odd (as google-research/simclr: `2 * (size / 10 / 2) + 1`), but at least 3,
/// because a kernel of 1 would blur nothing.
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
        ops::resized_crop(image, size, size, view.crop, size, size)
    };
    if view.flip {
        ops::hflip(&mut out, size);
    }
    if let Some(jitter) = view.jitter {
        for op in jitter.order {
            match op {
                ColorOp::Brightness => ops::brightness(&mut out, jitter.brightness),
                ColorOp::Contrast => ops::contrast(&mut out, jitter.contrast),
                ColorOp::Saturation => ops::saturation(&mut out, jitter.saturation),
                ColorOp::Hue => ops::hue(&mut out, jitter.hue),
            }
        }
    }
    if view.gray {
        ops::grayscale(&mut out);
    }
    match view.blur_sigma {
        Some(sigma) => ops::gaussian_blur(&out, size, size, blur_kernel(size), sigma),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ops::brightness(&mut by_hand, 1.4);
        ops::contrast(&mut by_hand, 0.6);
        ops::saturation(&mut by_hand, 1.3);
        ops::hue(&mut by_hand, 0.1);
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
