//! A trait over `f32` and `f64`: one implementation serves the exact arithmetic of
//! the lessons (`f64`) and the precision of devices (`f32`).

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `f32` or `f64`.
pub trait Float:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + Sum
{
    const ZERO: Self;
    const ONE: Self;
    const NEG_INFINITY: Self;
    fn of(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    /// The larger number; a number if the other is NaN.
    fn max(self, other: Self) -> Self;
}

macro_rules! float {
    ($($type:ident),*) => {$(
        impl Float for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = $type::NEG_INFINITY;
            fn of(value: f64) -> Self { value as $type }
            fn to_f64(self) -> f64 { f64::from(self) }
            fn exp(self) -> Self { $type::exp(self) }
            fn ln(self) -> Self { $type::ln(self) }
            fn ln_1p(self) -> Self { $type::ln_1p(self) }
            fn sqrt(self) -> Self { $type::sqrt(self) }
            fn abs(self) -> Self { $type::abs(self) }
            fn max(self, other: Self) -> Self { $type::max(self, other) }
        }
    )*};
}

float!(f32, f64);

/// Sum of products of two slices of equal length.
pub fn dot<F: Float>(a: &[F], b: &[F]) -> F {
    a.iter().zip(b).map(|(&x, &y)| x * y).sum()
}

/// Euclidean length, without overflow or underflow of the squares.
pub fn norm<F: Float>(v: &[F]) -> F {
    let most = v.iter().fold(F::ZERO, |most, x| most.max(x.abs()));
    if most == F::ZERO {
        // NaN if an entry is NaN: such a row is no zero row.
        return v.iter().map(|x| x.abs()).sum();
    }
    v.iter().map(|&x| (x / most) * (x / most)).sum::<F>().sqrt() * most
}

/// Rows of `[n][dim]` scaled to length 1, and their former lengths. A zero row stays zero.
///
/// # Panics
/// If the slice's length is no multiple of `dim`.
pub fn normalize_rows<F: Float>(rows: &[F], dim: usize) -> (Vec<F>, Vec<F>) {
    assert!(dim > 0 && rows.len().is_multiple_of(dim), "{} values in rows of {dim}", rows.len());
    let lengths: Vec<F> = rows.chunks_exact(dim).map(norm).collect();
    let unit = rows
        .chunks_exact(dim)
        .zip(&lengths)
        .flat_map(|(row, &length)| row.iter().map(move |&x| if length == F::ZERO { F::ZERO } else { x / length }))
        .collect();
    (unit, lengths)
}

/// Fails if `value` is farther than `tolerance` from `want`.
#[cfg(test)]
pub(crate) fn near(value: f64, want: f64, tolerance: f64) {
    assert!((value - want).abs() <= tolerance, "{value}, expected {want}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_survive_extreme_values() {
        assert_eq!(norm(&[3.0_f64, 4.0]), 5.0);
        assert!((norm(&[3e30_f32, 4e30]) / 5e30 - 1.0).abs() < 1e-6);
        assert!((norm(&[3e-30_f32, 4e-30]) / 5e-30 - 1.0).abs() < 1e-6);
        assert_eq!(norm::<f32>(&[0.0, 0.0]), 0.0);
        assert!(norm(&[f32::NAN]).is_nan() && norm(&[1.0, f32::NAN]).is_nan());
    }

    #[test]
    fn rows_get_length_one_and_zero_rows_stay() {
        let (unit, lengths) = normalize_rows(&[3.0_f64, 4.0, 0.0, 0.0], 2);
        assert_eq!((unit, lengths), (vec![0.6, 0.8, 0.0, 0.0], vec![5.0, 0.0]));
    }
}
