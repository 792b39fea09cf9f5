//! The worker as the browser sees it: fetched with progress, started, and spoken to in
//! messages, whose form [`crate::protocol`] describes. Trunk has a shim that starts
//! workers, but it does not report the progress of the download.

use crate::app::router::base_url;
use crate::protocol::{Request, ToPage, ToWorker, VERSION};
use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, File, ReadableStreamDefaultReader, Response, Url, Worker, WorkerOptions, WorkerType,
};

/// Key in the tab's storage of the note that a reload was tried.
const RELOADED: &str = "reloaded-for-version";

/// The content of a `<meta>` of the built page, which xtask's `finish` writes.
fn meta(name: &str) -> Option<String> {
    let tag = document().query_selector(&format!("meta[name={name}]")).ok()??;
    tag.get_attribute("content").filter(|c| !c.is_empty())
}

/// Address that published weights are fetched from: the Hub's, or the one that a `<meta>` of the page names.
pub fn weights_from() -> String {
    let named = meta("weights-from").unwrap_or_default();
    Url::new_with_base(&named, &base_url()).map(|url| url.href()).unwrap_or(named)
}

/// URL of one of the worker's two files. The build's hash of both keeps an old cached file from meeting a new one.
fn url(base: &str, file: &str) -> String {
    let version = meta("worker-version").map(|v| format!("?v={v}")).unwrap_or_default();
    format!("{base}{file}{version}")
}

/// Downloads the worker's wasm; `progress` gets the bytes so far and, where known, of all.
pub async fn load(base: &str, progress: impl Fn(f64, Option<f64>)) -> Result<ArrayBuffer, String> {
    let url = url(base, "worker_bg.wasm");
    let failed = |e: JsValue| format!("{url}: {}", error_text(&e));
    let response: Response =
        JsFuture::from(window().fetch_with_str(&url)).await.map_err(failed)?.dyn_into().map_err(failed)?;
    if !response.ok() {
        return Err(format!("{url}: HTTP {}", response.status()));
    }
    // The build's number counts unpacked bytes, as the reader below does; a
    // server's Content-Length counts packed ones where it compresses.
    let total = meta("worker-bytes").or_else(|| response.headers().get("content-length").ok().flatten());
    let total = total.and_then(|t| t.parse::<f64>().ok());
    let Some(body) = response.body() else {
        let whole = response.array_buffer().map_err(failed)?;
        return JsFuture::from(whole).await.map_err(failed).map(JsCast::unchecked_into);
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let chunks = Array::new();
    let mut got = 0.0;
    loop {
        let part = JsFuture::from(reader.read()).await.map_err(failed)?;
        if Reflect::get(&part, &"done".into()).is_ok_and(|d| d.is_truthy()) {
            break;
        }
        let chunk: Uint8Array = Reflect::get(&part, &"value".into()).map_err(failed)?.unchecked_into();
        got += f64::from(chunk.byte_length());
        chunks.push(&chunk);
        progress(got, total.filter(|t| *t >= got));
    }
    let blob = Blob::new_with_u8_array_sequence(&chunks).map_err(failed)?;
    JsFuture::from(blob.array_buffer()).await.map_err(failed).map(JsCast::unchecked_into)
}

/// Starts the worker and hands it its wasm.
///
/// A worker started from a `blob:` script inherits the page's content security policy, one started from a URL does not;
/// the policy is what keeps images on this machine.
pub fn start(base: &str, wasm: &ArrayBuffer) -> Result<Worker, String> {
    let failed = |e: JsValue| error_text(&e);
    let import = js_sys::JSON::stringify(&url(base, "worker.js").into()).map_err(failed)?;
    let script = format!(
        r#"import init from {import};
const early = [];
self.onmessage = async ({{ data }}) => {{
  const queue = (message) => early.push(message);
  self.onmessage = queue;
  try {{
    await init({{ module_or_path: data }});
    if (self.onmessage === queue) self.onmessage = null;
    for (const m of early) self.dispatchEvent(new MessageEvent("message", {{ data: m.data }}));
  }} catch (error) {{
    self.postMessage({{ failed: String((error && error.message) || error) }});
  }}
}};
"#
    );
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&script.into()), &kind).map_err(failed)?;
    let address = Url::create_object_url_with_blob(&blob).map_err(failed)?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&address, &options).map_err(failed)?;
    worker.post_message_with_transfer(wasm, &Array::of1(wasm)).map_err(failed)?;
    Ok(worker)
}

/// Reloads the page because page and worker come from different builds. It does so once
/// a tab and returns false after that.
pub fn reload_once() -> bool {
    let Ok(Some(storage)) = window().session_storage() else { return false };
    if storage.get_item(RELOADED).ok().flatten().is_some() || storage.set_item(RELOADED, "1").is_err() {
        return false;
    }
    window().location().reload().is_ok()
}

/// Page and worker come from one build: a later difference may reload the page again.
pub fn forget_reload() {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.remove_item(RELOADED);
    }
}

/// Why a message of the worker cannot be read.
pub enum Unreadable {
    /// The worker has another version of the protocol.
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
pub fn receive(data: &JsValue) -> Result<ToPage, Unreadable> {
    let field = |name: &str| Reflect::get(data, &name.into()).unwrap_or_default();
    // Posted by the loader's own script where the worker could not start.
    if let Some(detail) = field("failed").as_string() {
        return Err(Unreadable::Other(detail));
    }
    let version = field("v").as_f64().unwrap_or_default() as u32;
    if version != VERSION {
        return Err(Unreadable::Version(version));
    }
    let body =
        field("body").dyn_into::<Uint8Array>().map_err(|_| Unreadable::Other("message without a body".into()))?;
    postcard::from_bytes(&body.to_vec()).map_err(|e| Unreadable::Other(e.to_string()))
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), String> {
    Reflect::set(object, &name.into(), value).map(drop).map_err(|e| error_text(&e))
}

/// The message of a JavaScript exception.
pub fn error_text(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message())).unwrap_or_else(|| format!("{error:?}"))
}
