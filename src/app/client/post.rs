//! Messages as JavaScript objects; see [`crate::protocol`] for their form.

use crate::protocol::{Request, ToPage, ToWorker, VERSION};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, Worker};

/// Why a message of the worker was not taken.
pub enum Refused {
    /// It speaks another version of the protocol.
    Version(u32),
    Other(String),
}

/// Posts a request; an error is the browser's message.
pub fn send(worker: &Worker, id: u32, request: &Request, files: &[File]) -> Result<(), String> {
    let message = ToWorker { id, request: request.clone() };
    let body = postcard::to_allocvec(&message).map_err(|e| e.to_string())?;
    let body = Uint8Array::from(body.as_slice());
    let envelope = Object::new();
    set(&envelope, "v", &VERSION.into())?;
    set(&envelope, "body", &body)?;
    if !files.is_empty() {
        set(&envelope, "files", &files.iter().collect::<Array>())?;
    }
    worker.post_message_with_transfer(&envelope, &Array::of1(&body.buffer())).map_err(|e| error_text(&e))
}

/// Reads a message of the worker.
pub fn receive(data: &JsValue) -> Result<ToPage, Refused> {
    let field = |name: &str| Reflect::get(data, &name.into()).unwrap_or_default();
    // Posted by the loader's own script where the worker could not start.
    if let Some(detail) = field("failed").as_string() {
        return Err(Refused::Other(detail));
    }
    let version = field("v").as_f64().unwrap_or_default() as u32;
    if version != VERSION {
        return Err(Refused::Version(version));
    }
    let body = field("body").dyn_into::<Uint8Array>().map_err(|_| Refused::Other("message without a body".into()))?;
    postcard::from_bytes(&body.to_vec()).map_err(|e| Refused::Other(e.to_string()))
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), String> {
    Reflect::set(object, &name.into(), value).map(drop).map_err(|e| error_text(&e))
}

/// The message of a JavaScript exception.
pub fn error_text(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message())).unwrap_or_else(|| format!("{error:?}"))
}
