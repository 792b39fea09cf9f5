//! Downloads of the result.

use super::result::Report;
use super::table;
use crate::app::parts::files::save;
use crate::app::reactive::act;
use crate::app::text::evaluate as text;
use crate::core::report::EvaluationReport;
use leptos::prelude::*;

#[component]
pub fn Downloads(report: Report) -> impl IntoView {
    type Make = fn(&EvaluationReport) -> String;
    let files: [(&str, &str, Make); 3] = [
        (text::DOWNLOAD_SCORES, text::SCORES_FILE, table::scores),
        (text::DOWNLOAD_MATRIX, text::MATRIX_FILE, table::matrix),
        (text::DOWNLOAD_PREDICTIONS, text::PREDICTIONS_FILE, table::predictions),
    ];
    let buttons = files
        .map(|(label, file, make)| {
            view! {
                <button type="button" on:click=act(move |_| save(file, "text/csv;charset=utf-8", &report.with_value(make).into()))>
                    {label}
                </button>
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
