//! The run at hand as it is stored, exported as an archive and imported again; deleting
//! everything that is stored.

use super::files::save;
use super::notice::{Announcer, FaultWords};
use super::widgets::Meter;
use crate::app::client::Client;
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::router::Link;
use crate::app::state::Store;
use crate::app::state::hint::{forget_run, set_queue};
use crate::app::text::{export, fault, runs as text};
use crate::core::error::{Fault, StorageFault};
use crate::protocol::{Event, Request};
use js_sys::Uint8Array;
use leptos::html::Input;
use leptos::prelude::*;

/// Why something is not saved, and what to do about it.
pub fn not_saved(cause: StorageFault) -> String {
    let words = fault::fault(&Fault::Storage(cause));
    text::not_saved(&words.what, &words.todo)
}

/// How far the run at hand is saved, or why it is not, in one line; nothing without a run.
#[component]
pub fn SavedLine() -> impl IntoView {
    let store = Store::get();
    let line = memo(move || match store.stored_runs.saved.get() {
        Some(kept) => Some(match kept.fault {
            Some(cause) => (true, not_saved(cause)),
            None if kept.step == 0 && store.run.get().is_running() => (false, text::NOT_YET_SAVED.to_owned()),
            None => (false, text::saved(kept.step)),
        }),
        None => store.run.get().is_running().then(|| (false, text::NOT_YET_SAVED.to_owned())),
    });
    move || {
        line.get().map(|(bad, words)| {
            view! {
                <p class="small" class:muted=!bad class:field-fault=bad>
                    {words} " "
                    {bad.then(|| view! { <Link to="/runs">{text::STORED_RUNS}</Link> })}
                </p>
            }
        })
    }
}

/// A button that packs the run at hand into an archive to download, with progress.
#[component]
pub fn ExportRun() -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let part = store.stored_runs.exporting;
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
                    announcer.say(export::EXPORTED);
                }
                Ok(_) | Err(Fault::Stopped) => {}
                Err(fault) => store.notify(fault),
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="take-home-title">
            <h2 id="take-home-title">{export::TITLE}</h2>
            <p>{export::EXPORT_HELP}</p>
            <Show when=move || busy.get()>
                <Meter
                    label=Signal::stored(export::EXPORTING.to_owned())
                    part=derive(move || part.get().map(f64::from))
                />
            </Show>
            <p class="actions">
                <button type="button" class="primary" aria-disabled=move || busy.get().to_string() on:click=act(export)>
                    {export::EXPORT}
                </button>
            </p>
        </section>
    }
}

/// Chooses an archive of a run and stores the run.
#[component]
pub fn ImportRun() -> impl IntoView {
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
                Ok(_) => announcer.say(export::IMPORTED),
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
                    {live(move || if busy.get() { export::IMPORTING } else { export::IMPORT })}
                </button>
                <input
                    type="file"
                    accept=".zip,application/zip"
                    class="visually-hidden"
                    tabindex="-1"
                    aria-label=export::IMPORT_FILE
                    node_ref=input
                    on:change=act(chosen)
                />
            </p>
            <p class="muted small">{export::IMPORT_HELP}</p>
            <div role="alert">
                {live(move || failed.get().map(|fault| view! { <FaultWords words=fault::fault(&fault) /> }))}
            </div>
        </div>
    }
}

/// Deletes all stored runs and images, after a question.
#[component]
pub fn DeleteStored() -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let asked = RwSignal::new(false);
    let done = RwSignal::new(false);
    let delete = move |_| {
        asked.set(false);
        client.ask(Request::DeleteAll, move |answer| match answer {
            Ok(_) => {
                if let Some(hint) = store.stored_runs.hint.get_untracked() {
                    forget_run(store.stored_runs, &hint.id);
                }
                set_queue(store.stored_runs, None);
                done.try_set(true);
                announcer.say(text::DELETED_ALL);
            }
            Err(Fault::Stopped) => {}
            Err(fault) => store.notify(fault),
        });
    };
    view! {
        <Show
            when=move || asked.get()
            fallback=move || {
                view! {
                    <p class="actions">
                        <button type="button" on:click=act(move |_| asked.set(true))>
                            {text::DELETE_ALL}
                        </button>
                    </p>
                }
            }
        >
            <div class="notice warn">
                <p>{text::DELETE_ALL_WORDS}</p>
                <div class="actions">
                    <button type="button" class="primary" on:click=act(delete)>
                        {text::DELETE}
                    </button>
                    <button type="button" on:click=act(move |_| asked.set(false))>
                        {text::KEEP_THEM}
                    </button>
                </div>
            </div>
        </Show>
        <Show when=move || done.get()>
            <p class="muted small">{text::DELETED_ALL}</p>
        </Show>
    }
}
