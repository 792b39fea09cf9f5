//! The classes of the sample set, each a pattern that fills the plane: signed
//! distances to its figures, negative inside.
//!
//! Patterns rather than single objects, because SimCLR compares crops: half of a pattern still shows its class. Classes
//! differ in form alone, since crop, flip and colour jitter erase place, side and colour.

use std::f32::consts::{FRAC_1_SQRT_2, PI, TAU};

/// The classes, in label order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motif {
    Stripes,
    Waves,
    Checkerboard,
    Bricks,
    Honeycomb,
    Dots,
    Rings,
    Stars,
    Hearts,
    Leaves,
}

/// The figure that a point of the plane belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// Signed distance to the nearest edge of a figure, in cells.
    pub distance: f32,
    /// Which figure: equal over one figure, scattered over 0..1 among them.
    pub key: f32,
}

/// How a pattern is laid out in one image; every field lies in [0, 1).
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Keeps the cells of two images apart.
    pub salt: u32,
    /// Thickness of lines, size of figures.
    pub weight: f32,
    /// Height of waves, irregularity of a scatter.
    pub swing: f32,
}

/// Each class in label order: its name; the side of a cell as a part of the image's side, from and to; the largest turn
/// to either side, in radians, that leaves the class recognisable to a person.
const CLASSES: [(Motif, &str, (f32, f32), f32); 10] = [
    (Motif::Stripes, "stripes", (0.19, 0.32), PI),
    (Motif::Waves, "waves", (0.20, 0.30), PI),
    (Motif::Checkerboard, "checkerboard", (0.17, 0.28), PI),
    (Motif::Bricks, "bricks", (0.24, 0.34), 0.5),
    (Motif::Honeycomb, "honeycomb", (0.26, 0.38), PI),
    (Motif::Dots, "dots", (0.24, 0.38), PI),
    (Motif::Rings, "rings", (0.30, 0.44), PI),
    (Motif::Stars, "stars", (0.33, 0.46), PI),
    (Motif::Hearts, "hearts", (0.33, 0.46), 0.3),
    (Motif::Leaves, "leaves", (0.30, 0.44), PI),
];

impl Motif {
    /// All classes, in label order.
    pub const ALL: [Self; CLASSES.len()] = {
        let mut all = [Self::Stripes; CLASSES.len()];
        let mut label = 0;
        while label < all.len() {
            all[label] = CLASSES[label].0;
            label += 1;
        }
        all
    };

    /// The class as a person calls it.
    pub fn name(self) -> &'static str {
        CLASSES[self as usize].1
    }

    /// Side of a cell as a part of the image's side, from and to.
    pub fn cell(self) -> (f32, f32) {
        CLASSES[self as usize].2
    }

    /// The largest turn, to either side, in radians.
    pub fn turn(self) -> f32 {
        CLASSES[self as usize].3
    }

    /// The figure or ground at (x, y), in cells.
    pub fn hit(self, x: f32, y: f32, layout: &Layout) -> Hit {
        match self {
            Self::Stripes => stripe(x, layout),
            Self::Waves => {
                let height = 0.30 + 0.15 * layout.swing;
                let (sin, cos) = (y * TAU * 0.55).sin_cos();
                // The slope stretches distances across the wave.
                let slope = height * TAU * 0.55 * cos;
                let hit = stripe(x + height * sin, layout);
                Hit { distance: hit.distance / (1.0 + slope * slope).sqrt(), ..hit }
            }
            Self::Checkerboard => {
                let (i, j) = (x.floor(), y.floor());
                let edge = |t: f32| 0.5 - (t - t.floor() - 0.5).abs();
                let nearest = edge(x).min(edge(y));
                let filled = (i as i32 + j as i32).rem_euclid(2) == 0;
                Hit { distance: if filled { -nearest } else { nearest }, key: scatter(i, j, layout.salt) }
            }
            Self::Bricks => {
                let row = (y / 0.5).floor();
                let along = x + 0.5 * row.rem_euclid(2.0) + 0.1 * layout.swing;
                let (i, u, v) = (along.floor(), along - along.floor() - 0.5, y - 0.5 * row - 0.25);
                let mortar = 0.035 + 0.03 * layout.weight;
                Hit { distance: rectangle(u, v, 0.5 - mortar, 0.25 - mortar), key: scatter(i, row, layout.salt) }
            }
            Self::Honeycomb => honeycomb(x, y, layout),
            _ => self.scattered(x, y, layout),
        }
    }

    /// One figure a cell, in rows that are offset by half a cell, each figure moved and turned a little.
    fn scattered(self, x: f32, y: f32, layout: &Layout) -> Hit {
        let row = y.floor();
        let x = x + 0.5 * row.rem_euclid(2.0);
        let column = x.floor();
        let draw = |n: u32| scatter(column, row, layout.salt.wrapping_add(n));
        let size = 0.36 + 0.04 * layout.weight - 0.05 * draw(1);
        let reach = size
            * match self {
                Self::Stars | Self::Leaves => 1.2,
                Self::Hearts => 1.1,
                _ => 1.0,
            };
        let room = (0.49 - reach).max(0.0) * (0.4 + 0.6 * layout.swing);
        let u = x - column - 0.5 - room * (2.0 * draw(2) - 1.0);
        let v = y - row - 0.5 - room * (2.0 * draw(3) - 1.0);
        let tilt = draw(4) - 0.5;
        let turned = |angle: f32| {
            let (sin, cos) = angle.sin_cos();
            (u * cos + v * sin, v * cos - u * sin)
        };
        let distance = match self {
            Self::Rings => ((u * u + v * v).sqrt() - 0.75 * reach).abs() - 0.25 * reach,
            Self::Stars => star(turned(tilt * 1.2), reach),
            Self::Hearts => heart(turned(tilt * 0.5), reach),
            Self::Leaves => leaf(turned(tilt * 1.3), reach),
            _ => (u * u + v * v).sqrt() - 0.95 * reach,
        };
        Hit { distance, key: draw(0) }
    }
}

/// A number in [0, 1) for a cell of the plane.
fn scatter(i: f32, j: f32, salt: u32) -> f32 {
    let mut h = (i as i32 as u32).wrapping_mul(0x9e37_79b1)
        ^ (j as i32 as u32).wrapping_mul(0x85eb_ca77)
        ^ salt.wrapping_mul(0xc2b2_ae3d);
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
    ((h ^ (h >> 15)) >> 8) as f32 / (1u32 << 24) as f32
}

/// Bars across x, one a cell.
fn stripe(x: f32, layout: &Layout) -> Hit {
    let i = x.floor();
    Hit { distance: (x - i - 0.5).abs() - 0.21 - 0.08 * layout.weight, key: scatter(i, 0.0, layout.salt) }
}

/// Hexagons with seams between them; the cell is the distance of two centres.
fn honeycomb(x: f32, y: f32, layout: &Layout) -> Hit {
    let tall = 3.0_f32.sqrt();
    // Centres form two rectangular lattices; the nearer centre wins.
    let nearest = |ox: f32, oy: f32| {
        let (i, j) = ((x - ox).round(), ((y - oy) / tall).round());
        (x - ox - i, y - oy - j * tall, 2.0 * i + 2.0 * ox, 2.0 * j + 2.0 * oy / tall)
    };
    let (a, b) = (nearest(0.0, 0.0), nearest(0.5, tall / 2.0));
    let (u, v, i, j) = if a.0 * a.0 + a.1 * a.1 < b.0 * b.0 + b.1 * b.1 { a } else { b };
    let across = u.abs().max(0.5 * u.abs() + 0.5 * tall * v.abs());
    Hit { distance: across - 0.5 + 0.06 + 0.035 * layout.weight, key: scatter(i.round(), j.round(), layout.salt) }
}

fn rectangle(u: f32, v: f32, half_width: f32, half_height: f32) -> f32 {
    (u.abs() - half_width).max(v.abs() - half_height)
}

/// Five points, the inner corners at 0.45 of the radius.
fn star((u, v): (f32, f32), radius: f32) -> f32 {
    let length = (u * u + v * v).sqrt();
    // Fold the plane onto one half of one arm: tip at angle 0, notch at π/5.
    let turn = (u.atan2(-v) / TAU * 5.0 + 0.5).rem_euclid(1.0) - 0.5;
    let (sin, cos) = (turn.abs() * TAU / 5.0).sin_cos();
    let (px, py) = (length * cos, length * sin);
    let (notch_sin, notch_cos) = (PI / 5.0).sin_cos();
    let (qx, qy) = (0.45 * radius * notch_cos, 0.45 * radius * notch_sin);
    // Distance to the line through tip and notch.
    let (ex, ey) = (qx - radius, qy);
    let norm = (ex * ex + ey * ey).sqrt();
    ((px - radius) * -ey + py * ex) / -norm
}

/// A square on its corner with a disc on each of its upper sides.
fn heart((u, v): (f32, f32), radius: f32) -> f32 {
    let half = 0.52 * radius;
    let v = v - 0.12 * radius;
    let (a, b) = ((u + v) * FRAC_1_SQRT_2, (v - u) * FRAC_1_SQRT_2);
    let square = rectangle(a, b, half, half);
    let disc = |x: f32, y: f32| ((a - x).powi(2) + (b - y).powi(2)).sqrt() - half;
    square.min(disc(0.0, -half)).min(disc(-half, 0.0))
}

/// The common part of two discs, with a vein along its middle.
fn leaf((u, v): (f32, f32), radius: f32) -> f32 {
    let bow = 0.85 * radius;
    let reach = (radius * radius + bow * bow).sqrt();
    let blade = ((u.abs() + bow).powi(2) + v * v).sqrt() - reach;
    let vein = (u.abs() - 0.07 * radius).max(v - 0.55 * radius);
    blade.max(-vein)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Part of the plane that lies inside a figure.
    fn filled(motif: Motif, layout: &Layout) -> f32 {
        let n = 160;
        let inside = (0..n * n)
            .filter(|k| motif.hit((k % n) as f32 * 0.05 + 0.01, (k / n) as f32 * 0.05 + 0.01, layout).distance < 0.0);
        inside.count() as f32 / (n * n) as f32
    }

    #[test]
    fn every_motif_has_figure_and_ground() {
        for motif in Motif::ALL {
            for weight in [0.0, 0.99] {
                let part = filled(motif, &Layout { salt: 5, weight, swing: 0.5 });
                assert!((0.1..0.9).contains(&part), "{}: {part}", motif.name());
            }
        }
    }

    #[test]
    fn figures_have_their_corners_where_they_belong() {
        assert!(star((0.0, -0.99), 1.0) < 0.0 && star((0.0, -1.01), 1.0) > 0.0);
        assert!(star((0.0, 0.44), 1.0) < 0.0 && star((0.0, 0.46), 1.0) > 0.0);
        // A heart has a notch on top and a tip below.
        assert!(heart((0.0, -0.75), 1.0) > 0.0 && heart((0.37, -0.6), 1.0) < 0.0);
        assert!(heart((0.0, 0.84), 1.0) < 0.0 && heart((0.2, 0.84), 1.0) > 0.0);
        assert!(leaf((0.3, 0.0), 1.0) < 0.0 && leaf((0.0, 0.0), 1.0) > 0.0 && leaf((0.6, 0.0), 1.0) > 0.0);
    }

    #[test]
    fn no_cell_cuts_its_figure() {
        // The border of a cell must be ground, whatever the figure's place and turn.
        let scattered = [Motif::Dots, Motif::Rings, Motif::Stars, Motif::Hearts, Motif::Leaves];
        for motif in scattered {
            for salt in 0..200 {
                for weight in [0.0, 0.99] {
                    let layout = Layout { salt, weight, swing: 0.99 };
                    for k in 0..20 {
                        let t = k as f32 / 20.0;
                        for (x, y) in [(t, 1e-4), (t, 0.9999), (1e-4, t), (0.9999, t)] {
                            assert!(motif.hit(x, y, &layout).distance > 0.0, "{} at {x}, {y}", motif.name());
                        }
                    }
                }
            }
        }
    }
}
