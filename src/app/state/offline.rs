//! The program as the browser keeps it for use offline. The service worker does that (`public/service-worker.js`);
//! a script of `index.html` registers it, and tells in `keeper` how far it is.

use crate::app::browser::{call, promised};
use js_sys::{Array, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

#[derive(Clone, Copy, Default)]
pub struct Offline {
    /// Bytes of the whole program; 0 until all of it is kept.
    pub kept: RwSignal<f64>,
    /// Whether a newer build waits to be used.
    pub update: RwSignal<bool>,
}

fn keeper() -> Option<JsValue> {
    Reflect::get(&window(), &"keeper".into()).ok().filter(JsValue::is_truthy)
}

/// Follows the service worker; call it once a page.
pub fn install(offline: Offline) {
    let look = move || {
        let said =
            |what: &str| keeper().and_then(|keeper| Reflect::get(&keeper, &what.into()).ok()).unwrap_or_default();
        offline.kept.set(said("kept").as_f64().unwrap_or_default());
        offline.update.set(said("update").is_truthy());
    };
    look();
    let heard = window_event_listener_untyped("keeper", move |_| look());
    on_cleanup(move || heard.remove());
}

/// Reloads the page as the newer build.
pub fn take_update() {
    let _ = keeper().map(|keeper| call(&keeper, "take", &Array::new()));
}

/// Deletes the program from this browser; the next visit fetches it again.
pub async fn forget() {
    if let Some(keeper) = keeper() {
        let _ = promised(&keeper, "forget", &Array::new()).await;
    }
}
