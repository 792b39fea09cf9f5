//! The lesson "NT-Xent". It needs no worker before its last step.

mod device;
mod draw;
mod gradient;
mod ring;
mod row;
mod similarities;
mod state;
mod temperature;
mod views;

use crate::app::parts::lesson::{Lesson, lesson};
use crate::app::text::nt_xent as text;
use leptos::prelude::*;
use state::State;

static LESSON: Lesson = Lesson { name: "nt-xent", title: text::TITLE, lead: text::LEAD, steps: &text::ALL };

/// What each step lets a visitor do, in the order of the words; with its folds
/// open or not.
const BODIES: [fn(State, bool) -> AnyView; text::ALL.len()] = [
    |state, _| views::views(state),
    |state, _| similarities::similarities(state),
    |state, _| similarities::mask(state),
    |state, _| row::anchor(state),
    |state, _| row::softmax(state),
    |state, _| row::loss(state),
    |state, _| temperature::temperature(state),
    gradient::gradient,
    |state, _| device::device(state),
];

#[component]
pub fn NtXent() -> impl IntoView {
    let (state, faults) = State::open(&LESSON);
    lesson(state.frame, &faults, move |n, open| BODIES[n](state, open))
}
