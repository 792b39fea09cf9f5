use super::*;
use crate::core::config::{self, Architecture, AugmentConfig, EncoderConfig, OptimizerConfig, RunConfig, Stem};
use crate::core::dataset::Dataset;
use crate::core::error::Fault;
use crate::core::rng::Rng;
use crate::learn::store::ByteStore;
use crate::learn::trainer::Trainer;
use crate::learn::training::Training;
use burn::tensor::{Device, read_sync};

const IMAGES: usize = 40;

fn config(optimizer: config::Optimizer) -> RunConfig {
    let base = RunConfig::default();
    RunConfig {
        image_size: 16,
        encoder: EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8),
        augment: AugmentConfig { blur_probability: 0.0, ..base.augment },
        optimizer: OptimizerConfig { weight_decay: 0.01, ..OptimizerConfig::preset(optimizer, 16) },
        batch: 16,
        epochs: 6,
        ..base
    }
}

fn store() -> ByteStore {
    let mut rng = Rng::new(8);
    let pixels = (0..IMAGES * 3 * 256).map(|_| rng.below(256) as u8).collect();
    ByteStore::new(&Dataset { size: 16, pixels, ..Dataset::default() }, &Device::flex(), usize::MAX)
}

fn start(config: &RunConfig) -> Trainer {
    Trainer::new(config, store(), &(0..IMAGES).collect::<Vec<_>>(), &Device::flex()).unwrap()
}

fn resume(config: &RunConfig, bytes: &[u8]) -> Result<Trainer, Fault> {
    Trainer::resume(config, store(), &(0..IMAGES).collect::<Vec<_>>(), &Device::flex(), bytes)
}

/// Losses of so many steps.
fn go(trainer: &mut Trainer, steps: usize) -> Vec<f32> {
    (0..steps).for_each(|_| trainer.step());
    read_sync(trainer.read()).unwrap().iter().map(|r| r.loss).collect()
}

/// Largest difference: threads add up in any order, so equal runs differ by rounding.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// A run of 5 steps, frozen, and what would have followed: in the middle of an epoch.
fn frozen(config: &RunConfig) -> (Vec<u8>, Vec<f32>) {
    let mut trainer = start(config);
    go(&mut trainer, 5);
    let snapshot = trainer.snapshot();
    // The snapshot is of now, although it is read later.
    let after = go(&mut trainer, 6);
    (read_sync(snapshot.into_bytes()).unwrap(), after)
}

#[test]
fn a_run_goes_on_as_if_it_had_not_stopped() {
    for optimizer in [config::Optimizer::Lars, config::Optimizer::Sgd, config::Optimizer::AdamW] {
        let config = config(optimizer);
        let (bytes, expected) = frozen(&config);
        let mut resumed = resume(&config, &bytes).unwrap();
        assert_eq!((resumed.steps(), resumed.epoch()), (5, 3));
        let apart = apart(&go(&mut resumed, 6), &expected);
        assert!(apart < 1e-4, "{optimizer:?}: {apart}");
    }
}

#[test]
fn without_the_optimisers_state_it_would_not() {
    for optimizer in [config::Optimizer::Lars, config::Optimizer::Sgd, config::Optimizer::AdamW] {
        let config = config(optimizer);
        let (bytes, expected) = frozen(&config);
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let model: Vec<_> = file.iter().filter(|(name, _)| name.starts_with("model.")).collect();
        let header = HashMap::from([(STEPS.to_owned(), "5".to_owned())]);
        let bytes = safetensors::serialize(model, Some(header)).unwrap();
        let apart = apart(&go(&mut resume(&config, &bytes).unwrap(), 6), &expected);
        assert!(apart > 1e-3, "{optimizer:?}: {apart}");
    }
}

#[test]
fn foreign_and_broken_files_are_refused() {
    let config = config(config::Optimizer::Lars);
    let (bytes, _) = frozen(&config);
    let said = |config: &RunConfig, bytes: &[u8]| match resume(config, bytes) {
        Err(Fault::Internal { detail }) => detail,
        other => panic!("{:?}", other.map(|t| t.steps())),
    };
    assert!(said(&config, &bytes[..bytes.len() / 2]).contains("not a readable safetensors file"));
    assert!(said(&config, b"").contains("not a readable safetensors file"));
    let mut wider = config;
    wider.encoder.width = 16;
    assert!(said(&wider, &bytes).contains("model.encoder.conv1.weight has shape [8, 3, 3, 3], expected [16, 3, 3, 3]"));
    let mut other = config;
    other.encoder.architecture = Architecture::ResNet10;
    assert!(said(&other, &bytes).contains("layer1"));
    // An encoder's own file has no steps.
    let encoder = read_sync(crate::learn::named_tensors::to_safetensors(&start(&config).encoder())).unwrap();
    assert!(said(&config, &encoder).contains("no number of steps"));
}
