//! Linear evaluation of a set of a usual size.

use super::{Setting, noise};
use crate::core::dataset::{Dataset, Split};
use crate::core::report::{Baseline, EvaluationReport};
use crate::learn::features::Stopped;
use crate::learn::linear_eval::Evaluation;
use crate::learn::simclr::initial_encoder;
use crate::learn::store::ByteStore;
use burn::module::Module;
use burn::tensor::Device;

const CLASSES: usize = 10;
/// Images a forward pass.
const BATCH: usize = 128;

/// Everything that linear evaluation does, on `images` images in ten classes
/// and three splits with the encoder of [`Setting::Tiny`]. `device` without
/// autodiff; `pause` as in [`features`](crate::learn::features::features).
///
/// # Errors
/// Where the device fails, or `pause` says stop.
pub async fn evaluation(
    images: usize,
    device: &Device,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<EvaluationReport, Stopped> {
    let config = Setting::Tiny.config();
    let dataset = labelled(images);
    let store = ByteStore::new(&dataset, device, 1 << 27);
    let encoder = initial_encoder(&config.encoder, config.seed, &device.clone().autodiff()).valid();
    let evaluation = Evaluation {
        dataset: &dataset,
        store: &store,
        trained: &encoder,
        baseline: Baseline::Untrained,
        initial: Some(&encoder),
        batch: BATCH,
        seed: config.seed,
        steps: 0,
        test_use: 1,
    };
    evaluation.run(pause).await
}

/// Noise in equal classes: three in five to train on, one each for validation
/// and test.
fn labelled(images: usize) -> Dataset {
    let mut set = noise(images);
    set.classes = (0..CLASSES).map(|class| format!("class {class}")).collect();
    let splits = [Split::Train, Split::Validation, Split::Train, Split::Test, Split::Train];
    for (i, example) in set.examples.iter_mut().enumerate() {
        example.label = Some((i % CLASSES) as u16);
        example.split = splits[i / CLASSES % splits.len()];
    }
    set
}
