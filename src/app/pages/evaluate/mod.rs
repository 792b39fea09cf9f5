//! Linear evaluation: what the encoder has learned, beside its baselines.

pub mod confusion;
mod csv;
pub mod predictions;
mod result;

use crate::app::parts::notice::{Announcer, FaultAlert};
use crate::app::parts::requirements::{self, Missing, missing, steps};
use crate::app::parts::widgets::{Button, CancelButton, Meter, PageHead};
use crate::app::reactive::{Show, act, derive, memo};
use crate::app::{client::Client, parts::stored_runs::ExportRun, state::Store, text::evaluate as text};
use crate::core::{error::Fault, report::Baseline};
use crate::protocol::{Request, Work};
use confusion::Matrix;
use csv::Downloads;
use leptos::prelude::*;
use predictions::{Scores, TestPredictions};
use result::Headline;

/// The page `/evaluate`. By the store it shows what is missing, the button that starts, the progress or the result.
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
                // A notice, if the user has left the page.
                if let Some(Some(fault)) = failed.try_set(Some(fault)) {
                    store.notify(fault);
                }
            }
        });
    });
    let busy = memo(move || store.evaluating.with(Option::is_some));
    let announcer = Announcer::get();
    announcer.follow(move || {
        store.evaluation.with(|e| e.as_ref().map(|e| text::evaluated(e.trained.test.accuracy, e.truth.len())))
    });
    view! {
        <div class="evaluate">
            <PageHead title=text::TITLE lead=text::INTRO />
            <FaultAlert fault=failed title=text::FAILED />
            <Show when=move || busy.get() fallback=move || view! { <Ready start=start /> }>
                <Busy />
            </Show>
            <Outcome />
            <Questions />
        </div>
    }
}

#[component]
fn Busy() -> impl IntoView {
    let store = Store::get();
    let part = derive(move || store.evaluating.get().map(f64::from));
    view! {
        <section class="card" aria-labelledby="evaluating-title">
            <h2 id="evaluating-title">{text::BUSY}</h2>
            <Meter label=text::BUSY_HELP part=part />
            <p><CancelButton work=Work::Evaluation /></p>
        </section>
    }
}

/// The newest result, if there is one.
#[component]
fn Outcome() -> impl IntoView {
    let store = Store::get();
    move || {
        let evaluation = store.evaluation.get()?;
        let predictions = StoredValue::new(TestPredictions::of_evaluation(&evaluation));
        let report = StoredValue::new(evaluation);
        Some(view! {
            <Headline report=report />
            <Matrix report=predictions />
            <Scores report=predictions />
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

/// What stands between now and a result.
#[derive(Clone, PartialEq)]
enum Stage {
    Missing(Missing),
    /// Classifiers are trained on the encoder.
    Tuning,
    /// A button that starts, and its help.
    Ready(&'static str, String),
    /// The newest result is of the encoder as it is.
    Done,
}

fn stage(store: Store) -> Stage {
    let steps = steps(store);
    match (missing(store), store.evaluation.with(|e| e.as_ref().map(|e| (e.steps, e.baseline)))) {
        (Some(missing), _) => Stage::Missing(missing),
        (None, _) if store.stored_runs.is_tuning() => Stage::Tuning,
        (None, None) => Stage::Ready(text::BUTTON, store.run_config.with(|config| text::button_help(config.as_ref()))),
        // Training went on since.
        (None, Some((before, _))) if before < steps => Stage::Ready(text::AGAIN, text::again_help(steps - before)),
        // The same encoder was evaluated without the weights that it started from.
        (None, Some((_, Baseline::Missing))) => Stage::Ready(text::AGAIN, text::AGAIN_COMPARED.to_owned()),
        (None, Some(_)) => Stage::Done,
    }
}

/// Before a result: what evaluation waits for, or the button that starts it.
#[component]
fn Ready(start: Callback<()>) -> impl IntoView {
    let store = Store::get();
    let stage = memo(move || stage(store));
    move || match stage.get() {
        Stage::Missing(missing) => {
            let labelled = store.dataset.with(|set| set.as_ref().is_some_and(|set| !set.classes.is_empty()));
            let labels = if labelled { text::FEW_LABELS } else { text::NO_LABELS };
            missing.view([text::NO_IMAGES, labels, text::NO_ENCODER, text::TRAINING], &text::WHAT_LIST)
        }
        Stage::Tuning => {
            let title = text::WAITING_FOR_TUNING;
            requirements::view(title, text::TUNING, "/fine-tune", text::SEE_TUNING, &text::WHAT_LIST)
        }
        Stage::Ready(label, help) => view! {
            <section class="card evaluate-start">
                <Button label=label kind="primary" press=act(move |_| start.run(())) />
                <p class="muted small">{help}</p>
            </section>
        }
        .into_any(),
        Stage::Done => ().into_any(),
    }
}
