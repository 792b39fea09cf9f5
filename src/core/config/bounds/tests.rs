use super::*;
use crate::core::config::EncoderConfig;

/// Two acceptable values of a field that differ.
fn two_values(field: Field) -> [Value; 2] {
    match field.bounds() {
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
    for field in Field::ALL {
        for value in two_values(field) {
            let mut config = base;
            field.set(&mut config, value).unwrap();
            assert_eq!(field.get(&config), value, "{field:?}");
            for other in Field::ALL.into_iter().filter(|o| *o != field) {
                assert_eq!(other.get(&config), other.get(&base), "{field:?} changed {other:?}");
            }
        }
    }
}

#[test]
fn choices_all_read_back() {
    for field in Field::ALL {
        if let Bounds::Choice(all) = field.bounds() {
            for key in all {
                let mut config = RunConfig::default();
                field.set_text(&mut config, key).unwrap();
                assert_eq!(field.get(&config), Value::Choice(key));
            }
        }
    }
}

#[test]
fn keys_are_unique_and_found() {
    for field in Field::ALL {
        assert_eq!(Field::from_key(field.key()), Some(field));
    }
    assert_eq!(Field::from_key("tau"), None);
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
    let unused =
        |config: &RunConfig| -> Vec<Field> { Field::ALL.into_iter().filter(|field| !field.is_used(config)).collect() };
    let mut config = RunConfig::default();
    assert_eq!(
        unused(&config),
        [Field::Trained, Field::BlurSigmaMin, Field::BlurSigmaMax],
        "no blur of small images; random weights all train"
    );
    config.encoder.architecture = Architecture::ConvNet4;
    config.optimizer.optimizer = Optimizer::AdamW;
    config.augment.blur_probability = 0.5;
    config.augment.crop = false;
    config.augment.jitter_probability = 0.0;
    assert_eq!(
        unused(&config),
        [
            Field::Stem,
            Field::Trained,
            Field::CropMinArea,
            Field::JitterStrength,
            Field::Momentum,
            Field::TrustCoefficient
        ]
    );
    config.optimizer.optimizer = Optimizer::Sgd;
    assert!(Field::Momentum.is_used(&config) && !Field::TrustCoefficient.is_used(&config));
    config.encoder =
        EncoderConfig { start: InitialWeights::ImageNet, ..EncoderConfig::random(Architecture::Vgg19, Stem::Small, 8) };
    assert!(Field::Trained.is_used(&config) && !Field::Stem.is_used(&config) && !Field::Width.is_used(&config));
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
    let mut change = |field: Field, text: &str| {
        field.set_text(&mut config, text).unwrap();
        config.settle(field);
        assert_eq!(faults(&config), [], "{field:?} {text}");
        config
    };
    change(Field::Epochs, "3");
    change(Field::Encoder, "resnet18");
    let published = change(Field::Start, "imagenet_weights").encoder;
    assert_eq!((published.stem, published.width), (Stem::ImageNet, 64));
    change(Field::Epochs, "0");
    assert_eq!(change(Field::Encoder, "inception_resnet_v2").image_size, 96);
    let small = change(Field::Encoder, "convnet4");
    assert_eq!((small.encoder.start, small.epochs), (InitialWeights::Random, 1));
}

/// A configuration from before there was a choice of start, of what trains and of chunks.
#[test]
fn older_records_are_of_random_weights_that_all_train() {
    let mut json = serde_json::to_value(RunConfig::default()).unwrap();
    let fields = json.as_object_mut().unwrap();
    assert!(fields.remove("trained").is_some() && fields.remove("chunk").is_some());
    assert!(fields["encoder"].as_object_mut().unwrap().remove("start").is_some());
    assert_eq!(serde_json::from_value::<RunConfig>(json).unwrap(), RunConfig::default());
    let link = crate::core::config::link::to_query(&RunConfig::default());
    let older: Vec<&str> = link
        .split('&')
        .filter(|pair| !["start", "trained", "chunk"].contains(&pair.split('=').next().unwrap()))
        .collect();
    assert_eq!(older.len(), Field::ALL.len() - 3);
    assert_eq!(
        crate::core::config::link::from_query(&older.join("&"), &RunConfig::default()),
        Ok(RunConfig::default())
    );
}

#[test]
fn a_refused_value_leaves_the_configuration() {
    for text in ["", "-1", "1e99", "NaN", "inf", "resnet10", "5.01"] {
        let mut config = RunConfig::default();
        let fault = Field::Temperature.set_text(&mut config, text).unwrap_err();
        assert_eq!((fault.field.as_str(), fault.value.as_str()), ("temperature", text));
        assert_eq!(config, RunConfig::default());
    }
}
