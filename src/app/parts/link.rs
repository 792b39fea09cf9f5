//! Links between pages, under whatever folder of the host the program lies in.

use crate::app::reactive::act;
use crate::app::router::{Router, href};
use leptos::prelude::*;

/// A link to the page at `to`, one of `routes.txt`.
#[component]
pub fn Link(to: &'static str, children: Children) -> impl IntoView {
    let router = Router::get();
    view! {
        <a
            href=href(to)
            aria-current=move || (*router.path.read() == to).then_some("page")
            on:click=act(move |event| router.click(&event, to))
        >
            {children()}
        </a>
    }
}
