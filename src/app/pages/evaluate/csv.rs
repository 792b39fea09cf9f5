//! Downloads of the result as comma-separated tables (RFC 4180).

use super::result::Report;
use crate::app::text::evaluate as text;
use crate::app::{parts::files::save, parts::widgets::Button, reactive::act};
use crate::core::report::{Baseline, EvaluationReport, LinearReport};
use leptos::prelude::*;

#[component]
pub fn Downloads(report: Report) -> impl IntoView {
    type Make = fn(&EvaluationReport) -> String;
    let files: [(&str, &str, Make); 3] = [
        (text::DOWNLOAD_SCORES, text::SCORES_FILE, scores),
        (text::DOWNLOAD_MATRIX, text::MATRIX_FILE, matrix),
        (text::DOWNLOAD_PREDICTIONS, text::PREDICTIONS_FILE, predictions),
    ];
    let buttons = files
        .map(|(label, file, make)| {
            view! {
                <Button
                    label=label
                    press=act(move |_| save(file, "text/csv;charset=utf-8", &report.with_value(make).into()))
                />
            }
        })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="downloads-title">
            <h2 id="downloads-title">{text::DOWNLOADS}</h2>
            <p class="actions">{buttons}</p>
        </section>
    }
}

/// One line. Values with commas, quotes or line breaks are quoted. A value that a
/// spreadsheet would run as a formula gets an apostrophe in front.
fn line(values: &[String]) -> String {
    let quoted = values.iter().map(|value| {
        let risky = value.starts_with(['=', '@', '\t', '\r'])
            || (value.starts_with(['+', '-']) && value.parse::<f64>().is_err());
        let value = if risky { format!("'{value}") } else { value.clone() };
        if value.contains([',', '"', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// The linear classifiers that there are, by name.
fn classifiers<'a>(report: &'a EvaluationReport, raw_pixels: &'a str) -> Vec<(&'a str, &'a LinearReport)> {
    let [own, before] = names(report);
    let before = report.linear_baseline.as_ref().map(|baseline| (before, baseline));
    [(own, &report.trained)].into_iter().chain(before).chain([(raw_pixels, &report.raw_pixels)]).collect()
}

fn row<const N: usize>(values: [&str; N]) -> String {
    line(&values.map(str::to_owned))
}

/// Names of the evaluated encoder and its baseline in the tables.
fn names(report: &EvaluationReport) -> [&'static str; 2] {
    match report.baseline {
        Baseline::Itself => ["imagenet", ""],
        Baseline::ImageNet => ["trained", "imagenet"],
        Baseline::Untrained | Baseline::Missing => ["trained", "untrained"],
    }
}

/// Accuracies of all features, then scores of the trained encoder by class.
fn scores(report: &EvaluationReport) -> String {
    let mut out = row(["features", "classifier", "test_accuracy", "validation_accuracy", "rate", "epoch"]);
    let [own, before] = names(report);
    for (name, r) in classifiers(report, "raw_pixels") {
        out += &line(&[
            name.into(),
            "linear".into(),
            r.test.accuracy.to_string(),
            r.validation_accuracy.map(|v| v.to_string()).unwrap_or_default(),
            r.chosen_rate.to_string(),
            r.chosen_epoch.to_string(),
        ]);
    }
    let knn = [(own, Some(report.knn_trained)), (before, report.knn_baseline)];
    for (name, accuracy) in knn.into_iter().filter_map(|(name, knn)| Some((name, knn?))) {
        let classifier = report.knn_k.map_or_else(|| "knn".to_owned(), |k| format!("knn k={k}"));
        out += &line(&[name.into(), classifier, accuracy.to_string(), String::new(), String::new(), String::new()]);
    }
    out += "\r\n";
    out += &row(["class", "precision", "recall", "f1", "images"]);
    let test = &report.trained.test;
    let classes = report.classes.iter().zip(&test.per_class).zip(&test.support);
    let classes = classes.map(|((name, scores), support)| (name.as_str(), *scores, *support as usize));
    let all = report.test_images.len();
    let averages = [("macro average", test.macro_average, all), ("weighted average", test.weighted_average, all)];
    for (name, s, images) in classes.chain(averages) {
        out += &line(&[
            name.to_owned(),
            s.precision.to_string(),
            s.recall.to_string(),
            s.f1.to_string(),
            images.to_string(),
        ]);
    }
    out
}

/// Rows are true classes, columns predicted ones.
fn matrix(report: &EvaluationReport) -> String {
    let mut head = vec!["true class".to_owned()];
    head.extend(report.classes.iter().cloned());
    let mut out = line(&head);
    for (name, counts) in report.classes.iter().zip(&report.trained.test.confusion) {
        let mut values = vec![name.clone()];
        values.extend(counts.iter().map(u32::to_string));
        out += &line(&values);
    }
    out
}

/// A row for each test image, with its index in the set.
fn predictions(report: &EvaluationReport) -> String {
    let name = |class: u16| report.classes.get(usize::from(class)).cloned().unwrap_or_default();
    let all = classifiers(report, "raw pixels");
    let mut head = vec!["image".to_owned(), "true class".to_owned()];
    head.extend(all.iter().map(|(name, _)| (*name).to_owned()));
    let mut out = line(&head);
    for (i, (index, truth)) in report.test_images.iter().zip(&report.truth).enumerate() {
        let of = |r: &LinearReport| r.predicted.get(i).map(|&p| name(p)).unwrap_or_default();
        let said = all.iter().map(|(_, r)| of(r));
        let mut values = vec![index.to_string(), name(*truth)];
        values.extend(said);
        out += &line(&values);
    }
    out
}
