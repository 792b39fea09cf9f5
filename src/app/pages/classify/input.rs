//! The ways to show an image: a drop anywhere on the page, files, the camera.

use super::ask::Try;
use crate::app::pages::data::files::{Dropped, Listed, of_list};
use crate::app::reactive::{act, live, memo};
use crate::app::text::classify as text;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;

/// Beside the marked area a browser would leave the program and open the file.
fn accept_on_page(this: Try) {
    let over = window_event_listener(ev::dragover, |event| event.prevent_default());
    let drop = window_event_listener(ev::drop, move |event| {
        event.prevent_default();
        let Some(dropped) = event.data_transfer().map(|transfer| Dropped::of(&transfer)) else { return };
        leptos::task::spawn_local(async move {
            let listed = dropped.files(|_| true).await;
            listed.into_iter().for_each(|listed| this.show(listed));
        });
    });
    on_cleanup(move || {
        over.remove();
        drop.remove();
    });
}

#[component]
pub fn Input() -> impl IntoView {
    let this: Try = expect_context();
    accept_on_page(this);
    let files = NodeRef::<html::Input>::new();
    let camera = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = camera.get() {
            let _ = input.set_attribute("capture", "environment");
        }
    });
    let open = |input: NodeRef<html::Input>| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let take = move |input: NodeRef<html::Input>| {
        let Some(input) = input.get_untracked() else { return };
        let files = input.files().map(|list| of_list(&list)).unwrap_or_default();
        // Else choosing the same again would be no change.
        input.set_value("");
        this.show(Listed { files, refused: Vec::new() });
    };
    let over = RwSignal::new(false);
    let closed = memo(move || !this.allowed());
    view! {
        <section class="card" aria-labelledby="show-title">
            <h2 id="show-title">{text::SHOW}</h2>
            <div
                class="data-drop"
                class:over=move || over.get()
                on:dragenter=act(move |_| over.set(true))
                on:dragover=act(move |_| over.set(true))
                on:dragleave=act(move |_| over.set(false))
                on:drop=act(move |_| over.set(false))
            >
                <p class="data-drop-title">{text::DROP}</p>
                <p class="data-drop-or">{text::OR}</p>
                <p class="data-drop-buttons">
                    <button type="button" disabled=closed on:click=act(move |_| open(files))>
                        {text::CHOOSE}
                    </button>
                    <button type="button" disabled=closed on:click=act(move |_| open(camera))>
                        {text::PHOTO}
                    </button>
                </p>
                <p class="muted small">{text::most()}</p>
                <input type="file" hidden multiple node_ref=files on:change=act(move |_| take(files)) />
                <input type="file" hidden accept="image/*" node_ref=camera on:change=act(move |_| take(camera)) />
                <p class="data-drop-status" role="status">
                    {live(move || this.too_many.get().then(text::too_many))}
                    {live(move || this.store.shelf.is_tuning().then_some(text::TUNING))}
                </p>
            </div>
        </section>
    }
}
