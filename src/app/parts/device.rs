//! What the training runs on, why, and the user's own choice.

use super::link::Link;
use crate::app::client::Client;
use crate::app::state::{Store, WorkerState};
use crate::app::text::{device as text, fault};
use crate::core::report::Backend;
use crate::protocol::{DeviceChoice, Request};
use leptos::prelude::*;

const CHOICES: [DeviceChoice; 3] = [DeviceChoice::Auto, DeviceChoice::WebGpu, DeviceChoice::Cpu];

/// A backend in words.
pub fn backend(backend: &Backend) -> &'static str {
    match backend {
        Backend::WebGpu => text::WEBGPU,
        Backend::Cpu => text::CPU,
    }
}

#[component]
pub fn Device() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let locked = Memo::new(move |_| store.run_open() || store.evaluating.with(Option::is_some));
    let choose = move |choice: DeviceChoice| {
        store.estimate.set(None);
        client.send(Request::UseDevice(choice));
    };
    view! {
        <section class="card device" aria-labelledby="device-title">
            <h2 id="device-title">{text::TITLE}</h2>
            {move || {
                store
                    .device
                    .with(|device| match device {
                        None => {
                            let words = match store.worker.get() {
                                WorkerState::Absent => text::NOT_ASKED,
                                _ => text::LOOKING,
                            };
                            view! { <p class="muted">{words}</p> }.into_any()
                        }
                        Some(device) => {
                            let backend = backend(&device.backend);
                            let why = device.why_not_gpu.as_ref().map(fault::device_fault);
                            view! {
                                <p>
                                    <strong>{backend}</strong>
                                    " "
                                    <span class="muted">{device.name.clone()}</span>
                                </p>
                                {device.software.then(|| view! { <p class="muted small">{text::SOFTWARE}</p> })}
                                {why
                                    .map(|w| {
                                        view! {
                                            <p class="small">
                                                {w.what} " " {w.todo} " " <Link to="/help">{text::MORE}</Link>
                                            </p>
                                        }
                                    })}
                            }
                                .into_any()
                        }
                    })
            }}
            <fieldset class="segments" disabled=locked>
                <legend class="small muted">{text::CHOICE}</legend>
                <div>
                    {CHOICES
                        .map(|choice| {
                            view! {
                                <label>
                                    <input
                                        type="radio"
                                        name="device"
                                        prop:checked=move || store.device_choice.get() == choice
                                        on:change=move |_| choose(choice)
                                    />
                                    <span>{text::choice(choice)}</span>
                                </label>
                            }
                        })
                        .collect_view()}
                </div>
            </fieldset>
        </section>
    }
}
