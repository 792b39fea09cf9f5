//! The pre-flight report: what a person checks before training.

use super::classes::{Classes, Unlabelled};
use crate::app::parts::estimate::EstimateCard;
use crate::app::parts::notice::{FaultWords, LeftOutTable};
use crate::app::parts::widgets::ShowMore;
use crate::app::router::Link;
use crate::app::state::Store;
use crate::app::text::units::count;
use crate::app::text::{data as text, fault};
use crate::core::report::{DatasetReport, DuplicateGroup};
use leptos::prelude::*;

/// Warnings shown at first: a set of many small classes has one of each.
const FIRST_WARNINGS: usize = 8;

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
    let all = report.warnings.len();
    let shown = RwSignal::new(FIRST_WARNINGS.min(all));
    let warnings = StoredValue::new(report.warnings);
    let row = move |index: usize| {
        let words = warnings.with_value(|w| fault::warning(&w[index]));
        view! {
            <li>
                <FaultWords words=words />
            </li>
        }
    };
    let list = view! { <For each=move || 0..shown.get() key=|index| *index children=row /> };
    view! {
        <section class="card" aria-labelledby="warnings-title">
            <h2 id="warnings-title">{text::WARNINGS}</h2>
            {if all == 0 {
                view! { <p>{text::NO_WARNINGS}</p> }.into_any()
            } else {
                view! { <ul class="data-warnings">{list}</ul> }.into_any()
            }}
            <ShowMore shown=shown all=all words=|_, all| text::show_all_warnings(all) />
            {(!report.duplicates.is_empty()).then(|| view! { <Duplicates groups=report.duplicates /> })}
        </section>
    }
}

/// Exact copies by name, folded away: there may be many.
#[component]
fn Duplicates(groups: Vec<DuplicateGroup>) -> impl IntoView {
    let rows = groups
        .into_iter()
        .map(|group| {
            let more = text::more_copies(group.images - group.names.len());
            view! {
                <li>
                    {group.names.join(", ")} {more}
                    {group.labels_differ.then(|| view! { <strong>" " {text::LABELS_DIFFER}</strong> })}
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="fold">
            <summary>{text::DUPLICATES}</summary>
            <ol class="data-duplicates" tabindex="0" aria-label=text::DUPLICATES>
                {rows}
            </ol>
        </details>
    }
}

#[component]
fn LeftOut(files: Vec<crate::core::report::LeftOut>) -> impl IntoView {
    let counts = text::left_out(&files);
    view! {
        <section class="card" aria-labelledby="left-out-title">
            <h2 id="left-out-title">{text::LEFT_OUT}</h2>
            {if files.is_empty() {
                view! { <p>{text::NONE_LEFT_OUT}</p> }.into_any()
            } else {
                view! {
                    <p>{counts}</p>
                    <LeftOutTable files=files />
                }
                    .into_any()
            }}
        </section>
    }
}
