//! Messages in and out; see [`crate::protocol`] for their form.

use super::js::{get, scope};
use crate::core::error::Fault;
use crate::protocol::{self, Event, ToPage, ToWorker};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{File, MessageEvent};

/// Sends an event: the answer to request `reply_to`, or one that nobody asked for.
pub fn post(reply_to: Option<u32>, event: Event) {
    let body = match postcard::to_allocvec(&ToPage { reply_to, event }) {
        Ok(body) => body,
        Err(error) => return log::error!("an event could not be encoded: {error}"),
    };
    let bytes = Uint8Array::from(body.as_slice());
    let message = Object::new();
    let sent = Reflect::set(&message, &"v".into(), &protocol::VERSION.into())
        .and_then(|_| Reflect::set(&message, &"body".into(), &bytes))
        .and_then(|_| scope().post_message_with_transfer(&message, &Array::of1(&bytes.buffer())));
    if let Err(error) = sent {
        log::error!("an event could not be sent: {error:?}");
    }
}

/// Sends a fault: the answer to a request, or one that nobody asked for.
pub fn fail(reply_to: Option<u32>, fault: Fault) {
    post(reply_to, Event::Failed(fault));
}

/// Reads a request and the files beside it.
pub fn open(event: &MessageEvent) -> Result<(ToWorker, Vec<File>), Fault> {
    let message = event.data();
    let page = get(&message, "v").as_f64().unwrap_or_default() as u32;
    if page != protocol::VERSION {
        return Err(Fault::Version { page, worker: protocol::VERSION });
    }
    let body = Uint8Array::new(&get(&message, "body")).to_vec();
    let request =
        postcard::from_bytes(&body).map_err(|e| Fault::Internal { detail: format!("a request can't be read: {e}") })?;
    let files = get(&message, "files");
    let files = if files.is_undefined() {
        Vec::new()
    } else {
        Array::from(&files).iter().map(JsCast::unchecked_into).collect()
    };
    Ok((request, files))
}
