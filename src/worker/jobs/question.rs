//! Questions of developers' tools and tests. They stand beside the protocol, as
//! the page never asks one: `{ KEY: text }` in, with JSON `{ id, … }`, and
//! `{ KEY: text }` out, with `{ id, result }` or `{ id, error }`.

use crate::core::error::Fault;
use crate::protocol::DeviceChoice;
use crate::worker::mailbox;
use js_sys::{Object, Reflect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::future::Future;
use web_sys::MessageEvent;

#[derive(Deserialize)]
struct Question<Q> {
    id: u32,
    #[serde(flatten)]
    what: Q,
}

/// A device by name: `webgpu` fails where there is none.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    WebGpu,
    Cpu,
}

impl From<Place> for DeviceChoice {
    fn from(place: Place) -> Self {
        match place {
            Place::WebGpu => Self::WebGpu,
            Place::Cpu => Self::Cpu,
        }
    }
}

/// Takes a message under `key` and has `perform` answer it; false for any other
/// message.
pub fn receive<Q, F>(event: &MessageEvent, key: &'static str, perform: impl FnOnce(Q) -> F + 'static) -> bool
where
    Q: DeserializeOwned,
    F: Future<Output = Result<Value, Fault>>,
{
    let text = Reflect::get(&event.data(), &key.into()).ok().and_then(|text| text.as_string());
    let Some(text) = text else { return false };
    wasm_bindgen_futures::spawn_local(async move {
        let answer = match serde_json::from_str(&text) {
            Ok(Question { id, what }) => match perform(what).await {
                Ok(result) => json!({ "id": id, "result": result }),
                Err(fault) => json!({ "id": id, "error": format!("{fault:?}") }),
            },
            Err(error) => json!({ "error": format!("the question can't be read: {error}") }),
        };
        post(key, &answer.to_string());
    });
    true
}

fn post(key: &str, answer: &str) {
    let message = Object::new();
    let sent =
        Reflect::set(&message, &key.into(), &answer.into()).and_then(|_| mailbox::scope().post_message(&message));
    if let Err(error) = sent {
        log::error!("an answer could not be sent: {error:?}");
    }
}
