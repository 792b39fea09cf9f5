//! Trying a trained classifier on images that it has never seen.

mod ask;
mod input;
mod result;

use crate::app::parts::notice::{FaultWords, LeftOutTable};
use crate::app::parts::requirements::{Missing, missing};
use crate::app::parts::widgets::Meter;
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::Store;
use crate::app::text::units::whole_percent;
use crate::app::text::{classify as text, fault};
use crate::protocol::{Request, Work};
use ask::Try;
use input::Input;
use leptos::prelude::*;

/// The page `/classify`.
#[component]
pub fn Classify() -> impl IntoView {
    let store = Store::get();
    let this = Try::new(store);
    provide_context(this);
    let lacks = memo(move || missing(store));
    let waits = move |lacks: Missing| {
        lacks.view([text::NO_IMAGES, text::NO_LABELS, text::NO_ENCODER, text::TRAINING], &text::WHAT_LIST)
    };
    view! {
        <div class="evaluate">
            <div class="page-head">
                <h1>{text::TITLE}</h1>
                <p class="lead">{text::INTRO}</p>
            </div>
            {live(move || match lacks.get() {
                Some(lacks) => waits(lacks),
                None => view! { <Input /> }.into_any(),
            })}
            <Show when=move || this.busy.get()>
                <Busy />
            </Show>
            {live(move || {
                this.failed
                    .get()
                    .map(|f| {
                        view! {
                            <section class="data-failed" role="alert">
                                <FaultWords words=fault::fault(&f) />
                            </section>
                        }
                    })
            })}
            <Show when=move || this.left_out.with(|files| !files.is_empty())>
                <section class="card" aria-labelledby="bad-title">
                    <h2 id="bad-title">{text::BAD_FILES}</h2>
                    {live(move || view! { <LeftOutTable files=this.left_out.get() /> })}
                </section>
            </Show>
            {live(move || this.report.get().map(|report| view! { <result::Answers report=report /> }))}
        </div>
    }
}

#[component]
fn Busy() -> impl IntoView {
    let Try { store, client, .. } = expect_context();
    let part = derive(move || store.stored_runs.classifying.get().map(f64::from));
    let label = derive(move || if part.get().is_some() { text::BUSY_ONCE } else { text::BUSY }.to_owned());
    let detail = derive(move || part.get().map_or_else(String::new, whole_percent));
    view! {
        <section class="card" aria-label=text::BUSY>
            <Meter label=label part=part detail=detail />
            <p>
                <button type="button" on:click=act(move |_| client.send(Request::Cancel(Work::Evaluation)))>
                    {text::CANCEL}
                </button>
            </p>
        </section>
    }
}
