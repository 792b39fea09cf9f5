//! The sample set, shown by a picture of each of its patterns.

use super::import::Importer;
use crate::app::parts::widgets::Picture;
use crate::app::reactive::act;
use crate::app::text::data as text;
use crate::core::report::Picture as Pixels;
use crate::core::sample::{class_names, sample_set};
use leptos::prelude::*;

/// One click to a first set.
#[component]
pub fn Sample() -> impl IntoView {
    let importer = expect_context::<Importer>();
    view! {
        <section class="card" aria-labelledby="sample-title">
            <h2 id="sample-title">{text::SAMPLE_TITLE}</h2>
            <p>{text::SAMPLE_TEXT}</p>
            <ul class="data-sample-strip">{patterns()}</ul>
            <button
                type="button"
                class="primary"
                disabled=move || !importer.allowed()
                on:click=act(move |_| importer.sample())
            >
                {text::SAMPLE_BUTTON}
            </button>
        </section>
    }
}

/// One picture of each pattern, drawn as the worker draws them.
fn patterns() -> impl IntoView {
    let set = sample_set(0, 1, 32);
    let names = class_names();
    let pictures = set.examples.iter().enumerate().map(|(i, example)| {
        let name = example.label.and_then(|l| names.get(usize::from(l)).cloned()).unwrap_or_default();
        let planes = set.image(i);
        let area = planes.len() / 3;
        let rgba = (0..area).flat_map(|p| [planes[p], planes[area + p], planes[2 * area + p], 255]).collect();
        let pixels = Pixels {
            index: i as u32,
            size: set.size as u32,
            rgba,
            name: example.name.clone(),
            label: example.label,
            split: example.split,
        };
        view! {
            <li>
                <Picture pixels=pixels alt=text::sample_picture(&name) />
            </li>
        }
    });
    pictures.collect::<Vec<_>>()
}
