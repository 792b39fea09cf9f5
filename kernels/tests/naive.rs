//! The kernels against the definition of a convolution in f64, for random shapes.

use kernels::{Finish, Sizes, forward, forward_packed, input_gradient, pack, weight_gradient};

/// A generator of numbers, splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn one_of(&mut self, numbers: &[usize]) -> usize {
        numbers[(self.next() % numbers.len() as u64) as usize]
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    /// A shape that has an output.
    fn shape(&mut self) -> Sizes {
        loop {
            let square = self.one_of(&[1, 2, 3, 3, 3, 3, 5, 7]);
            let kernel = match self.below(4) {
                0 => [self.one_of(&[1, 3, 7]), self.one_of(&[1, 3, 5, 7])],
                _ => [square; 2],
            };
            let of = Sizes {
                batch: 1 + self.below(7),
                channels: [1 + self.below(40), 1 + self.below(40)],
                input: [1 + self.below(12), 1 + self.below(24)],
                kernel,
                stride: self.one_of(&[1, 1, 1, 2, 2, 3]),
                padding: if self.below(3) == 0 { [self.below(3), self.below(3)] } else { kernel.map(|k| k / 2) },
            };
            if (0..2).all(|i| of.input[i] + 2 * of.padding[i] >= of.kernel[i]) {
                return of;
            }
        }
    }
}

/// Calls `work` with the places in x, weight and y of each product.
fn products(of: &Sizes, mut work: impl FnMut(usize, usize, usize)) {
    let ([depth, out], [height, width], [high, wide]) = (of.channels, of.input, of.kernel);
    let [rows, columns] = of.output();
    for b in 0..of.batch {
        for o in 0..out {
            for y in 0..rows {
                for x in 0..columns {
                    for c in 0..depth {
                        for ky in 0..high {
                            for kx in 0..wide {
                                let (iy, ix) = (y * of.stride + ky, x * of.stride + kx);
                                let inside = iy >= of.padding[0]
                                    && ix >= of.padding[1]
                                    && iy < height + of.padding[0]
                                    && ix < width + of.padding[1];
                                if inside {
                                    let from =
                                        ((b * depth + c) * height + iy - of.padding[0]) * width + ix - of.padding[1];
                                    let weight = ((o * depth + c) * high + ky) * wide + kx;
                                    work(from, weight, ((b * out + o) * rows + y) * columns + x);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// x, weight, and a gradient of the output.
type Tensors = [Vec<f32>; 3];

fn sizes(of: &Sizes) -> [usize; 3] {
    let area = |side: [usize; 2]| side[0] * side[1];
    let [depth, out] = of.channels;
    [of.batch * depth * area(of.input), out * depth * area(of.kernel), of.batch * out * area(of.output())]
}

/// Output and the gradients of input and weight.
fn ours(of: &Sizes, [x, w, g]: &Tensors) -> [Vec<f32>; 3] {
    let [mut dx, _, mut y] = sizes(of).map(|size| vec![f32::NAN; size]);
    forward(of, x, w, &mut y);
    input_gradient(of, w, g, false, &mut dx);
    [y, dx, weight_gradient(of, x, g)]
}

/// The same in f64, and the sums of the absolute products, which rounding errors go by.
fn naive(of: &Sizes, [x, w, g]: &Tensors) -> [Vec<[f64; 2]>; 3] {
    let [mut dx, mut dw, mut y] = sizes(of).map(|size| vec![[0.0; 2]; size]);
    let add = |sum: &mut [f64; 2], a: f32, b: f32| {
        let product = f64::from(a) * f64::from(b);
        *sum = [sum[0] + product, sum[1] + product.abs()];
    };
    products(of, |i, k, o| {
        add(&mut y[o], x[i], w[k]);
        add(&mut dx[i], w[k], g[o]);
        add(&mut dw[k], x[i], g[o]);
    });
    [y, dx, dw]
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    let mut random = Random(1);
    for _ in 0..400 {
        let of = random.shape();
        let tensors = sizes(&of).map(|size| random.values(size));
        for ((name, ours), naive) in
            ["output", "input", "weight"].into_iter().zip(ours(&of, &tensors)).zip(naive(&of, &tensors))
        {
            for (i, (a, [b, size])) in ours.iter().zip(&naive).enumerate() {
                assert!((f64::from(*a) - b).abs() <= 2e-6 * (1.0 + size), "{name} {i} of {of:?}: {a}, not {b}");
            }
        }
    }
}

/// Weights packed for few or many images serve any number of them, and what follows the sums is what it says.
#[test]
fn packed_weights_give_the_output_with_bias_residual_and_relu() {
    let mut random = Random(4);
    for _ in 0..200 {
        let of = random.shape();
        let [x, w, mut residual] = sizes(&of).map(|size| random.values(size));
        let at = random.below(residual.len());
        residual[at] = f32::NAN;
        let bias = random.values(of.channels[1]);
        let plane: usize = of.output().iter().product();
        let [sums, _, _] = naive(&of, &[x.clone(), w.clone(), vec![0.0; residual.len()]]);
        for (batch, with_residual, relu) in [(1, true, true), (1000, true, false), (of.batch, false, true)] {
            let finish = Finish { bias: &bias, add: with_residual, relu };
            let mut y = residual.clone();
            forward_packed(&of, &x, &pack(&Sizes { batch, ..of }, &w), &finish, &mut y);
            for (i, (y, [sum, size])) in y.iter().zip(&sums).enumerate() {
                let added =
                    f64::from(bias[i / plane % bias.len()]) + if with_residual { f64::from(residual[i]) } else { 0.0 };
                let want = if relu && sum + added < 0.0 { 0.0 } else { sum + added };
                let is_close = (f64::from(*y) - want).abs() <= 2e-6 * (2.0 + size);
                assert!(is_close || y.is_nan() && want.is_nan(), "{i} of {of:?}: {y}, not {want}");
            }
        }
    }
}

#[test]
fn the_gradient_of_the_input_is_added_to_another() {
    let mut random = Random(5);
    for _ in 0..200 {
        let of = random.shape();
        let [x, w, g] = sizes(&of).map(|size| random.values(size));
        let (mut alone, mut added) = (vec![0.0; x.len()], x.clone());
        input_gradient(&of, &w, &g, false, &mut alone);
        input_gradient(&of, &w, &g, true, &mut added);
        for (i, (added, (x, alone))) in added.iter().zip(x.iter().zip(&alone)).enumerate() {
            assert!((added - (x + alone)).abs() <= 1e-6 * (1.0 + alone.abs()), "{i} of {of:?}: {added}");
        }
    }
}

/// A sum with NaN or infinity in it is none of a number.
#[test]
fn nan_and_infinity_pass_through() {
    let mut random = Random(2);
    for _ in 0..200 {
        let of = random.shape();
        let mut tensors = sizes(&of).map(|size| random.values(size));
        for tensor in &mut tensors {
            let at = random.below(tensor.len());
            tensor[at] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][random.below(3)];
        }
        for (ours, naive) in ours(&of, &tensors).iter().zip(naive(&of, &tensors)) {
            for (a, [b, _]) in ours.iter().zip(&naive) {
                assert!(b.is_finite() || !a.is_finite(), "{of:?}: {a}, not {b}");
            }
        }
    }
}

/// So a resumed run is the same run on a machine with other cores.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let pools = [1, 2, 3, 8].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap());
    let mut random = Random(3);
    for _ in 0..60 {
        let of = random.shape();
        let tensors = sizes(&of).map(|size| random.values(size));
        let [one, others @ ..] = pools.each_ref().map(|pool| {
            pool.install(|| ours(&of, &tensors).map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>()))
        });
        for (other, pool) in others.into_iter().zip(&pools[1..]) {
            assert!(one == other, "{of:?} with {} threads", pool.current_num_threads());
        }
    }
}
