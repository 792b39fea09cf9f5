//! A few training steps that must go alike on every device.

use crate::core::config::preset::Preset;
use crate::core::config::{AugmentConfig, Optimizer, OptimizerConfig, RunConfig};
use crate::core::error::Fault;
use crate::core::sample::sample_set;
use crate::learn::store::ByteStore;
use crate::learn::trainer::Trainer;
use crate::learn::training::Training;
use burn::tensor::Device;

/// Images, which are one batch.
const BATCH: usize = 8;
const SIZE: usize = 16;

/// The run: ConvNet-4 of width 8 on one batch of eight 16-pixel images, at the
/// peak rate from the first step. All operations of the augmentation, but gently,
/// so that the loss of five steps falls for what was learned and not for the
/// luck of the draw.
pub fn config(optimizer: Optimizer) -> RunConfig {
    let peak_rate = match optimizer {
        Optimizer::Lars => 1.0,
        Optimizer::Sgd => 0.06,
        Optimizer::AdamW => 0.003,
    };
    let preset = OptimizerConfig::preset(optimizer, BATCH);
    let run = RunConfig::named(Preset::QuickLook, SIZE, 2 * BATCH);
    RunConfig {
        optimizer: OptimizerConfig { peak_rate, trust_coefficient: 0.01, warmup: 0.0, ..preset },
        augment: AugmentConfig { crop_min_area: 0.5, jitter_strength: 0.25, blur_probability: 0.5, ..run.augment },
        batch: BATCH,
        // Far more than are run: the cosine stays at its top.
        epochs: 10_000,
        seed: 2,
        ..run
    }
}

/// The loss of each of `count` steps.
pub async fn losses(count: usize, optimizer: Optimizer, device: &Device) -> Result<Vec<f32>, Fault> {
    let set = sample_set(1, 1, SIZE);
    let store = ByteStore::new(&set, device, 1 << 20);
    let images: Vec<usize> = (0..BATCH).collect();
    let mut trainer = Trainer::new(&config(optimizer), store, &images, device)?;
    for _ in 0..count {
        trainer.step();
    }
    Ok(trainer.read().await?.iter().map(|report| report.loss).collect())
}
