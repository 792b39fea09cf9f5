//! The inner loops: a tile of sums stays in registers, so that each number that is loaded is used several times.
//!
//! Loops over plain arrays were tried: LLVM makes scalar code of such a tile. Checks of each load cost a fifth of the speed, so
//! a tile checks once, by the greatest offset. A product is rounded before it is added: so wasm and every processor have the
//! same sums. The two loops are functions of their own: a browser makes its best code of a small function soon.

// SAFETY of the vector operations: each is in every processor of its architecture (of wasm's, lib.rs asks). A register's type
// and [f32; 4] have the same size, and every pattern of bits is valid in both. No other file here is unsafe.
#![allow(unsafe_code, unused_unsafe)]

use std::mem::transmute;
use std::ops::{Add, Mul, Sub};

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::{
    float32x4_t as Register, vaddq_f32 as add, vdupq_n_f32 as splat, vmaxq_f32 as max, vmulq_f32 as mul,
    vsubq_f32 as sub,
};
#[cfg(target_arch = "wasm32")]
use std::arch::wasm32::{
    f32x4_add as add, f32x4_max as max, f32x4_mul as mul, f32x4_splat as splat, f32x4_sub as sub, v128 as Register,
};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m128 as Register, _mm_add_ps as add, _mm_max_ps as max, _mm_mul_ps as mul, _mm_set1_ps as splat,
    _mm_sub_ps as sub,
};

/// Numbers in a vector: 128 bits, which wasm and every processor of its browsers have.
pub const LANES: usize = 4;
/// Output channels in a tile.
pub const ROWS: usize = 4;
/// Vectors of a row in a tile. ROWS × VECTORS sums and a few factors fit 16 registers.
pub const VECTORS: usize = 3;

/// Sums of a tile.
pub type Sums = [[[f32; LANES]; VECTORS]; ROWS];

/// Places in a slice, relative to another place.
pub struct Offsets {
    all: Vec<u32>,
    greatest: usize,
}

impl FromIterator<usize> for Offsets {
    fn from_iter<I: IntoIterator<Item = usize>>(offsets: I) -> Self {
        let all: Vec<u32> =
            offsets.into_iter().map(|offset| u32::try_from(offset).expect("an offset of 32 bits")).collect();
        Self { greatest: all.iter().max().map_or(0, |&offset| offset as usize), all }
    }
}

impl Offsets {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> + Clone {
        self.all.iter().map(|&offset| offset as usize)
    }

    /// The offset number `i`, or the last.
    pub fn at_most(&self, i: usize) -> usize {
        self.all[i.min(self.all.len() - 1)] as usize
    }

    /// The vectors of `data` at `from` + the first offsets.
    #[inline(always)]
    pub fn vectors<const N: usize>(&self, data: &[f32], from: usize) -> [Lanes; N] {
        self.check(data, [from]);
        // SAFETY: checked for the greatest offset.
        self.each(|offset| unsafe { load(data, from + offset) })
    }

    /// `of` the first offsets.
    #[inline(always)]
    pub fn each<const N: usize>(&self, of: impl Fn(usize) -> Lanes) -> [Lanes; N] {
        let first: &[u32; N] = self.all.first_chunk().expect("as many offsets");
        lanes(|i| of(first[i] as usize))
    }

    /// Panics unless `data` has a vector at every offset from `from`.
    fn check<const N: usize>(&self, data: &[f32], from: [usize; N]) {
        for from in from {
            assert!(from < data.len() && self.greatest + LANES <= data.len() - from, "a tile reads within its slice");
        }
    }
}

/// Four numbers side by side.
#[derive(Clone, Copy)]
pub struct Lanes(Register);

impl Lanes {
    #[inline(always)]
    pub fn all(value: f32) -> Self {
        Self(unsafe { splat(value) })
    }

    #[inline(always)]
    pub fn of(lanes: [f32; LANES]) -> Self {
        Self(unsafe { transmute::<[f32; LANES], Register>(lanes) })
    }

    #[inline(always)]
    pub fn numbers(self) -> [f32; LANES] {
        unsafe { transmute(self.0) }
    }

    /// ReLU. NaN stays: x86 returns the second where either is none of a number, the others return NaN.
    #[inline(always)]
    pub fn rectified(self) -> Self {
        Self(unsafe { max(splat(0.0), self.0) })
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { add(self.0, other.0) })
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { sub(self.0, other.0) })
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { mul(self.0, other.0) })
    }
}

/// [`std::array::from_fn`] for vectors, always in place: the library's own was called as a function, its arrays in memory.
#[inline(always)]
pub fn lanes<const N: usize>(of: impl Fn(usize) -> Lanes) -> [Lanes; N] {
    let mut all = [Lanes::all(0.0); N];
    let mut i = 0;
    while i < N {
        all[i] = of(i);
        i += 1;
    }
    all
}

/// Writes the numbers of sums in vectors; where a row has fewer, what follows stays.
#[inline(always)]
fn write<const N: usize>(sums: [[Lanes; N]; ROWS], to: &mut Sums) {
    for row in 0..ROWS {
        for i in 0..N {
            to[row][i] = sums[row][i].numbers();
        }
    }
}

/// SAFETY: `data` has LANES numbers at `at`.
#[inline(always)]
unsafe fn load(data: &[f32], at: usize) -> Lanes {
    debug_assert!(at + LANES <= data.len());
    Lanes::of(unsafe { data.as_ptr().add(at).cast::<[f32; LANES]>().read_unaligned() })
}

/// Writes the sums over k of weights[k][row] × the first `vectors` vectors of `data` at `from` + `taps[k]`.
pub fn products(
    data: &[f32],
    from: [usize; VECTORS],
    vectors: usize,
    taps: &Offsets,
    weights: &[[f32; ROWS]],
    sums: &mut Sums,
) {
    // A narrower tile computes no vector that nobody asks for.
    let [a, b, _] = from;
    match vectors {
        1 => tile([a], data, taps, weights, sums),
        2 => tile([a, b], data, taps, weights, sums),
        _ => tile(from, data, taps, weights, sums),
    }
}

#[inline(never)]
fn tile<const N: usize>(from: [usize; N], data: &[f32], taps: &Offsets, weights: &[[f32; ROWS]], to: &mut Sums) {
    taps.check(data, from);
    let mut sums = [[Lanes::all(0.0); N]; ROWS];
    for (tap, weights) in taps.iter().zip(weights) {
        // SAFETY: checked above for the greatest tap.
        let x: [Lanes; N] = lanes(|i| unsafe { load(data, from[i] + tap) });
        for row in 0..ROWS {
            let weight = Lanes::all(weights[row]);
            for i in 0..N {
                sums[row][i] = sums[row][i] + x[i] * weight;
            }
        }
    }
    write(sums, to);
}

/// Sums over q of rows[row][q] × the vectors of `data` at `taps` + `from[q]`, lane by lane.
#[inline(never)]
pub fn correlations(data: &[f32], from: &Offsets, taps: [usize; VECTORS], rows: [&[[f32; LANES]]; ROWS]) -> Sums {
    from.check(data, taps);
    let rows = rows.map(|row| &row[..from.len()]);
    let mut sums = [[Lanes::all(0.0); VECTORS]; ROWS];
    for (q, from) in from.iter().enumerate() {
        // SAFETY: checked above for the greatest place.
        let x: [Lanes; VECTORS] = lanes(|i| unsafe { load(data, taps[i] + from) });
        for row in 0..ROWS {
            let factor = Lanes::of(rows[row][q]);
            for i in 0..VECTORS {
                sums[row][i] = sums[row][i] + factor * x[i];
            }
        }
    }
    let mut all = [[[0.0; LANES]; VECTORS]; ROWS];
    write(sums, &mut all);
    all
}
