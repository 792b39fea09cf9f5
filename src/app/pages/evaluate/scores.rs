//! Precision, recall and F1 of every class and their averages.

use super::result::Report;
use crate::app::text::evaluate as text;
use crate::app::text::units::{count, percent};
use crate::core::metrics::Scores as Values;
use leptos::prelude::*;

#[component]
pub fn Scores(report: Report) -> impl IntoView {
    let numbers = |s: Values| {
        [s.precision, s.recall, s.f1].map(|v| view! { <td class="number">{percent(v)}</td> }).collect_view()
    };
    let (classes, averages) = report.with_value(|r| {
        let test = &r.trained.test;
        let classes = r.classes.iter().zip(&test.per_class).zip(&test.support).map(|((name, &scores), &support)| {
            view! {
                <tr>
                    <th scope="row" class="class-name">{name.clone()}</th>
                    {numbers(scores)}
                    <td class="number">{count(support as usize)}</td>
                </tr>
            }
        });
        let averages = [
            (text::MACRO, text::MACRO_HELP, test.macro_average),
            (text::WEIGHTED, text::WEIGHTED_HELP, test.weighted_average),
        ];
        let averages = averages.map(|(name, help, scores)| {
            view! {
                <tr>
                    <th scope="row">{name} <small>{help}</small></th>
                    {numbers(scores)}
                    <td class="number">{count(r.test_images.len())}</td>
                </tr>
            }
        });
        (classes.collect_view(), averages.collect_view())
    });
    let head = [text::PRECISION, text::RECALL, text::F1, text::IMAGES]
        .map(|name| view! { <th scope="col" class="number">{name}</th> })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="scores-title">
            <h2 id="scores-title">{text::SCORES}</h2>
            <p class="muted small">{text::SCORES_HELP}</p>
            <div class="scroll-x" tabindex="0" role="group" aria-labelledby="scores-title">
                <table class="scores">
                    <thead>
                        <tr>
                            <th scope="col">{text::CLASS}</th>
                            {head}
                        </tr>
                    </thead>
                    <tbody>{classes}</tbody>
                    <tfoot>{averages}</tfoot>
                </table>
            </div>
        </section>
    }
}
