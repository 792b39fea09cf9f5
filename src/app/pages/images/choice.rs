//! The choice of images: the sample set, or own images by folder, files or drop, and how they are read.

use super::import::ImportForm;
use crate::app::parts::files::{Choose, DropArea, Listed, of_list};
use crate::app::parts::widgets::{Button, Picture, choice};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::{images as text, parts};
use crate::app::{router::Link, state::Store};
use crate::core::config::IMAGE_SIZES;
use crate::core::report::Picture as Pixels;
use crate::core::sample::{class_names, sample_set};
use crate::protocol::ImportRole;
use leptos::prelude::*;
use web_sys::FileList;

/// The sample set, shown by a picture of each of its patterns; one click loads it.
#[component]
pub fn Sample() -> impl IntoView {
    let form = ImportForm::get();
    view! {
        <section class="card" aria-labelledby="sample-title">
            <h2 id="sample-title">{text::SAMPLE_TITLE}</h2>
            <p>{text::SAMPLE_TEXT}</p>
            <ul class="images-sample-strip">{patterns()}</ul>
            <Button
                label=text::SAMPLE_BUTTON
                kind="primary"
                disabled=derive(move || !form.allowed())
                press=act(move |_| form.sample())
            />
        </section>
    }
}

/// A picture of each pattern, drawn as the worker draws it.
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
        view! { <li><Picture pixels=pixels alt=text::sample_picture(&name) /></li> }
    });
    pictures.collect_view()
}

/// The choice of own images: a folder, files or a zip; after the first set also what they are for.
#[component]
pub fn Chooser() -> impl IntoView {
    let (store, form) = (Store::get(), ImportForm::get());
    let loaded = memo(move || store.dataset.with(Option::is_some));
    let role = move || if loaded.get() { form.role.get() } else { ImportRole::New };
    view! {
        <section class="card" aria-labelledby="own-title">
            <h2 id="own-title">{live(move || if loaded.get() { text::ADD_TITLE } else { text::OWN_TITLE })}</h2>
            <Show when=move || store.run_open()>
                <p class="notice warn">{text::RUN_OPEN} " " <Link to="/pretrain">{text::PRETRAIN_PAGE}</Link> "."</p>
            </Show>
            <Show when=move || !store.run_open() && store.steps.with(|s| !s.is_empty())>
                <p class="notice warn">{text::RUN_LOST}</p>
            </Show>
            <Show when=move || loaded.get()><Roles /></Show>
            <DropZone role=derive(role) />
            <Options />
            <Show when=move || loaded.get()>
                <p>
                    <Button
                        label=text::SAMPLE_INSTEAD
                        disabled=derive(move || !form.allowed())
                        press=act(move |_| form.sample())
                    />
                </p>
            </Show>
        </section>
    }
}

/// Another set, more training images, or a test set.
#[component]
fn Roles() -> impl IntoView {
    let form = ImportForm::get();
    choice(text::ROLE, "role", text::ROLES, move || form.role.get(), move |role| form.role.set(role))
}

/// The marked area for a drop, with buttons for the keyboard and for phones.
#[component]
fn DropZone(role: Signal<ImportRole>) -> impl IntoView {
    let form = ImportForm::get();
    let take = move |list: FileList| {
        let chosen = of_list(&list);
        if !chosen.is_empty() {
            form.files(Listed { files: chosen, refused: Vec::new() });
        }
    };
    let closed = derive(move || !form.allowed());
    view! {
        <DropArea>
            <p class="images-drop-title">{live(move || text::drop_does(role.get()))}</p>
            <p>{text::DROP_OR}</p>
            <p class="images-drop-buttons">
                <Choose
                    label=text::CHOOSE_FOLDER
                    closed=closed
                    multiple=true
                    attributes=vec![("webkitdirectory", "")]
                    take=Box::new(take)
                />
                <Choose label=text::CHOOSE_FILES closed=closed multiple=true take=Box::new(take) />
            </p>
            <p class="muted small">{text::FORMATS} <br /> {text::PHONE_HINT}</p>
            <p class="images-drop-status" role="status">
                {live(move || form.listing.get().map(text::listing))}
                {live(move || form.refusal.get())}
            </p>
            <Show when=move || form.listing.with(Option::is_some)>
                <Button label=parts::CANCEL press=act(move |_| form.end_listing()) />
            </Show>
        </DropArea>
    }
}

/// How images are read: side in pixels and seed of the split. Both hold for the next import. A button reads the loaded
/// files again, so that choosing a value alone costs nothing.
#[component]
fn Options() -> impl IntoView {
    let (store, form) = (Store::get(), ImportForm::get());
    let differs = memo(move || {
        let size = store.dataset.with(|d| d.as_ref().map(|d| d.size));
        size.is_some_and(|size| size != form.size.get() || form.seed() != Some(store.split_seed.get()))
    });
    let sizes = IMAGE_SIZES
        .map(|size| {
            view! {
                <option value=size.to_string() selected=move || form.size.get() == size>{text::pixels(size)}</option>
            }
        })
        .collect_view();
    let bad = memo(move || form.seed().is_none());
    view! {
        <div class="images-options" role="group" aria-label=text::OPTIONS>
            <div class="field">
                <label for="size">{text::SIZE}</label>
                <select
                    id="size"
                    aria-describedby="size-help"
                    on:change=act(move |event| {
                        if let Ok(size) = event_target_value(&event).parse() {
                            form.size.set(size);
                        }
                    })
                >
                    {sizes}
                </select>
                <p class="muted small" id="size-help">{text::SIZE_HELP}</p>
            </div>
            <div class="field">
                <label for="split-seed">{text::SEED}</label>
                <input
                    id="split-seed"
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    aria-describedby="seed-help"
                    aria-invalid=move || bad.get().to_string()
                    prop:value=move || form.seed_text.get()
                    on:input=act(move |event| form.seed_text.set(event_target_value(&event)))
                />
                <p class="muted small" id="seed-help">
                    {live(move || if bad.get() { text::SEED_BAD } else { text::SEED_HELP })}
                </p>
            </div>
        </div>
        <Show when=move || differs.get() && form.seed().is_some()>
            <p class="images-again">
                <Button
                    label=move || text::read_again(form.size.get(), form.seed().unwrap_or_default())
                    disabled=derive(move || !form.allowed())
                    press=act(move |_| form.again())
                />
                <span class="muted small">{text::READ_AGAIN_HELP}</span>
            </p>
        </Show>
    }
}

/// How to lay out a folder, by example.
#[component]
pub fn Layouts() -> impl IntoView {
    let examples = text::LAYOUTS
        .map(|(title, tree, words)| {
            view! {
                <div class="images-layout">
                    <h3>{title}</h3>
                    <pre>{tree}</pre>
                    <p>{words}</p>
                </div>
            }
        })
        .collect_view();
    view! {
        <details class="card fold">
            <summary>{text::LAYOUT_TITLE}</summary>
            <div class="images-layouts">{examples}</div>
            <p class="muted small">{text::LAYOUT_NOTE}</p>
        </details>
    }
}
