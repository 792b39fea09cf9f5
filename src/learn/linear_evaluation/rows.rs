//! What a classifier is trained on: rows of numbers, standardised as they are
//! read, so that long rows (pixels) need not be kept as floats.

use crate::core::dataset::Dataset;
use crate::learn::features::Features;

/// Images as rows of `dim` numbers.
pub trait Rows {
    fn rows(&self) -> usize;
    fn dim(&self) -> usize;
    /// Writes a row into `out`, `dim` long.
    fn copy(&self, row: usize, out: &mut [f32]);
}

impl Rows for Features {
    fn rows(&self) -> usize {
        Features::rows(self)
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn copy(&self, row: usize, out: &mut [f32]) {
        out.copy_from_slice(self.row(row));
    }
}

/// Longest side of the images that the raw-pixel baseline sees.
const PIXEL_SIDE: usize = 32;

/// Raw pixels of a data set's images, in [0, 1]. Images of a longer side than 32 are averaged over squares of pixels
/// down to at most that: a linear classifier gains nothing from more, and 96-pixel rows would take minutes.
#[derive(Clone, Debug)]
pub struct Pixels<'a> {
    dataset: &'a Dataset,
    indices: Vec<usize>,
    /// Side of a square that becomes one number.
    factor: usize,
}

impl<'a> Pixels<'a> {
    pub fn new(dataset: &'a Dataset, indices: Vec<usize>) -> Self {
        let factor = (1..).find(|f| dataset.size.is_multiple_of(*f) && dataset.size / f <= PIXEL_SIDE).unwrap_or(1);
        Self { dataset, indices, factor }
    }

    /// Side of the square that a row is of.
    pub fn side(&self) -> usize {
        self.dataset.size / self.factor
    }
}

impl Rows for Pixels<'_> {
    fn rows(&self) -> usize {
        self.indices.len()
    }

    fn dim(&self) -> usize {
        3 * self.side() * self.side()
    }

    fn copy(&self, row: usize, out: &mut [f32]) {
        let image = self.dataset.image(self.indices[row]);
        let scale = 1.0 / (255.0 * (self.factor * self.factor) as f32);
        if self.factor == 1 {
            out.iter_mut().zip(image).for_each(|(o, &b)| *o = f32::from(b) * scale);
            return;
        }
        let (size, side) = (self.dataset.size, self.side());
        for (i, value) in out.iter_mut().enumerate() {
            let (channel, y, x) = (i / (side * side), i / side % side, i % side);
            let sum: u32 = (0..self.factor)
                .map(|dy| {
                    let start = (channel * size + y * self.factor + dy) * size + x * self.factor;
                    image[start..start + self.factor].iter().map(|&b| u32::from(b)).sum::<u32>()
                })
                .sum();
            *value = sum as f32 * scale;
        }
    }
}

/// Mean and standard deviation of each column, from the training rows.
#[derive(Clone, Debug)]
pub struct Standard {
    mean: Vec<f32>,
    /// 1 / standard deviation, which counts as [`LEAST_DEVIATION`] of the columns' at least.
    scale: Vec<f32>,
}

/// Part of the columns' root mean square deviation. A nearly dead feature, which varies by less, would else be blown
/// up until its noise counts like the others.
const LEAST_DEVIATION: f64 = 0.01;

impl Standard {
    pub fn of(rows: &impl Rows) -> Self {
        let (n, dim) = (rows.rows().max(1) as f64, rows.dim());
        let mut row = vec![0.0; dim];
        let mut mean = vec![0.0_f64; dim];
        for r in 0..rows.rows() {
            rows.copy(r, &mut row);
            mean.iter_mut().zip(&row).for_each(|(m, &v)| *m += f64::from(v) / n);
        }
        let mut variance = vec![0.0_f64; dim];
        for r in 0..rows.rows() {
            rows.copy(r, &mut row);
            variance.iter_mut().zip(&mean).zip(&row).for_each(|((s, m), &v)| *s += (f64::from(v) - m).powi(2) / n);
        }
        let least = LEAST_DEVIATION.powi(2) * variance.iter().sum::<f64>() / dim.max(1) as f64;
        let scale = variance.iter().map(|v| (1.0 / v.max(least).max(1e-12).sqrt()) as f32).collect();
        Self { mean: mean.iter().map(|&m| m as f32).collect(), scale }
    }

    /// Weights, [classes, dim], and biases, `[classes]`, for rows as they are. They do what `weights`, [dim + 1, classes]
    /// with the bias last, do on standardised rows: w · s and b − Σ w · s · m of each column.
    pub fn folded(&self, weights: &[f32], classes: usize) -> (Vec<f32>, Vec<f32>) {
        let dim = self.mean.len();
        let at = |row: usize, class: usize| f64::from(weights[row * classes + class]);
        let mut out = Vec::with_capacity(dim * classes);
        let mut biases = Vec::with_capacity(classes);
        for class in 0..classes {
            let mut bias = at(dim, class);
            for (row, (mean, scale)) in self.mean.iter().zip(&self.scale).enumerate() {
                let weight = at(row, class) * f64::from(*scale);
                bias -= weight * f64::from(*mean);
                out.push(weight as f32);
            }
            biases.push(bias as f32);
        }
        (out, biases)
    }

    /// [order, dim + 1].
    pub fn batch(&self, rows: &impl Rows, order: &[usize]) -> Vec<f32> {
        let dim = rows.dim();
        let mut out = vec![1.0; order.len() * (dim + 1)];
        for (&r, out) in order.iter().zip(out.chunks_exact_mut(dim + 1)) {
            let out = &mut out[..dim];
            rows.copy(r, out);
            out.iter_mut().zip(self.mean.iter().zip(&self.scale)).for_each(|(v, (m, s))| *v = (*v - m) * s);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_weights_do_on_plain_rows_what_the_others_do_on_standardised_ones() {
        let values = (0..24).map(|i| (i as f32 * 1.7).sin() * (i % 3 + 1) as f32 + 4.0).collect();
        let rows = Features { values, dim: 3 };
        let standard = Standard::of(&rows);
        let weights: Vec<f32> = (0..8).map(|i| (i as f32).cos()).collect();
        let (weight, bias) = standard.folded(&weights, 2);
        let order: Vec<usize> = (0..8).collect();
        for (r, row) in standard.batch(&rows, &order).chunks_exact(4).enumerate() {
            for class in 0..2 {
                let expected: f32 = row.iter().enumerate().map(|(c, v)| v * weights[c * 2 + class]).sum();
                let plain: f32 = rows.row(r).iter().zip(&weight[3 * class..]).map(|(v, w)| v * w).sum();
                assert!((expected - plain - bias[class]).abs() < 1e-5, "row {r}, class {class}");
            }
        }
    }

    #[test]
    fn standardised_columns_have_mean_0_and_deviation_1() {
        let values = (0..40).map(|i| if i % 2 == 0 { 7.0 } else { (i as f32).sin() * 3.0 + 5.0 }).collect();
        let rows = Features { values, dim: 2 };
        let out = Standard::of(&rows).batch(&rows, &(0..20).collect::<Vec<_>>());
        let column = |c: usize| out.iter().skip(c).step_by(3).copied();
        assert!(column(0).all(|v| v == 0.0), "a constant column says nothing");
        assert!(column(1).sum::<f32>().abs() < 1e-4);
        assert!((column(1).map(|v| v * v).sum::<f32>() / 20.0 - 1.0).abs() < 1e-4);
        assert!(column(2).all(|v| v == 1.0));
    }

    #[test]
    fn a_nearly_dead_column_stays_small() {
        let values: Vec<f32> = (0..40).flat_map(|i| [(i as f32).sin(), 1e-4 * (i as f32).cos()]).collect();
        let spread = |scale: f32| {
            let rows = Features { values: values.iter().map(|v| v * scale).collect(), dim: 2 };
            let out = Standard::of(&rows).batch(&rows, &(0..40).collect::<Vec<_>>());
            [0, 1].map(|c| out.iter().skip(c).step_by(3).map(|v| v.abs()).fold(0.0, f32::max))
        };
        for [alive, dead] in [spread(1.0), spread(1e-3)] {
            assert!((1.0..2.0).contains(&alive) && dead < 0.03, "{alive}, {dead}");
        }
    }

    #[test]
    fn large_images_are_averaged_and_small_ones_are_not() {
        let set = |size: usize| Dataset {
            size,
            pixels: (0..2 * 3 * size * size).map(|i| (i % 251) as u8).collect(),
            ..Dataset::default()
        };
        let small = set(16);
        let mut row = vec![0.0; 768];
        Pixels::new(&small, vec![1]).copy(0, &mut row);
        assert!(row.iter().zip(small.image(1)).all(|(v, &b)| (v - f32::from(b) / 255.0).abs() < 1e-6));
        for (size, side) in [(48, 24), (64, 32), (96, 32)] {
            let large = set(size);
            let pixels = Pixels::new(&large, vec![0, 1]);
            assert_eq!(pixels.dim(), 3 * side * side);
            let mut row = vec![0.0; pixels.dim()];
            pixels.copy(1, &mut row);
            let mean = large.image(1).iter().map(|&b| f64::from(b)).sum::<f64>() / (large.stride() as f64 * 255.0);
            assert!((row.iter().map(|&v| f64::from(v)).sum::<f64>() / row.len() as f64 - mean).abs() < 1e-5);
            // The last number is the mean of the last square.
            let f = size / side;
            let last = |dy, dx| large.image(1)[large.stride() - 1 - dy * size - dx];
            let want = (0..f * f).map(|i| f32::from(last(i / f, i % f))).sum::<f32>() / (f * f) as f32 / 255.0;
            assert!((row[row.len() - 1] - want).abs() < 1e-5);
        }
    }
}
