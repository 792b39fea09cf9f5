use super::*;
use crate::core::config::HeadConfig;

fn config() -> FineTuneConfig {
    FineTuneConfig::recipe(TuningStart::Pretrained, TrainedLayers::Last(2), 10, 3)
}

#[test]
fn a_rate_by_the_rule_goes_along_with_the_batch() {
    let recipe = FineTuneConfig::recipe(TuningStart::Pretrained, TrainedLayers::All, 10, 0);
    assert_eq!(recipe.with_batch(16).peak_rate, default_rate(16));
    assert_eq!(FineTuneConfig { peak_rate: 0.3, ..recipe }.with_batch(16).peak_rate, 0.3);
    assert_eq!(recipe.with_batch(16).with_batch(64), recipe);
}

#[test]
fn the_recipe_passes_and_every_setting_out_of_bounds_is_named() {
    let mut run = RunConfig { head: HeadConfig::new(1, 32), ..RunConfig::default() };
    run.encoder.architecture = Architecture::ConvNet4;
    assert_eq!(config().check(&run, 9), Ok(()));
    let bad = FineTuneConfig {
        trained: TrainedLayers::Last(4),
        from: TunedFrom::HeadLayer,
        fraction: 7,
        epochs: 0,
        least_steps: 1_000_001,
        batch: 1,
        peak_rate: f32::NAN,
        ..config()
    };
    let fields: Vec<String> = bad.check(&run, 9).unwrap_err().into_iter().map(|f| f.field).collect();
    assert_eq!(fields, ["labels", "stages", "from", "epochs", "steps", "batch", "rate"]);
    let none = FineTuneConfig { trained: TrainedLayers::Last(0), ..config() }.check(&run, 9).unwrap_err();
    assert_eq!((none[0].field.as_str(), none[0].accepts.as_str()), ("stages", "1 to 3"));
    // A ResNet has one stage more.
    run.encoder.architecture = Architecture::ResNet18;
    assert_eq!(FineTuneConfig { trained: TrainedLayers::Last(4), ..config() }.check(&run, 9), Ok(()));
}

#[test]
fn the_heads_first_layer_is_offered_where_it_learned_something() {
    let from = FineTuneConfig { from: TunedFrom::HeadLayer, ..config() };
    for (layers, steps, fits) in [(2, 1, true), (3, 9, true), (1, 9, false), (2, 0, false)] {
        let run = RunConfig { head: HeadConfig::new(layers, 32), ..RunConfig::default() };
        let faults = from.check(&run, steps).err();
        assert_eq!(faults.is_none(), fits, "{layers} layers after {steps} steps: {faults:?}");
        let said = faults.map(|f| (f[0].field.clone(), f[0].value.clone(), f[0].accepts.clone()));
        assert!(fits || said == Some(("from".into(), "head_layer".into(), "h".into())), "{said:?}");
    }
    // The linear classifier stays that of linear evaluation.
    let places = from.contestants().map(|c| c.from);
    assert_eq!(places, [TunedFrom::HeadLayer, TunedFrom::HeadLayer, TunedFrom::Encoder]);
}

#[test]
fn baselines_have_the_same_labels_and_budget() {
    let [own, random, linear] = FineTuneConfig { epochs: 5, ..config() }.contestants();
    assert_eq!(
        (own.trained, random.trained, linear.trained),
        (TrainedLayers::Last(2), TrainedLayers::All, TrainedLayers::Classifier)
    );
    assert_eq!((random.start, random.epochs, random.fraction, random.seed), (TuningStart::Random, 5, 10, 3));
    assert_eq!((linear.start, linear.fraction, linear.seed), (TuningStart::Pretrained, 10, 3));
    let curve = config().curve();
    assert_eq!(curve.len(), 3 * FRACTIONS.len());
    assert!(curve.is_sorted_by_key(|c| c.fraction));
    // The linear classifier's settings are not those of the form.
    assert_eq!(linear, FineTuneConfig { epochs: 9, batch: 8, ..config() }.contestants()[2]);
}

#[test]
fn steps_are_whole_batches() {
    let config = FineTuneConfig { epochs: 3, batch: 20, least_steps: 0, ..config() };
    assert_eq!([0, 7, 20, 45].map(|labels| config.total_steps(labels)), [0, 3, 3, 6]);
    assert_eq!(config.contestants()[2].total_steps(45), 0);
    // Few labels get whole epochs more.
    let least = FineTuneConfig { least_steps: 5, ..config };
    assert_eq!([0, 7, 20, 45, 200].map(|labels| least.total_steps(labels)), [0, 5, 5, 6, 30]);
}

#[test]
fn validation_takes_a_tenth_of_the_images_at_most_and_sees_the_last_epoch() {
    for (labels, available, epochs, least_steps) in
        [(5, 700, 60, 300), (40, 1000, 60, 300), (400, 5000, 60, 0), (4000, 1000, 60, 300), (7, 3, 1, 0)]
    {
        let config = FineTuneConfig { epochs, least_steps, ..config() };
        let images = config.validation_images(labels, available);
        let all = config.total_epochs(labels);
        let times = (1..=all).filter(|&epoch| config.validates_after(epoch, labels, images)).count();
        let trained = config.total_steps(labels) as usize * config.batch_of(labels);
        assert!(images <= available.min(1000) && 10 * times * images <= trained, "{labels}: {times} of {images}");
        assert_eq!(config.validates_after(all, labels, images), images > 0, "{labels}");
        assert!(labels == 7 || images >= available.min(150), "{labels}: {images}");
    }
}

#[test]
fn few_labels_a_class_are_trained_gently() {
    let gentle = |config: FineTuneConfig| [12, 60, 99, 100, 4000].map(|labels| config.is_gentle(labels, 10));
    assert_eq!(gentle(config()), [true, true, true, false, false]);
    let never = [FineTuneConfig { gentle: false, ..config() }, config().contestants()[1]];
    assert!(never.into_iter().all(|config| gentle(config) == [false; 5]));
}

#[test]
fn older_records_open_as_they_were_trained() {
    let recipe = serde_json::to_value(config()).unwrap();
    let mut older = recipe.clone();
    for field in ["least_steps", "linear_head", "from", "gentle"] {
        older.as_object_mut().unwrap().remove(field);
    }
    let older: FineTuneConfig = serde_json::from_value(older).unwrap();
    assert_eq!(older, FineTuneConfig { least_steps: 0, linear_head: false, gentle: false, ..config() });
    assert!(!older.needs_linear() && config().needs_linear());
    assert_eq!(config().contestants().map(|c| c.needs_linear()), [true, false, true]);
}

#[test]
fn a_long_training_keeps_few_epochs() {
    let of = |epoch: u32| FineTuneEpoch {
        epoch,
        loss: Some(epoch as f32),
        validation_accuracy: epoch.is_multiple_of(7).then_some(0.5),
    };
    let mut epochs = Vec::new();
    for epoch in 1..=23_000 {
        push_epoch(&mut epochs, of(epoch));
        assert!(epochs.len() <= MOST_EPOCHS as usize);
        assert_eq!(epochs.last(), Some(&of(epoch)), "the newest as it is");
        assert!(epoch >= 500 || epochs.len() == epoch as usize, "all of a short training");
    }
    assert!(epochs.len() > 200 && epochs.iter().all(|kept| *kept == of(kept.epoch)));
    assert!(epochs.windows(2).all(|pair| (1..=128).contains(&(pair[1].epoch - pair[0].epoch))), "evenly spread");
    // What was validated stays.
    assert!(epochs.iter().rev().skip(1).all(|kept| kept.validation_accuracy.is_some()));
    // A list that an older program stored is as long as its training was.
    let mut old: Vec<FineTuneEpoch> = (1..=23_000).map(of).collect();
    push_epoch(&mut old, of(23_001));
    assert!(old.len() <= MOST_EPOCHS as usize && old.last() == Some(&of(23_001)));
}
