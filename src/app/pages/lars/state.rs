//! The values that a visitor sets, in signals, and their controls.

use super::draw::given;
use crate::app::parts::lesson::controls::{SliderRange, player, slider};
use crate::app::parts::lesson::visit::{Lesson, Visit};
use crate::app::text::lars as text;
use crate::app::{reactive::act, state::Store, text::lesson::PLAY};
use crate::core::error::ConfigFault;
use crate::core::lesson::lars::{CONTROLS, LarsControl, LarsState, control_index};
use leptos::prelude::*;

/// `Copy`; every number of the lesson follows these.
#[derive(Clone, Copy)]
pub struct LarsSignals {
    pub visit: Visit,
    pub store: Store,
    positions: [RwSignal<f64>; CONTROLS.len()],
}

impl LarsSignals {
    /// From the address, which follows the state from then on. Returns also the faults of the address.
    pub fn open(lesson: &'static Lesson) -> (Self, Vec<ConfigFault>) {
        let (visit, start, faults) = Visit::open::<LarsState>(lesson);
        let state = Self { visit, store: Store::get(), positions: start.positions.map(RwSignal::new) };
        visit.follow(move || LarsState { positions: state.positions.map(|p| p.get()) });
        (state, faults)
    }

    /// Position of a slider or choice.
    fn position(self, key: &str) -> RwSignal<f64> {
        self.positions[control_index(key)]
    }

    /// The number at that position.
    pub fn get(self, key: &str) -> f64 {
        CONTROLS[control_index(key)].value(self.position(key).get())
    }

    /// The same, of a choice or a count.
    pub fn index(self, key: &str) -> usize {
        self.get(key) as usize
    }
}

fn range(control: &LarsControl) -> SliderRange {
    SliderRange { min: control.min, max: control.max, step: control.step }
}

/// A slider, or a choice where positions have names.
pub fn control(state: LarsSignals, key: &'static str) -> AnyView {
    let control = &CONTROLS[control_index(key)];
    let (position, label, id) = (state.position(key), text::label(key), ["lars-", key].concat());
    if control.names.is_empty() {
        let words = move || match key {
            "at" => text::recording(position.get(), control.max),
            _ if control.step == 1.0 => position.get().to_string(),
            _ => given(state.get(key)),
        };
        return slider(
            label,
            Some(id),
            range(control),
            move || position.get(),
            words,
            move |at| position.set(at),
            None,
        );
    }
    let options = text::choices(key).iter().enumerate().map(|(i, name)| {
        view! { <option value=i selected=move || position.get() == i as f64>{*name}</option> }
    });
    let choose = move |event| {
        if let Ok(value) = event_target_value(&event).parse() {
            position.set(value);
        }
    };
    view! {
        <div class="field">
            <label class="field-head" for=id.clone()>{label}</label>
            <select id=id on:change=act(choose)>{options.collect_view()}</select>
        </div>
    }
    .into_any()
}

/// Buttons that run a slider from its start to its end.
pub fn player_of(state: LarsSignals, key: &'static str) -> AnyView {
    let position = state.position(key);
    let range = range(&CONTROLS[control_index(key)]);
    player(PLAY, true, range, move || position.get_untracked(), move |at| position.set(at))
}
