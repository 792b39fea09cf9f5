//! Cosine similarities of the four views, which a visitor can edit.
//!
//! Any numbers within −1 and 1 can be typed, but unit vectors have them only if the matrix is positive semidefinite.
//! [`Cosines::embedding`] finds such vectors or gives the reason why there are none.

use super::views::VIEW_COUNT;
use crate::core::{float::dot, nt_xent::Similarities};

/// The six pairs (i, k) with i < k, in the order of the rows.
pub const PAIRS: [(usize, usize); 6] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];

/// The worked example, in the order of [`PAIRS`].
pub const EXAMPLE: [f64; 6] = [0.63, 0.77, 0.70, 0.67, 0.84, 0.64];

/// Tolerance of a pivot of the Cholesky factor below 0, since numbers are typed with a few decimals.
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
    /// Every three views fit, all together do not: the views before `view` fix components of it whose squares sum to
    /// `squares`, over 1, or they fix its similarity to one of them at another value.
    Together { view: usize, squares: f64 },
}

impl Default for Cosines {
    fn default() -> Self {
        Self(EXAMPLE)
    }
}

impl Cosines {
    /// From the six values in the order of [`PAIRS`]. Returns `None` if one of them is not a number within −1 and 1.
    pub fn new(pairs: [f64; 6]) -> Option<Self> {
        pairs.iter().all(|v| (-1.0..=1.0).contains(v)).then_some(Self(pairs))
    }

    /// Cosine of views `i` and `k`; 1 on the diagonal.
    pub fn get(&self, i: usize, k: usize) -> f64 {
        pair(i, k).map_or(1.0, |at| self.0[at])
    }

    /// Puts `cosine` at (i, k) and (k, i). Returns false and changes nothing if it is not within −1 and 1, or if i = k.
    pub fn set(&mut self, i: usize, k: usize, cosine: f64) -> bool {
        match pair(i, k) {
            Some(at) if (-1.0..=1.0).contains(&cosine) => {
                self.0[at] = cosine;
                true
            }
            _ => false,
        }
    }

    /// Whether these are the values of the worked example.
    pub fn is_example(&self) -> bool {
        self.0 == EXAMPLE
    }

    /// The matrix for [`nt_xent`](crate::core::nt_xent), which works also where no vectors have these similarities.
    pub fn similarities(&self) -> Similarities {
        let views = 0..VIEW_COUNT;
        Similarities::from_matrix(views.clone().flat_map(|i| views.clone().map(move |k| self.get(i, k))).collect())
    }

    /// Four unit vectors `[4][4]` with these similarities: the rows of the
    /// Cholesky factor, so view k has no component after the k-th.
    ///
    /// # Errors
    /// [`Impossible`]: three views that do not fit, before the four together.
    pub fn embedding(&self) -> Result<Vec<f64>, Impossible> {
        if let Some(reason) = self.triples().find_map(|views| self.misfit(views)) {
            return Err(reason);
        }
        let mut rows = [[0.0; VIEW_COUNT]; VIEW_COUNT];
        for i in 0..VIEW_COUNT {
            let mut squares = 0.0;
            for k in 0..i {
                let known = dot(&rows[i][..k], &rows[k][..k]);
                let (rest, pivot) = (self.get(i, k) - known, rows[k][k]);
                if pivot > 0.0 {
                    rows[i][k] = rest / pivot;
                } else if rest.abs() > TOLERANCE.sqrt() {
                    // View k lies in the span of those before it.
                    return Err(Impossible::Together { view: i, squares: squares + rest * rest });
                }
                squares += rows[i][k] * rows[i][k];
            }
            if squares > 1.0 + TOLERANCE {
                return Err(Impossible::Together { view: i, squares });
            }
            let rest = 1.0 - squares;
            rows[i][i] = if rest > TOLERANCE { rest.sqrt() } else { 0.0 };
        }
        Ok(rows.concat())
    }

    fn triples(&self) -> impl Iterator<Item = [usize; 3]> {
        (0..VIEW_COUNT).rev().map(|without| {
            let mut others = (0..VIEW_COUNT).filter(|&i| i != without);
            std::array::from_fn(|_| others.next().unwrap_or_default())
        })
    }

    /// Why no three unit vectors have these angles. They exist exactly where no angle is over the sum of the other two
    /// and all three sum to 360° at most, that is, where the determinant of the three's matrix is not negative.
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

/// Index of (i, k) in [`PAIRS`]; `None` on the diagonal.
fn pair(i: usize, k: usize) -> Option<usize> {
    PAIRS.iter().position(|&p| p == (i.min(k), i.max(k)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::diagnostics::{rank_me, singular_values};
    use crate::core::{float::near, lesson::nt_xent::embeddings::Embeddings, rng::Rng};

    /// To the last digit printed.
    const PRINTED: f64 = 6e-7;

    #[test]
    fn entries_are_symmetric_and_bounded() {
        let mut cosines = Cosines::default();
        assert!(cosines.is_example() && cosines.set(2, 0, -1.0) && !cosines.is_example());
        assert_eq!((cosines.get(0, 2), cosines.get(2, 0), cosines.get(1, 1)), (-1.0, -1.0, 1.0));
        assert!(!cosines.set(0, 1, 1.01) && !cosines.set(0, 1, f64::NAN) && !cosines.set(3, 3, 0.5));
        assert_eq!(cosines.get(0, 1), 0.63);
        assert_eq!(Cosines::new([0.0, 0.0, 0.0, 0.0, 0.0, -1.5]), None);
        assert_eq!(Cosines::new(EXAMPLE), Some(Cosines::default()));
    }

    /// Whether the rows are unit vectors with these similarities.
    fn fits(rows: &[f64], cosines: &Cosines, tolerance: f64) {
        for (i, a) in rows.chunks_exact(VIEW_COUNT).enumerate() {
            for (k, b) in rows.chunks_exact(VIEW_COUNT).enumerate() {
                near(dot(a, b), cosines.get(i, k), tolerance);
            }
        }
    }

    #[test]
    fn the_examples_embedding_and_its_diagnostics() {
        let rows = Cosines::default().embedding().unwrap();
        let want = [
            [1.0, 0.0, 0.0, 0.0],
            [0.63, 0.776595, 0.0, 0.0],
            [0.77, 0.238091, 0.591957, 0.0],
            [0.70, 0.513781, -0.036027, 0.494703],
        ];
        rows.iter().zip(want.concat()).for_each(|(v, w)| near(*v, w, PRINTED));
        fits(&rows, &Cosines::default(), 1e-14);
        let embeddings = Embeddings::new(&rows, VIEW_COUNT);
        near(embeddings.alignment(), 0.39, 1e-12);
        near(embeddings.uniformity(), -1.119475, PRINTED);
        // Printed without its seventh digit, which is a 9.
        near(rank_me(embeddings.points(), VIEW_COUNT), 3.292793, 1e-6);
    }

    #[test]
    fn an_embedding_is_found_exactly_where_there_is_one() {
        let mut rng = Rng::new(9);
        let mut impossible = [0; 3];
        for round in 0..2000 {
            let mut cosines = Cosines::default();
            if round % 2 == 0 {
                // Of real vectors; some in a plane or a line, where pivots are 0.
                let dim = 1 + round / 2 % 4;
                let z =
                    Embeddings::new(&(0..VIEW_COUNT * dim).map(|_| f64::from(rng.normal())).collect::<Vec<_>>(), dim);
                PAIRS
                    .iter()
                    .for_each(|&(i, k)| assert!(cosines.set(i, k, dot(z.point(i), z.point(k)).clamp(-1.0, 1.0))));
                fits(&cosines.embedding().unwrap(), &cosines, 1e-4);
                continue;
            }
            PAIRS.iter().for_each(|&(i, k)| assert!(cosines.set(i, k, f64::from(rng.uniform(-1.0, 1.0)))));
            match cosines.embedding() {
                Ok(rows) => fits(&rows, &cosines, 1e-9),
                Err(reason) => {
                    let least = least_eigenvalue(&cosines);
                    assert!(least < 1e-9, "{reason:?} although the least eigenvalue is {least}");
                    impossible[match reason {
                        Impossible::TooFar { angle, most, .. } => {
                            assert!(angle > most);
                            0
                        }
                        Impossible::TooWide { sum, .. } => {
                            assert!(sum > 360.0);
                            1
                        }
                        Impossible::Together { squares, .. } => {
                            assert!(squares > 1.0);
                            2
                        }
                    }] += 1;
                }
            }
        }
        assert!(impossible.iter().all(|n| *n > 5), "each reason occurs: {impossible:?}");
    }

    /// Of the matrix: the greatest of 4·1 − matrix (positive, as its trace bounds
    /// every eigenvalue by 4), by its singular values.
    fn least_eigenvalue(cosines: &Cosines) -> f64 {
        let places = (0..VIEW_COUNT).flat_map(|i| (0..VIEW_COUNT).map(move |k| (i, k)));
        let shifted: Vec<f64> = places.map(|(i, k)| f64::from(u8::from(i == k)) * 4.0 - cosines.get(i, k)).collect();
        4.0 - singular_values(&shifted, VIEW_COUNT)[0]
    }

    #[test]
    fn reasons_name_the_views() {
        // x1i near x2i and x2i near x1j, but x1i far from x1j.
        let apart = Cosines::new([0.95, -0.5, 0.0, 0.95, 0.0, 0.0]).unwrap();
        match apart.embedding() {
            Err(Impossible::TooFar { a: 0, b: 2, via: 1, angle, most }) => {
                near(angle, 120.0, 1e-9);
                near(most, 2.0 * 0.95_f64.acos().to_degrees(), 1e-9);
            }
            other => panic!("{other:?}"),
        }
        let wide = Cosines::new([-0.6, -0.6, 0.0, -0.6, 0.0, 0.0]).unwrap();
        assert!(matches!(wide.embedding(), Err(Impossible::TooWide { views: [0, 1, 2], .. })));
        // Four vectors at 110° from each other: three fit, four do not (109.47° is the tetrahedron).
        let four = Cosines::new([110_f64.to_radians().cos(); 6]).unwrap();
        assert!(matches!(four.embedding(), Err(Impossible::Together { view: 3, .. })));
        assert!(Cosines::new([-1.0 / 3.0; 6]).unwrap().embedding().is_ok());
        assert!(Cosines::new([1.0; 6]).unwrap().embedding().is_ok());
    }
}
