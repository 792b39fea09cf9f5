//! The page "Pre-train".

use crate::app::state::Store;
use crate::app::text::pretrain as text;
use leptos::prelude::*;
use leptos_router::components::A;

#[component]
pub fn Pretrain() -> impl IntoView {
    let store = Store::get();
    view! {
        <h1>{text::TITLE}</h1>
        <Show when=move || store.dataset.with(Option::is_none)>
            <p>{text::NO_IMAGES}</p>
            <A href="/data" attr:class="button primary">
                {text::GO_IMAGES}
            </A>
        </Show>
    }
}
