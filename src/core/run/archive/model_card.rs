//! The model card (Mitchell et al. 2019) in Markdown: what the weights are, where they come from, their
//! results, and what they are not for.

use super::{CLASSIFIER, ENCODER, EPOCHS, FEATURES, FINE_TUNED, IMAGES, RUN, SCRIPT, SEEDS, STEPS};
use crate::core::architecture::{Facts, Normalisation};
use crate::core::config::{self, Architecture, EncoderConfig, Stem};
use crate::core::metrics::interval::{Bootstrap, Interval, RESAMPLES};
use crate::core::report::{Backend, Baseline, EvaluationReport, Statistics};
use crate::core::run::fine_tune::{FineTuneReport, TrainedLayers, TunedFrom, TuningStart};
use crate::core::{config::pretrain_settings::SETTINGS, metrics::ClassificationReport, run::RunRecord};
use std::fmt::Write;

/// The card of a run; with `fine_tuned`, also of the fine-tuned classifier, whose weights are in the same archive.
pub fn card(record: &RunRecord, fine_tuned: Option<&FineTuneReport>) -> String {
    let sections = [
        summary(record, fine_tuned),
        notes(record),
        data(record),
        network(record),
        settings(record),
        results(record, fine_tuned),
        limits(),
        usage(record),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

fn summary(record: &RunRecord, fine_tuned: Option<&FineTuneReport>) -> String {
    let name = if record.name.is_empty() { &record.id } else { &record.name };
    let mut what = beginning(record);
    if let Some(report) = fine_tuned {
        let _ = write!(
            what,
            " In `{FINE_TUNED}` the same network with {}a linear classifier: {} with {} labelled images.",
            match report.config.from {
                TunedFrom::Encoder => "",
                TunedFrom::HeadLayer => "the projection head's first layer (`head`) and ",
            },
            trained(report),
            report.labels
        );
    }
    let backend = match record.device.backend {
        Backend::WebGpu => "WebGPU",
        Backend::Cpu => "CPU",
    };
    // A browser names no CPU.
    let device = match escape(&record.device.name) {
        name if name.is_empty() => backend.to_owned(),
        name => format!("{name} ({backend})"),
    };
    let stage = if record.steps < record.total_steps { " It did not run to its end." } else { "" };
    format!(
        "# {}\n\n{what}\n\n\
         - Started {}, with SimCLR Lab {}, in a browser\n\
         - {} of {} steps of pre-training.{stage}\n\
         - Device: {device}\n\
         - Seed: {}\n",
        escape(name),
        date(record.created),
        escape(&record.program),
        record.steps,
        record.total_steps,
        record.config.seed,
    )
}

/// What the user wrote about the run, as it was typed; empty without.
fn notes(record: &RunRecord) -> String {
    let lines: String = record.notes.trim().lines().map(|line| format!("    {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("## Notes\n\n{lines}") }
}

/// What the encoder is and which weights it started from.
fn beginning(record: &RunRecord) -> String {
    const SIMCLR: &str = "SimCLR (Chen et al. 2020, arXiv 2002.05709)";
    let Some(net) = record.config.encoder.weights() else {
        return format!("An image encoder, pre-trained without labels by {SIMCLR} from random weights.");
    };
    let (library, name) = (net.weights().library, net.weights().called);
    let which = record.weights.as_ref().map_or_else(String::new, |weights| {
        format!(" (from {}, fingerprint `{}`)", escape(&weights.source), weights.fingerprint)
    });
    let from = format!("ImageNet weights of {library}'s `{name}`{which}, which were trained with labels");
    match (record.steps, record.config.trained()) {
        (0, _) | (_, config::TrainedPart::Head) => {
            format!("An image encoder with {from}. They are as they were published: SimCLR did not change them here.")
        }
        (_, config::TrainedPart::All) => {
            format!("An image encoder, trained on by {SIMCLR}, without labels, from {from}.")
        }
        (_, some) => format!(
            "An image encoder, its last stages ({} of 5) trained on by {SIMCLR}, without labels, from {from}.",
            some.stages().unwrap_or_default()
        ),
    }
}

fn trained(report: &FineTuneReport) -> String {
    match (report.config.start, report.config.trained) {
        (TuningStart::Random, _) => "(as a baseline) started again from random weights and trained".into(),
        (_, TrainedLayers::All) => "fine-tuned in all layers".into(),
        (_, TrainedLayers::Last(stages)) => format!("fine-tuned in its last {stages} stages"),
        (_, TrainedLayers::Classifier) => "given a classifier on frozen features, trained".into(),
    }
}

fn data(record: &RunRecord) -> String {
    let data = &record.data;
    let list = |names: &[String]| names.iter().map(|name| escape(name)).collect::<Vec<_>>().join(", ");
    let classes = match data.classes.len() {
        0 => "none: the images have no labels".to_owned(),
        n => format!("{n}: {}", list(&data.classes)),
    };
    format!(
        "## Data\n\n\
         - Sources: {}\n\
         - Images: {}, of which {} trained the encoder (without their labels)\n\
         - Classes: {classes}\n\
         - Fingerprint of pixels, labels and splits: `{}`\n\n\
         The images are not in this archive, and never left the machine on which the encoder was trained. \
         Names of their files and classes are in `{IMAGES}`.\n",
        list(&data.sources),
        data.images,
        data.training_images,
        data.fingerprint,
    )
}

fn network(record: &RunRecord) -> String {
    let encoder = &record.config.encoder;
    let EncoderConfig { architecture, stem, width, .. } = *encoder;
    let widths = [1, 2, 4, 8].map(|times| (times * width).to_string()).join(", ");
    let stem = match stem {
        Stem::Small => "stem: 3 × 3 convolution of stride 1, no max-pool",
        Stem::ImageNet => "stem: 7 × 7 convolution of stride 2, 3 × 3 max-pool of stride 2",
    };
    let what = match architecture {
        Architecture::ConvNet4 => {
            format!("ConvNet4: four 3 × 3 convolutions (stride 1, 2, 2, 2) of {widths} channels")
        }
        Architecture::ResNet10 => format!("ResNet-10: one basic block a stage, stages of {widths} channels; {stem}"),
        Architecture::ResNet18 => format!("ResNet-18: two basic blocks a stage, stages of {widths} channels; {stem}"),
        published => {
            let Facts { name, weights, .. } = published.facts();
            let source = weights.map(|w| format!(", as {}'s `{}`", w.library, w.called)).unwrap_or_default();
            let end = if published == Architecture::Vgg19 { " up to its last max-pool" } else { "" };
            format!("{name}{source}{end}")
        }
    };
    let norm = if architecture.facts().has_batch_norm { "batch normalisation, " } else { "" };
    let by = match encoder.published().map(|net| net.weights().normalisation) {
        None => "no mean or standard deviation taken out".to_owned(),
        Some(Normalisation { mean, std }) => {
            format!("then less the mean {mean:?} and divided by the standard deviation {std:?} of each channel")
        }
    };
    let side = record.config.image_size;
    format!(
        "## Network\n\n\
         - {what}; {norm}ReLU, global average\n\
         - Output: {} features h (before the projection head)\n\
         - Input: RGB in [0, 1], {side} × {side} pixels, {by}. Images are shrunk so \
         that the shorter side has {side} pixels; the middle of the longer one is kept.\n",
        encoder.features(),
    )
}

fn settings(record: &RunRecord) -> String {
    let mut out = String::from("## Settings of pre-training\n\n| setting | value |\n|---|---|\n");
    for setting in &SETTINGS {
        let _ = writeln!(out, "| {} | {} |", setting.key.replace('_', " "), setting.get(&record.config));
    }
    out
}

/// Results of a run, and of the classifier that was fine-tuned from it.
fn results(record: &RunRecord, fine_tuned: Option<&FineTuneReport>) -> String {
    let mut out = String::from("## Results\n\n");
    if let Some(knn) = record.knn {
        let _ = writeln!(
            out,
            "kNN accuracy on validation (k = 200, or all training images if fewer; T = 0.1): {}.\n",
            percent(f64::from(knn))
        );
    }
    if record.evaluation.is_none() && fine_tuned.is_none() {
        out += "Not evaluated on test images.\n";
        return out;
    }
    out += "On the test split, with 95 % intervals:\n\n\
            | classifier | right | accuracy | macro F1 |\n|---|---|---|---|\n";
    let mut row = |name: &str, report: &ClassificationReport| out += &result(name, report, record.config.seed);
    if let Some(report) = fine_tuned {
        row(&format!("fine-tuned ({} % of the labels)", report.config.fraction), &report.test);
    }
    if let Some(evaluation) = &record.evaluation {
        row(
            match evaluation.baseline {
                Baseline::Itself => "linear, on the encoder with its ImageNet weights",
                _ => "linear, on the pre-trained encoder",
            },
            &evaluation.trained.test,
        );
        if let Some(baseline) = &evaluation.linear_baseline {
            row(
                match (evaluation.baseline, evaluation.baseline_statistics) {
                    (Baseline::Untrained, Some([Statistics::Initial, _])) => {
                        "linear, on the untrained encoder (running mean 0, variance 1)"
                    }
                    (Baseline::Untrained, _) => "linear, on the untrained encoder (statistics of the training images)",
                    _ => "linear, on the encoder with its ImageNet weights",
                },
                &baseline.test,
            );
        }
        row("linear, on raw pixels", &evaluation.raw_pixels.test);
    }
    if let Some(report) = fine_tuned {
        out += &per_class(&record.data.classes, &report.test, record.config.seed);
    } else if let Some(evaluation) = &record.evaluation {
        out += &per_class(&evaluation.classes, &evaluation.trained.test, record.config.seed);
    }
    out += "\nMacro F1 counts every class alike; one without test images counts as 0. Intervals: Wilson's score interval for \
            accuracy, percentile bootstrap over test images for F1 (Wilson's where all images or none are right). They tell of \
            chance in the choice of test images, not of chance in training: this is one run with one seed.\n";
    if let Some(evaluation) = &record.evaluation {
        out += &how(evaluation);
    }
    if fine_tuned.is_some() {
        out += "\nThe fine-tuned weights are those after the last epoch, where the schedule ends.\n";
    }
    out
}

fn result(name: &str, report: &ClassificationReport, seed: u64) -> String {
    let hits: u32 = report.confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
    let range = |i: Interval| format!("[{}, {}]", percent(i.low), percent(i.high));
    let f1 = Bootstrap::of(&report.confusion, RESAMPLES, seed).map(|b| range(b.macro_f1)).unwrap_or_default();
    let images = report.images();
    format!(
        "| {name} | {hits} of {images} | {} {} | {} {f1} |\n",
        percent(report.accuracy),
        range(Interval::wilson(hits, images)),
        percent(report.macro_average.f1),
    )
}

fn per_class(classes: &[String], report: &ClassificationReport, seed: u64) -> String {
    let mut out = String::from("\n| class | test images | precision | recall | F1 |\n|---|---|---|---|---|\n");
    let Some(bootstrap) = Bootstrap::of(&report.confusion, RESAMPLES, seed) else { return String::new() };
    for (((class, scores), images), range) in
        classes.iter().zip(&report.per_class).zip(&report.support).zip(&bootstrap.per_class)
    {
        let _ = writeln!(
            out,
            "| {} | {images} | {} | {} | {} [{}, {}] |",
            escape(class),
            percent(scores.precision),
            percent(scores.recall),
            percent(scores.f1),
            percent(range.f1.low),
            percent(range.f1.high),
        );
    }
    out
}

fn how(evaluation: &EvaluationReport) -> String {
    let uses = match evaluation.test_use {
        1 => "The linear evaluation is this run's first use of the test split.".to_owned(),
        n => format!("The linear evaluation is use number {n} of the test split in this run: no fresh measurement."),
    };
    let chosen = match evaluation.trained.validation_accuracy {
        Some(accuracy) => {
            format!("learning rate and epoch chosen on validation (accuracy there {})", percent(f64::from(accuracy)))
        }
        None => "learning rate fixed, for there are no validation images".to_owned(),
    };
    format!(
        "\nLinear evaluation: h frozen and standardised, a linear classifier trained on the labels of the training split, \
         {chosen}. {uses}\n"
    )
}

fn limits() -> String {
    "## Limits\n\n\
     - The figures hold for images like the test images. On images from elsewhere expect less.\n\
     - The encoder knows what its training images show, with their gaps and biases; a classifier answers with one of \
     its classes whatever the image shows.\n\
     - A share of a class in the test images is not its share elsewhere: precision changes with it.\n\
     - Nobody has examined it for use where a mistake does harm.\n"
        .to_owned()
}

fn usage(record: &RunRecord) -> String {
    let weights = record.config.encoder.architecture.facts().weights;
    let timm = if weights.is_some_and(|weights| weights.library == "timm") { " timm" } else { "" };
    format!(
        "## Use\n\n\
         ```\npip install torch torchvision{timm} safetensors pillow\npython {SCRIPT} image.png\n```\n\n\
         or `from {} import features, predict` in Python. Files, not all of which every archive holds:\n\n\
         - `{ENCODER}`: weights, with torchvision's or timm's names\n\
         - `{CLASSIFIER}`: `fc.weight` [classes, features] and `fc.bias`, a linear classifier on these features\n\
         - `{FINE_TUNED}`: encoder, `head` if the classifier is put on it, and `fc` after fine-tuning, one network\n\
         - `{RUN}`: settings, seed, results\n\
         - `{STEPS}`, `{EPOCHS}`: the curves\n\
         - `{FEATURES}`, `{IMAGES}`: h of all images, and which row is which\n\
         - `{SEEDS}`: runs of the same settings with other seeds; their mean, standard deviation and number\n",
        SCRIPT.trim_end_matches(".py"),
    )
}

/// Escapes `text` so that Markdown shows it as it is, within a line or a table's cell.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push(' '),
            // Any ASCII punctuation may be escaped (CommonMark 0.31, section 2.4).
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '#' | '!' | ':' | '$' | '@' => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
    }
    out
}

/// `0.463` → `46.3 %`.
fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Milliseconds since 1970 as a day in UTC, `2026-11-27`.
///
/// Days to year, month and day by Howard Hinnant's `civil_from_days`, whose years begin in March.
fn date(milliseconds: f64) -> String {
    let days = (milliseconds / 86_400_000.0).floor() as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
