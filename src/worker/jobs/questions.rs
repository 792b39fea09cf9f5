//! Questions of developers' tools and tests. They stand beside the protocol, as the page never asks one: `{ KEY: text
//! }` in, with JSON `{ id, … }`, and `{ KEY: text }` out, with `{ id, result }` or `{ id, error }`.
//!
//! The browser tests hold the page's own worker to the golden files with `{ check: text }`: JSON `{ id, device, case }`
//! in, a list of lists of numbers out; or `{ id, panic }`. See [`learn::check`](crate::learn::check).

use crate::core::error::Fault;
use crate::learn::check::{Case, answer};
use crate::protocol::DeviceChoice;
use crate::worker::device;
use crate::worker::js::{get, scope};
use crate::worker::session::{Job, JobGuard};
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
pub enum DeviceName {
    WebGpu,
    Cpu,
}

impl From<DeviceName> for DeviceChoice {
    fn from(name: DeviceName) -> Self {
        match name {
            DeviceName::WebGpu => Self::WebGpu,
            DeviceName::Cpu => Self::Cpu,
        }
    }
}

/// Takes a message under `key` and has `perform` answer it; false for any other message.
pub fn receive<Q, F>(event: &MessageEvent, key: &'static str, perform: impl FnOnce(Q) -> F + 'static) -> bool
where
    Q: DeserializeOwned,
    F: Future<Output = Result<Value, Fault>>,
{
    let text = get(&event.data(), key).as_string();
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
    let sent = Reflect::set(&message, &key.into(), &answer.into()).and_then(|_| scope().post_message(&message));
    if let Err(error) = sent {
        log::error!("an answer could not be sent: {error:?}");
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Check {
    Case {
        device: DeviceName,
        case: Case,
    },
    /// No answer: a panic with these words, whatever is under way.
    Panic {
        panic: String,
        /// In the pool's second thread, while the first waits for it.
        #[serde(default)]
        in_pool: bool,
    },
}

/// Takes a message that is a check; false for any other.
pub fn receive_check(event: &MessageEvent) -> bool {
    receive(event, "check", check)
}

async fn check(check: Check) -> Result<Value, Fault> {
    let (device, case) = match check {
        Check::Case { device, case } => (device, case),
        Check::Panic { panic, in_pool: false } => panic!("{panic}"),
        Check::Panic { panic, in_pool: true } => {
            rayon::broadcast(|thread| assert!(thread.index() != 1, "{panic}"));
            return Ok(Value::Null);
        }
    };
    let _guard = JobGuard::begin(Job::Measure)?;
    let compute = device::open(device.into()).await?;
    Ok(json!(answer(case, &compute.device).await?))
}
