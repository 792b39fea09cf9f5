//! Batch normalisation, with the ReLU that follows it, and its gradients: the sums of a channel, then one pass that writes.

use crate::pool;

/// Numbers that are added side by side.
const WIDTH: usize = 16;

/// Normalisation of x [B, C, S] by channel, weighted and shifted.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// C and S.
    pub channels: usize,
    /// Numbers of a channel in an image.
    pub size: usize,
    /// Factors [C].
    pub weight: &'a [f32],
    /// Summands [C].
    pub bias: &'a [f32],
    /// ε under the root.
    pub epsilon: f64,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// A channel's mean and 1 / √(variance + ε), and factor and summand of its numbers.
struct Channel {
    mean: f32,
    inverse: f32,
    factor: f32,
    summand: f32,
}

impl Norm<'_> {
    /// Mean and biased variance of each channel: [C, 2].
    pub fn statistics(&self, x: &[f32]) -> Vec<f32> {
        let mut statistics = vec![0.0; 2 * self.channels];
        let count = (x.len() / self.channels) as f64;
        pool::each(&mut statistics, 2, |channel, of| {
            let mean = self.planes(x, channel).map(|plane| sum(plane, |x| x)).sum::<f64>() / count;
            of[0] = mean as f32;
            let variance: f64 = self.planes(x, channel).map(|plane| sum(plane, |x| (x - of[0]) * (x - of[0]))).sum();
            of[1] = (variance / count) as f32;
        });
        statistics
    }

    /// y [B, C, S] of x by `statistics`, which may be others than x's own.
    pub fn apply(&self, x: &[f32], statistics: &[f32], y: &mut [f32]) {
        pool::each(y, self.channels * self.size, |image, y| {
            let x = &x[image * y.len()..][..y.len()];
            let planes = y.chunks_exact_mut(self.size).zip(x.chunks_exact(self.size));
            for (channel, (y, x)) in planes.enumerate() {
                let Channel { factor, summand, .. } = self.channel(channel, statistics);
                let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
                for (y, x) in y.iter_mut().zip(x) {
                    let value = x * factor + summand;
                    // So that NaN stays.
                    *y = if value < floor { floor } else { value };
                }
            }
        });
    }

    /// The gradients of weight and bias, [C, 2], and of x, by the gradient of y, where `statistics` are x's own.
    pub fn gradients(&self, x: &[f32], statistics: &[f32], gradient: &[f32], dx: &mut [f32]) -> Vec<f32> {
        let mut sums = vec![0.0; 2 * self.channels];
        pool::each(&mut sums, 2, |channel, of| {
            let Channel { mean, inverse, factor, summand } = self.channel(channel, statistics);
            let planes = self.planes(x, channel).zip(self.planes(gradient, channel));
            let mut totals = [0.0; 2];
            for (x, gradient) in planes {
                let [product, slope] = sums_of_two(x, gradient, |x, slope| {
                    let slope = if self.relu && x * factor + summand <= 0.0 { 0.0 } else { slope };
                    [slope * (x - mean), slope]
                });
                totals = [totals[0] + product, totals[1] + slope];
            }
            of.copy_from_slice(&[totals[0] as f32 * inverse, totals[1] as f32]);
        });
        let count = (x.len() / self.channels) as f32;
        pool::each(dx, self.channels * self.size, |image, dx| {
            let at = image * dx.len();
            let planes = x[at..][..dx.len()].chunks_exact(self.size).zip(gradient[at..].chunks_exact(self.size));
            for (channel, (dx, (x, gradient))) in dx.chunks_exact_mut(self.size).zip(planes).enumerate() {
                let Channel { mean, inverse, factor, summand } = self.channel(channel, statistics);
                let (projected, mean_slope) = (sums[2 * channel] * inverse / count, sums[2 * channel + 1] / count);
                for ((dx, x), slope) in dx.iter_mut().zip(x).zip(gradient) {
                    let slope = if self.relu && x * factor + summand <= 0.0 { 0.0 } else { *slope };
                    *dx = factor * (slope - mean_slope - (x - mean) * projected);
                }
            }
        });
        sums
    }

    /// A channel's numbers, image by image.
    fn planes<'a>(&self, x: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        x.chunks_exact(self.size).skip(channel).step_by(self.channels)
    }

    fn channel(&self, channel: usize, statistics: &[f32]) -> Channel {
        let (mean, variance) = (statistics[2 * channel], statistics[2 * channel + 1]);
        let inverse = (1.0 / (f64::from(variance) + self.epsilon).sqrt()) as f32;
        let factor = self.weight[channel] * inverse;
        Channel { mean, inverse, factor, summand: self.bias[channel] - mean * factor }
    }
}

/// The sum of `of` each number.
fn sum(x: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    let mut sums = [0.0; WIDTH];
    let (chunks, rest) = x.as_chunks::<WIDTH>();
    for x in chunks {
        sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += of(x));
    }
    sums.iter_mut().zip(rest).for_each(|(sum, &x)| *sum += of(x));
    sums.into_iter().map(f64::from).sum()
}

/// The two sums of `of` each pair of numbers.
fn sums_of_two(a: &[f32], b: &[f32], of: impl Fn(f32, f32) -> [f32; 2]) -> [f64; 2] {
    let mut sums = [[0.0; WIDTH]; 2];
    let mut add = |i: usize, a: f32, b: f32| {
        let [first, second] = of(a, b);
        sums[0][i] += first;
        sums[1][i] += second;
    };
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<WIDTH>(), b.as_chunks::<WIDTH>());
    for (a, b) in a.iter().zip(b) {
        (0..WIDTH).for_each(|i| add(i, a[i], b[i]));
    }
    rest_a.iter().zip(rest_b).enumerate().for_each(|(i, (&a, &b))| add(i, a, b));
    sums.map(|sums| sums.into_iter().map(f64::from).sum())
}
