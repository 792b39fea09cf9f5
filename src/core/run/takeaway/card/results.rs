//! How good the weights were found to be, with how sure that is.

use super::text::{escape, percent};
use crate::core::metrics::ClassificationReport;
use crate::core::metrics::bootstrap::{Bootstrap, RESAMPLES};
use crate::core::metrics::interval::Interval;
use crate::core::report::{Baseline, EvaluationReport};
use crate::core::run::RunRecord;
use crate::core::run::fine_tune::FineTuneReport;
use std::fmt::Write;

/// Results of a run, or of what was fine-tuned from it beside them.
pub fn results(record: &RunRecord, fine_tuned: Option<&FineTuneReport>) -> String {
    let mut out = String::from("## Results\n\n");
    if let Some(knn) = record.knn {
        let _ = writeln!(out, "kNN accuracy on validation (k = 200, T = 0.1): {}.\n", percent(f64::from(knn)));
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
        if let Some(untrained) = &evaluation.untrained {
            row(
                match evaluation.baseline {
                    Baseline::Untrained => "linear, on the untrained encoder",
                    _ => "linear, on the encoder with its ImageNet weights",
                },
                &untrained.test,
            );
        }
        row("linear, on raw pixels", &evaluation.raw_pixels.test);
    }
    if let Some(report) = fine_tuned {
        out += &per_class(&record.data.classes, &report.test, record.config.seed);
    } else if let Some(evaluation) = &record.evaluation {
        out += &per_class(&evaluation.classes, &evaluation.trained.test, record.config.seed);
    }
    out += "\nIntervals: Wilson's score interval for accuracy, percentile bootstrap over test images for F1. They tell of \
            chance in the choice of test images, not of chance in training: this is one run.\n";
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
