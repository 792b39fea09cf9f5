//! SimCLR's augmentation (Chen et al. 2020, appendix A): here what is drawn for one
//! view, in [`ops`] the image operations on slices, and in [`resample`] the weights of
//! their two resampling steps, which the device applies as matrix products.
//!
//! Images are planar RGB in [0, 1]: `[3][height][width]`, `f32`.
//!
//! Every operation has a generator of its own, forked by name, so that switching one on or off, or
//! changing its strength, leaves the draws of all others as they were.

pub mod ops;
pub mod resample;

use crate::core::{config::AugmentConfig, rng::Rng};

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

/// Failed draws of a crop before the whole image is taken, as torchvision.
const CROP_TRIES: usize = 10;
/// Range of a crop's width over its height.
const ASPECT: (f64, f64) = (3.0 / 4.0, 4.0 / 3.0);

/// Keys of the operations' generators.
#[derive(Clone, Copy)]
enum Key {
    Crop = 1,
    Flip,
    JitterSwitch,
    JitterOrder,
    Brightness,
    Contrast,
    Saturation,
    Hue,
    Gray,
    BlurSwitch,
    BlurSigma,
}

impl ViewParams {
    /// Draws one view of an image of `size` × `size` pixels. Takes exactly one
    /// number from `rng`, whatever the configuration.
    pub fn draw(config: &AugmentConfig, size: usize, rng: &mut Rng) -> Self {
        let root = Rng::new(rng.next_u64());
        let stream = |key: Key| root.fork(key as u64);
        let crop = match config.crop {
            true => draw_crop(f64::from(config.crop_min_area), size, &mut stream(Key::Crop)),
            false => Self::identity(size).crop,
        };
        let jitter = stream(Key::JitterSwitch).chance(config.jitter_probability).then(|| {
            let spread = 0.8 * config.jitter_strength;
            let factor = |key| stream(key).uniform(1.0 - spread, 1.0 + spread).max(0.0);
            // Half a turn either way reaches every hue.
            let turn = (0.2 * config.jitter_strength).min(0.5);
            let mut order = [ColorOp::Brightness, ColorOp::Contrast, ColorOp::Saturation, ColorOp::Hue];
            stream(Key::JitterOrder).shuffle(&mut order);
            Jitter {
                order,
                brightness: factor(Key::Brightness),
                contrast: factor(Key::Contrast),
                saturation: factor(Key::Saturation),
                hue: stream(Key::Hue).uniform(-turn, turn),
            }
        });
        let (low, high) = config.blur_sigma;
        Self {
            crop,
            flip: stream(Key::Flip).chance(config.flip_probability),
            jitter,
            gray: stream(Key::Gray).chance(config.gray_probability),
            blur_sigma: stream(Key::BlurSwitch)
                .chance(config.blur_probability)
                .then(|| stream(Key::BlurSigma).uniform(low, high)),
        }
    }
}

/// Random resized crop as torchvision's `RandomResizedCrop.get_params`: area uniform, aspect ratio log-uniform,
/// position uniform among the whole pixels where it fits.
fn draw_crop(min_area: f64, size: usize, rng: &mut Rng) -> Crop {
    let side = size as f64;
    let unit = |rng: &mut Rng| f64::from(rng.unit());
    for _ in 0..CROP_TRIES {
        let area = side * side * (min_area + (1.0 - min_area) * unit(rng));
        let aspect = (ASPECT.0.ln() + (ASPECT.1.ln() - ASPECT.0.ln()) * unit(rng)).exp();
        let (width, height) = ((area * aspect).sqrt().round() as usize, (area / aspect).sqrt().round() as usize);
        if (1..=size).contains(&width) && (1..=size).contains(&height) {
            return Crop {
                top: rng.below(size - height + 1) as u32,
                left: rng.below(size - width + 1) as u32,
                height: height as u32,
                width: width as u32,
            };
        }
    }
    ViewParams::identity(size).crop
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> AugmentConfig {
        AugmentConfig { blur_probability: 0.5, ..AugmentConfig::preset(32) }
    }

    fn draws(config: &AugmentConfig, n: u32) -> Vec<ViewParams> {
        (0..n).map(|i| ViewParams::draw(config, 32, &mut Rng::for_view(1, 1, i, 0))).collect()
    }

    #[test]
    fn toggling_one_operation_leaves_the_others_draws() {
        let base = draws(&all(), 300);
        let toggled = [
            AugmentConfig { crop: false, ..all() },
            AugmentConfig { flip_probability: 1.0, ..all() },
            AugmentConfig { jitter_probability: 0.0, ..all() },
            AugmentConfig { gray_probability: 1.0, ..all() },
            AugmentConfig { blur_probability: 0.0, ..all() },
        ];
        for (which, config) in toggled.iter().enumerate() {
            for (a, b) in base.iter().zip(draws(config, 300)) {
                assert!(which == 0 || a.crop == b.crop, "{config:?}");
                assert!(which == 1 || a.flip == b.flip, "{config:?}");
                assert!(which == 2 || a.jitter == b.jitter, "{config:?}");
                assert!(which == 3 || a.gray == b.gray, "{config:?}");
                assert!(which == 4 || a.blur_sigma == b.blur_sigma, "{config:?}");
            }
            assert_ne!(base, draws(config, 300), "the toggle does something: {config:?}");
        }
    }

    #[test]
    fn one_generator_gives_different_views_and_advances_by_one() {
        let mut rng = Rng::new(4);
        let mut twin = rng.clone();
        let first = ViewParams::draw(&all(), 32, &mut rng);
        assert_ne!(first, ViewParams::draw(&all(), 32, &mut rng));
        twin.next_u64();
        twin.next_u64();
        assert_eq!(rng.next_u64(), twin.next_u64());
    }

    #[test]
    fn crops_follow_the_stated_distribution() {
        let mut sum = 0.0;
        let (mut least, mut full) = (f32::MAX, 0);
        for view in draws(&all(), 4000) {
            let Crop { top, left, height, width } = view.crop;
            assert!(height >= 1 && width >= 1 && top + height <= 32 && left + width <= 32, "{:?}", view.crop);
            let area = (height * width) as f32 / 1024.0;
            let aspect = width as f32 / height as f32;
            // Sides are rounded to whole pixels.
            assert!((0.06..=1.0).contains(&area) && (0.6..=1.6).contains(&aspect), "{:?}", view.crop);
            sum += area;
            least = least.min(area);
            full += usize::from(area > 0.9);
        }
        // Uniform in [0.08, 1] without the draws that do not fit.
        let mean = sum / 4000.0;
        assert!((0.48..0.56).contains(&mean), "mean area {mean}");
        assert!(least < 0.1 && full > 50, "least {least}, near full {full}");
    }

    #[test]
    fn switches_and_strengths_have_their_rates_and_ranges() {
        let all = draws(&all(), 4000);
        let rate = |f: &dyn Fn(&ViewParams) -> bool| all.iter().filter(|v| f(v)).count() as f32 / 4000.0;
        let near = |value: f32, want: f32| assert!((value - want).abs() < 0.03, "{value} for {want}");
        near(rate(&|v| v.flip), 0.5);
        near(rate(&|v| v.jitter.is_some()), 0.8);
        near(rate(&|v| v.gray), 0.2);
        near(rate(&|v| v.blur_sigma.is_some()), 0.5);
        let jitters: Vec<Jitter> = all.iter().filter_map(|v| v.jitter).collect();
        for f in [|j: &Jitter| j.brightness, |j: &Jitter| j.contrast, |j: &Jitter| j.saturation] {
            assert!(jitters.iter().all(|j| (0.6..=1.4).contains(&f(j))));
            assert!(jitters.iter().any(|j| f(j) < 0.65) && jitters.iter().any(|j| f(j) > 1.35));
        }
        assert!(jitters.iter().all(|j| j.hue.abs() <= 0.1) && jitters.iter().any(|j| j.hue < -0.09));
        // Each of the four comes first in about a quarter of the views.
        let hue_first = jitters.iter().filter(|j| j.order[0] == ColorOp::Hue).count() as f32;
        near(hue_first / jitters.len() as f32, 0.25);
        assert!(all.iter().filter_map(|v| v.blur_sigma).all(|s| (0.1..2.0).contains(&s)));
    }

    #[test]
    fn a_strength_above_its_range_never_turns_a_factor_negative() {
        let config = AugmentConfig { jitter_strength: 2.0, jitter_probability: 1.0, ..all() };
        assert!(draws(&config, 500).iter().filter_map(|v| v.jitter).all(|j| j.brightness >= 0.0 && j.hue.abs() <= 0.5));
    }
}
