//! The ways to show an image: a drop anywhere on the page, files, the camera.

use super::ask::Try;
use crate::app::pages::data::files::{Dropped, Listed, of_list};
use crate::app::parts::choose::{Choose, DropArea};
use crate::app::reactive::{live, memo};
use crate::app::text::classify as text;
use leptos::ev;
use leptos::prelude::*;
use web_sys::FileList;

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
    let take = move |list: FileList| this.show(Listed { files: of_list(&list), refused: Vec::new() });
    let closed = memo(move || !this.allowed());
    view! {
        <section class="card" aria-labelledby="show-title">
            <h2 id="show-title">{text::SHOW}</h2>
            <DropArea>
                <p class="data-drop-title">{text::DROP}</p>
                <p class="data-drop-or">{text::OR}</p>
                <p class="data-drop-buttons">
                    <Choose label=text::CHOOSE closed=closed multiple=true take=Box::new(take) />
                    <Choose
                        label=text::PHOTO
                        closed=closed
                        attributes=vec![("accept", "image/*"), ("capture", "environment")]
                        take=Box::new(take)
                    />
                </p>
                <p class="muted small">{text::most()}</p>
                <p class="data-drop-status" role="status">
                    {live(move || this.too_many.get().then(text::too_many))}
                    {live(move || this.store.shelf.is_tuning().then_some(text::TUNING))}
                </p>
            </DropArea>
        </section>
    }
}
