//! Gives back the room that stored runs and images take, after a question.

use super::announce::Announcer;
use crate::app::client::Client;
use crate::app::reactive::{Show, act};
use crate::app::state::Store;
use crate::app::state::hint::{forget_run, set_queue};
use crate::app::text::runs as text;
use crate::core::error::Fault;
use crate::protocol::Request;
use leptos::prelude::*;

#[component]
pub fn DeleteStored() -> impl IntoView {
    let (store, client, announcer) = (Store::get(), Client::get(), Announcer::get());
    let asked = RwSignal::new(false);
    let done = RwSignal::new(false);
    let delete = move |_| {
        asked.set(false);
        client.ask(Request::DeleteAll, move |answer| match answer {
            Ok(_) => {
                if let Some(hint) = store.shelf.hint.get_untracked() {
                    forget_run(store.shelf, &hint.id);
                }
                set_queue(store.shelf, None);
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
