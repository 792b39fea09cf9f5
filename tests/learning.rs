//! Does it learn? On the sample set, a few dozen steps of the smallest encoder
//! must bring the loss down and the neighbours closer; a run whose positives are
//! views of different images must fail the same check, or the check is no test.
#![cfg(feature = "learn")]

use burn::tensor::{Device, Tensor};
use simclr_lab::core::config::{
    Architecture, AugmentConfig, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem,
};
use simclr_lab::core::dataset::{Dataset, Split};
use simclr_lab::core::sample::{IMAGES_PER_CLASS, sample_set};
use simclr_lab::learn::block_on::block_on;
use simclr_lab::learn::encoder::{Encoder, reestimate_batch_norm};
use simclr_lab::learn::knn::Probe;
use simclr_lab::learn::linear_eval::Evaluation;
use simclr_lab::learn::store::ByteStore;
use simclr_lab::learn::trainer::Trainer;
use simclr_lab::learn::training::Training;

const SIZE: usize = 32;
/// Images a forward pass of the evaluation.
const BATCH: usize = 100;

/// Six epochs of nine steps. Much grayscale, because colour says nothing about
/// the class here and is the first thing an encoder would learn.
fn config(seed: u64) -> RunConfig {
    RunConfig {
        image_size: SIZE,
        encoder: EncoderConfig { architecture: Architecture::ConvNet4, stem: Stem::Small, width: 8 },
        head: HeadConfig { layers: 2, output: 64 },
        augment: AugmentConfig { gray_probability: 0.5, ..AugmentConfig::preset(SIZE) },
        temperature: 0.2,
        optimizer: OptimizerConfig { peak_rate: 0.01, ..OptimizerConfig::preset(Optimizer::AdamW, 128) },
        batch: 128,
        epochs: 6,
        seed,
    }
}

/// What a run did.
#[derive(Debug)]
struct Outcome {
    first_loss: f32,
    /// Mean over the last epoch.
    last_loss: f32,
    knn_before: f32,
    knn_after: f32,
}

impl Outcome {
    /// The check: 0.3 off the loss and 10 points more for kNN.
    fn learned(&self) -> bool {
        self.last_loss <= self.first_loss - 0.3 && self.knn_after >= self.knn_before + 0.10
    }
}

/// A finished run with all that evaluation needs.
struct Run {
    dataset: Dataset,
    trainer: Trainer,
    outcome: Outcome,
}

/// Statistics of the training images, in batches of one size.
fn with_statistics(encoder: &Encoder, trainer: &Trainer) -> Encoder {
    reestimate_batch_norm(encoder, trainer.images().chunks_exact(BATCH).map(|part| trainer.store().gather(part)))
}

fn run(seed: u64, change: impl Fn(Tensor<4>) -> Tensor<4>) -> Run {
    let dataset = sample_set(seed, IMAGES_PER_CLASS, SIZE);
    let device = Device::flex();
    let store = ByteStore::new(&dataset, &device, 1 << 26);
    let mut trainer = Trainer::new(&config(seed), store, &dataset.split(Split::Train), &device).expect("a trainer");
    let probe = Probe::new(&dataset, Split::Test, usize::MAX, usize::MAX, seed).expect("labelled images");
    assert!(dataset.labelled(Split::Test).0.len() >= 300, "too few held-out images to tell 10 points");
    let knn = |encoder: &Encoder| {
        let store = trainer.store();
        block_on(probe.accuracy(encoder, store, BATCH, &mut async |_| true)).expect("kNN")
    };
    let knn_before = knn(&with_statistics(&trainer.initial_encoder(), &trainer));
    while !trainer.done() {
        trainer.step_on(&change);
    }
    let losses: Vec<f32> = block_on(trainer.read()).expect("reports").iter().map(|r| r.loss).collect();
    let last = &losses[losses.len() - trainer.steps_per_epoch() as usize..];
    let store = trainer.store();
    let knn_after = block_on(probe.accuracy(&trainer.encoder(), store, BATCH, &mut async |_| true)).expect("kNN");
    let outcome = Outcome {
        first_loss: losses[0],
        last_loss: last.iter().sum::<f32>() / last.len() as f32,
        knn_before,
        knn_after,
    };
    Run { dataset, trainer, outcome }
}

/// Pairs each image's first view with the next image's second one.
fn wrong_positives(views: Tensor<4>) -> Tensor<4> {
    let n = views.dims()[0] / 2;
    let part = |range: std::ops::Range<usize>| views.clone().slice([range]);
    Tensor::cat(vec![part(0..n), part(n + 1..2 * n), part(n..n + 1)], 0)
}

#[test]
fn a_few_dozen_steps_teach_the_smallest_encoder() {
    for seed in [1, 2, 3] {
        let outcome = run(seed, |views| views).outcome;
        assert!(outcome.learned(), "seed {seed}: {outcome:?}");
    }
}

#[test]
fn wrong_positives_fail_the_same_check() {
    for seed in [1, 2, 3] {
        let outcome = run(seed, wrong_positives).outcome;
        assert!(!outcome.learned(), "seed {seed}: {outcome:?}");
    }
}

#[test]
fn linear_evaluation_tells_the_trained_encoder_from_raw_pixels() {
    let Run { dataset, trainer, .. } = run(4, |views| views);
    let evaluation = Evaluation {
        dataset: &dataset,
        store: trainer.store(),
        trained: &trainer.encoder(),
        initial: &trainer.initial_encoder(),
        batch: BATCH,
        seed: 4,
        steps: trainer.steps(),
        test_use: 1,
    };
    let report = block_on(evaluation.run(&mut async |_| true)).expect("kNN");
    let [trained, untrained, raw] =
        [&report.trained, &report.untrained, &report.raw_pixels].map(|linear| linear.test.accuracy);
    let found = format!("trained {trained}, untrained {untrained}, raw pixels {raw}");
    assert!(raw <= 0.25, "{found}");
    assert!(trained >= raw + 0.30 && trained >= untrained + 0.10, "{found}");
}
