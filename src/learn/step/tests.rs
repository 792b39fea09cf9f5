use super::*;
use crate::core::config::{self, Architecture, OptimizerConfig, Stem};
use crate::learn::bench::mulberry;
use burn::tensor::TensorData;

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
