//! Learning quality on small CIFAR-10: pre-trains a ResNet-10 of width 16, and judges it by linear evaluation and kNN. Other
//! implementations of SimCLR can be compared at the same settings.
//!
//! `cargo run --release --example quality --
//!  TRAIN.zip TEST.zip KEEP SEED…`
//!
//! An archive holds one folder of 32-pixel images for each class. The encoders are stored in the folder KEEP. An encoder
//! that is there already is judged without training.

use burn::tensor::Device;
use simclr_lab::core::config::{
    Architecture, AugmentConfig, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem, TrainedPart,
};
use simclr_lab::core::dataset::{Dataset, Split};
use simclr_lab::learn::encoder::Encoder;
use simclr_lab::learn::named_tensors::{from_safetensors, to_safetensors};
use simclr_lab::learn::store::ByteStore;
use simclr_lab::learn::trainer::Trainer;
use simclr_lab::learn::training::Training;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

mod judge;
mod set;

use set::SIZE;

const CHUNK: usize = 128 << 20;

fn config(seed: u64) -> RunConfig {
    RunConfig {
        image_size: SIZE,
        encoder: EncoderConfig::random(Architecture::ResNet10, Stem::Small, 16),
        head: HeadConfig::new(2, 128),
        augment: AugmentConfig {
            crop: true,
            crop_min_area: 0.08,
            detail: false,
            flip_probability: 0.5,
            jitter_probability: 0.8,
            jitter_strength: 0.5,
            gray_probability: 0.2,
            blur_probability: 0.0,
            blur_sigma: (0.1, 2.0),
        },
        temperature: 0.5,
        optimizer: OptimizerConfig {
            optimizer: Optimizer::Lars,
            peak_rate: 0.075 * (128.0f32).sqrt(),
            weight_decay: 1e-6,
            momentum: 0.9,
            trust_coefficient: 0.001,
            warmup: 0.1,
        },
        trained: TrainedPart::All,
        batch: 128,
        chunk: 0,
        epochs: 30,
        seed,
    }
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout");
}

/// Trains from `seed` and prints the mean loss of each epoch.
fn train(set: &Dataset, store: &ByteStore, seed: u64) -> Encoder {
    let mut trainer =
        Trainer::new(&config(seed), store.clone(), &set.split(Split::Train), &Device::flex()).expect("a trainer");
    let start = Instant::now();
    while !trainer.done() {
        for _ in 0..trainer.steps_per_epoch() {
            trainer.step();
        }
        let reports = judge::block_on(trainer.read()).expect("reports");
        let mean = |f: fn(&simclr_lab::core::report::StepReport) -> f32| {
            reports.iter().map(f).sum::<f32>() / reports.len() as f32
        };
        say(&format!(
            "seed {seed} epoch {:2} loss {:.3} accuracy {:.3} std {:.4} after {:.0} s",
            trainer.epochs_done(),
            mean(|r| r.loss),
            mean(|r| r.contrastive_accuracy),
            mean(|r| r.std),
            start.elapsed().as_secs_f32()
        ));
    }
    trainer.encoder()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [train_zip, test_zip, keep, seeds @ ..] = args.as_slice() else {
        panic!("TRAIN.zip TEST.zip KEEP SEED…");
    };
    let mut set = Dataset { size: SIZE, ..Dataset::default() };
    set::add(&mut set, train_zip, Split::Train);
    set::add(&mut set, test_zip, Split::Test);
    let device = Device::flex();
    let store = ByteStore::new(&set, &device, CHUNK);
    for seed in seeds {
        let seed: u64 = seed.parse().expect("a seed is a whole number");
        let start = Trainer::new(&config(seed), store.clone(), &set.split(Split::Train), &device)
            .expect("a trainer")
            .initial_encoder();
        let file: PathBuf = Path::new(keep).join(format!("seed{seed}.safetensors"));
        let encoder = match std::fs::read(&file) {
            Ok(bytes) => from_safetensors(start.clone(), &bytes).expect("an encoder"),
            Err(_) => {
                let encoder = train(&set, &store, seed);
                let bytes = judge::block_on(to_safetensors(&encoder)).expect("bytes");
                std::fs::write(&file, bytes).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
                encoder
            }
        };
        say(&format!("seed {seed} untrained {}", judge::judge(&start, &set, &store, seed)));
        say(&format!("seed {seed} trained   {}", judge::judge(&encoder, &set, &store, seed)));
    }
}
