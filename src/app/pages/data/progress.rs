//! An import under way, and one that ended without a set.

use crate::app::client::Client;
use crate::app::parts::notice::{FaultWords, LeftOutTable};
use crate::app::parts::widgets::Meter;
use crate::app::reactive::{act, derive, live, memo};
use crate::app::state::{ImportEnd, Store, WorkerState};
use crate::app::text::{data as text, fault};
use crate::core::error::{Fault, ImportFault};
use crate::protocol::Request;
use leptos::prelude::*;

/// Files read, file name, time left, cancel.
#[component]
pub fn Progress() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let cancelling = RwSignal::new(false);
    let counts = memo(move || store.import.with(|i| i.as_ref().map_or((0, 0), |i| (i.done, i.total))));
    let file = memo(move || store.import.with(|i| i.as_ref().map(|i| i.file.clone()).unwrap_or_default()));
    let left = move || store.import.with(|i| i.as_ref()?.pace.milliseconds_left()).map(|ms| ms / 1000.0);
    let part = derive(move || {
        let (done, total) = counts.get();
        (total > 0).then(|| f64::from(done) / f64::from(total))
    });
    let detail = derive(move || match (counts.get(), store.worker.get()) {
        ((0, _), _) | (_, WorkerState::Loading { .. } | WorkerState::Starting) => text::PREPARING.to_owned(),
        ((done, total), _) => text::progress(done, total, left()),
    });
    view! {
        <section class="card data-progress" aria-labelledby="reading-title">
            <h2 id="reading-title">{text::READING}</h2>
            <Meter label=file part=part detail=detail />
            <button
                type="button"
                disabled=move || cancelling.get()
                on:click=act(move |_| {
                    cancelling.set(true);
                    client.send(Request::CancelImport);
                })
            >
                {live(move || if cancelling.get() { text::CANCELLING } else { text::CANCEL })}
            </button>
        </section>
    }
}

/// Why the last import gave nothing; empty where it gave something.
#[component]
pub fn Failure() -> impl IntoView {
    let store = Store::get();
    move || {
        let end = store.import_end.get()?;
        let kept = store.dataset.with(Option::is_some).then(|| view! { <p>{text::FAILED_KEPT}</p> });
        Some(match end {
            ImportEnd::Cancelled => view! { <p class="notice warn" role="status">{text::CANCELLED}</p> }.into_any(),
            ImportEnd::Failed(fault) => {
                let list = match &fault {
                    Fault::Import(ImportFault::NoImages { left_out }) => left_out.clone(),
                    _ => Vec::new(),
                };
                view! {
                    <section class="data-failed" role="alert" aria-labelledby="failed-title">
                        <h2 id="failed-title">{text::FAILED}</h2>
                        <FaultWords words=fault::fault(&fault) />
                        {kept}
                        {(!list.is_empty()).then(|| view! { <LeftOutTable files=list /> })}
                    </section>
                }
                .into_any()
            }
        })
    }
}
