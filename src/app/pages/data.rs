//! The page "Images": choose them, see what was read.

use crate::app::text::data as text;
use leptos::prelude::*;

#[component]
pub fn Data() -> impl IntoView {
    view! { <h1>{text::TITLE}</h1> }
}
