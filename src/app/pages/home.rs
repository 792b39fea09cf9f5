//! The landing page: the method's own chart, live.

use crate::app::text::home as text;
use leptos::prelude::*;

#[component]
pub fn Home() -> impl IntoView {
    view! {
        <h1>{text::TITLE}</h1>
        <p class="lead">{text::LEAD}</p>
    }
}
