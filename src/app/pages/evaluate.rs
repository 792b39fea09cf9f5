//! The page "Evaluate".

use crate::app::text::evaluate as text;
use leptos::prelude::*;

#[component]
pub fn Evaluate() -> impl IntoView {
    view! { <h1>{text::TITLE}</h1> }
}
