//! What is moved: sliders, choices, and a slider that runs by itself.

use super::draw::number;
use super::state::State;
use crate::app::text::lars as text;
use crate::core::lesson::lars::knobs::{KNOBS, place};
use leptos::prelude::*;
use std::time::Duration;

/// Time between two positions of a slider that runs.
const TICK: Duration = Duration::from_millis(80);

/// A slider, or a choice where values have names.
pub fn control(state: State, key: &'static str) -> AnyView {
    let knob = &KNOBS[place(key)];
    let signal = state.position(key);
    let id = ["lars-", key].concat();
    let set = move |event: leptos::ev::Event| {
        if let Ok(value) = event_target_value(&event).parse() {
            signal.set(value);
        }
    };
    if !knob.names.is_empty() {
        let choices = text::choices(key).iter().enumerate().map(|(i, name)| {
            view! { <option value=i selected=move || signal.get() == i as f64>{*name}</option> }
        });
        return view! {
            <div class="field">
                <label class="field-head" for=id.clone()>{text::knob(key)}</label>
                <select id=id on:change=set>{choices.collect_view()}</select>
            </div>
        }
        .into_any();
    }
    let value = move || match key {
        "at" => text::recording(signal.get(), knob.max),
        _ if knob.step == 1.0 => signal.get().to_string(),
        _ => number(state.get(key)),
    };
    view! {
        <div class="field">
            <label class="field-head" for=id.clone()>
                <span>{text::knob(key)}</span>
                <output class="field-value">{value}</output>
            </label>
            <input
                type="range"
                id=id
                min=knob.min
                max=knob.max
                step=knob.step
                aria-label=text::knob(key)
                aria-valuetext=value
                prop:value=move || signal.get()
                on:input=set
            />
        </div>
    }
    .into_any()
}

/// Runs a slider from its start to its end; at once where motion is unwanted.
pub fn player(state: State, key: &'static str) -> AnyView {
    let knob = &KNOBS[place(key)];
    let signal = state.position(key);
    let playing = RwSignal::new(false);
    let handle = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        if let Some(Some(handle)) = handle.try_update_value(Option::take) {
            handle.clear();
        }
        playing.try_set(false);
    };
    on_cleanup(stop);
    let on = move || signal.update(|v| *v = (*v + knob.step).min(knob.max));
    let play = move |_| {
        if playing.get_untracked() {
            return stop();
        }
        let still =
            window().match_media("(prefers-reduced-motion: reduce)").ok().flatten().is_some_and(|m| m.matches());
        if still {
            return signal.set(knob.max);
        }
        if signal.get_untracked() >= knob.max {
            signal.set(knob.min);
        }
        playing.set(true);
        let tick = move || {
            on();
            if signal.get_untracked() >= knob.max {
                stop();
            }
        };
        handle.set_value(set_interval_with_handle(tick, TICK).ok());
    };
    let reset = move |_| {
        stop();
        signal.set(knob.min);
    };
    view! {
        <div class="actions">
            <button on:click=play>{move || if playing.get() { text::STOP } else { text::PLAY }}</button>
            <button on:click=move |_| on()>{text::ONE}</button>
            <button class="quiet" on:click=reset>{text::RESET}</button>
        </div>
    }
    .into_any()
}
