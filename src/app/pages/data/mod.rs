//! Loading images, and the pre-flight report of what was found.

mod chooser;
mod classes;
mod import;
mod layouts;
mod options;
mod progress;
mod report;
mod sample;

use crate::app::parts::files::accept_drops;
use crate::app::parts::notice::Announcer;
use crate::app::reactive::{Show, memo};
use crate::app::state::Store;
use crate::app::text::data as text;
use crate::protocol::ImportRole;
use chooser::Chooser;
use import::Importer;
use layouts::Layouts;
use leptos::prelude::*;
use progress::{Failure, Progress};
use report::Report;
use sample::Sample;

/// The page `/data`. What it shows follows from the store: an import under way,
/// else the set, else the choice of a first one.
#[component]
pub fn Data() -> impl IntoView {
    let store = Store::get();
    let importer = Importer::new();
    // The next files are a new set again: nothing is added by oversight.
    let announcer = Announcer::get();
    Effect::new(move |before: Option<()>| {
        importer.role.set(ImportRole::New);
        let words = store.dataset.with(|set| set.as_ref().map(|set| text::loaded(set.images, set.classes.len())));
        // Not what was there when the page was opened.
        if let (Some(()), Some(words)) = (before, words) {
            announcer.say(words);
        }
    });
    provide_context(importer);
    accept_drops(move |dropped| importer.drop(dropped));
    let reading = memo(move || store.import.with(Option::is_some));
    let loaded = memo(move || store.dataset.with(Option::is_some));
    view! {
        <div class="data">
            <div class="page-head">
                <h1>{text::TITLE}</h1>
                <p class="lead">{text::INTRO}</p>
            </div>
            <Failure />
            <Show when=move || reading.get()>
                <Progress />
            </Show>
            <Show when=move || loaded.get() && !reading.get()>
                <Report />
            </Show>
            <Show when=move || !reading.get()>
                <div class="data-choice" class:first=move || !loaded.get()>
                    <Show when=move || !loaded.get()>
                        <Sample />
                    </Show>
                    <Chooser />
                </div>
                <Layouts />
            </Show>
        </div>
    }
}
