//! Four views' cosine similarities, as the lesson lets a visitor edit them.
//!
//! Any numbers within −1 and 1 can be typed, but not all of them belong to unit
//! vectors: the matrix must be positive semidefinite. [`Cosines::embedding`]
//! finds such vectors or says what stands in the way.

use super::views::VIEWS;
use crate::core::nt_xent::Similarities;

/// Number of views; two images.
pub const N: usize = VIEWS.len();

/// The six pairs (i, k) with i < k, in the order of the rows.
pub const PAIRS: [(usize, usize); 6] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

/// The worked example, in the order of [`PAIRS`].
pub const EXAMPLE: [f64; 6] = [0.63, 0.77, 0.70, 0.67, 0.84, 0.64];

/// What a pivot of the Cholesky factor may lack to 0, for numbers typed with a
/// few decimals.
const TOLERANCE: f64 = 1e-9;

/// A symmetric matrix with ones on its diagonal and entries within −1 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosines([f64; 6]);

/// Why no four unit vectors have these similarities; angles in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Impossible {
    /// Views `a` and `b` lie `angle` apart, but both lie near `via`, which
    /// allows `most`: the angle a–via and the angle via–b together.
    TooFar { a: usize, b: usize, via: usize, angle: f64, most: f64 },
    /// The three angles between three views sum to `sum`, over 360.
    TooWide { views: [usize; 3], sum: f64 },
    /// Every three views fit, all together do not: the views before `view` fix
    /// components of it whose squares sum to `squares`, over 1, or they fix its
    /// similarity to one of them at another value.
    Together { view: usize, squares: f64 },
}

impl Default for Cosines {
    fn default() -> Self {
        Self(EXAMPLE)
    }
}

impl Cosines {
    /// From the six values in the order of [`PAIRS`]; none if one is not a
    /// number within −1 and 1.
    pub fn new(pairs: [f64; 6]) -> Option<Self> {
        pairs.iter().all(|v| (-1.0..=1.0).contains(v)).then_some(Self(pairs))
    }

    /// The six values in the order of [`PAIRS`].
    pub fn pairs(&self) -> [f64; 6] {
        self.0
    }

    /// Cosine of views `i` and `k`; 1 on the diagonal.
    pub fn get(&self, i: usize, k: usize) -> f64 {
        pair(i, k).map_or(1.0, |at| self.0[at])
    }

    /// Puts `cosine` at (i, k) and (k, i); false, and nothing changes, if it is
    /// not within −1 and 1 or the place is on the diagonal.
    pub fn set(&mut self, i: usize, k: usize, cosine: f64) -> bool {
        match pair(i, k) {
            Some(at) if (-1.0..=1.0).contains(&cosine) => {
                self.0[at] = cosine;
                true
            }
            _ => false,
        }
    }

    /// Whether these are the worked example's.
    pub fn is_example(&self) -> bool {
        self.0 == EXAMPLE
    }

    /// For [`nt_xent`](crate::core::nt_xent), which asks not whether vectors
    /// with these similarities exist.
    pub fn similarities(&self) -> Similarities {
        Similarities::from_matrix((0..N * N).map(|at| self.get(at / N, at % N)).collect())
    }

    /// Four unit vectors `[4][4]` with these similarities: the rows of the
    /// Cholesky factor, so view k has no component after the k-th.
    ///
    /// # Errors
    /// [`Impossible`], the plainest reason there is.
    pub fn embedding(&self) -> Result<Vec<f64>, Impossible> {
        if let Some(reason) = self.triples().find_map(|views| self.misfit(views)) {
            return Err(reason);
        }
        let mut rows = vec![0.0; N * N];
        for i in 0..N {
            let mut squares = 0.0;
            for k in 0..i {
                let known: f64 = (0..k).map(|j| rows[i * N + j] * rows[k * N + j]).sum();
                let (rest, pivot) = (self.get(i, k) - known, rows[k * N + k]);
                if pivot > 0.0 {
                    rows[i * N + k] = rest / pivot;
                } else if rest.abs() > TOLERANCE.sqrt() {
                    // View k lies in the span of those before it.
                    return Err(Impossible::Together { view: i, squares: squares + rest * rest });
                }
                squares += rows[i * N + k].powi(2);
            }
            if squares > 1.0 + TOLERANCE {
                return Err(Impossible::Together { view: i, squares });
            }
            let rest = 1.0 - squares;
            rows[i * N + i] = if rest > TOLERANCE { rest.sqrt() } else { 0.0 };
        }
        Ok(rows)
    }

    fn triples(&self) -> impl Iterator<Item = [usize; 3]> {
        (0..N).rev().map(|without| {
            let mut others = (0..N).filter(|&i| i != without);
            std::array::from_fn(|_| others.next().unwrap_or_default())
        })
    }

    /// Three unit vectors exist exactly where no angle is over the sum of the
    /// other two and all three sum to 360° at most, which is where the matrix's
    /// determinant is not negative.
    fn misfit(&self, [i, k, l]: [usize; 3]) -> Option<Impossible> {
        let (x, y, z) = (self.get(i, k), self.get(i, l), self.get(k, l));
        if 1.0 + 2.0 * x * y * z - x * x - y * y - z * z >= -TOLERANCE {
            return None;
        }
        let angles = [x, y, z].map(|cosine| cosine.acos().to_degrees());
        let sum: f64 = angles.iter().sum();
        if sum > 360.0 {
            return Some(Impossible::TooWide { views: [i, k, l], sum });
        }
        let sides = [(i, k, l), (i, l, k), (k, l, i)];
        let largest = (0..3).max_by(|&p, &q| angles[p].total_cmp(&angles[q])).unwrap_or_default();
        let (a, b, via) = sides[largest];
        Some(Impossible::TooFar { a, b, via, angle: angles[largest], most: sum - angles[largest] })
    }
}

/// Place of (i, k) among [`PAIRS`]; none on the diagonal.
fn pair(i: usize, k: usize) -> Option<usize> {
    PAIRS.iter().position(|&p| p == (i.min(k), i.max(k)))
}
