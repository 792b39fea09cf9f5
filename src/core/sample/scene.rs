//! One image of the sample set: its random parameters, its colours and its pixels.

use super::motif::{Layout, Motif};
use crate::core::rng::Rng;
use std::f32::consts::{PI, TAU};

/// A soft spot in the background that belongs to no class.
#[derive(Clone, Copy, Debug)]
struct Blob {
    center: [f32; 2],
    radius: f32,
    color: Rgb,
    strength: f32,
}

/// Everything random about one image. Lengths are parts of the image's side, so that one scene looks alike at every
/// size; only under 24 pixels are the figures drawn larger, or a star would be a dot.
#[derive(Clone, Debug)]
pub struct Scene {
    motif: Motif,
    layout: Layout,
    palette: Palette,
    /// From image to pattern: the rows of a 2×2 matrix (turn, scale, shear).
    matrix: [[f32; 2]; 2],
    shift: [f32; 2],
    cell: f32,
    /// Direction of the background's gradient.
    gradient: [f32; 2],
    /// Direction of the light, its length the strength.
    light: [f32; 2],
    blobs: Vec<Blob>,
    /// Contrast of the cloudy texture, and of the grain.
    clouds: f32,
    grain: f32,
    /// Bend of the whole pattern: amplitude and phases.
    bend: [f32; 3],
    seed: u64,
}

fn direction(rng: &mut Rng, length: f32) -> [f32; 2] {
    let (sin, cos) = rng.uniform(0.0, TAU).sin_cos();
    [length * cos, length * sin]
}

impl Scene {
    /// Draws a scene of a class.
    pub fn draw(motif: Motif, rng: &mut Rng) -> Self {
        let palette = Palette::draw(rng);
        let (least, most) = motif.cell();
        let cell = rng.uniform(least, most);
        let (sin, cos) = (rng.uniform(-1.0, 1.0) * motif.turn()).sin_cos();
        let (stretch, shear) = (rng.uniform(0.92, 1.08), rng.uniform(-0.12, 0.12));
        let blobs = (0..rng.below(4))
            .map(|_| Blob {
                center: [rng.unit(), rng.unit()],
                radius: rng.uniform(0.08, 0.3),
                color: palette.figure[rng.below(2)],
                strength: rng.uniform(0.1, 0.35),
            })
            .collect();
        let (gradient, light) = (direction(rng, 1.0), rng.uniform(0.05, 0.35));
        Self {
            motif,
            layout: Layout { salt: rng.next_u64() as u32, weight: rng.unit(), swing: rng.unit() },
            palette,
            matrix: [[cos / cell * stretch, (sin + shear * cos) / cell], [-sin / cell, (cos - shear * sin) / cell]],
            shift: [rng.uniform(0.0, 64.0), rng.uniform(0.0, 64.0)],
            cell,
            gradient,
            light: direction(rng, light),
            blobs,
            clouds: rng.uniform(0.0, 0.12),
            grain: rng.uniform(0.0, 0.06),
            bend: [rng.uniform(0.0, 0.035), rng.uniform(0.0, TAU), rng.uniform(0.0, TAU)],
            seed: rng.next_u64(),
        }
    }

    /// Writes the scene as planar RGB, [3, size, size].
    pub fn render(&self, size: usize, out: &mut [u8]) {
        // Edges are smoothed by their distance; several samples a pixel keep small figures true where pixels are few.
        let samples = 64_usize.div_ceil(size).clamp(1, 4);
        let mut noise = Rng::new(self.seed);
        let phases: [f32; 6] = std::array::from_fn(|_| noise.uniform(0.0, TAU));
        let waves: [(f32, f32); 3] = std::array::from_fn(|i| phases[i + 3].sin_cos());
        // Where each sample lies along an axis, and how far the bend moves it along the other.
        let axis = |phase: f32| -> Vec<(f32, f32)> {
            let at = |k: usize| ((k / samples) as f32 + ((k % samples) as f32 + 0.5) / samples as f32) / size as f32;
            let bent = |k| (at(k), self.bend[0] * (at(k) * TAU + phase).sin());
            (0..size * samples).map(bent).collect()
        };
        let (columns, rows) = (axis(self.bend[2]), axis(self.bend[1]));
        let area = size * size;
        for row in 0..size {
            for column in 0..size {
                let (columns, rows) = (&columns[column * samples..][..samples], &rows[row * samples..][..samples]);
                let (figure, cover) = self.figure(columns, rows, size);
                let (x, y) = ((column as f32 + 0.5) / size as f32, (row as f32 + 0.5) / size as f32);
                let color = blend(self.ground(x, y), figure, cover);
                let lit =
                    1.0 + self.light[0] * (x - 0.5) + self.light[1] * (y - 0.5) + self.cloud(x, y, &phases, &waves);
                let speck = self.grain * noise.uniform(-1.0, 1.0);
                for (channel, value) in color.iter().enumerate() {
                    out[channel * area + row * size + column] =
                        ((value * lit + speck).clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            }
        }
    }

    /// Colour of the figures within a pixel and the part of it that they cover, by samples: places, each with the bend's
    /// move along the other axis.
    fn figure(&self, columns: &[(f32, f32)], rows: &[(f32, f32)], size: usize) -> (Rgb, f32) {
        let samples = columns.len();
        let enlarge = (24.0 / size as f32).clamp(1.0, 1.4);
        let pixels_per_cell = self.cell * enlarge * (size * samples) as f32;
        let (mut cover, mut tint) = (0.0, 0.0);
        for k in 0..samples * samples {
            let ((x, down), (y, across)) = (columns[k % samples], rows[k / samples]);
            let bent = [x + across, y + down];
            let [u, v] = std::array::from_fn(|i| {
                let [a, b] = self.matrix[i];
                (a * (bent[0] - 0.5) + b * (bent[1] - 0.5)) / enlarge + self.shift[i]
            });
            let hit = self.motif.hit(u, v, &self.layout);
            let inside = (0.5 - hit.distance * pixels_per_cell).clamp(0.0, 1.0);
            cover += inside;
            tint += inside * hit.key;
        }
        let tint = if cover > 0.0 { tint / cover } else { 0.0 };
        (blend(self.palette.figure[0], self.palette.figure[1], tint), cover / (samples * samples) as f32)
    }

    /// Background: a gradient with soft spots on it.
    fn ground(&self, x: f32, y: f32) -> Rgb {
        let along = 0.5 + 0.7 * (self.gradient[0] * (x - 0.5) + self.gradient[1] * (y - 0.5));
        let base = blend(self.palette.ground[0], self.palette.ground[1], along.clamp(0.0, 1.0));
        self.blobs.iter().fold(base, |color, blob| {
            let square = ((x - blob.center[0]).powi(2) + (y - blob.center[1]).powi(2)) / (blob.radius * blob.radius);
            blend(color, blob.color, blob.strength * (-square).exp())
        })
    }

    /// Cloudy brightness: three waves that cross.
    fn cloud(&self, x: f32, y: f32, phases: &[f32; 6], waves: &[(f32, f32); 3]) -> f32 {
        let wave = |i: usize, length: f32| {
            let (sin, cos) = waves[i];
            ((x * cos + y * sin) * TAU / length + phases[i]).sin()
        };
        self.clouds * (wave(0, 0.9) + wave(1, 0.55) + wave(2, 0.37)) / 3.0 * (PI / 2.0)
    }
}

/// sRGB, each channel in [0, 1].
type Rgb = [f32; 3];

/// `a` at t = 0, `b` at t = 1.
fn blend(a: Rgb, b: Rgb, t: f32) -> Rgb {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}

/// The colour of lightness (0 to 1), chroma (0 to about 0.3) and hue (in turns) in
/// OKLCH (Ottosson 2020), where equal steps look equal; clipped to sRGB.
fn oklch(lightness: f32, chroma: f32, hue: f32) -> Rgb {
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

/// Hues that grounds come in; figures have the opposite one. Few, so that many images of a batch share their colours:
/// where colours alone name an image, contrastive learning looks at little else for a long time.
const HUES: usize = 6;

/// The colours of one image.
#[derive(Clone, Copy, Debug)]
struct Palette {
    /// The two ends of the background's gradient.
    ground: [Rgb; 2],
    /// The two colours that the figures share.
    figure: [Rgb; 2],
}

impl Palette {
    /// Draws a palette. Ground and figure always differ clearly in lightness, so that a class survives grayscale, and
    /// either may be the lighter one, so that the mean of a class over many images shows nothing.
    fn draw(rng: &mut Rng) -> Self {
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
