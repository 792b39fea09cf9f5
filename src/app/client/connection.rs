//! The worker as the browser sees it: fetched with progress, started, and spoken to in
//! messages, whose form [`crate::protocol`] describes. Trunk has a shim that starts
//! workers, but it does not report the progress of the download.

use crate::app::browser::{call, class, promised};
use crate::app::router::base_url;
use crate::protocol::{Request, ToPage, ToWorker, VERSION};
use js_sys::WebAssembly::{self, Module};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, File, ReadableStreamDefaultReader, RequestInit, Response, Url, Worker, WorkerOptions,
    WorkerType,
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

/// The worker's program: the address of its script within the page, which every thread loads without another request, and its
/// compiled wasm.
pub type Program = (String, Module);

/// Downloads and compiles the worker's program; `progress` gets the bytes of its wasm so far and, where known, of all, packed as
/// they come.
pub async fn load(base: &str, progress: impl Fn(f64, Option<f64>)) -> Result<Program, String> {
    let wasm = load_wasm(base, progress).await?;
    let url = url(base, "worker.js");
    let failed = |e: JsValue| format!("{url}: {}", error_text(&e));
    let response = fetch(&url, "GET").await.map_err(failed)?;
    if !response.ok() {
        return Err(format!("{url}: HTTP {}", response.status()));
    }
    let script = JsFuture::from(response.text().map_err(failed)?).await.map_err(failed)?;
    Ok((module(&script).map_err(failed)?, wasm))
}

/// Downloads and compiles the worker's wasm; `progress` gets the bytes so far and, where known, of all, packed as they come.
///
/// Every host sends the file packed by gzip; it is unpacked and compiled as it comes. A host that compresses by brotli
/// sends less where it is asked for the plain file, which is also for browsers that cannot unpack.
async fn load_wasm(base: &str, progress: impl Fn(f64, Option<f64>)) -> Result<Module, String> {
    let [plain, packed] = ["worker_bg.wasm", "worker_bg.wasm.gz"].map(|file| url(base, file));
    let unpack = class("DecompressionStream");
    let kept = if unpack.is_some() { kept(&packed).await } else { None };
    let url =
        if kept.is_none() && (unpack.is_none() || compresses() && has_brotli(&plain).await) { plain } else { packed };
    let failed = |e: JsValue| format!("{url}: {}", error_text(&e));
    let response = match kept {
        Some(response) => response,
        None => fetch(&url, "GET").await.map_err(failed)?,
    };
    if !response.ok() {
        return Err(format!("{url}: HTTP {}", response.status()));
    }
    let module = match unpack {
        Some(unpack) => compile(&response, &unpack, progress).await,
        None => {
            async { JsFuture::from(WebAssembly::compile(&JsFuture::from(response.array_buffer()?).await?)).await }.await
        }
    };
    module.and_then(JsCast::dyn_into).map_err(failed)
}

/// Compiles wasm as it comes. Whether it is packed its first bytes tell: some hosts have the browser unpack it.
async fn compile(
    response: &Response,
    unpack: &Function,
    progress: impl Fn(f64, Option<f64>),
) -> Result<JsValue, JsValue> {
    let sizes = meta("worker-bytes").unwrap_or_default();
    let mut sizes = sizes.split(' ').filter_map(|size| size.parse::<f64>().ok());
    let header = |name: &str| response.headers().get(name).ok().flatten();
    let sent = header("content-encoding").and_then(|_| header("content-length")?.parse::<f64>().ok());
    let (packed, plain) = (sizes.next(), sizes.next());
    let body = response.body().ok_or("no content")?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut pipe = None;
    let (mut got, mut scale, mut total) = (0.0, 1.0, packed);
    loop {
        let part = JsFuture::from(reader.read()).await?;
        if Reflect::get(&part, &"done".into())?.is_truthy() {
            break;
        }
        let chunk: Uint8Array = Reflect::get(&part, &"value".into())?.unchecked_into();
        if pipe.is_none() {
            let gzip = chunk.subarray(0, 2).to_vec() == [0x1f, 0x8b];
            if !gzip {
                total = sent.or(packed);
                scale = total.zip(plain).map_or(1.0, |(sent, plain)| sent / plain);
            }
            let stream = match (gzip, class("TransformStream")) {
                (false, Some(same)) => Reflect::construct(&same, &Array::new()),
                _ => Reflect::construct(unpack, &Array::of1(&"gzip".into())),
            }?;
            let options = js_sys::JSON::parse(r#"{ "headers": { "content-type": "application/wasm" } }"#)?;
            let unpacked = Array::of2(&Reflect::get(&stream, &"readable".into())?, &options);
            let unpacked = Reflect::construct(&class("Response").ok_or("no Response")?, &unpacked)?;
            let module = JsFuture::from(WebAssembly::compile_streaming(&Promise::resolve(&unpacked)));
            pipe = Some((call(&Reflect::get(&stream, &"writable".into())?, "getWriter", &Array::new())?, module));
        }
        if let Some((writer, _)) = &pipe {
            promised(writer, "write", &Array::of1(&chunk)).await?;
        }
        got += f64::from(chunk.byte_length()) * scale;
        progress(got, total.filter(|total| *total >= got.floor()));
    }
    let (writer, module) = pipe.ok_or("no content")?;
    promised(&writer, "close", &Array::new()).await?;
    module.await
}

async fn fetch(url: &str, method: &str) -> Result<Response, JsValue> {
    let options = RequestInit::new();
    options.set_method(method);
    JsFuture::from(window().fetch_with_str_and_init(url, &options)).await?.dyn_into()
}

/// Whether the host compresses wasm, by what the page itself came in; true if the browser does not tell. A host that does
/// not has no brotli, and need not be asked.
fn compresses() -> bool {
    let entries = window().performance().map(|performance| performance.get_entries_by_type("resource"));
    let size =
        |entry: &JsValue, name: &str| Reflect::get(entry, &name.into()).ok()?.as_f64().filter(|size| *size > 0.0);
    let is_wasm =
        |entry: &JsValue| Reflect::get(entry, &"name".into()).ok()?.as_string().filter(|n| n.contains(".wasm"));
    // What the service worker has kept is plain, whatever the host sends.
    let came = |entry: &JsValue| size(entry, "transferSize").and(is_wasm(entry)).is_some();
    let mut all = entries.iter().flat_map(js_sys::Array::iter).filter(came);
    let plain = all.any(|entry| {
        size(&entry, "encodedBodySize").zip(size(&entry, "decodedBodySize")).is_some_and(|(sent, whole)| sent == whole)
    });
    !plain
}

/// Whether the host sends this file by brotli or better.
async fn has_brotli(url: &str) -> bool {
    let head = fetch(url, "HEAD").await.ok().filter(Response::ok);
    let encoding = head.and_then(|head| head.headers().get("content-encoding").ok()?);
    encoding.is_some_and(|encoding| ["br", "zstd"].contains(&encoding.as_str()))
}

/// The file as the service worker has kept it for use offline.
async fn kept(url: &str) -> Option<Response> {
    // An insecure page has no caches.
    let caches = Reflect::get(&window(), &"caches".into()).ok().filter(JsValue::is_truthy)?;
    promised(&caches, "match", &Array::of1(&url.into())).await.ok()?.dyn_into().ok()
}

/// What starts the worker, and every thread of its pool: one script, and one wasm module.
const LOADER: &str = r#"
const early = [];
self.onmessage = async ({ data }) => {
  const queue = (message) => early.push(message);
  self.onmessage = queue;
  try {
    await init({ module_or_path: data.module, memory: data.memory });
    if (data.threads > 1) share(data.threads);
    if (self.onmessage === queue) self.onmessage = null;
    for (const m of early) self.dispatchEvent(new MessageEvent("message", { data: m.data }));
  } catch (error) {
    self.postMessage({ failed: String((error && error.message) || error) });
  }
  // Until the worker ends. An error in it is none of the loader's.
  if (data.memory) setTimeout(compute);
};
"#;

/// Address of a JavaScript module of these words.
fn module(script: &JsValue) -> Result<String, JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type("text/javascript");
    Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&Array::of1(script), &kind)?)
}

/// Starts the worker and hands it its wasm. With several `threads` it posts its memory, which
/// [`receive`] calls [`Received::Memory`], and waits for them.
pub fn start((script, wasm): &Program, threads: u32) -> Result<Worker, String> {
    let first = Object::new();
    set(&first, "module", wasm)?;
    set(&first, "threads", &threads.into())?;
    spawn(script, "worker", &first)
}

/// Starts one more thread of the worker that posted its `memory`.
///
/// The page starts it, so that an error in it reaches the page: the worker waits for its threads, and can hear nothing.
pub fn start_thread((script, wasm): &Program, memory: &JsValue) -> Result<Worker, String> {
    let first = Object::new();
    set(&first, "module", wasm)?;
    set(&first, "memory", memory)?;
    spawn(script, crate::protocol::POOL, &first)
}

/// A worker started from a `blob:` script inherits the page's content security policy, one started from a URL does not;
/// the policy is what keeps images on this machine.
fn spawn(script: &str, name: &str, first: &JsValue) -> Result<Worker, String> {
    let failed = |e: JsValue| error_text(&e);
    let address =
        module(&format!("import init, {{ share, compute }} from \"{script}\";{LOADER}").into()).map_err(failed)?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    let worker = Worker::new_with_options(&address, &options).map_err(failed)?;
    worker.post_message(first).map_err(failed)?;
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

/// What a message of the worker is.
pub enum Received {
    Event(Box<ToPage>),
    /// Its memory, for its other threads.
    Memory(JsValue),
    /// The worker has another version of the protocol.
    OtherVersion(u32),
    Unreadable(String),
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
pub fn receive(data: &JsValue) -> Received {
    let field = |name: &str| Reflect::get(data, &name.into()).unwrap_or_default();
    // Posted by the loader's own script where the worker could not start.
    if let Some(detail) = field("failed").as_string() {
        return Received::Unreadable(detail);
    }
    let memory = field("memory");
    if memory.is_object() {
        return Received::Memory(memory);
    }
    let version = field("v").as_f64().unwrap_or_default() as u32;
    if version != VERSION {
        return Received::OtherVersion(version);
    }
    let Ok(body) = field("body").dyn_into::<Uint8Array>() else {
        return Received::Unreadable("message without a body".into());
    };
    match postcard::from_bytes(&body.to_vec()) {
        Ok(event) => Received::Event(Box::new(event)),
        Err(e) => Received::Unreadable(e.to_string()),
    }
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), String> {
    Reflect::set(object, &name.into(), value).map(drop).map_err(|e| error_text(&e))
}

/// The message of a JavaScript exception.
pub fn error_text(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map(|e| String::from(e.message())).unwrap_or_else(|| format!("{error:?}"))
}
