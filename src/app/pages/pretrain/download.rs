//! The encoder as two files: weights, and the configuration to load them by.

use crate::app::client::Client;
use crate::app::parts::files::save;
use crate::app::parts::notice::Announcer;
use crate::app::reactive::act;
use crate::app::state::Store;
use crate::app::text::pretrain as text;
use crate::protocol::{Event, Request};
use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

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
        <button type="button" disabled=busy on:click=act(download)>
            {text::DOWNLOAD}
        </button>
    }
}
