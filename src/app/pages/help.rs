//! The page "Help".

use crate::app::text::help as text;
use leptos::prelude::*;

#[component]
pub fn Help() -> impl IntoView {
    view! { <h1>{text::TITLE}</h1> }
}
