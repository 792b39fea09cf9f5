//! Downloads of the result.

use super::result::Report;
use super::table;
use crate::app::text::evaluate as text;
use crate::core::report::EvaluationReport;
use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

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
                <button type="button" on:click=move |_| save(file, &report.with_value(make))>
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

/// Hands a text to the browser as a file to keep.
fn save(name: &str, contents: &str) {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/csv;charset=utf-8");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&contents.into()), &kind);
    let Ok(url) = blob.and_then(|blob| Url::create_object_url_with_blob(&blob)) else { return };
    let link = document().create_element("a").ok().and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(link) = link {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    let _ = Url::revoke_object_url(&url);
}
