use super::*;
use crate::core::config::{self, Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem};
use crate::learn::bench::mulberry;
use crate::learn::block_on::block_on;
use crate::learn::encoder::{Encoder, reestimate_batch_norm};
use crate::learn::named_tensors::tensors;
use crate::learn::simclr::initial_encoder;
use burn::module::Module;
use burn::tensor::{Device, TensorData};

#[test]
fn every_optimizer_lowers_the_loss_of_one_batch() {
    let device = Device::flex();
    let encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 4);
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

#[test]
fn a_frozen_encoder_stays_while_its_head_learns() {
    let device = Device::flex();
    let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, 4);
    let shape = [16, 3, 16, 16];
    let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
    let autodiff = device.clone().autodiff();
    // Statistics of these views, which evaluation uses.
    let loaded = reestimate_batch_norm(&initial_encoder(&encoder, 5, &autodiff), [views.clone()]).train();
    let head = HeadConfig { layers: 2, output: 32 };
    let model = SimClr::with_encoder(loaded, encoder.features(), &head, 1, &autodiff).freeze_but_last(0);
    let named = |model: &SimClr| block_on(tensors(model)).unwrap();
    let before = named(&model);
    // Evaluation, on the training device.
    let h = |encoder: &Encoder, x: Tensor<4>| encoder.forward(x).into_data().iter::<f32>().collect::<Vec<f32>>();
    assert_eq!(h(&model.encoder, views.clone().autodiff()), h(&model.encoder.valid(), views.clone()));

    let mut learner = Learner::new(model, Optimizer::sgd(0.9, 1e-4, false), 0.5);
    let losses: Vec<f32> =
        (0..20).map(|_| learner.step(views.clone(), 0.5).into_data().try_to_vec::<f32>().unwrap()[0]).collect();
    assert!(losses[19] < losses[0] - 0.02, "{losses:?}");
    let after = named(&learner.model);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before == after, before.name.starts_with("encoder."), "{}", before.name);
    }
}
