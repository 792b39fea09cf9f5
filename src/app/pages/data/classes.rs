//! Classes with their counts by split and some of their images.

use crate::app::client::Client;
use crate::app::parts::widgets::{Picture, ShowMore};
use crate::app::reactive::memo;
use crate::app::text::data as text;
use crate::app::text::units::count;
use crate::core::dataset::Split;
use crate::core::report::{ClassCount, DatasetReport, Picture as Pixels};
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use std::collections::HashMap;

/// Classes shown before a click shows the rest.
const FIRST: usize = 12;

/// Pictures by their index in the set.
type Pictures = RwSignal<HashMap<u32, Pixels>>;

#[component]
pub fn Classes(report: DatasetReport) -> impl IntoView {
    let all = report.classes.len();
    if all == 0 {
        return None;
    }
    let client = Client::get();
    let pictures = Pictures::default();
    let classes = StoredValue::new(report.classes);
    let shown = RwSignal::new(FIRST.min(all));
    // PendingControl for as their rows appear, all of a batch at once.
    let ask = move |from: usize, to: usize| {
        let rows = |c: &Vec<ClassCount>| c[from..to].iter().flat_map(|c| c.thumbnails.iter().copied()).collect();
        fetch(client, classes.with_value(rows), pictures);
    };
    // Not in an effect: the worker then has them on the way before it is asked
    // to time a step, during which it answers nothing.
    ask(0, shown.get_untracked());
    Effect::new(move |before: Option<usize>| {
        let to = shown.get();
        if let Some(from) = before {
            ask(from, to);
        }
        to
    });
    let row = move |index: usize| classes.with_value(|c| view! { <Row class=c[index].clone() pictures=pictures /> });
    Some(view! {
        <section class="card" aria-labelledby="classes-title">
            <h2 id="classes-title">{text::CLASSES}</h2>
            <p class="muted small">{text::SPLIT_HELP}</p>
            <div class="scroll-x" tabindex="0" role="group" aria-labelledby="classes-title">
                <table class="data-classes">
                    <caption class="visually-hidden">{text::CLASS_TABLE}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{text::CLASS}</th>
                            {[Split::Train, Split::Validation, Split::Test]
                                .map(|split| view! { <th scope="col" class="number">{text::split(split)}</th> })
                                .collect_view()}
                            <th scope="col" class="number">{text::TOTAL}</th>
                            <th scope="col">{text::EXAMPLES}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || 0..shown.get() key=|index| *index children=row />
                    </tbody>
                </table>
            </div>
            <ShowMore shown=shown all=all words=|_, all| text::show_all_classes(all) />
        </section>
    })
}

/// A look at the images without a label, where there are any.
#[component]
pub fn Unlabelled(report: DatasetReport) -> impl IntoView {
    let indices = report.unlabelled_thumbnails;
    if indices.is_empty() {
        return None;
    }
    let pictures = Pictures::default();
    fetch(Client::get(), indices.clone(), pictures);
    let thumbnails = indices
        .into_iter()
        .map(|index| view! { <Thumbnail index=index class=text::UNLABELLED.to_owned() pictures=pictures /> })
        .collect_view();
    Some(view! {
        <section class="card" aria-labelledby="examples-title">
            <h2 id="examples-title">{text::UNLABELLED}</h2>
            <div class="data-thumbnails many">{thumbnails}</div>
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
    let name = class.name.clone();
    let thumbnails = class
        .thumbnails
        .into_iter()
        .map(|index| view! { <Thumbnail index=index class=name.clone() pictures=pictures /> })
        .collect_view();
    view! {
        <tr>
            <th scope="row" class="class-name">{class.name}</th>
            {counts.map(|n| view! { <td class="number">{count(n)}</td> }).collect_view()}
            <td>
                <div class="data-thumbnails">{thumbnails}</div>
            </td>
        </tr>
    }
}

/// A picture once it is here; before that, its place.
#[component]
fn Thumbnail(index: u32, class: String, pictures: Pictures) -> impl IntoView {
    let pixels = memo(move || pictures.with(|all| all.get(&index).cloned()));
    move || match pixels.get() {
        Some(pixels) => {
            let alt = text::thumbnail(&class, &pixels.name);
            view! { <Picture pixels=pixels alt=alt /> }.into_any()
        }
        None => view! { <span class="picture waits" aria-hidden="true"></span> }.into_any(),
    }
}
