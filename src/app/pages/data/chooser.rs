//! The ways to bring own images in: a folder, files, a drop.

use super::files;
use super::files::Listed;
use super::import::Importer;
use super::options::Options;
use crate::app::parts::link::Link;
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::Store;
use crate::app::text::data as text;
use crate::protocol::ImportRole;
use leptos::html;
use leptos::prelude::*;

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
/// are taken by [`super::drop`] on the whole page.
#[component]
fn DropZone(role: Signal<ImportRole>) -> impl IntoView {
    let importer = expect_context::<Importer>();
    let folder = NodeRef::<html::Input>::new();
    let files = NodeRef::<html::Input>::new();
    let over = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(input) = folder.get() {
            let _ = input.set_attribute("webkitdirectory", "");
        }
    });
    let open = |input: NodeRef<html::Input>| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let take = move |input: NodeRef<html::Input>| {
        let Some(input) = input.get_untracked() else { return };
        let chosen = input.files().map(|list| files::of_list(&list)).unwrap_or_default();
        // Else choosing the same again would be no change.
        input.set_value("");
        if !chosen.is_empty() {
            importer.files(Listed { files: chosen, refused: Vec::new() });
        }
    };
    let closed = move || !importer.allowed();
    view! {
        <div
            class="data-drop"
            class:over=move || over.get()
            on:dragenter=act(move |_| over.set(true))
            on:dragover=act(move |_| over.set(true))
            on:dragleave=act(move |_| over.set(false))
            on:drop=act(move |_| over.set(false))
        >
            <p class="data-drop-title">{live(move || text::drop_does(role.get()))}</p>
            <p class="data-drop-or">{text::DROP_OR}</p>
            <p class="data-drop-buttons">
                <button type="button" disabled=closed on:click=act(move |_| open(folder))>
                    {text::CHOOSE_FOLDER}
                </button>
                <button type="button" disabled=closed on:click=act(move |_| open(files))>
                    {text::CHOOSE_FILES}
                </button>
            </p>
            <p class="muted small">{text::FORMATS} <br /> {text::PHONE_HINT}</p>
            <input type="file" hidden multiple node_ref=folder on:change=act(move |_| take(folder)) />
            <input type="file" hidden multiple node_ref=files on:change=act(move |_| take(files)) />
            <p class="data-drop-status" role="status">
                {live(move || importer.listing.get().map(text::listing))}
                {live(move || importer.refusal.get())}
            </p>
            <Show when=move || importer.listing.with(Option::is_some)>
                <button type="button" on:click=act(move |_| importer.end_listing())>
                    {text::CANCEL}
                </button>
            </Show>
        </div>
    }
}
