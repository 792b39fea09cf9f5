//! What a preset gives: trains a link's settings, and judges encoder, untrained encoder and raw pixels by linear evaluation,
//! as the page does.
//!
//! `cargo run --release --example presets -- sample preset=quick_look SEED…`
//! `cargo run --release --example presets -- TRAIN.zip TEST.zip 'preset=balanced&epochs=30' SEED…`

use burn::tensor::Device;
use simclr_lab::core::config::{RunConfig, link::from_link, preset::ImageFacts, preset::ImageKind};
use simclr_lab::core::dataset::{Dataset, Split};
use simclr_lab::core::report::Baseline;
use simclr_lab::core::sample::{IMAGES_PER_CLASS, sample_set};
use simclr_lab::learn::{block_on::block_on, linear_evaluation::Evaluation, store::ByteStore};
use simclr_lab::learn::{trainer::Trainer, training::Training};
use std::io::Write;
use std::time::Instant;

#[path = "quality/set.rs"]
mod set;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (sets, rest) = args.split_at(if args.first().is_some_and(|set| set == "sample") { 1 } else { 2 });
    let [link, seeds @ ..] = rest else { panic!("sample | TRAIN.zip TEST.zip, LINK SEED…") };
    let device = Device::flex();
    for seed in seeds {
        let seed: u64 = seed.parse().expect("a seed is a whole number");
        let (images, kind) = match sets {
            [train, test] => {
                let mut images = Dataset { size: set::SIZE, ..Dataset::default() };
                set::add(&mut images, train, Split::Train);
                set::add(&mut images, test, Split::Test);
                (images, ImageKind::Cifar10)
            }
            _ => (sample_set(seed, IMAGES_PER_CLASS, set::SIZE), ImageKind::SampleSet),
        };
        let train = images.split(Split::Train);
        let facts = ImageFacts { kind, ..ImageFacts::new(set::SIZE, train.len()) };
        let (config, _) = from_link(link, &RunConfig::default(), &facts).expect("a link");
        let config = RunConfig { seed, ..config };
        let store = ByteStore::new(&images, &device, 128 << 20);
        let mut trainer = Trainer::new(&config, store.clone(), &train, &device).expect("a trainer");
        let begun = Instant::now();
        while !trainer.done() {
            trainer.step();
            if trainer.at_epoch_end() {
                block_on(trainer.read()).expect("reports");
            }
        }
        let (trained, begun) = (begun.elapsed().as_secs_f32(), Instant::now());
        let evaluation = Evaluation {
            dataset: &images,
            store: &store,
            trained: &trainer.encoder(),
            baseline: Baseline::Untrained,
            initial: Some(&trainer.initial_encoder()),
            batch: 250,
            seed,
            steps: trainer.steps(),
            test_use: 1,
        };
        let report = block_on(evaluation.run(&mut async |_| true)).expect("an evaluation");
        let untrained = report.linear_baseline.expect("a baseline");
        let [trained_is, untrained, pixels] =
            [&report.trained, &untrained, &report.raw_pixels].map(|linear| 100.0 * linear.test.accuracy);
        writeln!(
            std::io::stdout(),
            "seed {seed}, {} epochs, {} steps of {:.0} ms: linear {trained_is:.1}, untrained {untrained:.1}, raw pixels {pixels:.1}; \
             kNN {:.1}; evaluated in {:.0} s",
            config.epochs,
            trainer.steps(),
            1000.0 * trained / trainer.steps().max(1) as f32,
            100.0 * report.knn_trained,
            begun.elapsed().as_secs_f32()
        )
        .expect("stdout");
    }
}
