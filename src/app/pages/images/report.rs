//! The pre-flight report: what a person checks before training.

use crate::app::parts::notice::{FaultWords, LeftOutTable};
use crate::app::parts::widgets::{Fact, Picture, ShowMore, Table, heads};
use crate::app::reactive::{live, memo};
use crate::app::text::{fault, images as text, units::count, units::square};
use crate::app::{client::Client, parts::estimate::EstimateCard, router::Link, state::Store};
use crate::core::dataset::Split;
use crate::core::report::{ClassCount, DatasetReport, DuplicateGroup, Picture as Pixels};
use crate::core::run::DataIdentity;
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use std::collections::HashMap;

/// Warnings shown at first: a set of many small classes has one of each.
const FIRST_WARNINGS: usize = 8;
/// Classes shown before a click shows the rest.
const FIRST_CLASSES: usize = 12;

#[component]
pub fn Report() -> impl IntoView {
    let store = Store::get();
    move || {
        let report = store.dataset.get()?;
        Some(view! {
            <section class="card" aria-labelledby="report-title">
                <h2 id="report-title">{text::REPORT}</h2>
                <Facts report=report.clone() />
                <p class="images-next">
                    <Link to="/pretrain" attr:class="button primary">{text::NEXT}</Link>
                    <span class="muted small">{text::NEXT_TEXT}</span>
                </p>
            </section>
            <EstimateCard />
            <Findings report=report.clone() />
            <Classes report=report.clone() />
            <Unlabelled report=report />
        })
    }
}

/// Counts and sizes.
#[component]
fn Facts(report: DatasetReport) -> impl IntoView {
    let fact = |name: &'static str, value: String| view! { <Fact name=name value=move || Some(value.clone()) /> };
    view! {
        <dl class="facts">
            {fact(text::IMAGES, count(report.images))} {fact(text::CLASSES, count(report.classes.len()))}
            {fact(text::TRAINING, count(report.training_images()))}
            {(report.unlabelled > 0).then(|| fact(text::UNLABELLED, count(report.unlabelled)))}
            {fact(text::TRAINED_SIZE, square(report.size))} {fact(text::CROPS, text::crops(&report))}
            {fact(text::MEMORY, text::memory(&report))}
        </dl>
        {(report.unlabelled > 0).then(|| view! { <p>{text::unlabelled_help(report.unlabelled)}</p> })}
        <p class="images-from">{text::FROM} " " {report.sources.join(", ")}</p>
        <p class="images-from">
            {text::FINGERPRINT} " " <code>{DataIdentity::from(&report).shown().to_owned()}</code> " "
            <span class="muted small">{text::FINGERPRINT_HELP}</span>
        </p>
    }
}

/// Warnings, copies and files that were left out.
#[component]
fn Findings(report: DatasetReport) -> impl IntoView {
    let DatasetReport { warnings, left_out, duplicates, .. } = report;
    let (all, none_left_out) = (warnings.len(), left_out.is_empty());
    let shown = RwSignal::new(FIRST_WARNINGS.min(all));
    let warnings = StoredValue::new(warnings);
    let row = move |index: usize| {
        let words = warnings.with_value(|w| fault::warning(&w[index]));
        view! { <li><FaultWords words=words /></li> }
    };
    let list = view! { <For each=move || 0..shown.get() key=|index| *index children=row /> };
    view! {
        <section class="card" aria-labelledby="warnings-title">
            <h2 id="warnings-title">{text::WARNINGS}</h2>
            {none_left_out.then(|| view! { <p>{text::NONE_LEFT_OUT}</p> })}
            {if all == 0 {
                view! { <p>{text::NO_WARNINGS}</p> }.into_any()
            } else {
                view! { <ul class="images-warnings">{list}</ul> }.into_any()
            }}
            <ShowMore shown=shown all=all words=|_, all| text::show_all_warnings(all) />
            {(!duplicates.is_empty()).then(|| view! { <Duplicates groups=duplicates /> })}
        </section>
        {(!none_left_out).then(|| view! { <LeftOut files=left_out /> })}
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
            <ol class="images-duplicates" tabindex="0" aria-label=text::DUPLICATES>{rows}</ol>
        </details>
    }
}

#[component]
fn LeftOut(files: Vec<crate::core::error::SkippedFile>) -> impl IntoView {
    let counts = text::left_out(&files);
    view! {
        <section class="card" aria-labelledby="left-out-title">
            <h2 id="left-out-title">{text::LEFT_OUT}</h2>
            <p>{counts}</p>
            <LeftOutTable files=files />
        </section>
    }
}

/// Pictures by their index in the set.
type Pictures = RwSignal<HashMap<u32, Pixels>>;

/// Classes with their counts by split and some of their images.
#[component]
fn Classes(report: DatasetReport) -> impl IntoView {
    let all = report.classes.len();
    if all == 0 {
        return None;
    }
    let client = Client::get();
    let pictures = Pictures::default();
    let classes = StoredValue::new(report.classes);
    let shown = RwSignal::new(FIRST_CLASSES.min(all));
    // Requested when their rows appear, all pictures of a batch at once.
    let ask = move |from: usize, to: usize| {
        let rows = |c: &Vec<ClassCount>| c[from..to].iter().flat_map(|c| c.thumbnails.iter().copied()).collect();
        fetch(client, classes.with_value(rows), pictures);
    };
    // Not in an effect, which would run after the worker is asked to time a step, during which it answers nothing.
    ask(0, shown.get_untracked());
    Effect::new(move |before: Option<usize>| {
        let to = shown.get();
        if let Some(from) = before {
            ask(from, to);
        }
        to
    });
    let splits = [Split::Train, Split::Validation, Split::Test].map(text::split);
    let numbers = splits.into_iter().chain([text::TOTAL]);
    let head = (heads("", [text::CLASS]), heads("number", numbers), heads("", [text::EXAMPLES])).into_any();
    let row = move |index: usize| classes.with_value(|c| view! { <Row class=c[index].clone() pictures=pictures /> });
    Some(view! {
        <section class="card" aria-labelledby="classes-title">
            <h2 id="classes-title">{text::CLASSES}</h2>
            <p class="muted small">{text::SPLIT_HELP}</p>
            <Table class="images-classes" label=text::CLASS_TABLE head=head>
                <tbody>
                    <For each=move || 0..shown.get() key=|index| *index children=row />
                </tbody>
            </Table>
            <ShowMore shown=shown all=all words=|_, all| text::show_all_classes(all) />
        </section>
    })
}

/// Some of the images without a label.
#[component]
fn Unlabelled(report: DatasetReport) -> impl IntoView {
    let indices = report.unlabelled_thumbnails;
    if indices.is_empty() {
        return None;
    }
    let pictures = Pictures::default();
    fetch(Client::get(), indices.clone(), pictures);
    Some(view! {
        <section class="card" aria-labelledby="examples-title">
            <h2 id="examples-title">{text::UNLABELLED}</h2>
            <div class="images-thumbnails many">{thumbnails(indices, text::UNLABELLED, pictures)}</div>
        </section>
    })
}

fn fetch(client: Client, indices: Vec<u32>, pictures: Pictures) {
    if indices.is_empty() {
        return;
    }
    client.ask(Request::Pictures { indices }, move |answer| {
        if let Ok(Event::Pictures(list)) = answer {
            pictures.try_update(|all| all.extend(list.into_iter().map(|p| (p.index, p))));
        }
    });
}

#[component]
fn Row(class: ClassCount, pictures: Pictures) -> impl IntoView {
    let counts = [class.train, class.validation, class.test, class.train + class.validation + class.test];
    let thumbnails = thumbnails(class.thumbnails, &class.name, pictures);
    view! {
        <tr>
            <th scope="row" class="class-name">{class.name}</th>
            {counts.map(|n| view! { <td class="number">{count(n)}</td> }).collect_view()}
            <td>
                <div class="images-thumbnails">{thumbnails}</div>
            </td>
        </tr>
    }
}

/// Pictures of a class, each an empty place until it has come.
fn thumbnails(indices: Vec<u32>, class: &str, pictures: Pictures) -> AnyView {
    let one = |index: u32| {
        let (pixels, class) = (memo(move || pictures.with(|all| all.get(&index).cloned())), class.to_owned());
        live(move || match pixels.get() {
            Some(pixels) => {
                let alt = text::thumbnail(&class, &pixels.name);
                view! { <Picture pixels=pixels alt=alt /> }.into_any()
            }
            None => view! { <span class="picture" aria-hidden="true"></span> }.into_any(),
        })
    };
    indices.into_iter().map(one).collect_view().into_any()
}
