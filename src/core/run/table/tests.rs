use super::*;
use crate::core::config::{Architecture, EncoderConfig, Optimizer};
use crate::core::run::examples::{evaluated, record};
use crate::core::{
    config::preset::default_rate, config::pretrain_settings::setting, run::DataIdentity, weights_file::WeightsIdentity,
};

#[test]
fn only_what_differs_is_a_column() {
    let (a, mut b, c) = (record("a"), record("b"), record("c"));
    assert!(differing(&[&a, &b, &c]).is_empty() && differing(&[]).is_empty() && differing(&[&a]).is_empty());
    b.config.seed = 5;
    b.config.temperature = 0.1;
    assert_eq!(
        differing(&[&a, &b, &c]),
        [Column::Setting(setting("temperature")), Column::Setting(setting("seed"))],
        "in the order of a form"
    );
    b.data.fingerprint = "0".into();
    b.device.name = "another".into();
    b.program = "0.2.0".into();
    assert_eq!(differing(&[&a, &b])[2..], [Column::Images, Column::Device, Column::Program]);
}

#[test]
fn weights_differ_by_their_numbers_not_by_their_file() {
    let from = |source: &str, fingerprint: &str| RunRecord {
        weights: Some(WeightsIdentity { source: source.into(), fingerprint: fingerprint.into() }),
        ..record("a")
    };
    let (random, hub, file, other) = (record("a"), from("hub", "1"), from("file", "1"), from("file", "2"));
    assert!(differing(&[&random, &hub, &file]).is_empty());
    assert_eq!(differing(&[&random, &hub, &other]), [Column::Weights]);
    assert_eq!(sorted(&[&random, &hub, &file], Column::Weights, false), [2, 1, 0]);
}

#[test]
fn the_newest_features_of_each_published_network_are_what_others_are_compared_with() {
    let published_as_is = |net, created, accuracy| {
        let mut run = RunRecord { created, ..evaluated("a", accuracy) };
        run.config.encoder = EncoderConfig::with_weights(net);
        run.evaluation.as_mut().unwrap().baseline = Baseline::Itself;
        run
    };
    let [older, newer] = [(1.0, 0.6), (2.0, 0.7)]
        .map(|(at, a)| published_as_is(ImageNetEncoder::of(Architecture::ResNet50).unwrap(), at, a));
    let mut trained = published_as_is(ImageNetEncoder::of(Architecture::Vgg19).unwrap(), 1.0, 0.9);
    trained.evaluation.as_mut().unwrap().baseline = Baseline::ImageNet;
    let vgg = published_as_is(ImageNetEncoder::of(Architecture::Vgg19).unwrap(), 1.0, 0.5);
    let elsewhere = RunRecord {
        data: DataIdentity::default(),
        ..published_as_is(ImageNetEncoder::of(Architecture::ResNet101).unwrap(), 1.0, 0.5)
    };
    let all = [newer.clone(), evaluated("b", 0.5), older, trained, vgg.clone(), elsewhere];
    let mut other = published_as_is(ImageNetEncoder::of(Architecture::ResNet50).unwrap(), 0.5, 0.4);
    other.weights = Some(WeightsIdentity { source: "mine".into(), fingerprint: "1".into() });
    let all = [&all[..], &[other.clone()]].concat();
    let found = published(&all, &newer.data);
    let want = [
        (ImageNetEncoder::of(Architecture::ResNet50).unwrap(), &newer),
        (ImageNetEncoder::of(Architecture::Vgg19).unwrap(), &vgg),
        (ImageNetEncoder::of(Architecture::ResNet50).unwrap(), &other),
    ];
    let found: Vec<_> = found.iter().map(|p| (p.net, p.weights.as_ref(), &p.report)).collect();
    assert_eq!(found, want.map(|(net, run)| (net, run.weights.as_ref(), run.evaluation.as_ref().unwrap())));
}

#[test]
fn runs_on_other_images_are_told_apart() {
    let (a, mut b, c) = (record("a"), record("b"), record("c"));
    assert_eq!(by_data(&[&a, &b, &c]), [vec![0, 1, 2]]);
    assert!(by_data(&[]).is_empty());
    b.data.fingerprint = "0".into();
    assert_eq!(by_data(&[&a, &b, &c]), [vec![0, 2], vec![1]]);
}

#[test]
fn missing_values_come_last_in_both_directions() {
    let mut runs = [record("a"), evaluated("b", 0.5), evaluated("c", 0.7), record("d")];
    runs[0].name = "zebra".into();
    runs[3].name = "Ant".into();
    runs[1].created += 5.0;
    runs[2].knn = None;
    runs[3].config.temperature = 0.1;
    runs[0].config.encoder.architecture = crate::core::config::Architecture::ConvNet4;
    let all: Vec<&RunRecord> = runs.iter().collect();
    assert_eq!(sorted(&all, Column::ValidationAccuracy, true), [2, 1, 0, 3]);
    assert_eq!(sorted(&all, Column::ValidationAccuracy, false), [1, 2, 0, 3]);
    assert_eq!(sorted(&all, Column::Name, false), [3, 0, 1, 2]);
    assert_eq!(sorted(&all, Column::Name, true), [0, 3, 1, 2]);
    assert_eq!(sorted(&all, Column::Created, true), [1, 0, 2, 3]);
    assert_eq!(sorted(&all, Column::Knn, true), [0, 1, 3, 2]);
    assert_eq!(sorted(&all, Column::Setting(setting("temperature")), false), [3, 0, 1, 2]);
    assert_eq!(sorted(&all, Column::Setting(setting("encoder")), false), [0, 1, 2, 3], "by place, not by letter");
    assert_eq!(sorted(&all, Column::TestAccuracy, false)[..2], [1, 2]);
    assert_eq!(sorted(&all, Column::MacroF1, false)[..2], [1, 2]);
}

#[test]
fn a_run_like_another_differs_in_what_was_asked() {
    let base = record("a");
    let config = like(&base, setting("temperature"), "0.2").unwrap();
    assert_eq!(config, RunConfig { temperature: 0.2, ..base.config });
    // The learning rate goes along with the batch, but not after it was chosen.
    let config = like(&base, setting("batch"), "32").unwrap();
    assert_eq!(config.optimizer.peak_rate, default_rate(Optimizer::Lars, 32));
    let mut own = record("b");
    own.config.optimizer.peak_rate = 0.3;
    assert_eq!(like(&own, setting("batch"), "32").unwrap().optimizer.peak_rate, 0.3);
    assert_eq!(like(&base, setting("rate"), "0.4").unwrap().optimizer.peak_rate, 0.4);
    assert_eq!(like(&base, setting("temperature"), "x").unwrap_err()[0].field, "temperature");
    // By itself fine, beside the others not.
    assert_eq!(like(&base, setting("width"), "8").unwrap_err()[0].field, "width");
}
