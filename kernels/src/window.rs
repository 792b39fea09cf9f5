//! Pooling: the greatest number of each window of a plane, or its mean, and the gradients of both.

use crate::norm::sum;
use crate::pool;

/// Numbers of the results that are computed together, about.
const PIECE: usize = 1 << 14;

/// y [planes, H′, W′] of x [planes, H, W]: the greatest of windows of `side` × `side` numbers, two apart, with `padding` numbers
/// at each border that do not count. A window with NaN gives NaN.
///
/// # Panics
/// If a window does not fit, or one would be all padding.
pub fn max_pool([height, width]: [usize; 2], side: usize, padding: usize, x: &[f32], y: &mut [f32]) {
    assert!(padding < side && side <= height.min(width) + 2 * padding, "windows lie within the plane");
    let [rows, columns] = [height, width].map(|length| (length + 2 * padding - side) / 2 + 1);
    let planes = (PIECE / (rows * columns)).max(1);
    pool::each(y, planes * rows * columns, |piece, y| {
        let x = x[piece * planes * height * width..].chunks_exact(height * width);
        // The greatest of each column of a row of windows.
        let mut greatest = vec![f32::NEG_INFINITY; width + 2 * padding];
        for (x, y) in x.zip(y.chunks_exact_mut(rows * columns)) {
            for (row, y) in y.chunks_exact_mut(columns).enumerate() {
                let greatest_inside = &mut greatest[padding..][..width];
                greatest_inside.fill(f32::NEG_INFINITY);
                let first = (2 * row).saturating_sub(padding);
                for x in x[first * width..].chunks_exact(width).take(2 * row + side - padding - first) {
                    greatest_inside.iter_mut().zip(x).for_each(|(most, &x)| *most = greater(*most, x));
                }
                for (y, window) in y.iter_mut().zip(greatest.windows(side).step_by(2)) {
                    *y = window.iter().fold(f32::NEG_INFINITY, |most, &x| greater(most, x));
                }
            }
        }
    });
}

/// The gradient of x [planes, H, W] by `gradient` of the result of [`max_pool`]: a window's goes to the first of its greatest
/// numbers, or to the last NaN, as PyTorch has it. `dx` holds zeros before.
pub fn max_pool_gradient(
    [height, width]: [usize; 2],
    side: usize,
    padding: usize,
    x: &[f32],
    gradient: &[f32],
    dx: &mut [f32],
) {
    let [rows, columns] = [height, width].map(|length| (length + 2 * padding - side) / 2 + 1);
    let inside = |at: usize, length: usize| (2 * at).saturating_sub(padding)..length.min(2 * at + side - padding);
    let planes = (PIECE / (height * width)).max(1);
    pool::each(dx, planes * height * width, |piece, dx| {
        let x = x[piece * planes * height * width..].chunks_exact(height * width);
        let gradient = gradient[piece * planes * rows * columns..].chunks_exact(rows * columns);
        for ((dx, x), gradient) in dx.chunks_exact_mut(height * width).zip(x).zip(gradient) {
            for (i, slope) in gradient.iter().enumerate() {
                let (ys, xs) = (inside(i / columns, height), inside(i % columns, width));
                let mut at = ys.start * width + xs.start;
                for row in ys {
                    for i in row * width + xs.start..row * width + xs.end {
                        if x[i] > x[at] || x[i].is_nan() {
                            at = i;
                        }
                    }
                }
                dx[at] += slope;
            }
        }
    });
}

/// The mean of each plane of `size` numbers.
pub fn average(size: usize, x: &[f32], y: &mut [f32]) {
    let planes = (PIECE / size).max(1);
    pool::each(y, planes, |piece, y| {
        let x = x[piece * planes * size..].chunks_exact(size);
        y.iter_mut().zip(x).for_each(|(y, x)| *y = (sum(x, |x| x) / size as f64) as f32);
    });
}

/// The gradient of x by that of [`average`].
pub fn average_gradient(size: usize, gradient: &[f32], dx: &mut [f32]) {
    let planes = (PIECE / size).max(1);
    pool::each(dx, planes * size, |piece, dx| {
        let slopes = &gradient[piece * planes..];
        dx.chunks_exact_mut(size).zip(slopes).for_each(|(dx, slope)| dx.fill(slope / size as f32));
    });
}

/// The greater of two, or NaN.
fn greater(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}
