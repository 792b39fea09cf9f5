//! Batch normalisation against its definition in f64, and its gradients against differences of it.

use kernels::Norm;

fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 + seed * 11) % 101) as f32 / 50.0 - 1.0 + (i % 7) as f32 * 0.1).collect()
}

/// y in f64.
fn naive(of: &Norm, x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for c in 0..of.channels {
        let at: Vec<usize> = (0..x.len()).filter(|i| i / of.size % of.channels == c).collect();
        let mean = at.iter().map(|&i| x[i]).sum::<f64>() / at.len() as f64;
        let variance = at.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / at.len() as f64;
        for i in at {
            let value = (x[i] - mean) / (variance + of.epsilon).sqrt() * weight[c] + bias[c];
            y[i] = if of.relu { value.max(0.0) } else { value };
        }
    }
    y
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    for (batch, channels, size, relu) in [(3, 4, 25, true), (2, 3, 16, false), (5, 1, 1, true), (4, 2, 49, true)] {
        let (weight, bias) = (values(channels, 1), values(channels, 2));
        let of = Norm { channels, size, weight: &weight, bias: &bias, epsilon: 1e-5, relu };
        let (x, gradient) = (values(batch * channels * size, 3), values(batch * channels * size, 4));
        let statistics = of.statistics(&x);
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        of.apply(&x, &statistics, &mut y);
        let sums = of.gradients(&x, &statistics, &gradient, &mut dx);

        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        let tensors = [wide(&x), wide(&weight), wide(&bias)];
        let forward = |tensors: &[Vec<f64>; 3]| naive(&of, &tensors[0], &tensors[1], &tensors[2]);
        for (a, b) in y.iter().zip(forward(&tensors)) {
            assert!((f64::from(*a) - b).abs() < 1e-5, "{of:?}: {a}, not {b}");
        }
        let loss = |tensors: &[Vec<f64>; 3]| -> f64 {
            forward(tensors).iter().zip(&gradient).map(|(y, &slope)| y * f64::from(slope)).sum()
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
        for c in 0..channels {
            close("weight", 1, c, sums[2 * c]);
            close("bias", 2, c, sums[2 * c + 1]);
        }
    }
}

/// A channel with NaN is NaN; the others are none.
#[test]
fn nan_stays_in_its_channel() {
    let of = Norm { channels: 2, size: 20, weight: &[1.0; 2], bias: &[0.0; 2], epsilon: 1e-5, relu: true };
    let (mut x, mut y) = (values(80, 5), vec![0.0; 80]);
    x[25] = f32::NAN;
    of.apply(&x, &of.statistics(&x), &mut y);
    assert!((0..80).all(|i| y[i].is_nan() == (i / 20 % 2 == 1)), "{y:?}");
}
