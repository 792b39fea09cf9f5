//! Whole networks: encoders with another library's weights by name, the loss of a network and its
//! gradients (what shapes do between the layers, such as residual sums, strides and pooling, shows in
//! no single operation), and a few training steps that must go alike on every device.

use super::array::unusable;
use crate::core::config::{
    Architecture, AugmentConfig, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem,
};
use crate::core::{architecture::Normalisation, config::preset::ImageFacts, config::preset::Preset};
use crate::core::{error::Fault, sample::sample_set};
use crate::learn::named_tensors::{NamedTensor, pack};
use crate::learn::published::{Loaded, SafetensorsFile, load};
use crate::learn::{
    bench::fixed_views, features::read, nt_xent::nt_xent, simclr::SimClr, store::ByteStore, trainer::Trainer,
    training::Training, walk::flat_gradients,
};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;

/// A case of encoders.json.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownEncoder {
    name: String,
    salt: u64,
    gain: f64,
    /// Names and shapes.
    tensors: Vec<(String, Vec<usize>)>,
    /// Shape.
    input: Vec<usize>,
}

impl KnownEncoder {
    /// Features of the case's input, [B, F]: the weights go through a safetensors file, as published ones do.
    pub async fn features(&self, device: &Device) -> Result<Vec<f32>, Fault> {
        let bytes = self.file()?;
        let loaded = SafetensorsFile::open(&bytes).and_then(|mut file| load(&mut file, device));
        let Loaded { which, encoder, .. } = loaded.map_err(|e| unusable(&format!("{e:?}")))?;
        drop(bytes);
        if !self.name.starts_with(which.weights().called) {
            return Err(unusable(&format!("{} taken for {}", self.name, which.name())));
        }
        // The case's input is what the first layer sees.
        let network = encoder.with_normalisation(Normalisation::NONE).evaluated();
        let shape: [usize; 4] = self.input.clone().try_into().map_err(|_| unusable("input has four dimensions"))?;
        let input: Vec<f32> =
            unit("input", self.salt, shape.iter().product()).map(|u| (2.0 * u - 1.0) as f32).collect();
        read(network.forward(Tensor::from_data(TensorData::new(input, shape), device))).await
    }

    /// The case's tensors as a safetensors file.
    fn file(&self) -> Result<Vec<u8>, Fault> {
        let tensors = self.tensors.iter().cloned();
        let tensors = tensors.map(|(name, shape)| NamedTensor { values: self.fill(&name, &shape), name, shape });
        pack(&tensors.collect::<Vec<_>>()).map_err(|e| unusable(&e.to_string()))
    }

    /// The golden file's rule for weights.
    fn fill(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        let scale = (self.gain / shape.iter().skip(1).product::<usize>() as f64).sqrt();
        let rule = |u: f64| match name.rsplit('.').next() {
            Some("running_var") => 0.5 + u,
            Some("running_mean" | "bias") => 0.2 * (u - 0.5),
            _ if shape.len() == 1 => 0.75 + 0.5 * u,
            _ => (2.0 * u - 1.0) * scale,
        };
        unit(name, self.salt, shape.iter().product()).map(|u| rule(u) as f32).collect()
    }
}

/// The file's generator: numbers in [0, 1) keyed by name.
fn unit(name: &str, salt: u64, count: usize) -> impl Iterator<Item = f64> {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let split_mix = |x: u64| {
        let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let start = hash.wrapping_add(salt);
    (0..count as u64).map(move |i| (split_mix(start.wrapping_add(i)) >> 40) as f64 / f64::from(1 << 24))
}

/// An encoder, and the views that it sees.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Network {
    architecture: Architecture,
    stem: Stem,
    width: usize,
    views: usize,
    /// Side of a view in pixels.
    size: usize,
}

impl Network {
    pub async fn answer(self, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
        let Self { architecture, stem, width, views, size } = self;
        let encoder = EncoderConfig::random(architecture, stem, width);
        let model = SimClr::new(&encoder, &HeadConfig::new(2, 32), 1, &device.clone().autodiff());
        let z = model.forward(fixed_views(views, size, device).autodiff());
        let loss = nt_xent(z, 0.5).loss;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let found = flat_gradients(&model, &gradients);
        if found.len() != gradients.len() {
            return Err(unusable("a gradient is of no parameter"));
        }
        let mut answer = vec![read(loss.inner()).await?];
        for gradient in found {
            answer.push(read(gradient).await?);
        }
        Ok(answer)
    }
}

/// Images, which are one batch.
const BATCH: usize = 8;
const SIZE: usize = 16;

/// The run: ConvNet-4 of width 8 on one batch of eight 16-pixel images, at the peak rate from the first step. All
/// operations of the augmentation, but gently, so that the loss of five steps falls for what was learned and not for
/// the luck of the draw.
pub fn steps_config(optimizer: Optimizer) -> RunConfig {
    let peak_rate = match optimizer {
        Optimizer::Lars => 1.0,
        Optimizer::Sgd => 0.06,
        Optimizer::AdamW => 0.003,
    };
    let preset = OptimizerConfig::preset(optimizer, BATCH);
    let run = Preset::QuickLook.config(&ImageFacts::new(SIZE, 2 * BATCH));
    RunConfig {
        optimizer: OptimizerConfig { peak_rate, weight_decay: 1e-6, trust_coefficient: 0.01, warmup: 0.0, ..preset },
        augment: AugmentConfig { crop_min_area: 0.5, jitter_strength: 0.25, blur_probability: 0.5, ..run.augment },
        batch: BATCH,
        // Far more than are run: the cosine stays at its top.
        epochs: 10_000,
        seed: 2,
        ..run
    }
}

/// The loss of each of `count` steps.
pub async fn step_losses(count: usize, optimizer: Optimizer, device: &Device) -> Result<Vec<f32>, Fault> {
    let set = sample_set(1, 1, SIZE);
    let store = ByteStore::new(&set, device, 1 << 20);
    let images: Vec<usize> = (0..BATCH).collect();
    let mut trainer = Trainer::new(&steps_config(optimizer), store, &images, device)?;
    for _ in 0..count {
        trainer.step();
    }
    Ok(trainer.read().await?.iter().map(|report| report.loss).collect())
}
