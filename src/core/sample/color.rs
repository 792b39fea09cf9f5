//! Colours that go together, drawn in OKLCH (Ottosson 2020), where equal steps
//! look equal.

use crate::core::rng::Rng;
use std::f32::consts::TAU;

/// sRGB, each channel in [0, 1].
pub type Rgb = [f32; 3];

/// `a` at t = 0, `b` at t = 1.
pub fn blend(a: Rgb, b: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}

/// The colour of lightness (0 to 1), chroma (0 to about 0.3) and hue (in turns),
/// clipped to what a screen shows.
pub fn oklch(lightness: f32, chroma: f32, hue: f32) -> Rgb {
    let (sin, cos) = (hue * TAU).sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ]
    .map(gamma)
}

/// Linear light to sRGB (IEC 61966-2-1).
fn gamma(x: f32) -> f32 {
    let x = x.clamp(0.0, 1.0);
    if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 }
}

/// Hues that grounds come in; figures have the opposite one. Few, so that many
/// images of a batch share their colours: where colours alone name an image,
/// contrastive learning looks at little else for a long time.
const HUES: usize = 6;

/// The colours of one image.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// The two ends of the background's gradient.
    pub ground: [Rgb; 2],
    /// The two colours that the figures share.
    pub figure: [Rgb; 2],
}

impl Palette {
    /// Draws a palette. Ground and figure always differ clearly in lightness, so
    /// that a class survives grayscale, and either may be the lighter one, so
    /// that the mean of a class over many images shows nothing.
    pub fn draw(rng: &mut Rng) -> Self {
        let dark = |rng: &mut Rng| rng.uniform(0.26, 0.46);
        let light = |rng: &mut Rng| rng.uniform(0.74, 0.93);
        let dark_ground = rng.chance(0.5);
        let (ground_light, figure_light) = if dark_ground { (dark(rng), light(rng)) } else { (light(rng), dark(rng)) };
        let hue = rng.below(HUES) as f32 / HUES as f32 + rng.uniform(-0.02, 0.02);
        let figure_hue = hue + 0.5 + rng.uniform(-0.03, 0.03);
        let ground_chroma = rng.uniform(0.03, 0.10);
        let figure_chroma = rng.uniform(0.09, 0.17);
        let turn = rng.uniform(-0.06, 0.06);
        let shade = rng.uniform(0.02, 0.07) * if rng.chance(0.5) { 1.0 } else { -1.0 };
        let second = rng.uniform(-0.14, 0.14);
        Self {
            ground: [
                oklch(ground_light + shade, ground_chroma, hue),
                oklch(ground_light - shade, ground_chroma, hue + turn),
            ],
            figure: [
                oklch(figure_light, figure_chroma, figure_hue),
                oklch(figure_light + rng.uniform(-0.06, 0.06), figure_chroma, figure_hue + second),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_come_out() {
        let near = |a: Rgb, b: Rgb| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 4e-3);
        assert!(near(oklch(1.0, 0.0, 0.0), [1.0; 3]));
        assert!(near(oklch(0.0, 0.0, 0.3), [0.0; 3]));
        // Pure red, by its published OKLCH coordinates.
        assert!(near(oklch(0.627_96, 0.257_68, 29.234 / 360.0), [1.0, 0.0, 0.0]));
    }

    #[test]
    fn figure_and_ground_differ_in_lightness_either_way() {
        let luma = |c: Rgb| 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
        let mut rng = Rng::new(1);
        let differences: Vec<f32> = (0..400)
            .map(|_| Palette::draw(&mut rng))
            .flat_map(|p| p.figure.map(|f| luma(f) - p.ground.map(luma).iter().sum::<f32>() / 2.0))
            .collect();
        assert!(differences.iter().all(|d| d.abs() > 0.15));
        let lighter = differences.iter().filter(|d| **d > 0.0).count() as f32 / differences.len() as f32;
        assert!((0.4..0.6).contains(&lighter), "{lighter}");
    }
}
