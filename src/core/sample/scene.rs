//! One image of the sample set: what is drawn at random about it, and its pixels.

use super::color::{Palette, Rgb, blend};
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

/// Everything random about one image. Lengths are parts of the image's side, so
/// that one scene looks alike at every size; only under 24 pixels are the
/// figures drawn larger, or a star would be a dot.
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
        // Edges are smoothed by their distance; several samples a pixel keep
        // small figures true where pixels are few.
        let samples = 64_usize.div_ceil(size).clamp(1, 4);
        let mut noise = Rng::new(self.seed);
        let phases: [f32; 6] = std::array::from_fn(|_| noise.uniform(0.0, TAU));
        let area = size * size;
        for row in 0..size {
            for column in 0..size {
                let (figure, cover) = self.figure(column, row, size, samples);
                let (x, y) = ((column as f32 + 0.5) / size as f32, (row as f32 + 0.5) / size as f32);
                let color = blend(self.ground(x, y), figure, cover);
                let lit = 1.0 + self.light[0] * (x - 0.5) + self.light[1] * (y - 0.5) + self.cloud(x, y, &phases);
                let speck = self.grain * noise.uniform(-1.0, 1.0);
                for (channel, value) in color.iter().enumerate() {
                    out[channel * area + row * size + column] =
                        ((value * lit + speck).clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            }
        }
    }

    /// Colour of the figures within a pixel and the part of it that they cover.
    fn figure(&self, column: usize, row: usize, size: usize, samples: usize) -> (Rgb, f32) {
        let enlarge = (24.0 / size as f32).clamp(1.0, 1.4);
        let pixels_per_cell = self.cell * enlarge * (size * samples) as f32;
        let (mut cover, mut tint) = (0.0, 0.0);
        for k in 0..samples * samples {
            let at = |pixel: usize, sub: usize| (pixel as f32 + (sub as f32 + 0.5) / samples as f32) / size as f32;
            let (x, y) = (at(column, k % samples), at(row, k / samples));
            let bent =
                [x + self.bend[0] * (y * TAU + self.bend[1]).sin(), y + self.bend[0] * (x * TAU + self.bend[2]).sin()];
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
    fn cloud(&self, x: f32, y: f32, phases: &[f32; 6]) -> f32 {
        let wave = |i: usize, length: f32| {
            let (sin, cos) = phases[i + 3].sin_cos();
            ((x * cos + y * sin) * TAU / length + phases[i]).sin()
        };
        self.clouds * (wave(0, 0.9) + wave(1, 0.55) + wave(2, 0.37)) / 3.0 * (PI / 2.0)
    }
}
