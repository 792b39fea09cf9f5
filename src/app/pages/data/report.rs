//! The pre-flight report: what a person checks before training.

use super::classes::{Classes, Unlabelled};
use super::left_out::LeftOutTable;
use crate::app::parts::estimate::EstimateCard;
use crate::app::parts::link::Link;
use crate::app::parts::notice::FaultWords;
use crate::app::state::Store;
use crate::app::text::units::count;
use crate::app::text::{data as text, fault};
use crate::core::report::DatasetReport;
use leptos::prelude::*;

#[component]
pub fn Report() -> impl IntoView {
    let store = Store::get();
    move || {
        let report = store.dataset.get()?;
        let fine = report.warnings.is_empty() && report.left_out.is_empty();
        let findings = if fine {
            view! { <Fine /> }.into_any()
        } else {
            view! {
                <Warnings report=report.clone() />
                <LeftOut files=report.left_out.clone() />
            }
            .into_any()
        };
        Some(view! {
            <section class="card data-report" aria-labelledby="report-title">
                <h2 id="report-title">{text::REPORT}</h2>
                <Facts report=report.clone() />
                <Next />
            </section>
            <EstimateCard />
            {findings}
            <Classes report=report.clone() />
            <Unlabelled report=report />
        })
    }
}

/// Nothing to warn of and nothing left out, in one line.
#[component]
fn Fine() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="warnings-title">
            <h2 id="warnings-title">{text::WARNINGS}</h2>
            <p>{text::NONE_LEFT_OUT} " " {text::NO_WARNINGS}</p>
        </section>
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
        {(report.unlabelled > 0).then(|| view! { <p>{text::unlabelled_help(report.unlabelled)}</p> })}
        <p class="data-from">{text::FROM} " " {report.sources.join(", ")}</p>
        <p class="data-from">
            {text::FINGERPRINT} " " <code>{report.fingerprint.clone()}</code> " "
            <span class="muted small">{text::FINGERPRINT_HELP}</span>
        </p>
    }
}

/// The way on.
#[component]
fn Next() -> impl IntoView {
    view! {
        <p class="data-next">
            <Link to="/pretrain" attr:class="button primary">
                {text::NEXT}
            </Link>
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
