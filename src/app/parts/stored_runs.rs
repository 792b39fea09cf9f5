//! The run at hand as it is stored, exported as an archive and imported again; deleting everything that is stored.

use super::files::{Choose, download};
use super::notice::{Announcer, FaultAlert};
use super::widgets::{Button, Meter, Question};
use crate::app::client::{Client, Task};
use crate::app::reactive::{Show, act, derive, memo};
use crate::app::text::{fault, parts, runs as text};
use crate::app::{
    router::Link,
    state::Store,
    state::{offline, unfinished::forget},
};
use crate::core::error::{Fault, StorageFault};
use crate::protocol::{Event, Request, StoredChange};
use leptos::prelude::*;
use web_sys::FileList;

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
        Some(saved) => Some(match saved.fault {
            Some(cause) => (true, not_saved(cause)),
            None if saved.step == 0 && store.run.get().is_running() => (false, text::NOT_YET_SAVED.to_owned()),
            None => (false, text::saved(saved.step)),
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

/// The run at hand as an archive to download, on a card of its own.
#[component]
pub fn ExportRun() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="export-title">
            <h2 id="export-title">{parts::EXPORT_TITLE}</h2>
            <p>{parts::EXPORT_HELP}</p>
            <ExportButton />
        </section>
    }
}

/// A button that packs the run at hand into an archive to download, with progress.
#[component]
pub fn ExportButton() -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let part = store.stored_runs.exporting;
    let busy = memo(move || part.with(Option::is_some));
    let export = move |_| {
        part.set(Some(0.0));
        client.ask_or_notify(Request::ExportRun, move |answer| {
            part.try_set(None);
            if let Some(Event::Exported { name, address }) = answer {
                download(&name, address);
                announcer.say(parts::EXPORTED);
            }
        });
    };
    view! {
        <Show when=move || busy.get()>
            <Meter label=parts::EXPORTING part=derive(move || part.get().map(f64::from)) />
        </Show>
        <p class="actions"><Button label=parts::EXPORT kind="primary" held=busy press=act(export) /></p>
    }
}

/// Chooses an archive of a run and stores the run. The button stays open while the archive is read, so that it keeps
/// the keyboard's focus; its label says what goes on.
#[component]
pub fn ImportRun() -> impl IntoView {
    let (client, announcer) = (Client::get(), Announcer::get());
    let task = Task::default();
    let chosen = move |files: FileList| {
        if let Some(file) = files.get(0) {
            client.run(task, Request::ImportRun, vec![file], move |_| announcer.say(parts::IMPORTED));
        }
    };
    let attributes = vec![("accept", ".zip,application/zip"), ("aria-label", parts::IMPORT_FILE)];
    view! {
        <div class="stack">
            <p class="actions">
                <Choose
                    label=derive(move || if task.busy.get() { parts::IMPORTING } else { parts::IMPORT })
                    attributes=attributes
                    take=Box::new(chosen)
                />
            </p>
            <p class="muted small">{parts::IMPORT_HELP}</p>
            <FaultAlert fault=task.failed />
        </div>
    }
}

/// Deletes everything that is stored, after a `question` that the page shows, and calls `then`.
#[component]
pub fn DeleteStored(
    question: RwSignal<Option<Question>>,
    #[prop(optional, into)] then: Option<Callback<()>>,
) -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let done = RwSignal::new(false);
    let delete = move |()| {
        leptos::task::spawn_local(async move {
            // First, as the answer says how much room is used then.
            offline::forget().await;
            client.ask_or_notify(Request::ChangeStored(StoredChange::DeleteAll), move |answer| {
                if answer.is_some() {
                    forget(store.stored_runs);
                    client.ask(Request::Queue, |_| {});
                    done.try_set(true);
                    announcer.say(text::DELETED_ALL);
                    then.map(|then| then.try_run(()));
                }
            });
        });
    };
    let ask = move |_| {
        let (title, words, act) = (format!("{}?", text::DELETE_ALL), text::DELETE_ALL_WORDS, Callback::new(delete));
        question.set(Some(Question { title, words, no: text::KEEP_ALL, yes: text::DELETE, act }));
    };
    view! {
        <p class="actions"><Button label=text::DELETE_ALL press=act(ask) /></p>
        <Show when=move || done.get()><p class="muted small">{text::DELETED_ALL}</p></Show>
    }
}
