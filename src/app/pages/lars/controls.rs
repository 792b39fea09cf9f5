//! What is moved: sliders, choices, and a slider that runs by itself.

use super::draw::given;
use super::state::State;
use crate::app::parts::lesson::{Range, player};
use crate::app::reactive::act;
use crate::app::text::lars as text;
use crate::app::text::lesson::PLAY;
use crate::core::lesson::lars::knobs::{KNOBS, place};
use leptos::prelude::*;

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
                <select id=id on:change=act(set)>{choices.collect_view()}</select>
            </div>
        }
        .into_any();
    }
    let value = move || match key {
        "at" => text::recording(signal.get(), knob.max),
        _ if knob.step == 1.0 => signal.get().to_string(),
        _ => given(state.get(key)),
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
                on:input=act(set)
            />
        </div>
    }
    .into_any()
}

/// Runs a slider from its start to its end.
pub fn played(state: State, key: &'static str) -> AnyView {
    let knob = &KNOBS[place(key)];
    let signal = state.position(key);
    let range = Range { min: knob.min, max: knob.max, step: knob.step };
    player(PLAY, true, range, move || signal.get_untracked(), move |at| signal.set(at))
}
