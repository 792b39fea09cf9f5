//! Measures of embeddings besides their loss. All take rows `[n][dim]`. Alignment,
//! uniformity and std first scale the rows to length 1; RankMe takes them as they are.

use super::float::{dot, normalize_rows};
use super::report::StepReport;

/// Before this step the spread of embeddings means nothing: initial weights give similar embeddings.
const SETTLED: u32 = 10;
/// Part of the healthy spread, 1/√dim, under which embeddings count as collapsing; the program's own choice.
const COLLAPSE: f32 = 0.25;

/// A reason to warn the user at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The loss is no number; the run has ended.
    NotFinite,
    /// All images get nearly the same embedding.
    Collapse,
}

/// Whether a step gives cause for alarm, with embeddings z of `dim` dimensions.
pub fn alarm(step: &StepReport, dim: usize) -> Option<Alarm> {
    if !step.loss.is_finite() {
        Some(Alarm::NotFinite)
    } else if step.step >= SETTLED && step.std < COLLAPSE / (dim as f32).sqrt() {
        Some(Alarm::Collapse)
    } else {
        None
    }
}

/// Mean ‖z₁ − z₂‖² over pairs of normalised rows (Wang and Isola 2020): 0 where
/// the two views of each image fall together, 2 where they are unrelated.
///
/// # Panics
/// If the two differ in length or are not made of rows of `dim`.
pub fn alignment(z_a: &[f64], z_b: &[f64], dim: usize) -> f64 {
    assert_eq!(z_a.len(), z_b.len(), "pairs of rows");
    let (a, b) = (normalize_rows(z_a, dim).0, normalize_rows(z_b, dim).0);
    squared_distance(&a, &b) / (a.len() / dim).max(1) as f64
}

/// ln mean_{i<j} exp(−2‖zᵢ − zⱼ‖²) over normalised rows (Wang and Isola 2020): 0 where all fall together, towards −4
/// where they spread over the sphere. 0 for fewer than two rows.
///
/// # Panics
/// If `rows` is not made of rows of `dim`.
pub fn uniformity(rows: &[f64], dim: usize) -> f64 {
    let unit = normalize_rows(rows, dim).0;
    let n = unit.len() / dim;
    if n < 2 {
        return 0.0;
    }
    let sum: f64 = unit
        .chunks_exact(dim)
        .enumerate()
        .flat_map(|(i, a)| unit.chunks_exact(dim).skip(i + 1).map(move |b| (-2.0 * squared_distance(a, b)).exp()))
        .sum();
    (sum / (n * (n - 1) / 2) as f64).ln()
}

/// Mean over dimensions of the standard deviation (divisor n − 1) of normalised rows: about 1/√dim for a healthy
/// encoder, 0 where the embeddings collapsed. 0 for fewer than two rows.
///
/// # Panics
/// If `rows` is not made of rows of `dim`.
pub fn std(rows: &[f64], dim: usize) -> f64 {
    let unit = normalize_rows(rows, dim).0;
    let n = unit.len() / dim;
    if n < 2 {
        return 0.0;
    }
    let of_dimension = |d: usize| {
        let column = || unit.iter().skip(d).step_by(dim);
        let mean = column().sum::<f64>() / n as f64;
        (column().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt()
    };
    (0..dim).map(of_dimension).sum::<f64>() / dim as f64
}

/// RankMe (Garrido et al. 2023): exp of the entropy of the singular values, p_k = σ_k/Σσ + 1e−7. A smooth count of the
/// dimensions in use, from 1 to min(n, dim); 0 for no rows or only zeros.
///
/// # Panics
/// If `rows` is not made of rows of `dim`.
pub fn rank_me(rows: &[f64], dim: usize) -> f64 {
    let sigma = singular_values(rows, dim);
    let total: f64 = sigma.iter().sum();
    if total == 0.0 {
        return 0.0;
    }
    let entropy: f64 = sigma.iter().map(|s| s / total + 1e-7).map(|p| -p * p.ln()).sum();
    entropy.exp()
}

/// Singular values of `[n][dim]`, min(n, dim) of them, falling.
///
/// # Panics
/// If `rows` is not made of rows of `dim`.
pub fn singular_values(rows: &[f64], dim: usize) -> Vec<f64> {
    assert!(dim > 0 && rows.len().is_multiple_of(dim), "{} values in rows of {dim}", rows.len());
    let n = rows.len() / dim;
    let (vectors, side, length) = match n < dim {
        true => (rows.to_vec(), n, dim),
        false => ((0..rows.len()).map(|i| rows[i % n * dim + i / n]).collect(), dim, n),
    };
    // The smaller of the two Gram matrices has the same values, squared.
    let vector = |i: usize| &vectors[i * length..(i + 1) * length];
    let mut gram: Vec<f64> = (0..side * side).map(|i| dot(vector(i / side), vector(i % side))).collect();
    jacobi(&mut gram, side);
    let mut values: Vec<f64> = (0..side).map(|i| gram[i * side + i].max(0.0).sqrt()).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// Cyclic Jacobi: turns a symmetric matrix into a diagonal one of its
/// eigenvalues, by rotations that each clear one pair of entries.
fn jacobi(m: &mut [f64], n: usize) {
    const SWEEPS: usize = 30;
    let size: f64 = m.iter().map(|v| v * v).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n * n).filter(|i| i / n != i % n).map(|i| m[i] * m[i]).sum();
        // NaN ends the loop too: no rotation removes it.
        if off.is_nan() || off <= 1e-30 * size {
            return;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(m, n, p, q);
            }
        }
    }
}

/// Clears m[p][q] and m[q][p].
fn rotate(m: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = m[p * n + q];
    if apq == 0.0 {
        return;
    }
    let theta = (m[q * n + q] - m[p * n + p]) / (2.0 * apq);
    // The smaller root of t² + 2θt − 1.
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..n {
        let (a, b) = (m[k * n + p], m[k * n + q]);
        (m[k * n + p], m[k * n + q]) = (c * a - s * b, s * a + c * b);
    }
    for k in 0..n {
        let (a, b) = (m[p * n + k], m[q * n + k]);
        (m[p * n + k], m[q * n + k]) = (c * a - s * b, s * a + c * b);
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::Rng;

    /// The worked example: rows x1i, x2i, x1j, x2j.
    const EXAMPLE: [f64; 16] = [
        1.0, 0.0, 0.0, 0.0, //
        0.63, 0.776595, 0.0, 0.0, //
        0.77, 0.238091, 0.591957, 0.0, //
        0.70, 0.513781, -0.036027, 0.494703,
    ];

    fn near(value: f64, want: f64, tolerance: f64) {
        assert!((value - want).abs() <= tolerance, "{value}, expected {want}");
    }

    #[test]
    fn the_worked_example() {
        near(alignment(&EXAMPLE[..8], &EXAMPLE[8..], 4), 0.39, 2e-6);
        near(uniformity(&EXAMPLE, 4), -1.119475, 2e-6);
        near(rank_me(&EXAMPLE, 4), 3.292793, 2e-6);
        near(std(&EXAMPLE, 4), 0.261709, 2e-6);
    }

    #[test]
    fn lengths_play_no_part_but_in_rank_me() {
        let mut scaled = EXAMPLE;
        scaled[..4].iter_mut().for_each(|v| *v *= 7.0);
        near(uniformity(&scaled, 4), uniformity(&EXAMPLE, 4), 1e-12);
        near(std(&scaled, 4), std(&EXAMPLE, 4), 1e-12);
        assert!((rank_me(&scaled, 4) - rank_me(&EXAMPLE, 4)).abs() > 0.1);
    }

    #[test]
    fn collapse_and_health() {
        let collapsed = [0.3, -0.4].repeat(50);
        near(std(&collapsed, 2), 0.0, 1e-12);
        near(uniformity(&collapsed, 2), 0.0, 1e-12);
        near(rank_me(&collapsed, 2), 1.0, 1e-4);
        let mut rng = Rng::new(5);
        let healthy: Vec<f64> = (0..600 * 16).map(|_| f64::from(rng.normal())).collect();
        near(std(&healthy, 16), 0.25, 0.01);
        assert!(rank_me(&healthy, 16) > 15.5);
        assert!(uniformity(&healthy, 16) < -3.0);
    }

    #[test]
    fn alarms_of_a_step() {
        let healthy = StepReport { step: 50, loss: 4.0, std: 0.088, ..StepReport::default() };
        assert_eq!(alarm(&healthy, 128), None);
        assert_eq!(alarm(&StepReport { std: 0.02, ..healthy }, 128), Some(Alarm::Collapse));
        assert_eq!(alarm(&StepReport { std: 0.02, step: 9, ..healthy }, 128), None, "too early to say");
        for loss in [f32::NAN, f32::INFINITY] {
            // The loss first: a spread of NaN is below nothing.
            assert_eq!(alarm(&StepReport { loss, std: f32::NAN, step: 1, ..healthy }, 128), Some(Alarm::NotFinite));
        }
    }

    #[test]
    fn singular_values_of_matrices_that_are_known() {
        // Diagonal, wide and tall.
        let near_all = |got: Vec<f64>, want: &[f64]| {
            assert_eq!(got.len(), want.len());
            got.iter().zip(want).for_each(|(a, b)| near(*a, *b, 1e-9));
        };
        near_all(singular_values(&[0.0, -2.0, 0.0, 3.0, 0.0, 0.0], 3), &[3.0, 2.0]);
        near_all(singular_values(&[0.0, 3.0, -2.0, 0.0, 0.0, 0.0], 2), &[3.0, 2.0]);
        // [[1, 1], [0, 1]]: the golden ratio and its inverse.
        let phi = (1.0 + 5.0_f64.sqrt()) / 2.0;
        near_all(singular_values(&[1.0, 1.0, 0.0, 1.0], 2), &[phi, 1.0 / phi]);
    }

    #[test]
    fn singular_values_keep_the_sum_of_squares() {
        let mut rng = Rng::new(6);
        let rows: Vec<f64> = (0..40 * 24).map(|_| f64::from(rng.normal())).collect();
        let sum = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        for dim in [24, 40] {
            let values = singular_values(&rows, dim);
            near(sum(&values) / sum(&rows), 1.0, 1e-12);
            assert!(values.is_sorted_by(|a, b| a >= b) && values.len() == 24);
        }
    }

    #[test]
    fn few_rows_give_no_nonsense() {
        assert_eq!((uniformity(&[1.0, 2.0], 2), std(&[1.0, 2.0], 2)), (0.0, 0.0));
        assert_eq!((rank_me(&[], 3), rank_me(&[0.0; 6], 3), alignment(&[], &[], 3)), (0.0, 0.0, 0.0));
    }
}
