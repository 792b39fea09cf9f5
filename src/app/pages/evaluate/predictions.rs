//! What a classifier predicted for the test images, and the scores that follow: precision, recall
//! and F1 of every class and their averages, with their confidence intervals.

use crate::app::text::units::{count, percent};
use crate::app::text::{confidence, evaluate as text};
use crate::app::{parts::widgets::Table, parts::widgets::heads, reactive::live};
use crate::core::metrics::interval::{Bootstrap, RESAMPLES};
use crate::core::metrics::{ClassificationReport, Scores as Values};
use crate::core::{metrics::interval::Interval, report::EvaluationReport, run::fine_tune::FineTuneReport};
use leptos::prelude::*;
use std::time::Duration;

/// The predictions of one classifier, of linear evaluation or fine-tuning.
pub struct TestPredictions {
    pub classes: Vec<String>,
    pub test: ClassificationReport,
    /// Class of each test image; the next two are in the same order.
    pub truth: Vec<u16>,
    pub predicted: Vec<u16>,
    /// Indices in the data set.
    pub test_images: Vec<u32>,
}

pub type Predictions = StoredValue<TestPredictions>;

impl TestPredictions {
    /// Of the pre-trained encoder, by linear evaluation.
    pub fn of_evaluation(report: &EvaluationReport) -> Self {
        Self {
            classes: report.classes.clone(),
            test: report.trained.test.clone(),
            truth: report.truth.clone(),
            predicted: report.trained.predicted.clone(),
            test_images: report.test_images.clone(),
        }
    }

    pub fn of_fine_tuning(report: &FineTuneReport, classes: Vec<String>) -> Self {
        Self {
            classes,
            test: report.test.clone(),
            truth: report.truth.clone(),
            predicted: report.predicted.clone(),
            test_images: report.test_images.clone(),
        }
    }
}

/// Draws of all resamples together: about 20 ms on a phone.
const DRAWS: usize = 2_000_000;

/// Intervals of F1, computed after the numbers themselves are on the screen.
fn intervals(report: Predictions) -> RwSignal<Option<Bootstrap>> {
    let found = RwSignal::new(None);
    set_timeout(
        move || {
            // The report is gone if another result was chosen meanwhile.
            let got = report.try_with_value(|r| {
                let resamples = (DRAWS / r.truth.len().max(1)).clamp(200, RESAMPLES);
                Bootstrap::of(&r.test.confusion, resamples, 0)
            });
            found.try_set(got.flatten());
        },
        Duration::from_millis(50),
    );
    found
}

#[component]
pub fn Scores(report: Predictions) -> impl IntoView {
    let found = intervals(report);
    let number = |value: f64, interval: Option<Interval>| {
        let range = interval.map(|i| view! { <small>{confidence::whole_range(i)}</small> });
        view! { <td class="number">{percent(value)} {range}</td> }
    };
    let f1 = move |value: f64, of: fn(&Bootstrap, usize) -> Interval, class: usize| {
        // Nothing is known of a class without images.
        let some = report.with_value(|r| class >= r.test.support.len() || r.test.support[class] > 0);
        let range = move || found.with(|b| b.as_ref().filter(|_| some).map(|b| confidence::whole_range(of(b, class))));
        view! { <td class="number">{percent(value)} <small>{live(range)}</small></td> }
    };
    let (classes, averages) = report.with_value(|r| {
        let test = &r.test;
        let rows = r.classes.iter().zip(&test.per_class).zip(&test.support).enumerate();
        let classes = rows.map(|(c, ((name, scores), &support))| {
            let hits = test.confusion[c][c];
            let said = test.confusion.iter().map(|row| row[c]).sum();
            let rate = |of: u32| (of > 0).then(|| Interval::wilson(hits, of));
            view! {
                <tr>
                    <th scope="row" class="class-name">{name.clone()}</th>
                    {number(scores.precision, rate(said))}
                    {number(scores.recall, rate(support))}
                    {f1(scores.f1, |b, c| b.per_class[c].f1, c)}
                    <td class="number">{count(support as usize)}</td>
                </tr>
            }
        });
        type Of = fn(&Bootstrap, usize) -> Interval;
        let averages: [(&str, String, Values, Of); 2] = [
            (text::MACRO, text::macro_help(test.absent()), test.macro_average, |b, _| b.macro_f1),
            (text::WEIGHTED, text::WEIGHTED_HELP.to_owned(), test.weighted_average, |b, _| b.weighted_f1),
        ];
        let averages = averages.map(|(name, help, scores, of)| {
            view! {
                <tr>
                    <th scope="row">{name} <small>{help}</small></th>
                    {number(scores.precision, None)}
                    {number(scores.recall, None)}
                    {f1(scores.f1, of, usize::MAX)}
                    <td class="number">{count(r.test_images.len())}</td>
                </tr>
            }
        });
        (classes.collect_view(), averages.collect_view())
    });
    let numbers = [text::PRECISION, text::RECALL, text::F1, text::IMAGES];
    let head = (heads("", [text::CLASS]), heads("number", numbers)).into_any();
    view! {
        <section class="card" aria-labelledby="scores-title">
            <h2 id="scores-title">{text::SCORES}</h2>
            <p class="muted small">{text::SCORES_HELP} " " {confidence::INTERVALS}</p>
            <Table class="scores" label=text::SCORES head=head>
                <tbody>{classes}</tbody>
                <tfoot>{averages}</tfoot>
            </Table>
        </section>
    }
}
