//! The run at hand as one archive to take home, and an archive brought back.

use super::announce::Announcer;
use super::meter::Meter;
use super::notice::FaultWords;
use super::save::save;
use crate::app::client::Client;
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::Store;
use crate::app::text::fault::fault as words;
use crate::app::text::take_home as text;
use crate::core::error::Fault;
use crate::protocol::{Event, Request};
use js_sys::Uint8Array;
use leptos::html::Input;
use leptos::prelude::*;

/// A button that packs the run at hand, with progress.
#[component]
pub fn TakeHome() -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let part = store.shelf.exporting;
    let busy = memo(move || part.with(Option::is_some));
    let export = move |_| {
        if busy.get_untracked() {
            return;
        }
        part.set(Some(0.0));
        client.ask(Request::ExportRun, move |answer| {
            part.try_set(None);
            match answer {
                Ok(Event::Exported { name, archive }) => {
                    save(&name, "application/zip", &Uint8Array::from(&archive[..]));
                    announcer.say(text::EXPORTED);
                }
                Ok(_) | Err(Fault::Stopped) => {}
                Err(fault) => store.notify(fault),
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="take-home-title">
            <h2 id="take-home-title">{text::TITLE}</h2>
            <p>{text::EXPORT_HELP}</p>
            <Show when=move || busy.get()>
                <Meter
                    label=Signal::stored(text::EXPORTING.to_owned())
                    part=derive(move || part.get().map(f64::from))
                />
            </Show>
            <p class="actions">
                <button type="button" class="primary" aria-disabled=move || busy.get().to_string() on:click=act(export)>
                    {text::EXPORT}
                </button>
            </p>
        </section>
    }
}

/// Chooses an archive and stores its run.
#[component]
pub fn BringBack() -> impl IntoView {
    let client = Client::get();
    let announcer = Announcer::get();
    let input = NodeRef::<Input>::new();
    let failed = RwSignal::new(None::<Fault>);
    let busy = RwSignal::new(false);
    let chosen = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        // The same file may be chosen again.
        input.set_value("");
        failed.set(None);
        busy.set(true);
        client.ask_files(Request::ImportRun, vec![file], move |answer| {
            busy.try_set(false);
            match answer {
                Ok(_) => announcer.say(text::IMPORTED),
                Err(Fault::Stopped) => {}
                Err(fault) => drop(failed.try_set(Some(fault))),
            }
        });
    };
    view! {
        <div class="stack">
            <p class="actions">
                <button
                    type="button"
                    aria-disabled=move || busy.get().to_string()
                    on:click=act(move |_| input.get_untracked().into_iter().for_each(|input| input.click()))
                >
                    {live(move || if busy.get() { text::IMPORTING } else { text::IMPORT })}
                </button>
                <input
                    type="file"
                    accept=".zip,application/zip"
                    class="visually-hidden"
                    tabindex="-1"
                    aria-label=text::IMPORT_FILE
                    node_ref=input
                    on:change=act(chosen)
                />
            </p>
            <p class="muted small">{text::IMPORT_HELP}</p>
            <div role="alert">
                {live(move || failed.get().map(|fault| view! { <FaultWords words=words(&fault) /> }))}
            </div>
        </div>
    }
}
