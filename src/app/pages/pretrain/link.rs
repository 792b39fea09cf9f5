//! The settings as this page's address, so that a link brings them along.

use crate::app::state::Store;
use crate::core::config::link;
use crate::core::error::Fault;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Takes settings from the address when the page opens, then keeps the address
/// in step with them once the user has changed some. True where the address brought
/// settings that are not those at hand.
pub fn follow(store: Store) -> bool {
    let mut brought = false;
    let search = window().location().search().unwrap_or_default();
    if search.len() > 1 && !store.run.get_untracked().is_active() {
        match link::from_query(&search, &store.config.get_untracked()) {
            Ok(config) => {
                brought = config != store.config.get_untracked();
                store.config.set(config);
                store.touched.set(true);
            }
            Err(faults) => store.notify(Fault::Config(faults)),
        }
    }
    Effect::new(move || {
        let address = window().location();
        // A preset's settings follow the images: no link holds them, nor keeps what
        // they replaced.
        let query = match store.touched.get() {
            true => format!("?{}", store.config.with(link::to_query)),
            false if address.search().is_ok_and(|s| s.is_empty()) => return,
            false => String::new(),
        };
        // The visitor may already have gone elsewhere.
        if !address.pathname().is_ok_and(|p| p.trim_end_matches('/').ends_with("/pretrain")) {
            return;
        }
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&query_url(&query)));
        }
    });
    brought
}

/// The page's own path with `query`: a bare `?…` would be taken from `<base>`.
fn query_url(query: &str) -> String {
    window().location().pathname().unwrap_or_default() + query
}
