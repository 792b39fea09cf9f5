//! A plane to look at embeddings of more than two dimensions from.

use crate::core::float::dot;

/// Two orthonormal directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    axes: [Vec<f64>; 2],
}

/// Turns of the iteration: a matrix of a few rows, made once.
const TURNS: usize = 400;

impl Plane {
    /// That of two-dimensional points.
    pub fn flat() -> Self {
        Self { axes: [vec![1.0, 0.0], vec![0.0, 1.0]] }
    }

    /// The point of the plane whose shadow this is.
    pub fn lift(&self, (x, y): (f64, f64)) -> Vec<f64> {
        self.axes[0].iter().zip(&self.axes[1]).map(|(a, b)| x * a + y * b).collect()
    }

    /// The first two principal directions of rows `[n][dim]`, dim ≥ 2: the plane
    /// on which the rows' shadows spread the most about their mean. By
    /// orthogonal iteration on their covariance.
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
        for _ in 0..TURNS {
            first = unit(spread(&first), None, 0);
            second = unit(spread(&second), Some(&first), 1);
        }
        Self { axes: [first, second] }
    }

    /// A point's shadow; within the unit circle for a unit vector.
    pub fn shadow(&self, point: &[f64]) -> (f64, f64) {
        (dot(&self.axes[0], point), dot(&self.axes[1], point))
    }
}

/// Length 1 and perpendicular to `to`; an axis where nothing is left, as when
/// all rows are equal.
fn unit(mut v: Vec<f64>, to: Option<&Vec<f64>>, axis: usize) -> Vec<f64> {
    for attempt in 0..=v.len() {
        if let Some(to) = to {
            // Twice, for the digits that the first time leaves.
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
