//! The address, links, and going from page to page without loading one. A few routes without parameters need no more
//! than this (Leptos' own router was a twentieth of the page's download).

use crate::app::reactive::{act, memo};
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// The current address; `Copy`, taken by [`Router::get`] in any component.
#[derive(Clone, Copy)]
pub struct Router {
    /// Path below the program's folder, without a closing slash: `/lesson/lars`; `/` alone for the home page.
    pub path: Memo<String>,
    /// The browser's whole path.
    now: RwSignal<String>,
}

impl Router {
    /// Follows the browser's address from now on. Call it once a page.
    pub(super) fn start() -> Self {
        let browser_path = || window().location().pathname().unwrap_or_default();
        let now = RwSignal::new(browser_path());
        let moved = window_event_listener(leptos::ev::popstate, move |_| now.set(browser_path()));
        on_cleanup(move || moved.remove());
        let path = memo(move || {
            let all = now.get();
            let path = all.strip_prefix(&base_path()).unwrap_or(&all);
            // Some hosts link the file by its own name.
            let path = path.strip_suffix("/index.html").unwrap_or(path).trim_end_matches('/');
            ["/", path.trim_start_matches('/')].concat()
        });
        Self { path, now }
    }

    pub fn get() -> Self {
        expect_context()
    }

    /// Goes to a route, one of [`ROUTES`](super::routes::ROUTES); the browser's Back leads here again.
    pub fn go(self, route: &str) {
        let to = href(route);
        if self.path.get_untracked() != route
            && let Ok(history) = window().history()
        {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&to));
            self.now.set(to);
        }
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }

    /// Handles a click on a link to `route`. A click that opens a new tab or window is left to the browser.
    pub fn click(self, event: &MouseEvent, route: &str) {
        let new_tab =
            event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() || event.button() != 0;
        if !new_tab && !event.default_prevented() {
            event.prevent_default();
            self.go(route);
        }
    }
}

/// Replaces the query of the address, `""` or `"?…"`, unless the visitor has left `route` since.
pub fn replace_query(route: &str, query: &str) {
    let path = window().location().pathname().unwrap_or_default();
    if path.trim_end_matches('/').ends_with(route)
        && let Ok(history) = window().history()
    {
        // The whole path: a bare `?…` would be taken from `<base>`.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&(path + query)));
    }
}

/// A route's whole path, so that a link also works in a new tab.
pub fn href(route: &str) -> String {
    base_path() + route
}

/// The folder that the program lies in as a URL path without the closing
/// slash: `""` at the root of a host, `"/x"` under `/x/`.
///
/// `<base>` holds it: the build gives every route's `index.html` the right one.
fn base_path() -> String {
    let path = web_sys::Url::new(&base_url()).map(|u| u.pathname()).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// Absolute URL of the folder that the program lies in, with a closing slash.
pub fn base_url() -> String {
    document().base_uri().ok().flatten().unwrap_or_default()
}

/// A link to the page at `to`, one of [`ROUTES`](super::routes::ROUTES).
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
