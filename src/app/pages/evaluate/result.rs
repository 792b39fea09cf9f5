//! The result in one number, its baselines, and how it was come by.

use crate::app::parts::widgets::{Table, heads};
use crate::app::reactive::{live, memo};
use crate::app::text::evaluate as text;
use crate::app::{client::Client, router::Link, state::Store, text::confidence, text::units::percent, text::weights};
use crate::core::metrics::mcnemar::{PairedComparison, Verdict};
use crate::core::report::{Baseline, EvaluationReport};
use crate::core::run::DataIdentity;
use crate::core::run::table::{Published, published};
use crate::protocol::Request;
use leptos::prelude::*;

pub type Report = StoredValue<EvaluationReport>;

/// Evaluations of published weights on the same images, by name.
type Others = Vec<(String, EvaluationReport)>;

/// The evaluations to show beside `report`: all but those of the weights that it already contains.
fn beside(store: Store, report: Report) -> Others {
    let images = store.dataset.with(|set| set.as_ref().map(DataIdentity::from)).unwrap_or_default();
    let stored = store.stored_runs.list.get().unwrap_or_default();
    let id = store.stored_runs.saved.with(|saved| saved.as_ref().map(|saved| saved.id.clone()));
    let own = stored.runs.iter().find(|run| Some(&run.id) == id.as_ref()).and_then(|run| run.weights.as_ref());
    report.with_value(|r| {
        let own = own.filter(|_| matches!(r.baseline, Baseline::Itself | Baseline::ImageNet));
        let is_own = |p: &Published| own.zip(p.weights.as_ref()).is_some_and(|(own, other)| own.is_same(other));
        let mut found = published(&stored.runs, &images);
        found.retain(|p| p.report.test_images == r.test_images && !is_own(p));
        let several = |net| found.iter().filter(|p| p.net == net).count() > 1;
        let started = store.run_config.with(|c| c.and_then(|c| c.encoder.weights()));
        let named = |p: &Published| {
            let source = p.weights.as_ref().filter(|_| several(p.net) || started == Some(p.net));
            (text::published(p.net, source.map(|weights| weights.source.as_str())), p.report.clone())
        };
        found.iter().map(named).collect()
    })
}

#[component]
pub fn Headline(report: Report) -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    // Earlier evaluations are in the list of runs.
    client.ask(Request::Runs, |_| {});
    let others = memo(move || beside(store, report));
    let verdicts = live(move || {
        report.with_value(|r| {
            let against = |other: &[u16], name: &str| {
                let c = PairedComparison::paired(&r.trained.predicted, other, &r.truth);
                confidence::verdict(name, Verdict::of(&c))
            };
            let before = r.linear_baseline.as_ref().map(|u| against(&u.predicted, text::than_baseline(r.baseline)));
            let published: Vec<String> =
                others.with(|all| all.iter().map(|(name, other)| against(&other.trained.predicted, name)).collect());
            let rest = [against(&r.raw_pixels.predicted, text::THAN_RAW), text::chance(r.classes.len(), chance(r))];
            before.into_iter().chain(published).chain(rest).map(|words| view! { <li>{words}</li> }).collect_view()
        })
    });
    let baseline = report.with_value(|r| r.baseline);
    report.with_value(|r| {
        let of = store.run_config.with_untracked(|c| c.as_ref().map(weights::encoder));
        let (test_use, meaning) = text::test_use(r.test_use);
        view! {
            <section class="card" aria-labelledby="result-title">
                <h2 id="result-title">{text::RESULT}</h2>
                <p class="headline">
                    <strong>{percent(r.trained.test.accuracy)}</strong> " " {text::headline(r.test_images.len())} " "
                    <span class="muted small">{confidence::interval(&r.trained.test)}</span>
                </p>
                <ul class="verdicts">{verdicts}</ul>
                <p class="muted small">{confidence::resolution(&r.trained.test)} " " {confidence::ONE_SEED}</p>
                {live(move || others.with(|others| view! { <Bars report=report others=others /> }))}
                <p class="muted small">
                    {text::baselines(r.baseline)} " " {live(move || others.with(|all| text::how_published(all.len(), baseline)))} {fewer(r).map(|(raw, encoder)| [" ", &text::fewer_epochs(raw, encoder)].concat())}
                </p>
                <p class="test-once">
                    <strong>{test_use}</strong> " " {meaning} " "
                    {text::chosen(r.trained.chosen_rate, r.trained.chosen_epoch, r.trained.validation_accuracy)}
                </p>
                <p class="muted small">{of.map(|of| of + ". ")} {text::behind(r.baseline, r.steps, r.seconds)}</p>
                <p><Link to="/fine-tune" attr:class="button">{text::GO_FINE_TUNE}</Link></p>
            </section>
        }
    })
}

/// Epochs of the classifier on raw pixels and of the encoder's, if the former are fewer.
fn fewer(report: &EvaluationReport) -> Option<(u32, u32)> {
    let (raw, encoder) = (report.raw_pixels.epochs, report.trained.epochs);
    (raw < encoder).then_some((raw, encoder))
}

/// Accuracy of naming the most frequent class always.
fn chance(report: &EvaluationReport) -> f64 {
    report.trained.test.majority()
}

/// A table whose last column draws its numbers as bars.
#[component]
fn Bars<'a>(report: Report, others: &'a Others) -> impl IntoView + use<> {
    let (rows, chance) = report.with_value(|r| {
        let [own, before] = text::features(r.baseline);
        let with = |of: usize| r.baseline_statistics.map_or("", |both| text::statistics(both[of]));
        let [before, before_knn] = [0, 1].map(|of| [before, with(of)].concat());
        let raw = text::raw_pixels(r.raw_side, fewer(r).map(|(raw, _)| raw));
        let linear = || text::LINEAR.to_owned();
        let mut rows = vec![(linear(), own.to_owned(), r.trained.test.accuracy, "own")];
        rows.extend(r.linear_baseline.as_ref().map(|u| (linear(), before, u.test.accuracy, "")));
        let named = || others.iter().map(|(name, other)| (name.clone(), other));
        rows.extend(named().map(|(name, other)| (linear(), name, other.trained.test.accuracy, "")));
        rows.push((linear(), raw, r.raw_pixels.test.accuracy, ""));
        rows.push((text::knn(r.knn_k), own.to_owned(), f64::from(r.knn_trained), "own"));
        rows.extend(r.knn_baseline.map(|knn| (text::knn(r.knn_k), before_knn, f64::from(knn), "")));
        rows.extend(named().map(|(name, other)| (text::knn(other.knn_k), name, f64::from(other.knn_trained), "")));
        (rows, chance(r))
    });
    let rows = rows
        .into_iter()
        .map(|(method, features, accuracy, class)| {
            view! {
                <tr>
                    <td class="method">{method}</td>
                    <th scope="row">{features}</th>
                    <td class="number">{percent(accuracy)}</td>
                    <td class="bar-cell" aria-hidden="true">
                        <div class="bar-track" style=format!("--part: {accuracy:.4}; --chance: {chance:.4}")>
                            <div class=format!("bar {class}")></div>
                        </div>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        {heads("", [text::METHOD, text::FEATURES])} {heads("number", [text::ACCURACY])}
        <td class="bar-cell" aria-hidden="true">
            <span class="chance-key">{text::chance_key(chance)}</span>
        </td>
    };
    view! {
        <Table class="bars" label=text::ACCURACY_TABLE caption="" head=head.into_any()>
            <tbody>{rows}</tbody>
        </Table>
    }
}
