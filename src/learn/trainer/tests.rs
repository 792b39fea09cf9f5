use super::*;
use crate::core::config::{self, Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem};
use crate::core::dataset::{Dataset, Example, Split};
use crate::learn::augment::views;
use crate::learn::simclr::initial_encoder;
use crate::learn::{baseline::reestimate_batch_norm, block_on::block_on, named_tensors::tensors};
use burn::tensor::read_sync;

const IMAGES: usize = 40;

fn config() -> RunConfig {
    let base = RunConfig::default();
    RunConfig {
        image_size: 16,
        encoder: EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8),
        head: HeadConfig::new(2, 32),
        augment: AugmentConfig { crop_min_area: 0.3, ..base.augment },
        optimizer: OptimizerConfig { peak_rate: 0.5, ..base.optimizer },
        batch: 16,
        epochs: 10,
        seed: 5,
        ..base
    }
}

/// Images of one random colour each, with some noise.
fn images() -> Dataset {
    let mut rng = Rng::new(8);
    let mut pixels = Vec::new();
    for _ in 0..IMAGES * 3 {
        let level = rng.uniform(20.0, 235.0);
        pixels.extend((0..256).map(|_| (level + rng.uniform(-20.0, 20.0)) as u8));
    }
    let example = |i| Example { label: None, split: Split::Train, name: format!("{i}") };
    Dataset { size: 16, examples: (0..IMAGES).map(example).collect(), pixels, ..Dataset::default() }
}

fn trainer(config: &RunConfig) -> Trainer {
    let device = Device::flex();
    let store = ByteStore::new(&images(), &device, 1 << 20);
    // Training images are a part of the store.
    let chosen: Vec<usize> = (0..IMAGES).filter(|i| i % 8 != 0).collect();
    Trainer::new(config, store, &chosen, &device).unwrap()
}

fn run(config: &RunConfig, steps: usize) -> Vec<StepReport> {
    let mut trainer = trainer(config);
    (0..steps).for_each(|_| trainer.step());
    read_sync(trainer.read()).unwrap()
}

#[test]
fn a_run_reports_every_step_once_and_in_order() {
    let mut trainer = trainer(&config());
    assert_eq!((trainer.steps_per_epoch(), trainer.total_steps(), trainer.epoch()), (2, 20, 1));
    (0..3).for_each(|_| trainer.step());
    let reports = read_sync(trainer.read()).unwrap();
    assert_eq!(reports.iter().map(|r| (r.step, r.epoch)).collect::<Vec<_>>(), [(1, 1), (2, 1), (3, 2)]);
    assert!(read_sync(trainer.read()).unwrap().is_empty());
    while !trainer.done() {
        trainer.step();
    }
    let reports = read_sync(trainer.read()).unwrap();
    assert_eq!(reports.len(), 17);
    for r in &reports {
        assert!(r.loss.is_finite() && r.loss > 1.0 && r.loss < 5.0, "{r:?}");
        assert!((0.0..=1.0).contains(&r.contrastive_accuracy) && r.std > 0.0, "{r:?}");
    }
}

#[test]
fn equal_seeds_run_equally_and_others_do_not() {
    let losses = |seed| run(&RunConfig { seed, ..config() }, 4).iter().map(|r| r.loss).collect::<Vec<_>>();
    let first = losses(1);
    for (a, b) in first.iter().zip(losses(1)) {
        assert!((a - b).abs() < 1e-4, "{a} and {b} from one seed");
    }
    assert!((first[0] - losses(2)[0]).abs() > 1e-4);
}

#[test]
fn crops_are_cut_from_detail_where_it_is_there_and_wanted() {
    let first_loss = |set: &Dataset, detail| {
        let augment = AugmentConfig { detail, ..config().augment };
        let store = ByteStore::new(set, &Device::flex(), 1 << 20);
        let chosen: Vec<usize> = (0..IMAGES).collect();
        let mut trainer = Trainer::new(&RunConfig { augment, ..config() }, store, &chosen, &Device::flex()).unwrap();
        trainer.step();
        read_sync(trainer.read()).unwrap()[0].loss
    };
    let plain = images();
    let detailed =
        Dataset { detail: plain.pixels.iter().rev().flat_map(|&p| [p, 255 - p, p, p]).collect(), ..plain.clone() };
    let without = first_loss(&plain, false);
    let near = |loss: f32| (loss - without).abs() < 1e-4;
    assert!(near(first_loss(&plain, true)) && near(first_loss(&detailed, false)));
    assert!(!near(first_loss(&detailed, true)));
}

#[test]
fn training_moves_the_encoder_away_from_its_start() {
    let mut trainer = trainer(&config());
    let store = trainer.store().clone();
    let h =
        |encoder: &Encoder| -> Vec<f32> { encoder.forward(store.gather(&[1, 2, 3])).into_data().try_to_vec().unwrap() };
    assert_eq!(h(&trainer.encoder()), h(&trainer.initial_encoder()));
    let kept = trainer.encoder();
    let before = h(&kept);
    trainer.step();
    trainer.step();
    assert_eq!(h(&kept), before, "an evaluation copy must not change with training");
    assert_eq!(h(&trainer.initial_encoder()), before);
    let moved = h(&trainer.encoder()).iter().zip(&before).any(|(a, b)| (a - b).abs() > 1e-3);
    assert!(moved, "two steps changed nothing");
}

#[test]
fn an_epoch_visits_each_image_once_in_an_order_of_its_own() {
    let images: Vec<u32> = (0..50).collect();
    let (first, second) = (epoch_order(&images, 1, 1), epoch_order(&images, 1, 2));
    assert_ne!(first, second);
    assert_eq!(first, epoch_order(&images, 1, 1));
    let mut sorted = first;
    sorted.sort_unstable();
    assert_eq!(sorted, images);
}

#[test]
fn too_few_images_are_named() {
    let store = ByteStore::new(&images(), &Device::flex(), 1 << 20);
    let fault = Trainer::new(&config(), store, &[0, 1, 2], &Device::flex()).err();
    assert_eq!(fault, Some(Fault::TooFewImages { have: 3, need: 16 }));
}

#[test]
fn every_step_tells_the_trust_ratio_of_every_layer() {
    let mut trainer = trainer(&config());
    let layers = trainer.layers();
    assert!(layers.len() == 6 && layers[0] == "encoder.conv1.weight", "{layers:?}");
    (0..3).for_each(|_| trainer.step());
    read_sync(trainer.read()).unwrap();
    let ratios = trainer.take_trust_ratios();
    assert_eq!(ratios.iter().map(|r| r.step).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(ratios.iter().all(|r| r.ratios.len() == layers.len() && r.ratios.iter().all(|v| *v > 0.0 && *v < 1.0)));
    assert_ne!(ratios[0].ratios, ratios[2].ratios);
    assert!(trainer.take_trust_ratios().is_empty());

    let sgd = OptimizerConfig { optimizer: config::Optimizer::Sgd, peak_rate: 0.01, ..config().optimizer };
    let mut other = self::trainer(&RunConfig { optimizer: sgd, ..config() });
    other.step();
    assert_eq!(read_sync(other.read()).unwrap().len(), 1);
    assert!(other.layers().is_empty() && other.take_trust_ratios().is_empty());
}

#[test]
fn a_batch_in_chunks_is_another_network_of_one_loss() {
    let run = |chunk| {
        let mut trainer = trainer(&RunConfig { chunk, ..config() });
        (0..3).for_each(|_| trainer.step());
        read_sync(trainer.read()).unwrap().iter().map(|r| r.loss).collect::<Vec<f32>>()
    };
    let whole = run(0);
    // 32 views: no chunks. In chunks each has batch statistics of its own, so the first loss, of
    // the same weights and views, is near but not the same.
    assert_eq!(run(16), whole);
    let chunked = run(8);
    assert_ne!(chunked[0], whole[0]);
    assert!((chunked[0] - whole[0]).abs() < 0.1, "{chunked:?}, without chunks {whole:?}");
    assert!(chunked.iter().all(|loss| loss.is_finite() && (1.0..5.0).contains(loss)), "{chunked:?}");
}

/// A run of two steps from weights of ResNet-18 (drawn ones will do), of which `trained` trains.
fn published(trained: TrainedPart) -> (RunConfig, Encoder) {
    let encoder = EncoderConfig {
        start: config::InitialWeights::ImageNet,
        ..EncoderConfig::random(Architecture::ResNet18, Stem::ImageNet, 64)
    };
    let optimizer = OptimizerConfig::preset(config::Optimizer::AdamW, 4);
    let config = RunConfig { encoder, trained, optimizer, batch: 4, ..config() };
    (config, initial_encoder(&config.encoder, 3, &Device::flex()))
}

#[test]
fn what_is_frozen_stays_also_after_a_resumption() {
    let device = Device::flex();
    let store = ByteStore::new(&images(), &device, 1 << 20);
    let chosen: Vec<usize> = (0..8).collect();
    let named = |encoder: &Encoder| block_on(crate::learn::named_tensors::tensors(encoder)).unwrap();
    for (trained, layers) in [(TrainedPart::Head, 2), (TrainedPart::Last1, 2 + 5), (TrainedPart::All, 2 + 20)] {
        let (config, weights) = published(trained);
        let fault = Trainer::new(&config, store.clone(), &chosen, &device).err();
        assert_eq!(
            fault,
            Some(Fault::NoWeights {
                encoder: crate::core::imagenet::ImageNetEncoder::of(Architecture::ResNet18).unwrap()
            })
        );

        let lars = RunConfig { optimizer: self::config().optimizer, ..config };
        let of_lars = Trainer::from_weights(&lars, store.clone(), &chosen, &device, weights.clone()).unwrap();
        assert_eq!(of_lars.layers().len(), layers, "{trained:?}");

        let start = named(&weights);
        let mut trainer = Trainer::from_weights(&config, store.clone(), &chosen, &device, weights.clone()).unwrap();
        assert_eq!(named(&trainer.encoder()), start, "it starts from the weights");
        trainer.step();
        let bytes = block_on(trainer.snapshot().into_bytes()).unwrap();
        let mut resumed = Trainer::resume(&config, store.clone(), &chosen, &device, &bytes).unwrap();
        resumed.step();
        assert!(read_sync(resumed.read()).unwrap()[0].loss.is_finite());
        for (now, start) in named(&resumed.encoder()).iter().zip(&start) {
            let trains = match trained {
                TrainedPart::Head => false,
                TrainedPart::Last1 => now.name.starts_with("layer4."),
                _ => true,
            };
            assert_eq!(now.values != start.values, trains, "{trained:?} {}", now.name);
        }
        // Published weights that have changed are no baseline; loaded again they are.
        let baseline = |trainer: &Trainer| {
            let (kind, encoder) = trainer.baseline();
            (kind, encoder.map(|encoder| named(&encoder)))
        };
        if trained == TrainedPart::Head {
            assert_eq!(baseline(&resumed), (Baseline::Itself, None));
            continue;
        }
        assert_eq!(baseline(&resumed), (Baseline::Missing, None));
        assert_eq!(baseline(&trainer), (Baseline::ImageNet, Some(start.clone())));
        assert_eq!(baseline(&resumed.with_published(Some(weights))), (Baseline::ImageNet, Some(start)));
    }
}

#[test]
fn the_first_running_statistics_are_of_the_views_alone() {
    let frozen = OptimizerConfig { peak_rate: 0.0, ..config().optimizer };
    let mut trainer = trainer(&RunConfig { optimizer: frozen, ..config() });
    let mut batches = Vec::new();
    for _ in 0..3 {
        let Batch { images, params } = trainer.next_batch();
        batches.push(views(&trainer.store, &images, &params));
        trainer.step();
    }
    let want = block_on(tensors(&reestimate_batch_norm(&trainer.initial_encoder(), batches))).unwrap();
    for (got, want) in block_on(tensors(&trainer.encoder())).unwrap().iter().zip(&want) {
        assert_eq!(got.name, want.name);
        let off = got.values.iter().zip(&want.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "{}: {off}", got.name);
    }
}

#[test]
fn weights_that_are_no_numbers_are_noticed_after_the_last_step() {
    let mut run = trainer(&config());
    run.step();
    assert_eq!(block_on(run.is_finite()), Ok(true));
    let spoilt = OptimizerConfig { peak_rate: f32::INFINITY, warmup: 0.0, ..config().optimizer };
    let mut run = trainer(&RunConfig { optimizer: spoilt, ..config() });
    run.step();
    let losses = block_on(run.read()).unwrap();
    assert!(losses[0].loss.is_finite(), "the loss is of the weights before: {losses:?}");
    assert_eq!(block_on(run.is_finite()), Ok(false));
}
