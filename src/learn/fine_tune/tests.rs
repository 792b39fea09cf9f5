use super::*;
use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
use crate::core::dataset::Dataset;
use crate::core::run::fine_tune::{TuningStart, stages};
use crate::learn::baseline::reestimate_batch_norm;
use crate::learn::features::features;
use crate::learn::linear_evaluation::{Labelled, Problem, fit};
use crate::learn::named_tensors::to_safetensors;
use crate::learn::simclr::{SimClr, initial_encoder};
use burn::tensor::read_sync;
use safetensors::SafeTensors;

const CLASSES: usize = 3;
const IMAGES: usize = 63;
const NET: EncoderConfig = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8);

/// Classes told apart by their brightest colour; every third image of a class is held out.
fn store() -> ByteStore {
    let mut rng = Rng::new(3);
    let mut pixels = Vec::new();
    for i in 0..IMAGES {
        for channel in 0..3 {
            let level = if channel == i % CLASSES { 150 } else { 80 };
            pixels.extend((0..256).map(|_| (level + rng.below(80)) as u8));
        }
    }
    ByteStore::new(&Dataset { size: 16, pixels, ..Dataset::default() }, &Device::flex(), usize::MAX)
}

fn held_out(image: usize) -> bool {
    (image / CLASSES).is_multiple_of(3)
}

fn config(trained: TrainedLayers) -> FineTuneConfig {
    let recipe = FineTuneConfig::recipe(TuningStart::Random, trained, 100, 4);
    FineTuneConfig { batch: 20, epochs: 15, least_steps: 0, peak_rate: 0.05, ..recipe }
}

fn tuner(config: &FineTuneConfig) -> FineTuner {
    tuner_from(config, initial_encoder(&NET, 1, &Device::flex().autodiff()), None)
}

/// The settings with the classifier on the projection head's first layer, and a training of them.
fn on_head_layer(batch_norm: bool) -> (RunConfig, FineTuneConfig, FineTuner) {
    let run =
        RunConfig { encoder: NET, head: HeadConfig { batch_norm, ..HeadConfig::new(3, 32) }, ..Default::default() };
    let config = FineTuneConfig { from: TunedFrom::HeadLayer, ..config(TrainedLayers::All) };
    let SimClr { encoder, head } = SimClr::new(&NET, &run.head, 1, &Device::flex().autodiff());
    let layer = head_layer(&config, head);
    (run, config, tuner_from(&config, encoder, layer))
}

fn tuner_from(config: &FineTuneConfig, encoder: Encoder, head: Option<ProjectionHead>) -> FineTuner {
    let device = Device::flex();
    let images: Vec<u32> = (0..IMAGES).filter(|&i| !held_out(i)).map(|i| i as u32).collect();
    let labels = images.iter().map(|&i| i as usize % CLASSES).collect();
    let set = LabelledImages { images, labels, classes: CLASSES };
    FineTuner::new(config, encoder, head, NET.features(), store(), set, &device).unwrap()
}

fn losses(tuner: &mut FineTuner, steps: usize) -> Vec<f32> {
    (0..steps).for_each(|_| tuner.step());
    read_sync(tuner.read()).unwrap().iter().map(|r| r.loss).collect()
}

/// Part of the held-out images that it gets right.
fn accuracy(tuner: &FineTuner) -> f64 {
    let images: Vec<u32> = (0..IMAGES).filter(|&i| held_out(i)).map(|i| i as u32).collect();
    let logits = read_sync(tuner.classifier().logits(&tuner.store, &images, 16, &mut async |_| true)).unwrap();
    let right = images.iter().enumerate().filter(|&(row, &image)| {
        let row = logits.row(row);
        (0..CLASSES).all(|c| row[c] <= row[image as usize % CLASSES])
    });
    right.count() as f64 / images.len() as f64
}

fn weights(tuner: &FineTuner) -> Vec<NamedTensor> {
    read_sync(tensors(&tuner.classifier())).unwrap()
}

#[test]
fn the_form_offers_the_stages_that_an_encoder_has() {
    for architecture in [Architecture::ConvNet4, Architecture::ResNet10, Architecture::ResNet18] {
        let net = EncoderConfig::random(architecture, Stem::Small, 16);
        let encoder = initial_encoder(&net, 1, &Device::flex().autodiff());
        assert_eq!(encoder.stages(), usize::from(stages(architecture)), "{architecture:?}");
    }
}

#[test]
fn it_learns_the_classes_and_the_first_loss_is_that_of_a_guess() {
    let mut tuner = tuner(&config(TrainedLayers::All));
    assert_eq!((tuner.steps_per_epoch(), tuner.total_steps(), tuner.labelled()), (2, 30, 42));
    let all = losses(&mut tuner, 30);
    assert!(tuner.done() && tuner.at_epoch_end() && tuner.epochs_done() == 15);
    assert!((all[0] - (CLASSES as f32).ln()).abs() < 0.3, "{}", all[0]);
    assert!(all[29] < 0.5 * all[0], "{all:?}");
    assert!(accuracy(&tuner) > 0.8, "{}", accuracy(&tuner));
}

#[test]
fn what_is_frozen_stays_and_the_rest_moves() {
    let net = 4;
    for (trained, learns) in [(TrainedLayers::All, 4), (TrainedLayers::Last(2), 2), (TrainedLayers::Classifier, 0)] {
        let mut tuner = tuner(&config(trained));
        let before = weights(&tuner);
        losses(&mut tuner, 2);
        for (then, now) in before.iter().zip(weights(&tuner)) {
            let stage =
                (1..=net).find(|s| [format!("conv{s}."), format!("bn{s}.")].iter().any(|p| then.name.contains(p)));
            let moves = stage.is_none_or(|stage| stage > net - learns);
            assert_eq!(then.values != now.values, moves, "{trained:?}: {}", then.name);
        }
    }
}

#[test]
fn it_goes_on_as_if_it_had_not_stopped() {
    for trained in [TrainedLayers::All, TrainedLayers::Last(1)] {
        let config = config(trained);
        let mut whole = tuner(&config);
        losses(&mut whole, 5);
        let bytes = read_sync(whole.snapshot().into_bytes()).unwrap();
        let mut resumed = tuner(&config).restore(&bytes).unwrap();
        assert_eq!(resumed.steps(), 5);
        for (a, b) in losses(&mut resumed, 6).iter().zip(losses(&mut whole, 6)) {
            assert!((a - b).abs() < 1e-4, "{trained:?}: {a} and {b}");
        }
        assert!(tuner(&config).restore(b"nothing").is_err());
    }
}

#[test]
fn few_labels_make_one_smaller_batch_and_one_class_is_none() {
    let device = Device::flex();
    let encoder = || initial_encoder(&NET, 1, &device.clone().autodiff());
    let new = |labels: Vec<usize>| {
        let images = (0..labels.len() as u32).collect();
        let set = LabelledImages { images, labels, classes: CLASSES };
        FineTuner::new(&config(TrainedLayers::All), encoder(), None, NET.features(), store(), set, &device)
    };
    let mut few = new(vec![0, 1, 2]).unwrap();
    assert_eq!((few.steps_per_epoch(), losses(&mut few, 3).len()), (1, 3));
    assert_eq!(new(vec![1, 1, 1, 1]).err(), Some(Fault::NoLabels));
    assert_eq!(new(Vec::new()).err(), Some(Fault::NoLabels));
}

#[test]
fn a_stored_classifier_says_the_same_and_keeps_its_note() {
    let config = config(TrainedLayers::All);
    let mut tuner = tuner(&config);
    losses(&mut tuner, 3);
    let bytes = read_sync(tuner.weights().with_note("of mine".into()).into_bytes()).unwrap();
    assert_eq!(checkpoint::note(&bytes).unwrap().as_deref(), Some("of mine"));
    let device = Device::flex().autodiff();
    let fresh = || Classifier::new(Encoder::new(&NET, &device), None, NET.features(), CLASSES, 0, &device);
    let again = fresh().restore(&bytes).unwrap();
    let images = store().gather(&[0, 1, 2]);
    let logits =
        |classifier: &Classifier| classifier.forward(images.clone()).into_data().iter::<f32>().collect::<Vec<f32>>();
    assert_eq!(logits(&again), logits(&tuner.classifier()));
    assert!(fresh().restore(b"nothing").is_err());
    // Momentum is left out.
    let whole = read_sync(tuner.snapshot().into_bytes()).unwrap();
    assert!(bytes.len() < whole.len() * 6 / 10);
    // A note alone is a file too.
    let alone = read_sync(Snapshot::nothing().with_note("list".into()).into_bytes()).unwrap();
    assert_eq!(checkpoint::note(&alone).unwrap().as_deref(), Some("list"));
    assert_eq!(checkpoint::note(&whole).unwrap(), None);
}

#[test]
fn statistics_are_estimated_anew_where_something_learned() {
    let all: Vec<u32> = (0..IMAGES as u32).collect();
    for (trained, frozen) in [(TrainedLayers::All, 0), (TrainedLayers::Last(2), 2)] {
        let mut tuner = tuner(&config(trained));
        losses(&mut tuner, 2);
        let before = weights(&tuner);
        read_sync(tuner.estimate_statistics(&all, IMAGES, &mut async |_| true)).unwrap();
        let after = weights(&tuner);
        for (then, now) in before.iter().zip(&after) {
            let kept = (1..=frozen).any(|stage| now.name.contains(&format!("bn{stage}.")));
            assert_eq!(then.values != now.values, now.name.contains("running_") && !kept, "{trained:?}: {}", now.name);
        }
        if frozen == 0 {
            let whole = reestimate_batch_norm(&tuner.classifier().encoder, [store().gather(&all)]);
            for want in read_sync(tensors(&whole)).unwrap() {
                let got = after.iter().find(|t| t.name.ends_with(&want.name)).unwrap();
                assert!(got.values.iter().zip(&want.values).all(|(a, b)| (a - b).abs() < 1e-4), "{}", want.name);
            }
        }
        assert_eq!(losses(&mut tuner, 1).len(), 1, "it may go on");
    }
}

/// The first step of a classifier that was trained on frozen features starts where that one ended.
#[test]
fn a_trained_head_answers_as_the_linear_classifier_did() {
    let images: Vec<u32> = (0..IMAGES as u32).collect();
    let labels: Vec<usize> = images.iter().map(|&i| i as usize % CLASSES).collect();
    for tuner in [tuner(&config(TrainedLayers::All)), on_head_layer(true).2] {
        let network = tuner.classifier();
        let h = read_sync(features(&network.encoder, &store(), &images, 16, &mut async |_| true)).unwrap();
        let rows = match &network.head {
            Some(head) => read_sync(h.through(|h| head.activations(h), &Device::flex())).unwrap(),
            None => h,
        };
        let all = || Labelled { rows: &rows, labels: &labels };
        let problem = Problem { train: all(), validation: all(), test: all(), classes: CLASSES };
        let (linear, _) = read_sync(fit(&problem, 1, &mut async |_| true)).unwrap();
        let mut tuner = tuner.with_head(read_sync(linear.tensors()).unwrap()).unwrap();
        let got = read_sync(tuner.classifier().logits(&tuner.store, &images, 16, &mut async |_| true)).unwrap();
        let want = read_sync(linear.logits(&rows)).unwrap();
        assert!(got.values.iter().zip(&want.values).all(|(a, b)| (a - b).abs() < 1e-2), "{:?}", &got.values[..6]);
        // It learns on.
        let before = weights(&tuner);
        losses(&mut tuner, 1);
        assert!(before.iter().zip(weights(&tuner)).all(|(then, now)| then.values != now.values));
        let other = [linear.clone(), linear].map(|l| read_sync(l.tensors()).unwrap()[1].clone());
        assert!(tuner.with_head(other).is_err());
    }
}

#[test]
fn with_few_labels_it_starts_as_the_linear_classifier_and_keeps_its_statistics() {
    let all: Vec<u32> = (0..IMAGES as u32).collect();
    let few = LabelledImages { images: (0..6).collect(), labels: vec![0, 1, 2, 0, 1, 2], classes: CLASSES };
    let initial = initial_encoder(&NET, 1, &Device::flex().autodiff()).valid();
    // Not the statistics that would be estimated at the end.
    let encoder = reestimate_batch_norm(&initial, [store().gather(&all[..9])]);
    let h = |images: &[u32]| read_sync(features(&encoder, &store(), images, 6, &mut async |_| true)).unwrap();
    let rows = h(&few.images);
    let labelled = || Labelled { rows: &rows, labels: &few.labels };
    let problem = Problem { train: labelled(), validation: labelled(), test: labelled(), classes: CLASSES };
    let (linear, _) = read_sync(fit(&problem, 1, &mut async |_| true)).unwrap();
    let [mut gentle, mut usual] = [true, false].map(|gentle| {
        let config = FineTuneConfig { start: TuningStart::Pretrained, gentle, ..config(TrainedLayers::All) };
        let (encoder, device) = (encoder.clone().train(), Device::flex());
        let tuner = FineTuner::new(&config, encoder, None, NET.features(), store(), few.clone(), &device).unwrap();
        tuner.with_head(read_sync(linear.tensors()).unwrap()).unwrap()
    });
    let settle = |t: &mut FineTuner| read_sync(t.estimate_statistics(&all, IMAGES, &mut async |_| true)).unwrap();
    let choices = |of: &Features| {
        let largest = |row: &[f32]| (0..CLASSES).max_by(|&a, &b| row[a].total_cmp(&row[b]));
        (0..IMAGES).map(|i| largest(of.row(i))).collect::<Vec<_>>()
    };
    // Judged as at the end, without a step.
    settle(&mut gentle);
    let logits = read_sync(gentle.classifier().logits(&store(), &all, 16, &mut async |_| true)).unwrap();
    assert_eq!(choices(&logits), choices(&read_sync(linear.logits(&h(&all))).unwrap()));
    let before = weights(&gentle);
    let [of_gentle, of_usual] = [&mut gentle, &mut usual].map(|tuner| losses(tuner, 4)[0]);
    assert!(of_gentle < of_usual, "the classifier was fitted to whole images: {of_gentle}, {of_usual}");
    settle(&mut gentle);
    for (then, now) in before.iter().zip(weights(&gentle)) {
        // Steps this small can be lost in a number near 1, as weights of a normalisation are.
        let expected = [("running_", false), ("conv", true)].into_iter().find(|(part, _)| now.name.contains(part));
        assert!(expected.is_none_or(|(_, learns)| (then.values != now.values) == learns), "{}", now.name);
    }
}

#[test]
fn on_the_heads_first_layer_logits_are_those_computed_by_hand_from_the_exported_file() {
    for batch_norm in [false, true] {
        let (run, config, mut tuner) = on_head_layer(batch_norm);
        let before = weights(&tuner);
        losses(&mut tuner, 3);
        assert!(before.iter().zip(weights(&tuner)).all(|(then, now)| then.values != now.values), "all of it learns");
        let network = tuner.classifier();
        let bytes = read_sync(network.to_safetensors()).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let tensor = |name: &str| -> Option<Vec<f64>> {
            let data = file.tensor(name).ok()?.data().to_vec();
            Some(data.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect())
        };
        let linear = |name: &str, x: &[f64]| -> Vec<f64> {
            let weight = tensor(&format!("{name}.weight")).unwrap();
            let bias = tensor(&format!("{name}.bias")).unwrap_or_else(|| vec![0.0; weight.len() / x.len()]);
            let sum = |row: &[f64]| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
            weight.chunks(x.len()).zip(bias).map(|(row, bias)| sum(row) + bias).collect()
        };
        let images = store().gather(&[0, 1, 2]);
        let rows = |t: Tensor<2>| t.into_data().iter::<f32>().map(f64::from).collect::<Vec<f64>>();
        let h = rows(network.encoder.forward(images.clone()));
        let got = rows(network.forward(images));
        for (h, got) in h.chunks(NET.features()).zip(got.chunks(CLASSES)) {
            let mut layer = linear("head.layers.0", h);
            assert_eq!(tensor("head.layers.0.bias").is_none(), batch_norm);
            if batch_norm {
                let [scale, shift, mean, var] = ["weight", "bias", "running_mean", "running_var"]
                    .map(|n| tensor(&format!("head.norms.0.{n}")).unwrap());
                for (i, x) in layer.iter_mut().enumerate() {
                    *x = (*x - mean[i]) / (var[i] + 1e-5).sqrt() * scale[i] + shift[i];
                }
            }
            layer.iter_mut().for_each(|x| *x = x.max(0.0));
            for (got, want) in got.iter().zip(linear("fc", &layer)) {
                assert!((got - want).abs() < 1e-4, "{got}, {want}");
            }
        }
        // Stored and read again, as the page Try it does.
        let stored = read_sync(tuner.weights().into_bytes()).unwrap();
        let fresh = |config: &FineTuneConfig| {
            Classifier::unspecified(&run, config, CLASSES, &Device::flex().autodiff()).restore(&stored)
        };
        assert_eq!(rows(fresh(&config).unwrap().forward(store().gather(&[0, 1, 2]))), got);
        // Interrupted.
        let snapshot = read_sync(tuner.snapshot().into_bytes()).unwrap();
        let mut resumed = on_head_layer(batch_norm).2.restore(&snapshot).unwrap();
        for (a, b) in losses(&mut resumed, 4).iter().zip(losses(&mut tuner, 4)) {
            assert!((a - b).abs() < 1e-4, "{a} and {b}");
        }
    }
    let (run, config, _) = on_head_layer(false);
    let head = |layers| ProjectionHead::new(&HeadConfig { layers, ..run.head }, 64, &Device::flex());
    assert!(head_layer(&config, head(1)).is_none() && head_layer(&config, head(2)).is_some());
    assert!(head_layer(&FineTuneConfig { from: TunedFrom::Encoder, ..config }, head(2)).is_none());
}

/// Pre-training with frozen stages hands its encoder over with them.
#[test]
fn what_pre_training_froze_learns_again() {
    for trained in [TrainedLayers::All, TrainedLayers::Last(2)] {
        let config = config(trained);
        let frozen = initial_encoder(&NET, 1, &Device::flex().autodiff()).freeze_but_last(1).valid();
        let mut thawed = tuner_from(&config, frozen.train(), None);
        for (a, b) in losses(&mut thawed, 6).iter().zip(losses(&mut tuner(&config), 6)) {
            assert!((a - b).abs() < 1e-4, "{trained:?}: {a} and {b}");
        }
    }
}

#[test]
fn a_fine_tuned_network_has_the_encoders_names_and_fc() {
    let device = Device::flex();
    let config = EncoderConfig::random(Architecture::ResNet10, Stem::Small, 16);
    let encoder = initial_encoder(&config, 3, &device.clone().autodiff()).valid();
    let own = names(&read_sync(to_safetensors(&encoder)).unwrap());
    let classifier = Classifier::new(encoder, None, config.features(), 5, 3, &device);
    let bytes = read_sync(classifier.to_safetensors()).unwrap();
    let mut all = names(&bytes);
    let fc: Vec<_> = all.extract_if(.., |(name, _)| name.starts_with("fc.")).collect();
    assert_eq!(fc, [("fc.bias".to_owned(), vec![5]), ("fc.weight".to_owned(), vec![5, 128])]);
    assert_eq!(all, own);
}

fn names(bytes: &[u8]) -> Vec<(String, Vec<usize>)> {
    let file = SafeTensors::deserialize(bytes).unwrap();
    let mut all: Vec<_> = file.iter().map(|(name, view)| (name.to_owned(), view.shape().to_vec())).collect();
    all.sort();
    all
}
