//! The ways to show an image: a drop anywhere on the page, files, the camera.

use super::ask::Try;
use crate::app::parts::files::{Choose, DropArea, Listed, accept_drops, of_list};
use crate::app::reactive::{live, memo};
use crate::app::text::classify as text;
use leptos::prelude::*;
use web_sys::FileList;

#[component]
pub fn Input() -> impl IntoView {
    let this: Try = expect_context();
    accept_drops(move |dropped| {
        leptos::task::spawn_local(async move {
            let listed = dropped.files(|_| true).await;
            listed.into_iter().for_each(|listed| this.show(listed));
        });
    });
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
                    {live(move || this.store.stored_runs.is_tuning().then_some(text::TUNING))}
                </p>
            </DropArea>
        </section>
    }
}
