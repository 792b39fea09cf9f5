use super::*;
use crate::core::config::{Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem, TrainedPart};

fn config(architecture: Architecture, width: usize, batch: usize) -> RunConfig {
    RunConfig {
        encoder: EncoderConfig::random(architecture, Stem::Small, width),
        head: HeadConfig::new(2, 128),
        batch,
        ..RunConfig::preset(32, 1000)
    }
}

/// torchvision's ResNet-18 without its classifier has 11 176 512 parameters; a 3×3 stem takes 7 680 fewer.
#[test]
fn resnet18_has_its_published_parameters_and_outputs() {
    let mut config = config(Architecture::ResNet18, 64, 16);
    let head = 512 * 512 + 512 + 512 * 128 + 128;
    assert_eq!(Cost::of(&config).parameters, 11_176_512 - 7_680 + head);
    // Five convolutions a stage (the stem, or the shortcut, beside its four); sides 32, 16, 8 and 4.
    let outputs: u64 = [(64, 32), (128, 16), (256, 8), (512, 4)].iter().map(|(c, side)| 5 * c * side * side).sum();
    assert_eq!(Cost::of(&config).activations, outputs);
    config.encoder.stem = Stem::ImageNet;
    assert_eq!(Cost::of(&config).parameters, 11_176_512 + head);
}

fn published(architecture: Architecture, image_size: usize) -> RunConfig {
    let encoder =
        EncoderConfig { start: InitialWeights::ImageNet, ..EncoderConfig::random(architecture, Stem::ImageNet, 64) };
    let batch = 64;
    let base = RunConfig { encoder, image_size, ..config(architecture, 64, batch) };
    RunConfig { optimizer: OptimizerConfig::preset(base.optimizer.optimizer, batch), ..base }
}

const LARGE: [(Architecture, usize, f64); 5] = [
    (Architecture::ResNet18, 224, 1.81e9),
    (Architecture::ResNet50, 224, 4.09e9),
    (Architecture::ResNet101, 224, 7.80e9),
    (Architecture::Vgg19, 224, 19.51e9),
    (Architecture::InceptionResNetV2, 299, 13.18e9),
];

/// Parameters are those of the published networks, multiplications the libraries' own figures.
#[test]
fn published_networks_have_their_published_size() {
    for (architecture, size, multiplications) in LARGE {
        let config = published(architecture, size);
        let net = config.encoder.published().unwrap();
        let (cost, h) = (Cost::of(&config), config.encoder.features());
        assert_eq!(cost.parameters as usize, net.weights().parameters + h * h + h + h * 128 + 128, "{net:?}");
        let count = cost.multiplications as f64;
        assert!((count / multiplications - 1.0).abs() < 0.01, "{net:?} {count}");
        let size = net.weights().min_image_size;
        let left = config.encoder.stages().iter().fold(size, |side, row| row.visit(side, &mut |_, _| {}));
        assert!(left > 0, "{net:?} at {size}");
    }
}

#[test]
fn large_layers_pass_a_few_images_at_once() {
    for small in [RunConfig::preset(32, 1000), config(Architecture::ResNet18, 64, 128)] {
        assert_eq!(Cost::passing_images(&small), 128);
    }
    // 64 × 224 × 224 floats, three times.
    assert_eq!(Cost::passing_images(&published(Architecture::Vgg19, 224)), 6);
    assert_eq!(Cost::passing_images(&published(Architecture::ResNet50, 224)), 27);
    let wide = RunConfig { image_size: 299, ..config(Architecture::ResNet18, 1024, 2) };
    assert_eq!(Cost::passing_images(&wide), 1, "never none");
}

#[test]
fn what_is_frozen_keeps_no_activations() {
    for (architecture, size, _) in LARGE {
        let all = published(architecture, size);
        let with = |trained| RunConfig { trained, ..all };
        let [head, last, everything] =
            [TrainedPart::Head, TrainedPart::Last1, TrainedPart::All].map(|t| Cost::of(&with(t)));
        assert_eq!((head.activations, head.trained_multiplications), (0, 0));
        assert!(last.activations > 0 && last.activations < everything.activations, "{architecture:?}");
        for cost in [head, last] {
            assert_eq!(cost.parameters + cost.frozen, everything.parameters);
            assert_eq!(cost.multiplications, everything.multiplications);
        }
        let memory = [TrainedPart::Head, TrainedPart::Last1, TrainedPart::All].map(|t| Cost::memory(&with(t), 1000));
        assert!(memory[0] < memory[1] && memory[1] < memory[2], "{architecture:?} {memory:?}");
        assert!(Cost::memory(&RunConfig { chunk: 8, ..all }, 1000) < memory[2]);
    }
    let random = RunConfig { trained: TrainedPart::Head, ..config(Architecture::ResNet18, 64, 16) };
    assert_eq!(Cost::of(&random).frozen, 0, "random weights all train");
}

#[test]
fn a_batch_that_fits_is_proposed() {
    let all = published(Architecture::ResNet50, 224);
    let fit = Cost::fitting(&all, 1000, Backend::Cpu).unwrap();
    assert!(fit.batch < 64 && fit.chunk == 0, "{fit:?}");
    assert!(fit.rate_follows_rule(), "{fit:?}");
    assert!(Cost::fits(&fit, 1000, Backend::Cpu).is_ok());
    assert!(Cost::fits(&RunConfig { batch: 2 * fit.batch, ..fit }, 1000, Backend::Cpu).is_err());
    // Frozen, and without batch normalisation, chunks are as good as the whole.
    let frozen = RunConfig { trained: TrainedPart::Head, batch: 4096, ..all };
    for config in [frozen, RunConfig { batch: 4096, ..published(Architecture::Vgg19, 224) }] {
        let fit = Cost::fitting(&config, 1000, Backend::Cpu).unwrap();
        assert!(fit.batch == config.batch && fit.chunk > 0 && fit.chunk < config.batch, "{fit:?}");
    }
    // Not even the images have room.
    assert_eq!(Cost::fitting(&frozen, 30_000, Backend::Cpu), None);
}

#[test]
fn a_batch_of_4096_takes_little_more_than_one_of_its_chunks() {
    let small = RunConfig { batch: 64, ..published(Architecture::ResNet50, 96) };
    let large = RunConfig { batch: 4096, chunk: 64, ..small };
    let [small, large] = [small, large].map(|config| Cost::memory(&config, 5_000));
    // A gradient more, the similarities of some anchors, z and its gradient, beside 7 GB.
    assert!(large > small && large - small < 300 << 20, "{small} {large}");
    assert_eq!(anchors_at_once(8192), 512);
    assert_eq!([0, 1, 100].map(anchors_at_once), [1, 1, 100]);
}

#[test]
fn what_is_judged_as_it_is_takes_nothing_for_a_batch() {
    let judged = RunConfig { epochs: 0, batch: 4096, ..published(Architecture::ResNet50, 224) };
    assert_eq!(Cost::memory(&judged, 1000), Cost::memory(&RunConfig { batch: 2, ..judged }, 1000));
    assert!(Cost::fits(&judged, 1000, Backend::Cpu).is_ok());
    assert!(Cost::fits(&RunConfig { epochs: 1, ..judged }, 1000, Backend::Cpu).is_err());
}

#[test]
fn fine_tuning_is_counted_by_what_it_trains() {
    use crate::core::run::fine_tune::TuningStart;
    let run = published(Architecture::ResNet50, 224);
    let with =
        |trained, batch| FineTuneConfig { batch, ..FineTuneConfig::recipe(TuningStart::Pretrained, trained, 10, 0) };
    let memory = |trained, batch| Cost::tuning_memory(&run, &with(trained, batch), 500, 1000);
    assert!(memory(TrainedLayers::Classifier, 64) < memory(TrainedLayers::Last(1), 64));
    assert!(memory(TrainedLayers::Last(1), 64) < memory(TrainedLayers::All, 64));
    let fits = |batch| Cost::tuning_fits(&run, &with(TrainedLayers::All, batch), 500, 1000, Backend::Cpu);
    assert!(fits(8).is_ok() && matches!(fits(64), Err(Fault::NeedsMemory { .. })));
    assert!(
        Cost::tuning_fits(&run, &with(TrainedLayers::All, 64), 8, 1000, Backend::Cpu).is_ok(),
        "no more than the labels"
    );
    assert!(Cost::tuning_fits(&run, &with(TrainedLayers::All, 64), 500, 1000, Backend::WebGpu).is_ok());
}

#[test]
fn memory_grows_with_batch_and_images() {
    let mut run = config(Architecture::ResNet10, 16, 32);
    assert!(Cost::memory(&config(Architecture::ResNet10, 16, 64), 1000) > Cost::memory(&run, 1000));
    let grows = |run: &RunConfig| Cost::memory(run, 2000) - Cost::memory(run, 1000);
    assert_eq!(grows(&run), 1000 * 5 * 3072, "at twice the side too");
    run.augment.detail = false;
    assert_eq!(grows(&run), 1000 * 3072);
}

fn device(backend: Backend, software: bool) -> DeviceReport {
    DeviceReport { backend, name: String::new(), software, why_not_gpu: None }
}

#[test]
fn what_is_too_much_for_the_cpu_is_refused_there_only() {
    let thorough = |batch| config(Architecture::ResNet18, 64, batch);
    assert_eq!(Cost::fits(&thorough(128), 5_000, Backend::Cpu), Ok(()));
    let refused = Cost::fits(&thorough(256), 5_000, Backend::Cpu);
    assert!(matches!(refused, Err(Fault::NeedsMemory { need, limit }) if need > limit), "{refused:?}");
    assert_eq!(Cost::fits(&thorough(256), 5_000, Backend::WebGpu), Ok(()));
}

/// ResNet-18 with a small stem takes 0.56 thousand million multiplications for 32 × 32 pixels, as is published.
#[test]
fn large_networks_are_timed_with_small_batches_on_slow_devices() {
    let thorough = config(Architecture::ResNet18, 64, 128);
    let count = Cost::of(&thorough).multiplications as f64;
    assert!((count / 0.56e9 - 1.0).abs() < 0.01, "{count}");
    let [cpu, gpu, software] = [(Backend::Cpu, false), (Backend::WebGpu, false), (Backend::WebGpu, true)]
        .map(|(backend, software)| device(backend, software));
    let batches = |config| [&cpu, &gpu, &software].map(|device| Cost::timed_batch(config, device));
    assert_eq!(batches(&thorough), [2, 128, 2]);
    assert_eq!(batches(&config(Architecture::ResNet10, 16, 128)), [30, 128, 2]);
    assert_eq!(Cost::timed_images(&thorough, &cpu, 128), 10);
    assert_eq!(Cost::timed_images(&thorough, &gpu, 128), 128);
}
