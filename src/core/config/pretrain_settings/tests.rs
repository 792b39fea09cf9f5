use super::*;
use crate::core::{config::EncoderConfig, config::preset::ImageFacts, config::preset::Preset, rng::Rng};

/// Two accepted values that differ.
fn two_values(setting: RunSetting) -> [Value; 2] {
    match setting.bounds {
        Bounds::Whole { min, max } => [Value::Whole(min), Value::Whole(max)],
        Bounds::OneOf(all) => [Value::Whole(all[0]), Value::Whole(all[all.len() - 1])],
        Bounds::Real { min, max, .. } => [Value::Real(min), Value::Real(max)],
        Bounds::Switch => [Value::Switch(false), Value::Switch(true)],
        Bounds::Choice(all) => [Value::Choice(all[0]), Value::Choice(all[all.len() - 1])],
    }
}

#[test]
fn every_field_reads_back_what_was_set_and_touches_no_other() {
    let base = RunConfig::default();
    for setting in &SETTINGS {
        for value in two_values(setting) {
            let mut config = base;
            setting.set(&mut config, value).unwrap();
            assert_eq!(setting.get(&config), value, "{setting:?}");
            for other in SETTINGS.iter().filter(|other| *other != setting) {
                assert_eq!(other.get(&config), other.get(&base), "{setting:?} changed {other:?}");
            }
        }
    }
}

#[test]
fn choices_all_read_back() {
    for setting in &SETTINGS {
        if let Bounds::Choice(all) = setting.bounds {
            for key in all {
                let mut config = RunConfig::default();
                setting.set_text(&mut config, key).unwrap();
                assert_eq!(setting.get(&config), Value::Choice(key));
            }
        }
    }
}

#[test]
fn keys_are_unique_and_found() {
    for (i, setting) in SETTINGS.iter().enumerate() {
        assert_eq!(SETTINGS.iter().position(|other| other.key == setting.key), Some(i));
        assert_eq!(from_key(setting.key), Some(setting));
    }
    assert_eq!(from_key("tau"), None);
}

#[test]
fn check_names_every_fault_with_what_would_be_accepted() {
    let mut config = RunConfig::default();
    assert_eq!(config.check(), Ok(()));
    config.temperature = f32::NAN;
    config.batch = 1;
    config.image_size = 33;
    let faults = config.check().unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["size", "temperature", "batch"]);
    assert_eq!(faults[0].accepts, "16, 32, 48, 64, 96, 128, 160, 224, 299");
    assert_eq!(faults[1].accepts, "0.01 to 5");
    assert_eq!((faults[2].value.as_str(), faults[2].accepts.as_str()), ("1", "2 to 4096"));
}

#[test]
fn settings_are_checked_beside_each_other() {
    let mut config = RunConfig::default();
    config.encoder.width = 8;
    config.encoder.architecture = Architecture::ConvNet4;
    assert_eq!(config.check(), Ok(()));
    config.encoder.architecture = Architecture::ResNet10;
    assert_eq!(config.check().unwrap_err()[0].accepts, "16, 32, 64");

    let mut config = RunConfig::default();
    config.augment.blur_sigma = (2.0, 0.1);
    let faults = config.check().unwrap_err();
    assert_eq!((faults.len(), faults[0].field.as_str(), faults[0].accepts.as_str()), (1, "blur_sigma_max", "2 to 5"));
}

#[test]
fn settings_that_change_nothing_are_told() {
    let unused = |config: &RunConfig| -> Vec<&str> {
        SETTINGS.iter().filter(|setting| !setting.is_used(config)).map(|setting| setting.key).collect()
    };
    let mut config = RunConfig::default();
    assert_eq!(
        unused(&config),
        ["trained", "blur_sigma_min", "blur_sigma_max"],
        "no blur of small images; random weights all train"
    );
    config.encoder.architecture = Architecture::ConvNet4;
    config.optimizer.optimizer = Optimizer::AdamW;
    config.augment.blur_probability = 0.5;
    config.augment.crop = false;
    config.augment.jitter_probability = 0.0;
    assert_eq!(unused(&config), ["stem", "trained", "crop_min_area", "detail", "jitter_strength", "momentum", "trust"]);
    config.optimizer.optimizer = Optimizer::Sgd;
    assert!(setting("momentum").is_used(&config) && !setting("trust").is_used(&config));
    config.encoder =
        EncoderConfig { start: InitialWeights::ImageNet, ..EncoderConfig::random(Architecture::Vgg19, Stem::Small, 8) };
    assert!(
        setting("trained").is_used(&config) && !setting("stem").is_used(&config) && !setting("width").is_used(&config)
    );
}

/// The faults of a configuration: field, and what would be accepted.
fn faults(config: &RunConfig) -> Vec<(String, String)> {
    config.check().err().unwrap_or_default().into_iter().map(|f| (f.field, f.accepts)).collect()
}

#[test]
fn published_networks_ask_for_what_their_weights_are_of() {
    let fault = |field: &str, accepts: &str| (field.to_owned(), accepts.to_owned());
    let with = |architecture, start, image_size| {
        let encoder = EncoderConfig { start, ..EncoderConfig::random(architecture, Stem::Small, 8) };
        RunConfig { encoder, image_size, ..RunConfig::default() }
    };
    // Below the least size there would be nothing left of an image.
    let inception = with(Architecture::InceptionResNetV2, InitialWeights::ImageNet, 64);
    assert_eq!(faults(&inception), [fault("size", "96, 128, 160, 224, 299")]);
    assert_eq!(
        faults(&with(Architecture::Vgg19, InitialWeights::Random, 16)),
        [fault("size", "32, 48, 64, 96, 128, 160, 224, 299")]
    );
    assert_eq!(faults(&with(Architecture::ResNet101, InitialWeights::ImageNet, 224)), []);
    // ResNet-18 as it was published; nobody published the small ones.
    let small = with(Architecture::ResNet18, InitialWeights::ImageNet, 32);
    assert_eq!(faults(&small), [fault("stem", "imagenet"), fault("width", "64")]);
    assert_eq!(faults(&with(Architecture::ConvNet4, InitialWeights::ImageNet, 32)), [fault("start", "random")]);
    // Without an epoch there is nothing but what was published.
    let none = |start| RunConfig { epochs: 0, ..with(Architecture::ResNet50, start, 32) };
    assert_eq!(faults(&none(InitialWeights::Random)), [fault("epochs", "1 to 10000")]);
    assert_eq!(faults(&none(InitialWeights::ImageNet)), []);
}

#[test]
fn other_settings_go_along_with_a_changed_one() {
    let mut config = RunConfig { epochs: 0, ..RunConfig::default() };
    let mut change = |setting: RunSetting, text: &str| {
        setting.set_text(&mut config, text).unwrap();
        config.settle(setting);
        assert_eq!(faults(&config), [], "{setting:?} {text}");
        config
    };
    change(setting("epochs"), "3");
    change(setting("encoder"), "resnet18");
    let published = change(setting("start"), "imagenet_weights").encoder;
    assert_eq!((published.stem, published.width), (Stem::ImageNet, 64));
    change(setting("epochs"), "0");
    assert_eq!(change(setting("encoder"), "inception_resnet_v2").image_size, 96);
    let small = change(setting("encoder"), "convnet4");
    assert_eq!((small.encoder.start, small.epochs), (InitialWeights::Random, 1));
}

/// A configuration from before there was a choice of start, of what trains, of chunks and of the head's normalisation.
#[test]
fn older_records_are_of_random_weights_that_all_train() {
    let mut json = serde_json::to_value(RunConfig::default()).unwrap();
    let fields = json.as_object_mut().unwrap();
    assert!(fields.remove("trained").is_some() && fields.remove("chunk").is_some());
    assert!(fields["encoder"].as_object_mut().unwrap().remove("start").is_some());
    assert!(fields["head"].as_object_mut().unwrap().remove("batch_norm").is_some());
    assert!(fields["augment"].as_object_mut().unwrap().remove("detail").is_some());
    let mut older = RunConfig::default();
    older.augment.detail = false;
    assert_eq!(serde_json::from_value::<RunConfig>(json).unwrap(), older);
    let link = to_query(&RunConfig::default());
    let older: Vec<&str> = link
        .split('&')
        .filter(|pair| !["start", "trained", "chunk", "head_norm"].contains(&pair.split('=').next().unwrap()))
        .collect();
    assert_eq!(older.len(), SETTINGS.len() - 4);
    assert_eq!(from_query(&older.join("&"), &RunConfig::default()), Ok(RunConfig::default()));
}

#[test]
fn a_refused_value_leaves_the_configuration() {
    for text in ["", "-1", "1e99", "NaN", "inf", "resnet10", "5.01"] {
        let mut config = RunConfig::default();
        let fault = setting("temperature").set_text(&mut config, text).unwrap_err();
        assert_eq!((fault.field.as_str(), fault.value.as_str()), ("temperature", text));
        assert_eq!(config, RunConfig::default());
    }
}

/// A valid configuration with every setting drawn.
fn any(rng: &mut Rng) -> RunConfig {
    loop {
        let mut config = RunConfig::default();
        for setting in &SETTINGS {
            let value = match setting.bounds {
                Bounds::Whole { min, max } => Value::Whole(min + rng.below((max - min + 1) as usize) as u64),
                Bounds::OneOf(all) => Value::Whole(all[rng.below(all.len())]),
                Bounds::Real { min, max, .. } => Value::Real(rng.uniform(min, max)),
                Bounds::Switch => Value::Switch(rng.chance(0.5)),
                Bounds::Choice(all) => Value::Choice(all[rng.below(all.len())]),
            };
            setting.set(&mut config, value).unwrap();
        }
        if config.check().is_ok() {
            return config;
        }
    }
}

#[test]
fn links_and_json_lose_nothing() {
    let mut rng = Rng::new(11);
    for _ in 0..500 {
        let config = any(&mut rng);
        let query = to_query(&config);
        assert!(query.bytes().all(|b| b.is_ascii_alphanumeric() || b"=&._-".contains(&b)), "{query}");
        assert_eq!(from_query(&query, &RunConfig::default()), Ok(config), "{query}");
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<RunConfig>(&json).unwrap(), config);
    }
}

#[test]
fn what_a_link_does_not_name_comes_from_the_base() {
    let base = Preset::Thorough.config(&ImageFacts::new(64, 9_000));
    assert_eq!(from_query("", &base), Ok(base));
    assert_eq!(from_query("?temperature=0.1", &base), Ok(RunConfig { temperature: 0.1, ..base }));
    assert_eq!(from_query("#temperature=0%2E1&seed=+7", &base).unwrap().seed, 7);
}

#[test]
fn every_fault_of_a_link_is_named() {
    let faults = from_query("tau=1&temperature=9&batch=x&crop&seed=1&seed=2", &RunConfig::default()).unwrap_err();
    let of = |field: &str| faults.iter().find(|f| f.field == field).unwrap();
    assert_eq!(faults.len(), 5, "{faults:?}");
    assert_eq!((of("tau").value.as_str(), of("tau").accepts.as_str()), ("1", ""));
    assert_eq!((of("temperature").value.as_str(), of("temperature").accepts.as_str()), ("9", "0.01 to 5"));
    assert_eq!((of("batch").value.as_str(), of("batch").accepts.as_str()), ("x", "2 to 4096"));
    assert_eq!(of("crop").accepts, "on, off");
    assert_eq!(of("seed").value, "2");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let faults = from_query("encoder=resnet18&width=8", &RunConfig::default()).unwrap_err();
    assert_eq!(faults[0].field, "width");
}

#[test]
fn a_broken_escape_is_refused() {
    assert!(from_query("temperature=%FF%", &RunConfig::default()).is_err());
}
