//! Faults in words, each with a way to close it, and the worker's own troubles.

use crate::app::client::Client;
use crate::app::state::{Notice, Store, WorkerState};
use crate::app::text::{fault, layout as text};
use leptos::prelude::*;

/// What happened and what to do; the heart of every message box.
#[component]
pub fn FaultWords(words: fault::Words) -> impl IntoView {
    view! {
        <p class="what">{words.what}</p>
        <p class="todo">{words.todo}</p>
    }
}

/// All open notices, newest last.
#[component]
pub fn Notices() -> impl IntoView {
    let store = Store::get();
    view! {
        <section class="notices" aria-label=text::NOTICES role="alert">
            <For each=move || store.notices.get() key=|n: &Notice| n.id let:notice>
                <Message notice=notice />
            </For>
            <WorkerTrouble />
        </section>
    }
}

#[component]
fn Message(notice: Notice) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let ends_worker = notice.fault.ends_worker();
    view! {
        <div class="notice bad">
            <div>
                <FaultWords words=fault::fault(&notice.fault) />
            </div>
            <div class="actions">
                // A dead worker has its own message, with this button.
                <Show when=move || ends_worker && store.worker.get() != WorkerState::Dead>
                    <button type="button" on:click=move |_| client.restart()>
                        {text::RESTART}
                    </button>
                </Show>
                <button type="button" class="quiet" on:click=move |_| store.dismiss(notice.id)>
                    {text::DISMISS}
                </button>
            </div>
        </div>
    }
}

/// Offers a restart when the worker is silent or gone; never does it itself.
#[component]
fn WorkerTrouble() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    move || {
        let words = match store.worker.get() {
            WorkerState::Silent => text::SILENT,
            WorkerState::Dead => text::DEAD,
            _ => return None,
        };
        let silent = words == text::SILENT;
        Some(view! {
            <div class="notice bad">
                <p class="what">{words}</p>
                <div class="actions">
                    <Show when=move || silent>
                        <button type="button" on:click=move |_| client.keep_waiting()>
                            {text::WAIT}
                        </button>
                    </Show>
                    <button type="button" class="primary" on:click=move |_| client.restart()>
                        {text::RESTART}
                    </button>
                </div>
            </div>
        })
    }
}
