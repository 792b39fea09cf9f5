//! Embeddings of more than two dimensions as a picture: the plane that they are
//! projected on, and moves of their projections.

use super::embeddings::Embeddings;
use crate::core::float::{dot, norm};

/// Orthogonal projection on a plane through 0, given by two orthonormal axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    axes: [Vec<f64>; 2],
}

/// Rounds of the iteration; the matrix has a few rows and is computed once.
const ROUNDS: usize = 400;

impl Projection {
    /// The circle's own plane, or the plane on which the worked example spreads the most.
    pub fn of(embeddings: &Embeddings) -> Self {
        if embeddings.is_circle() {
            return Self { axes: [vec![1.0, 0.0], vec![0.0, 1.0]] };
        }
        Self::principal(Embeddings::example().points(), embeddings.dim())
    }

    /// A point's coordinates on the plane; within the unit circle for a unit vector.
    pub fn project(&self, point: &[f64]) -> (f64, f64) {
        (dot(&self.axes[0], point), dot(&self.axes[1], point))
    }

    /// Angle of a point's projection in degrees, 0 to 360.
    pub fn degrees(&self, point: &[f64]) -> f64 {
        let (x, y) = self.project(point);
        y.atan2(x).to_degrees().rem_euclid(360.0)
    }

    /// The point of the plane with these coordinates.
    fn lift(&self, (x, y): (f64, f64)) -> Vec<f64> {
        self.axes[0].iter().zip(&self.axes[1]).map(|(a, b)| x * a + y * b).collect()
    }

    /// The first two principal directions of rows `[n][dim]`, dim ≥ 2: on this plane the rows' projections have the
    /// largest variance. By orthogonal iteration on their covariance.
    ///
    /// # Panics
    /// If `rows` is empty or not made of rows of `dim` ≥ 2.
    pub fn principal(rows: &[f64], dim: usize) -> Self {
        assert!(dim > 1 && !rows.is_empty() && rows.len().is_multiple_of(dim), "rows of two numbers or more");
        let n = (rows.len() / dim) as f64;
        let mean: Vec<f64> = (0..dim).map(|d| rows.iter().skip(d).step_by(dim).sum::<f64>() / n).collect();
        let centred: Vec<f64> = rows.iter().enumerate().map(|(at, v)| v - mean[at % dim]).collect();
        let spread = |direction: &[f64]| -> Vec<f64> {
            let mut out = vec![0.0; dim];
            for row in centred.chunks_exact(dim) {
                let along = dot(row, direction);
                out.iter_mut().zip(row).for_each(|(o, r)| *o += along * r);
            }
            out
        };
        // Any start that is not perpendicular to the answer.
        let mut first = unit((0..dim).map(|d| 1.0 / (d as f64 + 1.0)).collect(), None, 0);
        let mut second = unit((0..dim).map(|d| (d as f64 + 1.0).cos()).collect(), Some(&first), 1);
        for _ in 0..ROUNDS {
            first = unit(spread(&first), None, 0);
            second = unit(spread(&second), Some(&first), 1);
        }
        Self { axes: [first, second] }
    }

    /// Moves `view` so that its projection lies at (x, y), or as near as a unit
    /// vector's can. The component perpendicular to the plane keeps its direction.
    pub fn drag(&self, embeddings: &mut Embeddings, view: usize, (x, y): (f64, f64)) {
        let own = embeddings.point(view);
        let (flat, old) = (self.lift((x, y)), self.lift(self.project(own)));
        let rest: Vec<f64> = own.iter().zip(&old).map(|(o, f)| o - f).collect();
        let (height, length) = ((1.0 - dot(&flat, &flat)).max(0.0).sqrt(), norm(&rest));
        let scale = if length > 1e-9 { height / length } else { 0.0 };
        let moved: Vec<f64> = flat.iter().zip(&rest).map(|(f, r)| f + scale * r).collect();
        embeddings.put(view, &moved);
    }

    /// Turns `view` about the plane's centre, by an angle in radians.
    pub fn turn(&self, embeddings: &mut Embeddings, view: usize, by: f64) {
        let ((x, y), (sin, cos)) = (self.project(embeddings.point(view)), by.sin_cos());
        self.drag(embeddings, view, (x * cos - y * sin, x * sin + y * cos));
    }
}

/// `v` made perpendicular to `to` and of length 1. If nothing is left of it, as
/// when all rows are equal: a unit vector along an axis, from number `axis` on.
fn unit(mut v: Vec<f64>, to: Option<&Vec<f64>>, axis: usize) -> Vec<f64> {
    for attempt in 0..=v.len() {
        if let Some(to) = to {
            // Twice, for the rounding errors of the first time.
            for _ in 0..2 {
                let along = dot(&v, to);
                v.iter_mut().zip(to).for_each(|(x, t)| *x -= along * t);
            }
        }
        let length = dot(&v, &v).sqrt();
        if length > 1e-12 {
            v.iter_mut().for_each(|x| *x /= length);
            return v;
        }
        let dim = v.len();
        v.fill(0.0);
        v[(axis + attempt) % dim] = 1.0;
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        diagnostics::singular_values, float::near, lesson::nt_xent::cosines::Cosines,
        lesson::nt_xent::views::VIEW_COUNT,
    };

    #[test]
    fn the_plane_shows_the_most_spread() {
        let rows = Cosines::default().embedding().unwrap();
        let plane = Projection::principal(&rows, VIEW_COUNT);
        let projected: Vec<(f64, f64)> = rows.chunks_exact(VIEW_COUNT).map(|z| plane.project(z)).collect();
        assert!(projected.iter().all(|(x, y)| x * x + y * y <= 1.0 + 1e-12));
        let variance = |axis: fn(&(f64, f64)) -> f64| {
            let mean = projected.iter().map(axis).sum::<f64>() / 4.0;
            projected.iter().map(|p| (axis(p) - mean).powi(2)).sum::<f64>()
        };
        let mean: Vec<f64> =
            (0..VIEW_COUNT).map(|d| rows.iter().skip(d).step_by(VIEW_COUNT).sum::<f64>() / 4.0).collect();
        let centred: Vec<f64> = rows.iter().enumerate().map(|(at, v)| v - mean[at % VIEW_COUNT]).collect();
        let sigma = singular_values(&centred, VIEW_COUNT);
        near(variance(|p| p.0), sigma[0].powi(2), 1e-9);
        near(variance(|p| p.1), sigma[1].powi(2), 1e-9);
        // All equal: any plane, but a plane.
        let flat = Projection::principal(&[0.6, 0.8, 0.0].repeat(4), 3);
        near(flat.project(&[1.0, 0.0, 0.0]).0, 1.0, 1e-12);
        near(flat.project(&[0.0, 1.0, 0.0]).1, 1.0, 1e-12);
    }

    #[test]
    fn a_dragged_point_lies_under_the_finger_and_stays_a_unit_vector() {
        for mut embeddings in [Embeddings::circle(), Embeddings::example()] {
            let plane = Projection::of(&embeddings);
            plane.drag(&mut embeddings, 1, (0.3, -0.4));
            let ((x, y), z) = (plane.project(embeddings.point(1)), embeddings.point(1));
            near(dot(z, z), 1.0, 1e-12);
            let r = if embeddings.dim() == 2 { 2.0 } else { 1.0 };
            near(x, 0.3 * r, 1e-9);
            near(y, -0.4 * r, 1e-9);
            plane.turn(&mut embeddings, 1, std::f64::consts::FRAC_PI_2);
            near(plane.project(embeddings.point(1)).0, 0.4 * r, 1e-9);
            // Beyond the edge: the edge. At the centre, on the circle: nowhere to go.
            plane.drag(&mut embeddings, 1, (0.0, 3.0));
            near(plane.project(embeddings.point(1)).1, 1.0, 1e-9);
            plane.drag(&mut embeddings, 1, (0.0, 0.0));
            near(dot(embeddings.point(1), embeddings.point(1)), 1.0, 1e-12);
        }
    }
}
