//! Compared starts: each contestant as a bar, and whether SimCLR was worth it.

use super::page::Page;
use crate::app::parts::widgets::{Table, heads};
use crate::app::reactive::live;
use crate::app::text::{confidence, evaluate, starts as text};
use crate::core::run::starts::Start;
use crate::core::run::starts_compared::{Compared, Difference, compared};
use leptos::prelude::*;

#[component]
pub fn ComparedStarts() -> impl IntoView {
    let page = Page::get();
    live(move || {
        page.read(|stored| {
            let all = compared(&stored.runs);
            (!all.is_empty()).then(|| {
                view! {
                    <section class="card stack" aria-labelledby="compared-title">
                        <h2 id="compared-title">{text::RESULT}</h2>
                        {all.iter().map(comparison).collect_view()}
                        <p class="muted small">{text::RESULT_HELP}</p>
                    </section>
                }
            })
        })
    })
}

fn comparison(one: &Compared) -> impl IntoView + use<> {
    let (run, report) = one.example();
    let chance = report.test.majority();
    let answer = one.answer();
    let one_seed = answer.is_some_and(|answer| matches!(answer.difference, Difference::Images(_)));
    let answer = answer.map(|answer| text::answer(answer.simclr, answer.other, answer.difference));
    let rows = Start::ALL.into_iter().filter_map(|start| {
        let summary = one.accuracy(start).summary()?;
        let (words, low, high) = match (summary.deviation, one.results(start).next()) {
            (None, Some(report)) => {
                let interval = confidence::wilson(&report.test);
                (confidence::accuracy(&report.test), interval.low, interval.high)
            }
            (deviation, _) => {
                let [low, high] = [-1.0, 1.0].map(|sign| summary.mean + sign * deviation.unwrap_or(0.0));
                (confidence::summary(summary), low.max(0.0), high.min(1.0))
            }
        };
        let part = summary.mean;
        let style = format!("--part: {part:.4}; --chance: {chance:.4}; --low: {low:.4}; --high: {high:.4}");
        Some(view! {
            <tr>
                <td class="method">{text::learns(start)}</td>
                <th scope="row">{text::name(start)}</th>
                <td class="number">{words}</td>
                <td class="bar-cell" aria-hidden="true">
                    <div class="bar-track" style=style>
                        <div class=if start.is_simclr() { "bar own" } else { "bar" }></div>
                        <div class="bar-interval"></div>
                    </div>
                </td>
            </tr>
        })
    });
    let rows = rows.collect_view();
    let head = view! {
        {heads("", [text::METHOD, text::START])} {heads("number", [evaluate::ACCURACY])}
        <td class="bar-cell" aria-hidden="true">
            <span class="chance-key">{evaluate::chance_key(chance)}</span>
        </td>
    };
    view! {
        <p class="muted small">{text::what(&run.config, report.config.fraction, report.labels)}</p>
        {answer.map(|words| view! { <p><strong>{words}</strong></p> })}
        <Table class="bars" label=text::TABLE caption="" head=head.into_any()>
            <tbody>{rows}</tbody>
        </Table>
        {one_seed.then(|| view! { <p class="muted small">{confidence::ONE_SEED}</p> })}
    }
}
