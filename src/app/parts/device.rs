//! The device that the training runs on, why, and the user's choice.

use super::widgets::{Ask, Question, choice};
use crate::app::browser::cores;
use crate::app::reactive::{act, live, memo};
use crate::app::state::{Store, WorkerState};
use crate::app::text::{fault, parts as text};
use crate::app::{browser::isolated, client::Client, router::Link};
use crate::core::report::{Backend, DeviceReport};
use crate::protocol::DeviceChoice;
use leptos::prelude::*;

/// A backend in words.
pub fn backend(backend: &Backend) -> &'static str {
    match backend {
        Backend::WebGpu => text::WEBGPU,
        Backend::Cpu => text::CPU,
    }
}

/// The device in use after the words `lead`, and why it is not the GPU.
pub fn described(lead: &'static str, device: DeviceReport) -> AnyView {
    let name = if device.backend == Backend::Cpu { text::threads(Store::get().threads_used()) } else { device.name };
    let why = device.why_not_gpu.as_ref().map(fault::device_fault);
    view! {
        <p>
            {lead} " " <strong>{backend(&device.backend)}</strong> " " <span class="muted">{name}</span>
        </p>
        {device.software.then(|| view! { <p class="muted small">{text::SOFTWARE}</p> })}
        {(device.backend == Backend::Cpu && !isolated()).then(|| view! { <p class="muted small">{text::ONE_THREAD}</p> })}
        {why.map(|w| view! { <p class="small">{w.what} " " {w.todo} " " <Link to="/help">{text::MORE}</Link></p> })}
    }
    .into_any()
}

#[component]
pub fn Device() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let locked = memo(move || store.run_open() || store.encoder_in_use());
    // Asked before a trained encoder is lost; meanwhile the wanted device is shown.
    let question = RwSignal::new(None::<Question>);
    let wanted = RwSignal::new(DeviceChoice::default());
    let choose = move |choice: DeviceChoice| {
        let trained = untrack(|| store.has_encoder());
        if trained && store.device.with_untracked(|d| d.as_ref().is_none_or(|d| may_leave(d, choice))) {
            wanted.set(choice);
            let act = Callback::new(move |()| client.use_device(choice));
            let (no, yes, words) = (text::KEEP, text::CHANGE, text::CONFIRM_WORDS);
            question.set(Some(Question { title: text::CONFIRM.to_owned(), words, no, yes, act }));
        } else {
            client.use_device(choice);
        }
    };
    let choose_threads = move |event| {
        let Ok(threads) = event_target_value(&event).parse() else { return };
        let act = Callback::new(move |()| client.use_threads(threads));
        if untrack(|| store.has_encoder()) {
            let (title, no, yes, words) =
                (text::CONFIRM.to_owned(), text::KEEP, text::CHANGE_THREADS, text::CONFIRM_THREADS);
            question.set(Some(Question { title, words, no, yes, act }));
            // Until that is answered, the choice shows what is in use.
            store.threads.update(|_| ());
        } else {
            act.run(());
        }
    };
    let shown = move || if question.with(Option::is_some) { wanted.get() } else { store.device_choice.get() };
    let missing = move || match store.worker.get() {
        WorkerState::Absent => text::NOT_ASKED,
        WorkerState::Dead => text::NO_DEVICE,
        _ => text::LOOKING,
    };
    view! {
        <section class="card" aria-labelledby="device-title">
            <h2 id="device-title">{text::DEVICE}</h2>
            {live(move || match store.device.get() {
                Some(device) => described("", device),
                None => view! { <p class="muted">{missing()}</p> }.into_any(),
            })}
            <fieldset disabled=locked>
                {choice(text::RUN_ON, "device", text::CHOICES, shown, choose)}
                {threads(store, choose_threads)}
            </fieldset>
            <Ask question=question />
        </section>
    }
}

/// The choice of threads, where there is one.
fn threads(store: Store, choose: impl Fn(web_sys::Event) + Copy + Send + Sync + 'static) -> AnyView {
    let cores = cores();
    if cores == 1 {
        return ().into_any();
    }
    let option = move |count: u32, words: String| {
        view! { <option value=count.to_string() prop:selected=move || store.threads.get() == count>{words}</option> }
    };
    let options = (1..cores).map(|count| option(count, text::threads(count))).collect_view();
    view! {
        <label class="field">
            {text::THREADS}
            <select on:change=act(choose)>{option(0, format!("{} ({})", text::ALL_CORES, text::threads(cores)))} {options}</select>
        </label>
    }
    .into_any()
}

/// Whether `choice` may lead away from the device in use.
fn may_leave(device: &DeviceReport, choice: DeviceChoice) -> bool {
    // WebGPU was tried; it is not available or too slow.
    let no_gpu = device.why_not_gpu.is_some();
    match (choice, device.backend) {
        (DeviceChoice::Cpu, backend) => backend != Backend::Cpu,
        (DeviceChoice::WebGpu, backend) => backend != Backend::WebGpu && !no_gpu,
        (DeviceChoice::Auto, Backend::WebGpu) => device.software,
        (DeviceChoice::Auto, Backend::Cpu) => !no_gpu && !device.software,
    }
}
