use super::*;
use crate::core::lars::Lars as Plain;
use burn::tensor::Device;

#[derive(Module, Debug)]
struct Weights {
    matrices: Vec<Param<Tensor<2>>>,
    vector: Param<Tensor<1>>,
}

/// Weights after steps with constant gradients, one `[w, g]` a matrix.
fn after(rates: &[f32], matrices: &[[[f32; 2]; 2]]) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let mut module = Weights {
        matrices: matrices.iter().map(|[w, _]| Param::from_tensor(Tensor::from_data([*w], &device))).collect(),
        vector: Param::from_tensor(Tensor::from_data([1.0f32, 2.0], &device)),
    };
    let mut lars = Lars::new(LarsConfig { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 });
    for &rate in rates {
        let mut gradients = GradientsParams::new();
        for (p, [_, g]) in module.matrices.iter().zip(matrices) {
            gradients.register(p.id, Tensor::<2>::from_data([*g], &Device::flex()));
        }
        gradients.register(module.vector.id, Tensor::<1>::from_data([0.5f32, 0.5], &Device::flex()));
        module = lars.step(rate, module, gradients);
    }
    assert_eq!(lars.velocities.len(), matrices.len() + 1);
    if rates.len() == 1 {
        let own = Plain { momentum: 0.9, weight_decay: 0.01, trust_coefficient: 0.001 };
        let told: Vec<f32> = lars.trust_ratios().expect("a step").to_data().try_to_vec().unwrap();
        for ([w, g], told) in matrices.iter().zip(told) {
            let want = own.trust_ratio(w, g);
            assert!((told - want).abs() <= 1e-6 * want, "{told}, expected {want}");
        }
    }
    module.matrices.iter().map(|p| p.val().into_data().try_to_vec().unwrap()).collect()
}

fn close(got: &[f32], want: [f64; 2]) {
    for (got, want) in got.iter().zip(want) {
        assert!((f64::from(*got) - want).abs() < 1e-6, "{got}, expected {want}");
    }
}

#[test]
fn the_rate_enters_the_momentum() {
    let example = [[3.0, 4.0], [0.8, -0.6]];
    close(&after(&[0.1], &[example])[0], [2.999_604_761_9, 4.000_266_666_7]);
    close(&after(&[0.1, 0.1], &[example])[0], [2.998_853_813_2, 4.000_773_330_9]);
    close(&after(&[0.1, 0.2], &[example])[0], [2.998_458_578_8, 4.001_039_995]);
}

#[test]
fn each_tensor_has_its_own_ratio_and_zeros_have_one() {
    let all = [[[3.0, 4.0], [0.8, -0.6]], [[0.0, 0.0], [1.0, 2.0]], [[30.0, 1.0], [0.1, 0.1]], [[1.0, 1.0], [0.0; 2]]];
    let together = after(&[0.1, 0.2], &all);
    for (one, together) in all.iter().zip(&together) {
        assert_eq!(&after(&[0.1, 0.2], &[*one])[0], together);
    }
    // λ = 1: γ (g + β w).
    close(&after(&[0.1], &all)[1], [-0.1, -0.2]);
    close(&after(&[0.1], &all)[3], [0.999, 0.999]);
}
