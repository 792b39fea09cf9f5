//! Linear evaluation: what the encoder has learned, beside what it knew before.

pub mod judged;
pub mod matrix;
mod mistakes;
pub mod panel;
mod ready;
mod result;
pub mod scores;
mod table;
mod takeaway;

use crate::app::client::Client;
use crate::app::parts::notice::Announcer;
use crate::app::parts::notice::FaultWords;
use crate::app::parts::stored_runs::ExportRun;
use crate::app::parts::widgets::Meter;
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::Store;
use crate::app::text::{evaluate as text, fault};
use crate::core::error::Fault;
use crate::protocol::Request;
use judged::Judged;
use leptos::prelude::*;
use matrix::Matrix;
use panel::Panel;
use ready::Ready;
use result::Headline;
use scores::Scores;
use takeaway::Downloads;

/// The page `/evaluate`. What it shows follows from the store: what it waits
/// for, the button, progress, the result.
#[component]
pub fn Evaluate() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let failed = RwSignal::new(None::<Fault>);
    let start = Callback::new(move |()| {
        failed.set(None);
        client.ask(Request::Evaluate, move |answer| {
            if let Err(fault) = answer {
                store.evaluating.set(None);
                if fault == Fault::Stopped {
                    return;
                }
                // Said elsewhere where the user has left the page.
                if let Some(Some(fault)) = failed.try_set(Some(fault)) {
                    store.notify(fault);
                }
            }
        });
    });
    let busy = memo(move || store.evaluating.with(Option::is_some));
    let announcer = Announcer::get();
    Effect::new(move |before: Option<()>| {
        let words =
            store.evaluation.with(|e| e.as_ref().map(|e| text::evaluated(e.trained.test.accuracy, e.truth.len())));
        // Not what was there when the page was opened.
        if let (Some(()), Some(words)) = (before, words) {
            announcer.say(words);
        }
    });
    view! {
        <div class="evaluate">
            <div class="page-head">
                <h1>{text::TITLE}</h1>
                <p class="lead">{text::INTRO}</p>
            </div>
            {live(move || failed.get().map(|fault| view! { <Failed fault=fault /> }))}
            <Show when=move || busy.get() fallback=move || view! { <Ready start=start /> }>
                <Busy />
            </Show>
            <Outcome />
            <Questions />
        </div>
    }
}

#[component]
fn Failed(fault: Fault) -> impl IntoView {
    view! {
        <section class="data-failed" role="alert" aria-labelledby="evaluation-failed">
            <h2 id="evaluation-failed">{text::FAILED}</h2>
            <FaultWords words=fault::fault(&fault) />
        </section>
    }
}

#[component]
fn Busy() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let cancelling = RwSignal::new(false);
    let cancel = move |_| {
        cancelling.set(true);
        client.send(Request::CancelEvaluation);
    };
    let part = derive(move || store.evaluating.get().map(f64::from));
    let detail = derive(move || part.get().map(text::part).unwrap_or_default());
    view! {
        <section class="card" aria-labelledby="evaluating-title">
            <h2 id="evaluating-title">{text::BUSY}</h2>
            <Meter label=Signal::stored(text::BUSY_HELP.to_owned()) part=part detail=detail />
            <p>
                <button type="button" disabled=move || cancelling.get() on:click=act(cancel)>
                    {live(move || if cancelling.get() { text::CANCELLING } else { text::CANCEL })}
                </button>
            </p>
        </section>
    }
}

/// The newest result, where there is one.
#[component]
fn Outcome() -> impl IntoView {
    let store = Store::get();
    move || {
        let evaluation = store.evaluation.get()?;
        let judged = StoredValue::new(Judged::evaluated(&evaluation));
        let report = StoredValue::new(evaluation);
        let open = RwSignal::new(None);
        Some(view! {
            <Headline report=report />
            <Matrix report=judged open=open />
            <Panel report=judged open=open />
            <Scores report=judged />
            <Downloads report=report />
            <ExportRun />
        })
    }
}

#[component]
fn Questions() -> impl IntoView {
    let answers = text::ANSWERS
        .map(|(question, answer)| {
            view! {
                <dt>{question}</dt>
                <dd>{answer}</dd>
            }
        })
        .collect_view();
    view! {
        <details class="card fold">
            <summary>{text::QUESTIONS}</summary>
            <dl class="questions">{answers}</dl>
        </details>
    }
}
