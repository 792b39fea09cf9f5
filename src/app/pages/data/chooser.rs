//! The ways to bring own images in: a folder, files, a drop.

use super::import::Importer;
use super::options::Options;
use crate::app::parts::files::{Choose, DropArea, Listed, of_list};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::router::Link;
use crate::app::state::Store;
use crate::app::text::data as text;
use crate::protocol::ImportRole;
use leptos::prelude::*;
use web_sys::FileList;

/// A folder, files or a zip; after the first set also what they are for.
#[component]
pub fn Chooser() -> impl IntoView {
    let store = Store::get();
    let importer = expect_context::<Importer>();
    let loaded = memo(move || store.dataset.with(Option::is_some));
    let role = move || if loaded.get() { importer.role.get() } else { ImportRole::New };
    view! {
        <section class="card" aria-labelledby="own-title">
            <h2 id="own-title">{live(move || if loaded.get() { text::ADD_TITLE } else { text::OWN_TITLE })}</h2>
            <Show when=move || store.run_open()>
                <p class="notice warn">{text::RUN_OPEN} " " <Link to="/pretrain">{text::PRETRAIN_PAGE}</Link> "."</p>
            </Show>
            <Show when=move || !store.run_open() && store.steps.with(|s| !s.is_empty())>
                <p class="notice warn">{text::RUN_LOST}</p>
            </Show>
            <Show when=move || loaded.get()>
                <Roles />
            </Show>
            <DropZone role=derive(role) />
            <Options />
            <Show when=move || loaded.get()>
                <p class="data-sample-again">
                    <button
                        type="button"
                        disabled=move || !importer.allowed()
                        on:click=act(move |_| importer.sample())
                    >
                        {text::SAMPLE_INSTEAD}
                    </button>
                </p>
            </Show>
        </section>
    }
}

/// Another set, more training images, or a test set.
#[component]
fn Roles() -> impl IntoView {
    let importer = expect_context::<Importer>();
    let choices = text::ROLES
        .map(|(role, label, help)| {
            view! {
                <label class="data-role">
                    <input
                        type="radio"
                        name="role"
                        prop:checked=move || importer.role.get() == role
                        on:change=act(move |_| importer.role.set(role))
                    />
                    <span>
                        <strong>{label}</strong>
                        <small>{help}</small>
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="data-roles">
            <legend>{text::ROLE}</legend>
            {choices}
        </fieldset>
    }
}

/// The marked area, with buttons in it for the keyboard and for phones; drops
/// are taken on the whole page.
#[component]
fn DropZone(role: Signal<ImportRole>) -> impl IntoView {
    let importer = expect_context::<Importer>();
    let take = move |list: FileList| {
        let chosen = of_list(&list);
        if !chosen.is_empty() {
            importer.files(Listed { files: chosen, refused: Vec::new() });
        }
    };
    let closed = derive(move || !importer.allowed());
    view! {
        <DropArea>
            <p class="data-drop-title">{live(move || text::drop_does(role.get()))}</p>
            <p class="data-drop-or">{text::DROP_OR}</p>
            <p class="data-drop-buttons">
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
            <p class="data-drop-status" role="status">
                {live(move || importer.listing.get().map(text::listing))}
                {live(move || importer.refusal.get())}
            </p>
            <Show when=move || importer.listing.with(Option::is_some)>
                <button type="button" on:click=act(move |_| importer.end_listing())>
                    {text::CANCEL}
                </button>
            </Show>
        </DropArea>
    }
}
