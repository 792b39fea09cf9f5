//! Batch normalisation against its definition in f64, and its gradients against differences of it.

use kernels::Norm;

fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0 + (i % 7) as f32 * 0.1).collect()
}

/// y in f64 of x, weight, bias, and what is added.
fn naive(of: &Norm, [x, weight, bias, residual]: &[Vec<f64>; 4]) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for c in 0..of.channels {
        let at: Vec<usize> = (0..x.len()).filter(|i| i / of.size % of.channels == c).collect();
        let mean = at.iter().map(|&i| x[i]).sum::<f64>() / at.len() as f64;
        let variance = at.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / at.len() as f64;
        for i in at {
            let value = (x[i] - mean) / (variance + of.epsilon).sqrt() * weight[c] + bias[c] + residual[i];
            y[i] = if of.relu { value.max(0.0) } else { value };
        }
    }
    y
}

/// Statistics, y, the gradients of weight and bias, of x, and of the residual (0 without one).
fn ours(of: &Norm, x: &[f32], residual: Option<&[f32]>, gradient: &[f32]) -> [Vec<f32>; 5] {
    let statistics = of.statistics(x);
    let (mut y, mut dx, mut gradient) = (vec![0.0; x.len()], vec![0.0; x.len()], gradient.to_vec());
    of.apply(x, &statistics, residual, &mut y);
    let sums = match residual {
        Some(_) => of.gradients_of_sum(x, &statistics, &y, &mut gradient, &mut dx),
        None => {
            let sums = of.gradients(x, &statistics, &mut gradient);
            std::mem::swap(&mut gradient, &mut dx);
            gradient.fill(0.0);
            sums
        }
    };
    [statistics, y, sums, dx, gradient]
}

/// [batch, channels, size].
const SHAPES: [[usize; 3]; 5] = [[3, 4, 25], [2, 3, 16], [5, 1, 1], [4, 2, 49], [7, 3, 40]];

fn norm<'a>([_, channels, size]: [usize; 3], weight: &'a [f32], bias: &'a [f32], relu: bool) -> Norm<'a> {
    Norm { channels, size, weight, bias, epsilon: 1e-5, relu }
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    for (shape, relu, sums_up) in SHAPES.iter().flat_map(|s| [(s, true, false), (s, false, true), (s, true, true)]) {
        let (weight, bias) = (values(shape[1], 1), values(shape[1], 2));
        let (of, count) = (norm(*shape, &weight, &bias, relu), shape.iter().product());
        let (x, gradient) = (values(count, 3), values(count, 4));
        let residual = if sums_up { values(count, 6) } else { vec![0.0; count] };
        let [_, y, sums, dx, dr] = ours(&of, &x, sums_up.then_some(&residual), &gradient);

        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        let tensors = [wide(&x), wide(&weight), wide(&bias), wide(&residual)];
        for (a, b) in y.iter().zip(naive(&of, &tensors)) {
            assert!((f64::from(*a) - b).abs() < 1e-5, "{of:?}: {a}, not {b}");
        }
        let loss = |tensors: &[Vec<f64>; 4]| -> f64 {
            naive(&of, tensors).iter().zip(&gradient).map(|(y, &slope)| y * f64::from(slope)).sum()
        };
        let close = |name: &str, tensor: usize, i: usize, ours: f32| {
            let shifted = |by: f64| {
                let mut tensors = tensors.clone();
                tensors[tensor][i] += by;
                loss(&tensors)
            };
            let slope = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
            assert!(
                (f64::from(ours) - slope).abs() < 1e-4 * (1.0 + slope.abs()),
                "{name} {i}, {of:?}: {ours}, not {slope}"
            );
        };
        dx.iter().enumerate().for_each(|(i, &ours)| close("x", 0, i, ours));
        if sums_up {
            dr.iter().enumerate().for_each(|(i, &ours)| close("residual", 3, i, ours));
        }
        for c in 0..shape[1] {
            close("weight", 1, c, sums[2 * c]);
            close("bias", 2, c, sums[2 * c + 1]);
        }
    }
}

/// A channel with NaN or infinity has NaN, the others have none. What a residual has stays at its place.
#[test]
fn nan_and_infinity_stay_in_their_channel() {
    let of = norm([2, 2, 20], &[1.0; 2], &[0.0; 2], true);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = values(80, 5);
        x[25] = bad;
        let mut residual = vec![0.0; 80];
        residual[3] = f32::NAN;
        for residual in [None, Some(&residual[..])] {
            let [statistics, y, sums, dx, dr] = ours(&of, &x, residual, &[1.0; 80]);
            let has = |i: usize| i / 20 % 2 == 1;
            assert!(!statistics[3].is_finite() && !sums[2].is_finite() && statistics[1].is_finite());
            assert!((0..80).all(|i| y[i].is_nan() == (has(i) || i == 3 && residual.is_some())), "{bad}: {y:?}");
            assert!((0..80).all(|i| dx[i].is_nan() == has(i)) && dr.iter().all(|dr| dr.is_finite()), "{bad}: {dx:?}");
        }
    }
}

/// So a resumed run is the same run on a machine with other cores.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let pools = [1, 2, 3, 8].map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap());
    for shape in SHAPES.into_iter().chain([[64, 16, 400]]) {
        let (weight, bias) = (values(shape[1], 1), values(shape[1], 2));
        let (of, count) = (norm(shape, &weight, &bias, true), shape.iter().product());
        let [x, residual, gradient] = [3, 4, 5].map(|seed| values(count, seed));
        for residual in [None, Some(&residual[..])] {
            let bits = |pool: &rayon::ThreadPool| {
                pool.install(|| ours(&of, &x, residual, &gradient).concat().into_iter().map(f32::to_bits).collect())
            };
            let all: Vec<Vec<u32>> = pools.iter().map(bits).collect();
            assert!(all.iter().all(|bits| *bits == all[0]), "{of:?}");
        }
    }
}
