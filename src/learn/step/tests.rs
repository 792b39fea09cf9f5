use super::*;
use crate::core::config::{self, Architecture, OptimizerConfig, Stem};
use crate::learn::export::{load, tensors};
use burn::tensor::{TensorData, read_sync};

/// Counter-based mulberry32 in [0, 1), the generator of tests/bench.
fn mulberry(seed: u32, count: usize) -> Vec<f32> {
    let one = |i: u32| {
        let s = seed.wrapping_add((i + 1).wrapping_mul(0x6d2b_79f5));
        let t = (s ^ (s >> 15)).wrapping_mul(1 | s);
        let t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(61 | t)) ^ t;
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    };
    (0..count as u32).map(|i| one(i) as f32).collect()
}

/// The model of the timing comparison with its fixed weights: every matrix and
/// convolution in order from a seed of its own, Kaiming-uniform; biases 0.
fn fixed(device: &Device) -> SimClr {
    let encoder = EncoderConfig { architecture: Architecture::ResNet10, stem: Stem::Small, width: 16 };
    let model = SimClr::new(&encoder, &HeadConfig { layers: 2, output: 128 }, 0, device);
    let mut weights = read_sync(tensors(&model)).unwrap();
    let mut seed = 1000;
    for tensor in &mut weights {
        if tensor.shape.len() > 1 {
            seed += 1;
            let bound = (6.0 / tensor.shape[1..].iter().product::<usize>() as f64).sqrt();
            tensor.values = mulberry(seed, tensor.values.len());
            tensor.values.iter_mut().for_each(|v| *v = (f64::from(*v * 2.0 - 1.0) * bound) as f32);
        } else if tensor.name.starts_with("head.") {
            tensor.values.fill(0.0);
        }
    }
    load(model, weights).unwrap()
}

/// The same steps in torch, TensorFlow.js and jax-js gave these losses: one
/// number checks convolutions, batch normalisation, head, loss, gradients and
/// momentum together.
#[test]
fn four_steps_give_the_losses_of_other_libraries() {
    let device = Device::flex();
    let optimizer = OptimizerConfig {
        optimizer: config::Optimizer::Sgd,
        peak_rate: 0.05,
        weight_decay: 0.0,
        momentum: 0.9,
        trust_coefficient: 0.001,
        warmup: 0.0,
    };
    let model = fixed(&device.clone().autodiff());
    let mut learner = Learner::new(model, Optimizer::new(&optimizer), 0.5);
    let shape = [64, 3, 32, 32];
    let views = Tensor::<4>::from_data(TensorData::new(mulberry(7, shape.iter().product()), shape), &device);
    for want in [4.1481f32, 4.1382, 4.1201, 4.0953] {
        let got: Vec<f32> = learner.step(views.clone(), 0.05).into_data().try_to_vec().unwrap();
        assert!((got[0] - want).abs() < 2e-4, "loss {}, expected {want}", got[0]);
    }
}

#[test]
fn every_optimizer_lowers_the_loss_of_one_batch() {
    let device = Device::flex();
    let encoder = EncoderConfig { architecture: Architecture::ConvNet4, stem: Stem::Small, width: 4 };
    let head = HeadConfig { layers: 2, output: 32 };
    let shape = [16, 3, 16, 16];
    let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
    for (rule, rate) in
        [(config::Optimizer::Lars, 0.5), (config::Optimizer::Sgd, 0.1), (config::Optimizer::AdamW, 1e-3)]
    {
        let optimizer = OptimizerConfig {
            optimizer: rule,
            peak_rate: rate,
            weight_decay: 1e-4,
            momentum: 0.9,
            trust_coefficient: 0.001,
            warmup: 0.0,
        };
        let model = SimClr::new(&encoder, &head, 1, &device.clone().autodiff());
        let mut learner = Learner::new(model, Optimizer::new(&optimizer), 0.5);
        let losses: Vec<f32> =
            (0..12).map(|_| learner.step(views.clone(), rate).into_data().try_to_vec::<f32>().unwrap()[0]).collect();
        assert!(losses[11] < losses[0] - 0.05, "{rule:?}: {losses:?}");
    }
}
