//! What the page asks of the browser: the time, a memory from visit to visit, lasting storage, the clipboard, the focus,
//! isolation; and what web-sys has no name for.

use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, Storage};

/// Milliseconds since the page was opened.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}

/// `None` if the browser stores nothing, as in some private windows.
fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// What an earlier visit has remembered under `key`.
pub fn remembered(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Remembers a value for later visits, or forgets it. Without storage the page remembers nothing.
pub fn remember(key: &str, value: Option<&str>) {
    let Some(storage) = storage() else { return };
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

/// Whether the browser promises to keep what this site stores; with `ask` it is asked to. `None` if it cannot say.
pub async fn keeps_storage(ask: bool) -> Option<bool> {
    // An insecure page has no storage.
    let storage = window().navigator().storage();
    if storage.is_undefined() {
        return None;
    }
    let promised = if ask { storage.persist() } else { storage.persisted() };
    JsFuture::from(promised.ok()?).await.ok()?.as_bool()
}

/// Copies a text to the clipboard, if the browser allows it: an insecure page has no clipboard, nor has a page in some
/// browsers built into other programs.
pub async fn copy(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Gives the element with this id the focus.
pub fn focus(id: &str) -> Option<HtmlElement> {
    let element: HtmlElement = document().get_element_by_id(id)?.dyn_into().ok()?;
    element.focus().ok().map(|()| element)
}

/// Whether this page shares its process with no other site, without which the browser gives it no threads. The host's
/// headers isolate it, or the service worker does.
pub fn isolated() -> bool {
    Reflect::get(&window(), &"crossOriginIsolated".into()).is_ok_and(|isolated| isolated.is_truthy())
}

/// Threads that the page's programs can have: the machine's cores.
pub fn cores() -> u32 {
    if isolated() { (window().navigator().hardware_concurrency() as u32).max(1) } else { 1 }
}

/// A class of the browser that web-sys knows behind features only, called by name; `None` where the browser lacks it.
pub fn class(name: &str) -> Option<Function> {
    Reflect::get(&window(), &name.into()).ok()?.dyn_into().ok()
}

/// Calls a method by name.
pub fn call(of: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let method: Function = Reflect::get(of, &method.into())?.dyn_into()?;
    Reflect::apply(&method, of, arguments)
}

/// Calls a method that gives a promise, and waits for it.
pub async fn promised(of: &JsValue, method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    JsFuture::from(call(of, method, arguments)?.dyn_into::<Promise>()?).await
}
