//! Links between pages, under whatever folder of the host the program lies in.

use crate::app::routes::base_path;
use leptos::prelude::*;
use leptos_router::components::A;

/// A link to the page at `to`, one of `routes.txt`.
///
/// The router's own `A` leaves an absolute path as it is: under `/x/`, "/help" would leave the program. Links name the
/// whole path, so that they also hold when opened in a new tab.
#[component]
pub fn Link(to: &'static str, #[prop(optional)] exact: bool, children: Children) -> impl IntoView {
    view! {
        <A href=format!("{}{to}", base_path()) exact=exact>
            {children()}
        </A>
    }
}
