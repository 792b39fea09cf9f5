//! Batch normalisation, with the residual sum and the ReLU that follow it, and its gradients: one pass that adds up each
//! plane, and one that writes.

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

    /// y [B, C, S] of x by `statistics`, which may be others than x's own, and of what is added to it.
    pub fn apply(&self, x: &[f32], statistics: &[f32], residual: Option<&[f32]>, y: &mut [f32]) {
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        // So that NaN stays.
        let rectified = |value: f32| if value < floor { floor } else { value };
        pool::each(y, self.channels * self.size, |image, y| {
            let planes = y.chunks_exact_mut(self.size).zip(self.image(x, image));
            let mut residual = residual.map(|residual| self.image(residual, image));
            for (channel, (y, x)) in planes.enumerate() {
                let Channel { factor, summand, .. } = self.channel(channel, statistics);
                match residual.as_mut().and_then(Iterator::next) {
                    Some(residual) => {
                        for ((y, x), residual) in y.iter_mut().zip(x).zip(residual) {
                            *y = rectified(x * factor + summand + residual);
                        }
                    }
                    None => y.iter_mut().zip(x).for_each(|(y, x)| *y = rectified(x * factor + summand)),
                }
            }
        });
    }

    /// The gradients of weight and bias, [C, 2], where `statistics` are x's own. The gradient of y becomes that of x.
    pub fn gradients(&self, x: &[f32], statistics: &[f32], gradient: &mut [f32]) -> Vec<f32> {
        let sums = self.sums(x, statistics, None, gradient);
        let count = (x.len() / self.channels) as f32;
        pool::each(gradient, self.channels * self.size, |image, gradient| {
            let planes = gradient.chunks_exact_mut(self.size).zip(self.image(x, image));
            for (channel, (gradient, x)) in planes.enumerate() {
                let of = self.slopes(channel, statistics, &sums, count);
                gradient.iter_mut().zip(x).for_each(|(slope, &x)| *slope = of(x, *slope));
            }
        });
        sums
    }

    /// The same where a residual was added: the gradient of y becomes that of the residual, and x's is `dx`.
    pub fn gradients_of_sum(
        &self,
        x: &[f32],
        statistics: &[f32],
        y: &[f32],
        gradient: &mut [f32],
        dx: &mut [f32],
    ) -> Vec<f32> {
        let plain = Self { relu: false, ..*self };
        let sums = plain.sums(x, statistics, self.relu.then_some(y), gradient);
        let count = (x.len() / self.channels) as f32;
        pool::each(dx, self.channels * self.size, |image, dx| {
            let planes = dx.chunks_exact_mut(self.size).zip(self.image(x, image).zip(self.image(gradient, image)));
            for (channel, (dx, (x, gradient))) in planes.enumerate() {
                let of = plain.slopes(channel, statistics, &sums, count);
                dx.iter_mut().zip(x).zip(gradient).for_each(|((dx, &x), &slope)| *dx = of(x, slope));
            }
        });
        sums
    }

    /// The gradients of weight and bias, [C, 2]. Where y is given, `gradient` becomes 0 where y is.
    fn sums(&self, x: &[f32], statistics: &[f32], y: Option<&[f32]>, gradient: &mut [f32]) -> Vec<f32> {
        let mut planes = vec![[0.0; 2]; x.len() / self.size];
        let image = self.channels * self.size;
        pool::each_of_two(&mut planes, self.channels, gradient, image, |image, planes, gradient| {
            let mut y = y.map(|y| self.image(y, image));
            let gradients = gradient.chunks_exact_mut(self.size).zip(self.image(x, image));
            for (channel, (of, (gradient, x))) in planes.iter_mut().zip(gradients).enumerate() {
                let Channel { mean, factor, summand, .. } = self.channel(channel, statistics);
                if let Some(y) = y.as_mut().and_then(Iterator::next) {
                    gradient.iter_mut().zip(y).for_each(|(slope, &y)| *slope = if y <= 0.0 { 0.0 } else { *slope });
                }
                *of = sums_of_two(x, gradient, |x, slope| {
                    let slope = if self.relu && x * factor + summand <= 0.0 { 0.0 } else { slope };
                    [slope * (x - mean), slope]
                });
            }
        });
        let mut totals = vec![[0.0; 2]; self.channels];
        for planes in planes.chunks_exact(self.channels) {
            totals.iter_mut().zip(planes).for_each(|([a, b], [c, d])| (*a, *b) = (*a + c, *b + d));
        }
        let of = |(channel, [product, slope]): (usize, [f64; 2])| {
            [product as f32 * self.channel(channel, statistics).inverse, slope as f32]
        };
        totals.into_iter().enumerate().flat_map(of).collect()
    }

    /// The gradient of a number of x by that of y, by `sums` over `count` numbers of each channel.
    #[inline(always)]
    fn slopes(&self, channel: usize, statistics: &[f32], sums: &[f32], count: f32) -> impl Fn(f32, f32) -> f32 {
        let Channel { mean, inverse, factor, summand } = self.channel(channel, statistics);
        let (projected, mean_slope) = (sums[2 * channel] * inverse / count, sums[2 * channel + 1] / count);
        let relu = self.relu;
        move |x, slope| {
            let slope = if relu && x * factor + summand <= 0.0 { 0.0 } else { slope };
            factor * (slope - mean_slope - (x - mean) * projected)
        }
    }

    /// A channel's numbers, image by image.
    fn planes<'a>(&self, x: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        x.chunks_exact(self.size).skip(channel).step_by(self.channels)
    }

    /// The planes of an image.
    fn image<'a>(&self, x: &'a [f32], image: usize) -> impl Iterator<Item = &'a [f32]> {
        let numbers = self.channels * self.size;
        x[image * numbers..][..numbers].chunks_exact(self.size)
    }

    fn channel(&self, channel: usize, statistics: &[f32]) -> Channel {
        let (mean, variance) = (statistics[2 * channel], statistics[2 * channel + 1]);
        let inverse = (1.0 / (f64::from(variance) + self.epsilon).sqrt()) as f32;
        let factor = self.weight[channel] * inverse;
        Channel { mean, inverse, factor, summand: self.bias[channel] - mean * factor }
    }
}

/// The sum of `of` each number.
pub fn sum(x: &[f32], of: impl Fn(f32) -> f32) -> f64 {
    let mut sums = [0.0; WIDTH];
    let (chunks, rest) = x.as_chunks::<WIDTH>();
    for x in chunks {
        sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += of(x));
    }
    sums.iter_mut().zip(rest).for_each(|(sum, &x)| *sum += of(x));
    total(sums)
}

fn total(sums: [f32; WIDTH]) -> f64 {
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
    sums.map(total)
}
