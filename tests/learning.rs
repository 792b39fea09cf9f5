//! Does it learn? On the sample set, a few dozen steps of the smallest encoder
//! must bring the loss down and the neighbours closer; a run whose positives are
//! views of different images must fail the same check, or the check is no test.
#![cfg(feature = "learn")]

use burn::tensor::{Device, Tensor};
use simclr_lab::core::config::preset::Preset;
use simclr_lab::core::config::{
    Architecture, AugmentConfig, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem, TrainedPart,
};
use simclr_lab::core::dataset::{Dataset, Split};
use simclr_lab::core::report::{Baseline, DatasetReport};
use simclr_lab::core::sample::{IMAGES_PER_CLASS, NAME, sample_set};
use simclr_lab::learn::baseline::reestimate_batch_norm;
use simclr_lab::learn::block_on::block_on;
use simclr_lab::learn::encoder::Encoder;
use simclr_lab::learn::features::{Features, features};
use simclr_lab::learn::knn::{Probe, accuracy, classify};
use simclr_lab::learn::linear_evaluation::Evaluation;
use simclr_lab::learn::store::ByteStore;
use simclr_lab::learn::trainer::Trainer;
use simclr_lab::learn::training::Training;
use std::ops::Range;

const SIZE: usize = 32;
/// Images a forward pass of the evaluation.
const BATCH: usize = 100;

/// Six epochs of nine steps. Much grayscale, because colour says nothing about
/// the class here and is the first thing an encoder would learn.
fn config(seed: u64) -> RunConfig {
    RunConfig {
        image_size: SIZE,
        encoder: EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8),
        head: HeadConfig::new(2, 64),
        augment: AugmentConfig { gray_probability: 0.5, ..AugmentConfig::preset(SIZE) },
        temperature: 0.2,
        optimizer: OptimizerConfig { peak_rate: 0.01, ..OptimizerConfig::preset(Optimizer::AdamW, 128) },
        trained: TrainedPart::All,
        batch: 128,
        chunk: 0,
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

fn run(config: &RunConfig, change: impl Fn(Tensor<4>) -> Tensor<4>) -> Run {
    let seed = config.seed;
    let dataset = sample_set(seed, IMAGES_PER_CLASS, SIZE);
    let device = Device::flex();
    let store = ByteStore::new(&dataset, &device, 1 << 26);
    let mut trainer = Trainer::new(config, store, &dataset.split(Split::Train), &device).expect("a trainer");
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
    let part = |range: Range<usize>| views.clone().slice([range]);
    Tensor::cat(vec![part(0..n), part(n + 1..2 * n), part(n..n + 1)], 0)
}

#[test]
fn a_few_dozen_steps_teach_the_smallest_encoder() {
    learns(1);
}

#[test]
fn wrong_positives_fail_the_same_check() {
    learns_nothing_of_wrong_positives(1);
}

#[test]
#[ignore = "takes minutes: cargo xtask nightly"]
fn other_seeds_teach_and_fail_alike() {
    for seed in [2, 3] {
        learns(seed);
        learns_nothing_of_wrong_positives(seed);
    }
}

fn learns(seed: u64) {
    let outcome = run(&config(seed), |views| views).outcome;
    assert!(outcome.learned(), "seed {seed}: {outcome:?}");
}

fn learns_nothing_of_wrong_positives(seed: u64) {
    let outcome = run(&config(seed), wrong_positives).outcome;
    assert!(!outcome.learned(), "seed {seed}: {outcome:?}");
}

/// What the page gives a visitor who loads the sample set and takes a quick look, but for half of its epochs.
fn visitors(seed: u64) -> RunConfig {
    let report = DatasetReport {
        sources: vec![NAME.to_owned()],
        size: SIZE,
        unlabelled: sample_set(seed, IMAGES_PER_CLASS, 16).split(Split::Train).len(),
        ..DatasetReport::default()
    };
    RunConfig { epochs: 16, seed, ..Preset::QuickLook.config(&report.facts()) }
}

/// Features of the training images, and of those held out, with their classes.
struct Judged {
    bank: (Features, Vec<usize>),
    queries: (Features, Vec<usize>),
}

impl Judged {
    fn new(dataset: &Dataset, classes: Range<usize>, encoder: &Encoder) -> Self {
        let store = ByteStore::new(dataset, &Device::flex(), 1 << 26);
        let part = |splits: &[Split]| {
            let (indices, labels): (Vec<_>, Vec<_>) = splits.iter().map(|&split| dataset.labelled(split)).unzip();
            let all = indices.concat().into_iter().zip(labels.concat());
            let (indices, labels): (Vec<u32>, _) =
                all.filter(|(_, label)| classes.contains(label)).map(|(index, label)| (index as u32, label)).unzip();
            (block_on(features(encoder, &store, &indices, BATCH, &mut async |_| true)).expect("features"), labels)
        };
        Self { bank: part(&[Split::Train]), queries: part(&[Split::Validation, Split::Test]) }
    }

    /// Part of the held-out images of two classes that kNN, which knows these
    /// two only, takes for the other: a half where they are of one kind.
    fn confused(&self, pair: [usize; 2]) -> f32 {
        let of_pair = |(h, labels): &(Features, Vec<usize>)| {
            let rows: Vec<usize> = (0..labels.len()).filter(|&i| pair.contains(&labels[i])).collect();
            let values = rows.iter().flat_map(|&i| h.row(i)).copied().collect();
            (Features { values, dim: h.dim }, rows.iter().map(|&i| labels[i]).collect::<Vec<_>>())
        };
        let ((bank, labels), (queries, truth)) = (of_pair(&self.bank), of_pair(&self.queries));
        let found = block_on(classify(&bank, &labels, &queries, 20, &mut async |_| true)).expect("kNN");
        1.0 - accuracy(&found, &truth)
    }
}

/// Where the pixel at (channel, y, x) comes from.
type Source = fn(usize, usize, usize) -> (usize, usize, usize);

/// The set with class 1 made of other images of class 0, seen otherwise.
fn with_class_0_twice(set: &Dataset, source: Source) -> Dataset {
    let others = sample_set(99, IMAGES_PER_CLASS, SIZE);
    let mut disguised = set.clone();
    let of = |set: &Dataset, class| {
        (0..set.examples.len()).filter(|&i| set.examples[i].label == Some(class)).collect::<Vec<_>>()
    };
    for (from, to) in of(&others, 0).into_iter().zip(of(set, 1)) {
        let image = others.image(from);
        let pixels = &mut disguised.pixels[to * set.stride()..(to + 1) * set.stride()];
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let (channel, y, x) = source(at / (SIZE * SIZE), at / SIZE % SIZE, at % SIZE);
            *pixel = image[(channel * SIZE + y) * SIZE + x];
        }
    }
    disguised
}

#[test]
#[ignore = "takes minutes: cargo xtask nightly"]
fn a_visitors_encoder_is_far_above_raw_pixels_and_takes_no_class_for_another() {
    let Run { dataset, trainer, .. } = run(&visitors(4), |views| views);
    let evaluation = Evaluation {
        dataset: &dataset,
        store: trainer.store(),
        trained: &trainer.encoder(),
        baseline: Baseline::Untrained,
        initial: Some(&trainer.initial_encoder()),
        batch: BATCH,
        seed: 4,
        steps: trainer.steps(),
        test_use: 1,
    };
    let report = block_on(evaluation.run(&mut async |_| true)).expect("an evaluation");
    let untrained = report.linear_baseline.expect("a baseline");
    let [trained, untrained, raw] =
        [&report.trained, &untrained, &report.raw_pixels].map(|linear| linear.test.accuracy);
    let found = format!("trained {trained}, untrained {untrained}, raw pixels {raw}");
    assert!(raw <= 0.25, "{found}");
    assert!(trained >= raw + 0.30 && trained >= untrained + 0.10, "{found}");

    // Were a class another's mirror image, recolouring or crop, an encoder that
    // was taught to ignore all three could hardly tell them apart.
    let encoder = trainer.encoder();
    let judged = Judged::new(&dataset, 0..dataset.classes.len(), &encoder);
    for [a, b] in (0..dataset.classes.len()).flat_map(|a| (0..a).map(move |b| [a, b])) {
        let part = judged.confused([a, b]);
        assert!(part < 1.0 / 3.0, "{part} of {} and {}", dataset.classes[a], dataset.classes[b]);
    }
    // The same check of a set with such a class.
    let seen: [(&str, Source); 3] = [
        ("mirror image", |channel, y, x| (channel, y, SIZE - 1 - x)),
        ("recolouring", |channel, y, x| ((channel + 1) % 3, y, x)),
        ("crop", |channel, y, x| (channel, 2 + y * 7 / 8, 2 + x * 7 / 8)),
    ];
    for (name, source) in seen {
        let part = Judged::new(&with_class_0_twice(&dataset, source), 0..2, &encoder).confused([0, 1]);
        assert!(part > 1.0 / 3.0, "{part}: a {name} would not be noticed");
    }
}
