use super::*;
use crate::core::run::examples::{evaluated, linear, record};
use crate::core::{run::fine_tune::FineTuneConfig, weights_file::WeightsIdentity};

fn fine_tuned() -> FineTuneReport {
    FineTuneReport {
        config: FineTuneConfig::recipe(TuningStart::Pretrained, TrainedLayers::Last(2), 10, 1),
        labels: 30,
        epochs: Vec::new(),
        test: linear(None).test,
        predicted: Vec::new(),
        truth: Vec::new(),
        test_images: Vec::new(),
        steps: 60,
        seconds: 3.0,
    }
}

#[test]
fn a_card_has_the_notes_as_they_were_typed() {
    let with = |notes: &str| card(&RunRecord { notes: notes.into(), ..record("r1") }, None);
    assert!(
        with("A *warm* run.\n# not a heading\n")
            .contains("\n\n## Notes\n\n    A *warm* run.\n    # not a heading\n\n## Data\n")
    );
    assert_eq!(with(" \n"), card(&record("r1"), None));
    assert!(!card(&record("r1"), None).contains("Notes"));
}

#[test]
fn a_device_without_a_name_is_told_by_its_kind() {
    let mut unnamed = record("r1");
    unnamed.device.name.clear();
    assert!(card(&unnamed, None).contains("- Device: CPU\n"));
}

#[test]
fn a_card_tells_what_and_whence() {
    let card = card(&record("r1"), None);
    for part in [
        "# r1\n",
        "Started 2023-11-14, with SimCLR Lab 0.1.0",
        "- 60 of 60 steps of pre-training.\n",
        "Device: CPU (CPU)",
        "Seed: 0",
        "Images: 500, of which 300 trained",
        "Classes: 2: rose, tulip",
        "`77faa72a9a18be0b`",
        "The images are not in this archive",
        "Names of their files and classes are in `images.csv`.",
        "ResNet-10: one basic block a stage, stages of 16, 32, 64, 128 channels; stem: 3 × 3",
        "Output: 128 features h",
        "RGB in [0, 1], 32 × 32 pixels, no mean",
        "| temperature | 0.5 |",
        "| crop min area | 0.08 |",
        "kNN accuracy on validation (k = 200, or all training images if fewer; T = 0.1): 50.0 %.",
        "Not evaluated on test images.",
        "python load_encoder.py image.png",
        "from load_encoder import features, predict",
    ] {
        assert!(card.contains(part), "{part}\n\n{card}");
    }
    assert!(SETTINGS.iter().all(|setting| card.contains(&format!("| {} |", setting.key.replace('_', " ")))));
    assert!(!card.contains("\n\n\n") && !card.contains("  "), "{card}");
}

#[test]
fn results_come_with_intervals_and_the_use_of_the_test_split() {
    let mut run = evaluated("r1", 0.7);
    let text = card(&run, None);
    // Wilson for 16 of 20 is [0.5840, 0.9193].
    assert!(
        text.contains("| linear, on the pre-trained encoder | 16 of 20 | 80.0 % [58.4 %, 91.9 %] | 79.8 % ["),
        "{text}"
    );
    assert!(
        text.contains("| linear, on the untrained encoder (statistics of the training images) | 11 of 20 |")
            && text.contains("on raw pixels | 11 of")
    );
    assert!(text.contains("| rose | 10 | 75.0 % | 90.0 % | 81.8 % ["), "{text}");
    assert!(
        text.contains("chosen on validation (accuracy there 70.0 %)") && text.contains("first use of the test split")
    );
    assert!(!text.contains("Not evaluated"));
    if let Some(evaluation) = &mut run.evaluation {
        evaluation.test_use = 3;
        evaluation.trained.validation_accuracy = None;
    }
    let text = card(&run, None);
    assert!(text.contains("use number 3 of the test split") && text.contains("no validation images"));
}

#[test]
fn a_fine_tuned_classifier_says_with_how_many_labels() {
    let text = card(&record("r1"), Some(&fine_tuned()));
    assert!(text.contains("`fine_tuned.safetensors` the same network with a linear classifier: fine-tuned in its last 2 stages with 30"), "{text}");
    assert!(text.contains("| fine-tuned (10 % of the labels) | 16 of 20 |") && text.contains("| tulip | 10 |"));
    let mut v2 = fine_tuned();
    v2.config.from = TunedFrom::HeadLayer;
    assert!(card(&record("r1"), Some(&v2)).contains("with the projection head's first layer (`head`) and a linear"));
    let mut baseline = fine_tuned();
    baseline.config.start = TuningStart::Random;
    assert!(card(&record("r1"), Some(&baseline)).contains("started again from random weights"));
}

#[test]
fn a_card_tells_what_the_encoder_started_from() {
    let mut run = evaluated("r1", 0.7);
    assert!(
        card(&run, None)
            .contains("pre-trained without labels by SimCLR (Chen et al. 2020, arXiv 2002.05709) from random weights.")
    );
    let encoder = &mut run.config.encoder;
    (encoder.architecture, encoder.start) = (Architecture::ResNet50, config::InitialWeights::ImageNet);
    run.config.trained = config::TrainedPart::Last2;
    run.weights = Some(WeightsIdentity { source: "my_weights.pth".into(), fingerprint: "00ff".into() });
    let text = card(&run, None);
    for part in [
        "its last stages (2 of 5) trained on by SimCLR",
        "from ImageNet weights of torchvision's `resnet50` (from my\\_weights.pth, fingerprint `00ff`), which were trained",
        "Output: 2048 features h",
        "then less the mean [0.485, 0.456, 0.406] and divided by the standard deviation [0.229, 0.224, 0.225]",
        "| start | imagenet_weights |",
    ] {
        assert!(text.contains(part), "{part}\n\n{text}");
    }
    run.config.trained = config::TrainedPart::Head;
    if let Some(evaluation) = &mut run.evaluation {
        (evaluation.baseline, evaluation.linear_baseline) = (Baseline::Itself, None);
    }
    let text = card(&run, None);
    assert!(text.contains("SimCLR did not change them here."), "{text}");
    assert!(text.contains("| linear, on the encoder with its ImageNet weights | 16 of 20 |"), "{text}");
    assert!(!text.contains("untrained") && !text.contains("on the pre-trained encoder"), "{text}");
}

#[test]
fn names_cannot_break_the_page() {
    let mut run = evaluated("r1", 0.7);
    run.name = "my *best*\nrun".into();
    run.data.classes = vec!["a|b".into(), "<script>".into()];
    if let Some(evaluation) = &mut run.evaluation {
        evaluation.classes = run.data.classes.clone();
    }
    run.steps = 20;
    let text = card(&run, None);
    assert!(text.starts_with("# my \\*best\\* run\n"));
    assert!(text.contains("2: a\\|b, \\<script\\>") && text.contains("| a\\|b | 10 |"));
    assert!(text.contains("20 of 60 steps of pre-training. It did not run to its end."));
}

#[test]
fn days_are_those_of_the_calendar() {
    let cases = [
        (0.0, "1970-01-01"),
        (86_399_999.0, "1970-01-01"),
        (951_782_400_000.0, "2000-02-29"),
        (1_700_000_000_000.0, "2023-11-14"),
        (4_107_542_400_000.0, "2100-03-01"),
        (-1.0, "1969-12-31"),
    ];
    for (milliseconds, day) in cases {
        assert_eq!(date(milliseconds), day);
    }
}

#[test]
fn nothing_in_a_name_is_markup() {
    assert_eq!(escape("plain name-1.png"), "plain name-1.png");
    assert_eq!(escape("a|b*c_d"), "a\\|b\\*c\\_d");
    assert_eq!(escape("<img src=x>\n# big"), "\\<img src=x\\> \\# big");
    assert_eq!(escape("[x](http://y)"), "\\[x\\](http\\://y)");
}
