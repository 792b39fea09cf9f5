//! How to lay out a folder, by example.

use crate::app::text::data as text;
use leptos::prelude::*;

#[component]
pub fn Layouts() -> impl IntoView {
    let examples = text::LAYOUTS
        .map(|(title, tree, words)| {
            view! {
                <div class="data-layout">
                    <h3>{title}</h3>
                    <pre>{tree}</pre>
                    <p>{words}</p>
                </div>
            }
        })
        .collect_view();
    view! {
        <details class="card fold">
            <summary>{text::LAYOUT_TITLE}</summary>
            <div class="data-layouts">{examples}</div>
            <p class="muted small">{text::LAYOUT_NOTE}</p>
        </details>
    }
}
