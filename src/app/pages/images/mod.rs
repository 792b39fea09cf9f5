//! Loading images, and the pre-flight report of what was found.

mod choice;
mod import;
mod report;

use crate::app::parts::files::accept_drops;
use crate::app::parts::notice::{Announcer, LeftOutTable, fault_box};
use crate::app::parts::widgets::{CancelButton, Meter, PageHead};
use crate::app::reactive::{Show, derive, memo};
use crate::app::state::{ImportEnd, Store, WorkerState};
use crate::app::text::images as text;
use crate::core::{error::Fault, error::ImportFault, report::DatasetReport};
use crate::protocol::{ImportRole, Work};
use choice::{Chooser, Layouts, Sample};
use import::ImportForm;
use leptos::prelude::*;
use report::Report;

/// The page `/data`. What it shows follows from the store: an import under way, else the
/// loaded set, else the choice of a first set.
#[component]
pub fn Images() -> impl IntoView {
    let store = Store::get();
    let form = ImportForm::new();
    // The next files are a new set again, so that nothing is added by mistake.
    Effect::new(move || {
        store.dataset.track();
        form.role.set(ImportRole::New);
    });
    let loaded = move |set: &DatasetReport| text::loaded(set.images, set.classes.len());
    Announcer::get().follow(move || store.dataset.with(|set| set.as_ref().map(loaded)));
    provide_context(form);
    accept_drops(move |dropped| form.drop(dropped));
    let reading = memo(move || store.import.with(Option::is_some));
    let loaded = memo(move || store.dataset.with(Option::is_some));
    view! {
        <div class="images">
            <PageHead title=text::TITLE lead=text::INTRO />
            <Failure />
            <Show when=move || reading.get()><Progress /></Show>
            <Show when=move || loaded.get() && !reading.get()><Report /></Show>
            <Show when=move || !reading.get()>
                <div class="images-choice" class:first=move || !loaded.get()>
                    <Show when=move || !loaded.get()><Sample /></Show>
                    <Chooser />
                </div>
                <Layouts />
            </Show>
        </div>
    }
}

/// An import under way: files read, file name, time left, cancel.
#[component]
fn Progress() -> impl IntoView {
    let store = Store::get();
    let counts = memo(move || store.import.with(|i| i.as_ref().map_or((0, 0), |i| (i.done, i.total))));
    let file = memo(move || store.import.with(|i| i.as_ref().map(|i| i.file.clone()).unwrap_or_default()));
    let left = move || store.import.with(|i| i.as_ref()?.time_left.milliseconds_left()).map(|ms| ms / 1000.0);
    let part = derive(move || {
        let (done, total) = counts.get();
        (total > 0).then(|| f64::from(done) / f64::from(total))
    });
    let detail = derive(move || match (counts.get(), store.worker.get()) {
        ((0, _), _) | (_, WorkerState::Loading { .. } | WorkerState::Starting) => text::PREPARING.to_owned(),
        ((done, total), _) => text::progress(done, total, left()),
    });
    view! {
        <section class="card images-progress" aria-labelledby="reading-title">
            <h2 id="reading-title">{text::READING}</h2>
            <Meter label=file part=part detail=detail />
            <CancelButton work=Work::Import />
        </section>
    }
}

/// Why the last import gave no set; empty if it gave one.
#[component]
fn Failure() -> impl IntoView {
    let store = Store::get();
    move || {
        let end = store.import_end.get()?;
        let unchanged = store.dataset.with(Option::is_some).then(|| view! { <p>{text::FAILED_KEPT}</p> });
        Some(match end {
            ImportEnd::Cancelled => view! { <p class="notice warn" role="status">{text::CANCELLED}</p> }.into_any(),
            ImportEnd::Failed(fault) => {
                let list = match &fault {
                    Fault::Import(ImportFault::NoImages { left_out }) => left_out.clone(),
                    _ => Vec::new(),
                };
                view! {
                    <section class="stack" role="alert" aria-labelledby="failed-title">
                        <h2 id="failed-title">{text::FAILED}</h2>
                        {fault_box(&fault, ().into_any())}
                        {unchanged}
                        {(!list.is_empty()).then(|| view! { <LeftOutTable files=list /> })}
                    </section>
                }
                .into_any()
            }
        })
    }
}
