//! What plain JavaScript gives the worker: its global object, the clock, the console, its memory.

use wasm_bindgen::prelude::*;
use web_sys::DedicatedWorkerGlobalScope;

/// This worker's global object.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds of a monotonic clock.
pub fn now() -> f64 {
    scope().performance().map_or_else(js_sys::Date::now, |p| p.now())
}

/// A field of an object; undefined if the object has no such field.
pub fn get(object: &JsValue, field: &str) -> JsValue {
    js_sys::Reflect::get(object, &field.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Bytes of the wasm memory, which never shrinks.
pub fn memory_bytes() -> Option<f64> {
    get(&get(&wasm_bindgen::memory(), "buffer"), "byteLength").as_f64()
}

/// The message of a JavaScript error, or the value itself as text.
pub fn describe(value: &JsValue) -> String {
    value
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| value.as_string())
        .unwrap_or_else(|| format!("{value:?}"))
}

/// Calls a method of the browser's console, such as `error`, with one line of text.
pub fn console(method: &str, line: &str) {
    let console = get(&js_sys::global(), "console");
    if let Ok(write) = get(&console, method).dyn_into::<js_sys::Function>() {
        let _ = write.call1(&console, &line.into());
    }
}
