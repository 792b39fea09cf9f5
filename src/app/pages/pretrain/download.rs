//! The encoder as two files: weights, and the configuration to load them by.

use crate::app::client::Client;
use crate::app::parts::announce::Announcer;
use crate::app::state::Store;
use crate::app::text::pretrain as text;
use crate::protocol::{Event, Request};
use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

#[component]
pub fn Download() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let announcer = Announcer::get();
    let busy = RwSignal::new(false);
    let download = move |_| {
        busy.set(true);
        client.ask(Request::ExportEncoder, move |answer| {
            busy.try_set(false);
            match answer {
                Ok(Event::Encoder { safetensors, config_json }) => {
                    save("encoder.safetensors", "application/octet-stream", &Uint8Array::from(&safetensors[..]));
                    save("encoder.json", "application/json", &JsValue::from_str(&config_json));
                    announcer.say(text::DOWNLOADED);
                }
                Ok(_) => {}
                Err(fault) => store.notify(fault),
            }
        });
    };
    view! {
        <button type="button" disabled=busy on:click=download>
            {text::DOWNLOAD}
        </button>
    }
}

/// Hands bytes or text to the browser as a file to save.
fn save(name: &str, kind: &str, content: &JsValue) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(content);
    let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    let Ok(anchor) = document().create_element("a") else { return };
    let anchor: HtmlAnchorElement = anchor.unchecked_into();
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    // The browser reads the blob after this turn.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(60));
}
