//! Crop-and-resize and blur are separable and linear: `out = R · image · Cᵀ` with a weight matrix for rows and one for
//! columns. Slices multiply by the matrices made here. The device makes the same of a few numbers a view
//! (src/learn/augment).

/// Weights of a 1-D bilinear resampling of the samples `in_start..in_start + in_len` of an axis of `in_size` to
/// `out_size` samples. Row-major `[out_size][in_size]`, every row sums to 1; samples outside the range have weight 0.
///
/// Pixel centres are at half-integers. Where the axis shrinks, the triangle is widened by the factor (antialiasing), as
/// torchvision's `resize(antialias=True)` does; where it grows, this is plain bilinear with clamped borders.
///
/// # Panics
/// If the range is empty or leaves the axis.
pub fn resize_weights(in_start: usize, in_len: usize, in_size: usize, out_size: usize) -> Vec<f32> {
    assert!(in_len > 0 && in_start + in_len <= in_size, "range {in_start}+{in_len} of an axis of {in_size}");
    let scale = in_len as f64 / out_size as f64;
    // Half-width of the triangle in input samples.
    let support = scale.max(1.0);
    let mut weights = vec![0.0_f32; out_size * in_size];
    for (i, row) in weights.chunks_exact_mut(in_size).enumerate() {
        let center = (i as f64 + 0.5) * scale;
        let tap = |j: usize| (1.0 - ((j as f64 + 0.5 - center) / support).abs()).max(0.0);
        let total: f64 = (0..in_len).map(tap).sum();
        for (j, weight) in row[in_start..in_start + in_len].iter_mut().enumerate() {
            *weight = (tap(j) / total) as f32;
        }
    }
    weights
}

/// The blur's taps: a Gaussian of `sigma` pixels at the integers around 0, `kernel` of them (odd), summing to 1.
pub fn gaussian_taps(kernel: usize, sigma: f32) -> Vec<f32> {
    assert!(kernel % 2 == 1, "a kernel of {kernel} has no middle");
    let middle = (kernel / 2) as f64;
    // A σ of 0 is no blur; the limit is reached without dividing by 0.
    let sigma = f64::from(sigma).max(1e-3);
    let raw: Vec<f64> = (0..kernel).map(|k| (-0.5 * ((k as f64 - middle) / sigma).powi(2)).exp()).collect();
    let total: f64 = raw.iter().sum();
    raw.iter().map(|v| (v / total) as f32).collect()
}

/// Weights of a 1-D Gaussian blur of an axis of `size` samples, row-major `[size][size]`, every row sums to 1. Borders
/// are reflected without repeating the outermost sample.
pub fn blur_weights(size: usize, kernel: usize, sigma: f32) -> Vec<f32> {
    let taps = gaussian_taps(kernel, sigma);
    let middle = (kernel / 2) as isize;
    let mut weights = vec![0.0; size * size];
    for (i, row) in weights.chunks_exact_mut(size).enumerate() {
        for (k, tap) in taps.iter().enumerate() {
            row[reflect(i as isize + k as isize - middle, size)] += tap;
        }
    }
    weights
}

/// Index of a sample outside the axis by reflection, as often as needed.
fn reflect(index: isize, size: usize) -> usize {
    let last = size as isize - 1;
    if last == 0 {
        return 0;
    }
    let folded = index.rem_euclid(2 * last);
    folded.min(2 * last - folded) as usize
}

/// `rows · plane · colsᵀ` for each of the planes of `image`: `[c][h][w]` to
/// `[c][out_h][out_w]`, with `rows` `[out_h][h]` and `cols` `[out_w][w]`.
///
/// # Panics
/// If a length is no multiple of `h`, `w` or their product.
pub fn apply_separable(image: &[f32], h: usize, w: usize, rows: &[f32], cols: &[f32]) -> Vec<f32> {
    let fits = |length: usize, side: usize| length.is_multiple_of(side);
    assert!(fits(image.len(), h * w) && fits(rows.len(), h) && fits(cols.len(), w), "shapes fit");
    let (out_h, out_w) = (rows.len() / h, cols.len() / w);
    let mut out = Vec::with_capacity(image.len() / (h * w) * out_h * out_w);
    let mut narrowed = vec![0.0; h * out_w];
    for plane in image.chunks_exact(h * w) {
        for (line, target) in plane.chunks_exact(w).zip(narrowed.chunks_exact_mut(out_w)) {
            for (value, weights) in target.iter_mut().zip(cols.chunks_exact(w)) {
                *value = line.iter().zip(weights).map(|(a, b)| a * b).sum();
            }
        }
        for weights in rows.chunks_exact(h) {
            let start = out.len();
            out.resize(start + out_w, 0.0);
            for (line, &weight) in narrowed.chunks_exact(out_w).zip(weights).filter(|(_, weight)| **weight != 0.0) {
                out[start..].iter_mut().zip(line).for_each(|(sum, value)| *sum += weight * value);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_sum_to_one(weights: &[f32], width: usize) {
        for row in weights.chunks_exact(width) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{row:?}");
        }
    }

    #[test]
    fn the_same_size_is_the_identity() {
        let weights = resize_weights(0, 5, 5, 5);
        for (i, row) in weights.chunks_exact(5).enumerate() {
            assert!(row.iter().enumerate().all(|(j, &w)| w == f32::from(u8::from(i == j))), "{row:?}");
        }
    }

    #[test]
    fn doubling_mixes_neighbours_by_quarters_and_clamps() {
        let weights = resize_weights(1, 2, 4, 4);
        let want = [[0., 1., 0., 0.], [0., 0.75, 0.25, 0.], [0., 0.25, 0.75, 0.], [0., 0., 1., 0.]];
        assert_eq!(weights, want.concat());
    }

    #[test]
    fn halving_takes_the_widened_triangle() {
        // Centre 3 of out 1 (scale 2, half-width 2): distances 1.5, .5, .5, 1.5 give ¼, ¾, ¾, ¼ of a total of 2.
        let weights = resize_weights(0, 8, 8, 4);
        assert_eq!(weights[8..16], [0., 0.125, 0.375, 0.375, 0.125, 0., 0., 0.]);
        // At the border the missing tap is left out: ¾, ¾, ¼ of 1.75.
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(weights[0], 3.0 / 7.0);
        near(weights[2], 1.0 / 7.0);
    }

    #[test]
    fn weights_sum_to_one_and_stay_in_the_range() {
        for (start, len, size, out) in [(0, 7, 16, 12), (5, 11, 16, 32), (3, 1, 16, 16), (0, 96, 96, 33)] {
            let weights = resize_weights(start, len, size, out);
            rows_sum_to_one(&weights, size);
            let outside = |j: usize| !(start..start + len).contains(&j);
            assert!(weights.iter().enumerate().all(|(i, &w)| w >= 0.0 && (w == 0.0 || !outside(i % size))));
        }
    }

    #[test]
    fn blur_reflects_without_repeating_the_border() {
        let taps = gaussian_taps(3, 1.0);
        let weights = blur_weights(4, 3, 1.0);
        // Sample −1 is sample 1.
        assert_eq!(weights[0..4], [taps[1], taps[0] + taps[2], 0.0, 0.0]);
        assert_eq!(weights[12..16], [0.0, 0.0, taps[0] + taps[2], taps[1]]);
        for (size, kernel) in [(4, 3), (32, 3), (5, 9), (3, 9), (1, 3)] {
            rows_sum_to_one(&blur_weights(size, kernel, 1.3), size);
        }
    }

    #[test]
    fn a_tiny_sigma_blurs_nothing() {
        assert_eq!(gaussian_taps(5, 0.0), [0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn separable_equals_the_full_sum() {
        let image: Vec<f32> = (0..2 * 4 * 5).map(|i| (i as f32 * 0.37).sin()).collect();
        let rows = resize_weights(1, 3, 4, 6);
        let cols = resize_weights(0, 4, 5, 3);
        let out = apply_separable(&image, 4, 5, &rows, &cols);
        assert_eq!(out.len(), 2 * 6 * 3);
        for (at, value) in out.iter().enumerate() {
            let (c, y, x) = (at / 18, at / 3 % 6, at % 3);
            let want: f32 = (0..20).map(|i| rows[y * 4 + i / 5] * cols[x * 5 + i % 5] * image[c * 20 + i]).sum();
            assert!((value - want).abs() < 1e-6, "{at}: {value} {want}");
        }
    }
}
