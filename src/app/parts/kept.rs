//! How far the run at hand is stored, or why it is not.

use super::link::Link;
use crate::app::reactive::memo;
use crate::app::state::Store;
use crate::app::text::fault::fault;
use crate::app::text::runs as text;
use crate::core::error::{Fault, StorageFault};
use leptos::prelude::*;

/// Why something is not saved, and what to do about it.
pub fn not_saved(cause: StorageFault) -> String {
    let words = fault(&Fault::Storage(cause));
    text::not_saved(&words.what, &words.todo)
}

/// A line; nothing where there is no run.
#[component]
pub fn Kept() -> impl IntoView {
    let store = Store::get();
    let line = memo(move || match store.shelf.kept.get() {
        Some(kept) => Some(match kept.fault {
            Some(cause) => (true, not_saved(cause)),
            None if kept.step == 0 && store.run.get().is_running() => (false, text::NOT_YET_SAVED.to_owned()),
            None => (false, text::saved(kept.step)),
        }),
        None => store.run.get().is_running().then(|| (false, text::NOT_YET_SAVED.to_owned())),
    });
    move || {
        line.get().map(|(bad, words)| {
            view! {
                <p class="small" class:muted=!bad class:field-fault=bad>
                    {words} " "
                    {bad.then(|| view! { <Link to="/runs">{text::STORED_RUNS}</Link> })}
                </p>
            }
        })
    }
}
