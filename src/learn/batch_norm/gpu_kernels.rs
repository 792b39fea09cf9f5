//! Batch normalisation on a GPU: sums over the batch, then the values that follow from them.
//!
//! x is [rows, C], contiguous; a vector holds channels. A workgroup sees `lanes` vectors of each of its rows, and writes one
//! part of every sum; each workgroup of the second kernel adds up all parts, which are few.

// Kernels have no `div_ceil`.
#![allow(missing_docs, clippy::too_many_arguments, clippy::manual_div_ceil)]

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Threads of a workgroup: what every WebGPU adapter has.
pub const THREADS: usize = 256;
/// Rows of the partial sums of the gradients that hold what the second kernel needs beside: mean, 1/σ and weight.
pub const HEAD: usize = 3;

/// Adds up what the threads of a workgroup hold for each lane; the sum is in the first threads.
#[cube]
fn add_up<N: Size>(sums: &mut Shared<[Vector<f32, N>]>, #[comptime] lanes: usize) {
    sync_cube();
    if comptime![lanes < THREADS] {
        add_halves(sums, comptime![THREADS / 2], lanes);
    }
}

/// Adds the second half of `2 * reach` threads to the first, and so on down to the lanes.
#[cube]
fn add_halves<N: Size>(sums: &mut Shared<[Vector<f32, N>]>, #[comptime] reach: usize, #[comptime] lanes: usize) {
    let unit = UNIT_POS as usize;
    if unit < reach {
        let other = sums[unit + reach];
        sums[unit] += other;
    }
    sync_cube();
    if comptime![reach > lanes] {
        add_halves(sums, comptime![reach / 2], lanes);
    }
}

/// Both sums over all parts, from row `first` of `parts` on, of the vector `column`: in the first threads of each lane.
#[cube]
fn totals<N: Size>(
    parts: &Tensor<Vector<f32, N>>,
    one: &mut Shared<[Vector<f32, N>]>,
    two: &mut Shared<[Vector<f32, N>]>,
    column: usize,
    columns: usize,
    #[comptime] first: usize,
    #[comptime] lanes: usize,
) {
    let unit = UNIT_POS as usize;
    let mut sum = Vector::new(0.0);
    let mut other = Vector::new(0.0);
    if column < columns {
        let strips = THREADS / lanes;
        let pairs = (parts.shape(0) - first) / 2;
        for step in 0..(pairs + strips - 1) / strips {
            let pair = step * strips + unit / lanes;
            if pair < pairs {
                let row = first + 2 * pair;
                sum += parts[row * columns + column];
                other += parts[(row + 1) * columns + column];
            }
        }
    }
    one[unit] = sum;
    two[unit] = other;
    add_up(one, lanes);
    add_up(two, lanes);
}

/// `gradient` where the output `y` of a ReLU is over 0.
#[cube]
fn passed<N: Size>(gradient: Vector<f32, N>, y: Vector<f32, N>) -> Vector<f32, N> {
    let zero = Vector::new(0.0);
    select_many(y.greater_than(&zero), gradient, zero)
}

/// Sums of x and of x², both less the first row, so that no digits are lost: two rows of `parts` [2 P, C] a workgroup.
#[cube(launch_unchecked)]
pub fn moments<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    parts: &mut Tensor<Vector<f32, N>>,
    rows: usize,
    #[comptime] lanes: usize,
) {
    let columns = parts.shape(1) / N::value();
    let unit = UNIT_POS as usize;
    let column = CUBE_POS_Y as usize * lanes + unit % lanes;
    let mut sum = Vector::new(0.0);
    let mut square = Vector::new(0.0);
    if column < columns {
        let shift = x[column];
        let strips = THREADS / lanes;
        let stride = CUBE_COUNT_X as usize * strips;
        for step in 0..(rows + stride - 1) / stride {
            let row = step * stride + CUBE_POS_X as usize * strips + unit / lanes;
            if row < rows {
                let value = x[row * columns + column] - shift;
                sum += value;
                square += value * value;
            }
        }
    }
    let mut sums = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    let mut squares = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    sums[unit] = sum;
    squares[unit] = square;
    add_up(&mut sums, lanes);
    add_up(&mut squares, lanes);
    if unit < lanes && column < columns {
        let at = CUBE_POS_X as usize * 2 * columns + column;
        parts[at] = sums[unit];
        parts[at + columns] = squares[unit];
    }
}

/// y from x and its sums, with the residual if `summed`; `statistics` [2, …] begin with mean and variance.
#[cube(launch_unchecked)]
pub fn normalise<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    parts: &Tensor<Vector<f32, N>>,
    weight: &Tensor<Vector<f32, N>>,
    bias: &Tensor<Vector<f32, N>>,
    residual: &Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    statistics: &mut Tensor<Vector<f32, N>>,
    rows: usize,
    epsilon: f32,
    #[comptime] summed: bool,
    #[comptime] rectified: bool,
    #[comptime] lanes: usize,
) {
    let columns = parts.shape(1) / N::value();
    let unit = UNIT_POS as usize;
    let (lane, strip) = (unit % lanes, unit / lanes);
    let column = CUBE_POS_Y as usize * lanes + lane;
    let mut sums = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    let mut squares = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    totals(parts, &mut sums, &mut squares, column, columns, 0usize, lanes);
    if column < columns {
        let count = Vector::new(f32::cast_from(rows));
        let away = sums[lane] / count;
        let mean = x[column] + away;
        let variance = max(squares[lane] / count - away * away, Vector::new(0.0));
        if CUBE_POS_X == 0 && strip == 0 {
            let next = statistics.shape(1) / N::value();
            statistics[column] = mean;
            statistics[next + column] = variance;
        }
        let scale = weight[column] / (variance + Vector::new(epsilon)).sqrt();
        let shift = bias[column];
        let strips = THREADS / lanes;
        let stride = CUBE_COUNT_X as usize * strips;
        for step in 0..(rows + stride - 1) / stride {
            let row = step * stride + CUBE_POS_X as usize * strips + strip;
            if row < rows {
                let at = row * columns + column;
                let mut value = (x[at] - mean) * scale + shift;
                if comptime![summed] {
                    value += residual[at];
                }
                if comptime![rectified] {
                    value = max(value, Vector::new(0.0));
                }
                y[at] = value;
            }
        }
    }
}

/// Sums of the gradient and of the gradient times normalised x: two rows of `parts` [[`HEAD`] + 2 P, C] a workgroup, after
/// the head. `y` counts where it is rectified.
#[cube(launch_unchecked)]
pub fn slopes<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    y: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    weight: &Tensor<Vector<f32, N>>,
    mean: &Tensor<Vector<f32, N>>,
    variance: &Tensor<Vector<f32, N>>,
    parts: &mut Tensor<Vector<f32, N>>,
    rows: usize,
    epsilon: f32,
    #[comptime] rectified: bool,
    #[comptime] lanes: usize,
) {
    let columns = parts.shape(1) / N::value();
    let unit = UNIT_POS as usize;
    let column = CUBE_POS_Y as usize * lanes + unit % lanes;
    let mut sum = Vector::new(0.0);
    let mut product = Vector::new(0.0);
    if column < columns {
        let middle = mean[column];
        let inverse = Vector::new(1.0) / (variance[column] + Vector::new(epsilon)).sqrt();
        if CUBE_POS_X == 0 && unit < lanes {
            parts[column] = middle;
            parts[columns + column] = inverse;
            parts[2 * columns + column] = weight[column];
        }
        let strips = THREADS / lanes;
        let stride = CUBE_COUNT_X as usize * strips;
        for step in 0..(rows + stride - 1) / stride {
            let row = step * stride + CUBE_POS_X as usize * strips + unit / lanes;
            if row < rows {
                let at = row * columns + column;
                let mut slope = gradient[at];
                if comptime![rectified] {
                    slope = passed(slope, y[at]);
                }
                sum += slope;
                product += slope * (x[at] - middle) * inverse;
            }
        }
    }
    let mut sums = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    let mut products = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    sums[unit] = sum;
    products[unit] = product;
    add_up(&mut sums, lanes);
    add_up(&mut products, lanes);
    if unit < lanes && column < columns {
        let at = (HEAD + CUBE_POS_X as usize * 2) * columns + column;
        parts[at] = sums[unit];
        parts[at + columns] = products[unit];
    }
}

/// The gradient of x, and that of the residual if `passes`; `of_weights` [2, …] begin with the gradients of bias and weight.
#[cube(launch_unchecked)]
pub fn gradients<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    y: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    parts: &Tensor<Vector<f32, N>>,
    of_x: &mut Tensor<Vector<f32, N>>,
    of_residual: &mut Tensor<Vector<f32, N>>,
    of_weights: &mut Tensor<Vector<f32, N>>,
    rows: usize,
    #[comptime] passes: bool,
    #[comptime] rectified: bool,
    #[comptime] lanes: usize,
) {
    let columns = parts.shape(1) / N::value();
    let unit = UNIT_POS as usize;
    let (lane, strip) = (unit % lanes, unit / lanes);
    let column = CUBE_POS_Y as usize * lanes + lane;
    let mut sums = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    let mut products = Shared::<[Vector<f32, N>]>::new_slice(THREADS);
    totals(parts, &mut sums, &mut products, column, columns, HEAD, lanes);
    if column < columns {
        let (sum, product) = (sums[lane], products[lane]);
        if CUBE_POS_X == 0 && strip == 0 {
            let next = of_weights.shape(1) / N::value();
            of_weights[column] = sum;
            of_weights[next + column] = product;
        }
        let (mean, inverse) = (parts[column], parts[columns + column]);
        let scale = parts[2 * columns + column] * inverse;
        let count = Vector::new(f32::cast_from(rows));
        let (base, tilt) = (sum / count, product / count * inverse);
        let strips = THREADS / lanes;
        let stride = CUBE_COUNT_X as usize * strips;
        for step in 0..(rows + stride - 1) / stride {
            let row = step * stride + CUBE_POS_X as usize * strips + strip;
            if row < rows {
                let at = row * columns + column;
                let mut slope = gradient[at];
                if comptime![rectified] {
                    slope = passed(slope, y[at]);
                }
                if comptime![passes] {
                    of_residual[at] = slope;
                }
                of_x[at] = scale * (slope - base - (x[at] - mean) * tilt);
            }
        }
    }
}
