//! The run: its phase, how far it is, the buttons that its state allows, and the encoder as a download.

use crate::app::parts::widgets::{Button, Fact, Meter, WorkControls, focus_section};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::state::{PendingControl, Store};
use crate::app::text::{pretrain as text, units::duration, weights};
use crate::app::{
    client::Client, parts::files::save, parts::notice::Announcer, parts::setting_field::RefusedValues,
    parts::stored_runs::SavedLine, router::Link,
};
use crate::core::report::{Phase, RunState};
use crate::core::run_progress::RunProgress;
use crate::protocol::{Event, Paused, Request, Work};
use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Id of the section that shows the run.
const RUN: &str = "run";

#[component]
pub fn Run() -> impl IntoView {
    let store = Store::get();
    let progress = store.progress;
    let announcer = Announcer::get();
    // Evaluation after each epoch would be announced too often.
    let announced = memo(move || match store.run.get() {
        RunState::Running(Phase::Evaluate { .. }) => text::state(RunState::Running(Phase::Train)),
        state => text::state(state),
    });
    announcer.follow(move || Some(announced.get().to_owned()));
    let state = derive(move || text::state(store.run.get()));
    // Of the run, or of measuring kNN. How long loading and compiling take is not known.
    let part = derive(move || match store.run.get() {
        RunState::Running(Phase::Load | Phase::Compile) => None,
        RunState::Running(Phase::Evaluate { percent }) if percent > 0 => Some(f64::from(percent) / 100.0),
        _ => progress.get().map(|p| p.part()),
    });
    let read = move |f: fn(&RunProgress) -> Option<String>| progress.with(|p| p.as_ref().and_then(f));
    let epoch = move || {
        let epochs = store.run_config.with(|c| c.map_or(0, |c| c.epochs));
        read(|p| Some(p.epoch().to_string())).map(|epoch| format!("{epoch} / {epochs}"))
    };
    let left = move || {
        let over = store.run.get().is_over();
        read(|p| p.milliseconds_left().map(|ms| duration(ms / 1000.0))).filter(|_| !over)
    };
    view! {
        <section class="card run" id=RUN tabindex="-1" aria-labelledby="run-title">
            <h2 id="run-title">{text::RUN}</h2>
            <Show
                when=move || progress.with(Option::is_some) && store.run.get() != RunState::Idle
                fallback=move || view! { <p class="muted">{state}</p> }
            >
                <Meter label=state part=part />
                <p>{live(move || store.run_config.with(|c| c.as_ref().map(weights::encoder)))}</p>
                <dl class="facts">
                    <Fact name=text::STEP value=move || read(|p| Some(text::of(p.done(), p.total()))) />
                    <Fact name=text::EPOCH value=epoch />
                    <Fact name=text::RATE value=move || read(|p| p.images_per_second().map(text::rate)) />
                    <Fact name=text::LEFT value=left />
                </dl>
            </Show>
            <Buttons />
            <SavedLine />
        </section>
    }
}

#[component]
fn Buttons() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let refused: RefusedValues = expect_context();
    let wrong = memo(move || refused.any() || store.config.with(|c| c.check().is_err()));
    let lacks = memo(move || store.config.with(|c| c.encoder.weights()).is_some_and(|net| !store.has_weights(net)));
    let can_start = memo(move || {
        let fits = store.dataset.with(|d| d.as_ref().is_some_and(|d| d.size == store.config.with(|c| c.image_size)));
        fits && !wrong.get() && !lacks.get() && store.import.with(Option::is_none) && !store.encoder_in_use()
    });
    let paused = memo(move || store.run.get() == RunState::Paused);
    let over = memo(move || store.run.get().is_over());
    let active = memo(move || store.run.get().is_active());
    let trained = memo(move || store.has_encoder());
    // Until a request to the run takes effect, the buttons stay, keep the focus, and do nothing. A run cannot go on while
    // its encoder is evaluated or fine-tuned.
    let held = derive(move || store.pending.get().is_some() || paused.get() && store.encoder_in_use());
    let press = Callback::new(move |control: PendingControl| {
        client.send(match control {
            PendingControl::Pause => Request::Pause,
            PendingControl::Resume => Request::Resume(Paused::Run),
            PendingControl::Cancel => Request::Cancel(Work::Run),
        });
    });
    let step_one = move |_| client.send(Request::Resume(Paused::RunForOneStep));
    let start = move |_| {
        client.send(Request::Start { config: store.config.get_untracked() });
        focus_section(RUN);
    };
    // The button that has the focus goes when the run has ended.
    Effect::new(move |before: Option<bool>| {
        let cancelled = store.run.get() == RunState::Cancelled;
        if before == Some(false) && cancelled {
            focus_section(RUN);
        }
        cancelled
    });
    view! {
        <div class="actions">
            <Show when=move || !active.get()>
                <button
                    type="button"
                    class:primary=move || !(over.get() && trained.get())
                    disabled=move || !can_start.get()
                    on:click=act(start)
                >
                    {live(move || if over.get() { text::START_AGAIN } else { text::START })}
                </button>
            </Show>
            <Show when=move || over.get() && trained.get()>
                <Link to="/evaluate" attr:class="button primary">{text::EVALUATE}</Link>
            </Show>
            <Show when=move || active.get()>
                <WorkControls paused=paused pending=store.pending held=held press=press>
                    <Show when=move || paused.get()>
                        <Button label=text::STEP_ONE held=held press=act(step_one) />
                    </Show>
                </WorkControls>
            </Show>
            <Show when=move || trained.get()><Download /></Show>
        </div>
        <Show when=move || paused.get() && store.encoder_in_use()>
            <p class="muted small">{text::EVALUATING_NOTE}</p>
        </Show>
        <Show when=move || over.get() && trained.get()><p class="muted small">{text::AGAIN_NOTE}</p></Show>
        <Show when=move || lacks.get() && !active.get()>
            <p class="small field-fault">{weights::NEEDED}</p>
        </Show>
        <Show when=move || wrong.get()><p class="small field-fault">{text::INVALID}</p></Show>
    }
}

/// The encoder as two files: weights, and the configuration to load them by.
#[component]
fn Download() -> impl IntoView {
    let (client, announcer) = (Client::get(), Announcer::get());
    let busy = RwSignal::new(false);
    let download = move |_| {
        busy.set(true);
        client.ask_or_notify(Request::ExportEncoder, move |answer| {
            busy.try_set(false);
            if let Some(Event::Encoder { safetensors, config_json }) = answer {
                save("encoder.safetensors", "application/octet-stream", &Uint8Array::from(&safetensors[..]));
                save("encoder.json", "application/json", &JsValue::from_str(&config_json));
                announcer.say(text::DOWNLOADED);
            }
        });
    };
    view! { <Button label=text::DOWNLOAD disabled=busy press=act(download) /> }
}
