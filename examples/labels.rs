//! Accuracy against the number of labels by the recipes of the page: a linear classifier on the frozen encoder, the
//! fine-tuned encoder, and the same network from random weights, after a short pre-training.
//!
//! `cargo run --release --example labels -- sample EPOCHS FRACTION,… SEED…`
//! `cargo run --release --example labels -- TRAIN.zip TEST.zip EPOCHS FRACTION,… SEED…`

use burn::module::Module;
use burn::tensor::Device;
use simclr_lab::core::config::{RunConfig, preset::ImageFacts, preset::ImageKind, preset::Preset};
use simclr_lab::core::dataset::{Dataset, Split, split::choose_labelled};
use simclr_lab::core::run::fine_tune::{FineTuneConfig, TrainedLayers, TuningStart};
use simclr_lab::core::sample::{IMAGES_PER_CLASS, sample_set};
use simclr_lab::learn::block_on::block_on;
use simclr_lab::learn::encoder::Encoder;
use simclr_lab::learn::features::{Features, KnownFeatures, features};
use simclr_lab::learn::fine_tune::{FineTuner, LabelledImages};
use simclr_lab::learn::linear_evaluation::{Labelled, Problem, fit};
use simclr_lab::learn::{store::ByteStore, trainer::Trainer, training::Training};
use std::io::Write;
use std::time::Instant;

#[path = "quality/set.rs"]
mod set;

/// Images a forward pass.
const BATCH: usize = 250;

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout");
}

/// One encoder, before and after pre-training, and its images.
struct Subject {
    set: Dataset,
    store: ByteStore,
    config: RunConfig,
    initial: Encoder,
    trained: Encoder,
}

fn pretrain(set: Dataset, sample: bool, epochs: u32, seed: u64) -> Subject {
    let device = Device::flex();
    let images = set.split(Split::Train);
    let facts = ImageFacts::new(set::SIZE, images.len());
    let facts = if sample { ImageFacts { kind: ImageKind::SampleSet, ..facts } } else { facts };
    let config = RunConfig { epochs, seed, ..Preset::QuickLook.config(&facts) };
    let store = ByteStore::new(&set, &device, 128 << 20);
    let mut trainer = Trainer::new(&config, store.clone(), &images, &device).expect("a trainer");
    let begun = Instant::now();
    while !trainer.done() {
        trainer.step();
        if trainer.at_epoch_end() {
            block_on(trainer.read()).expect("reports");
        }
    }
    say(&format!("seed {seed}: {:?}, {epochs} epochs in {:.0} s", config.encoder, begun.elapsed().as_secs_f32()));
    Subject { set, store, config, initial: trainer.initial_encoder(), trained: trainer.encoder() }
}

fn part(set: &Dataset, images: Vec<usize>) -> LabelledImages {
    let labels = images.iter().filter_map(|&i| set.examples[i].label.map(usize::from)).collect();
    LabelledImages { images: images.into_iter().map(|i| i as u32).collect(), labels, classes: set.classes.len() }
}

/// Test accuracy of the linear classifier, the fine-tuned encoder and the network from random weights, in per cent.
fn contest(subject: &Subject, known: &KnownFeatures, fraction: u8, seed: u64) -> [f64; 3] {
    let Subject { set, store, .. } = subject;
    let (indices, labels) = set.labelled(Split::Train);
    let train = part(set, choose_labelled(&indices, &labels, fraction, seed));
    let test = part(set, set.labelled(Split::Test).0);
    let [rows, judged] = [&train, &test].map(|part| known.of(&part.images).expect("features"));
    let none = Features { values: Vec::new(), dim: rows.dim };
    let problem = Problem {
        train: Labelled { rows: &rows, labels: &train.labels },
        validation: Labelled { rows: &none, labels: &[] },
        test: Labelled { rows: &judged, labels: &test.labels },
        classes: train.classes,
    };
    let (linear, report) = block_on(fit(&problem, seed, &mut async |_| true)).expect("a classifier");
    let tune = |start, encoder: &Encoder| {
        let recipe = FineTuneConfig::recipe(start, TrainedLayers::All, fraction, seed);
        let features = subject.config.encoder.features();
        let mut tuner = FineTuner::new(
            &recipe,
            encoder.clone().train(),
            None,
            features,
            store.clone(),
            train.clone(),
            &Device::flex(),
        )
        .expect("labels of two classes");
        if recipe.needs_linear() {
            tuner = tuner.with_head(block_on(linear.tensors()).expect("weights")).expect("a head of these shapes");
        }
        while !tuner.done() {
            tuner.step();
            if tuner.unread() == 16 {
                block_on(tuner.read()).expect("losses");
            }
        }
        let images: Vec<u32> = set.split(Split::Train).into_iter().map(|i| i as u32).collect();
        block_on(tuner.estimate_statistics(&images, BATCH, &mut async |_| true)).expect("statistics");
        let logits = tuner.classifier();
        let logits = block_on(logits.logits(store, &test.images, BATCH, &mut async |_| true)).expect("logits");
        let right = test.labels.iter().enumerate().filter(|&(i, &label)| {
            let row = logits.row(i);
            row.iter().all(|v| *v <= row[label])
        });
        100.0 * right.count() as f64 / test.labels.len() as f64
    };
    [
        100.0 * report.test.accuracy,
        tune(TuningStart::Pretrained, &subject.trained),
        tune(TuningStart::Random, &subject.initial),
    ]
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (sets, rest) = args.split_at(if args.first().is_some_and(|set| set == "sample") { 1 } else { 2 });
    let [epochs, fractions, seeds @ ..] = rest else {
        panic!("sample | TRAIN.zip TEST.zip, EPOCHS FRACTION,… SEED…")
    };
    for seed in seeds {
        let seed: u64 = seed.parse().expect("a seed is a whole number");
        let mut images = Dataset { size: set::SIZE, ..Dataset::default() };
        match sets {
            [train, test] => {
                set::add(&mut images, train, Split::Train);
                set::add(&mut images, test, Split::Test);
            }
            _ => images = sample_set(seed, IMAGES_PER_CLASS, set::SIZE),
        }
        let subject = pretrain(images, sets.len() == 1, epochs.parse().expect("epochs"), seed);
        let all: Vec<u32> = (0..subject.set.examples.len() as u32).collect();
        let rows = block_on(features(&subject.trained, &subject.store, &all, BATCH, &mut async |_| true));
        let known = KnownFeatures::new(all, rows.expect("features"));
        for fraction in fractions.split(',') {
            let begun = Instant::now();
            let [linear, tuned, random] = contest(&subject, &known, fraction.parse().expect("per cent"), seed);
            say(&format!(
                "seed {seed} {fraction:>3} %: linear {linear:.1}, fine-tuned {tuned:.1}, from random weights {random:.1} ({:.0} s)",
                begun.elapsed().as_secs_f32()
            ));
        }
    }
}
