//! The pre-flight report: what a person checks before training.

use super::classes::Classes;
use super::left_out::LeftOutTable;
use crate::app::parts::notice::FaultWords;
use crate::app::state::Store;
use crate::app::text::units::count;
use crate::app::text::{data as text, fault};
use crate::core::report::DatasetReport;
use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub fn Report() -> impl IntoView {
    let store = Store::get();
    move || {
        let report = store.dataset.get()?;
        let left_out = report.left_out.clone();
        Some(view! {
            <section class="card data-report" aria-labelledby="report-title">
                <h2 id="report-title">{text::REPORT}</h2>
                <Facts report=report.clone() />
                <Next training=report.training_images() />
            </section>
            <Warnings report=report.clone() />
            <Classes report=report />
            <LeftOut files=left_out />
        })
    }
}

/// Counts and sizes.
#[component]
fn Facts(report: DatasetReport) -> impl IntoView {
    let fact = |name: &'static str, value: String| {
        view! {
            <div class="fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! {
        <dl class="facts">
            {fact(text::IMAGES, count(report.images))} {fact(text::CLASSES, count(report.classes.len()))}
            {fact(text::TRAINING, count(report.training_images()))}
            {(report.unlabelled > 0).then(|| fact(text::UNLABELLED, count(report.unlabelled)))}
            {fact(text::TRAINED_SIZE, text::side(report.size))} {fact(text::MEMORY, text::memory(&report))}
        </dl>
        <p class="data-from">{text::FROM} " " {report.sources.join(", ")}</p>
        <p class="data-from">
            {text::FINGERPRINT} " " <code>{report.fingerprint.clone()}</code> " "
            <span class="muted small">{text::FINGERPRINT_HELP}</span>
        </p>
    }
}

/// What the chosen settings cost, and the way on.
#[component]
fn Next(training: usize) -> impl IntoView {
    let store = Store::get();
    let cost = move || match store.estimate.get() {
        Some(e) => {
            let epochs = store.config.with(|c| c.epochs);
            let seconds = f64::from(e.step_milliseconds) / 1000.0 * f64::from(e.steps_per_epoch) * f64::from(epochs);
            view! {
                <p>
                    {text::cost(seconds, epochs, e.memory_bytes, e.measured)} " " {text::COST_CHANGE} " "
                    <A href="/pretrain">{text::PRETRAIN_PAGE}</A> "."
                </p>
            }
            .into_any()
        }
        None => view! { <p>{text::COST_UNKNOWN} " " <A href="/pretrain">{text::PRETRAIN_PAGE}</A> "."</p> }.into_any(),
    };
    let too_few = move || {
        let need = store.config.with(|c| c.batch);
        (training < need).then(|| view! { <p class="notice warn">{text::too_few(training, need)}</p> })
    };
    view! {
        {cost}
        {too_few}
        <p class="data-next">
            <A href="/pretrain" attr:class="button primary">
                {text::NEXT}
            </A>
            <span class="muted small">{text::NEXT_TEXT}</span>
        </p>
    }
}

#[component]
fn Warnings(report: DatasetReport) -> impl IntoView {
    let list = report
        .warnings
        .iter()
        .map(|warning| {
            view! {
                <li>
                    <FaultWords words=fault::warning(warning) />
                </li>
            }
        })
        .collect_view();
    let none = report.warnings.is_empty();
    view! {
        <section class="card" aria-labelledby="warnings-title">
            <h2 id="warnings-title">{text::WARNINGS}</h2>
            {if none {
                view! { <p>{text::NO_WARNINGS}</p> }.into_any()
            } else {
                view! { <ul class="data-warnings">{list}</ul> }.into_any()
            }}
        </section>
    }
}

#[component]
fn LeftOut(files: Vec<crate::core::report::LeftOut>) -> impl IntoView {
    let count = files.len();
    view! {
        <section class="card" aria-labelledby="left-out-title">
            <h2 id="left-out-title">{text::LEFT_OUT}</h2>
            {if count == 0 {
                view! { <p>{text::NONE_LEFT_OUT}</p> }.into_any()
            } else {
                view! {
                    <p>{text::left_out(count)}</p>
                    <LeftOutTable files=files />
                }
                    .into_any()
            }}
        </section>
    }
}
