//! What a visitor has set, in signals.

use crate::app::parts::lesson::{Frame, Lesson, search};
use crate::app::state::Store;
use crate::core::error::ConfigFault;
use crate::core::lesson::lars::knobs::{KNOBS, LarsState, place};
use leptos::prelude::*;

/// `Copy`; every number of the lesson follows these.
#[derive(Clone, Copy)]
pub struct State {
    pub frame: Frame,
    pub store: Store,
    positions: [RwSignal<f64>; KNOBS.len()],
}

impl State {
    /// From the address, which comes first, and what was kept of an earlier
    /// visit; with what was wrong with the address. Both follow from then on.
    pub fn open(lesson: &'static Lesson) -> (Self, Vec<ConfigFault>) {
        let frame = Frame::open(lesson);
        let (start, faults) = LarsState::from_query(&search(), frame.progress.with_untracked(|p| p.step));
        frame.place.set(start.place);
        let state = Self { frame, store: Store::get(), positions: start.positions.map(RwSignal::new) };
        frame.follow(move || {
            LarsState { place: state.frame.place.get(), positions: state.positions.map(|p| p.get()) }.to_query()
        });
        (state, faults)
    }

    /// Where a slider stands.
    pub fn position(self, key: &str) -> RwSignal<f64> {
        self.positions[place(key)]
    }

    /// The number that it stands for.
    pub fn get(self, key: &str) -> f64 {
        KNOBS[place(key)].value(self.position(key).get())
    }

    /// The same, of a choice or a count.
    pub fn index(self, key: &str) -> usize {
        self.get(key) as usize
    }
}
