//! What the training runs on, why, and the user's own choice.

use super::link::Link;
use crate::app::client::Client;
use crate::app::reactive::{act, live, memo};
use crate::app::state::{Store, WorkerState};
use crate::app::text::{device as text, fault};
use crate::core::report::{Backend, DeviceReport};
use crate::protocol::DeviceChoice;
use leptos::html::Dialog;
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
    let locked = memo(move || store.run_open() || store.encoder_in_use());
    // A change that has to be confirmed first.
    let unsure = RwSignal::new(None::<DeviceChoice>);
    let choose = move |choice: DeviceChoice| {
        let trained = untrack(|| store.has_encoder());
        if trained && store.device.with_untracked(|d| d.as_ref().is_none_or(|d| may_leave(d, choice))) {
            unsure.set(Some(choice));
        } else {
            client.use_device(choice);
        }
    };
    let shown = move || unsure.get().unwrap_or_else(|| store.device_choice.get());
    view! {
        <section class="card device" aria-labelledby="device-title">
            <h2 id="device-title">{text::TITLE}</h2>
            {live(move || {
                store
                    .device
                    .with(|device| match device {
                        None => {
                            let words = match store.worker.get() {
                                WorkerState::Absent => text::NOT_ASKED,
                                WorkerState::Dead => text::NONE,
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
            })}
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
                                        prop:checked=move || shown() == choice
                                        on:change=act(move |_| choose(choice))
                                    />
                                    <span>{text::choice(choice)}</span>
                                </label>
                            }
                        })
                        .collect_view()}
                </div>
            </fieldset>
            <Confirm unsure=unsure />
        </section>
    }
}

/// Whether `choice` may lead away from the device in use.
fn may_leave(device: &DeviceReport, choice: DeviceChoice) -> bool {
    // WebGPU was tried and cannot be had, or is not worth it.
    let no_gpu = device.why_not_gpu.is_some();
    match (choice, device.backend) {
        (DeviceChoice::Cpu, backend) => backend != Backend::Cpu,
        (DeviceChoice::WebGpu, backend) => backend != Backend::WebGpu && !no_gpu,
        (DeviceChoice::Auto, Backend::WebGpu) => device.software,
        (DeviceChoice::Auto, Backend::Cpu) => !no_gpu && !device.software,
    }
}

/// Asks before a trained encoder is lost. Escape closes it, as "keep" does.
#[component]
fn Confirm(unsure: RwSignal<Option<DeviceChoice>>) -> impl IntoView {
    let client = Client::get();
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match unsure.get() {
            Some(_) if !dialog.open() => drop(dialog.show_modal()),
            None if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let change = move |_| {
        if let Some(choice) = unsure.get_untracked() {
            client.use_device(choice);
        }
        unsure.set(None);
    };
    view! {
        <dialog
            class="panel ask"
            node_ref=dialog
            aria-labelledby="confirm-title"
            aria-describedby="confirm-words"
            on:close=act(move |_| unsure.set(None))
        >
            <h2 id="confirm-title">{text::CONFIRM}</h2>
            <p id="confirm-words">{text::CONFIRM_WORDS}</p>
            <div class="actions">
                <button type="button" class="primary" on:click=act(move |_| unsure.set(None))>
                    {text::KEEP}
                </button>
                <button type="button" on:click=act(change)>
                    {text::CHANGE}
                </button>
            </div>
        </dialog>
    }
}
