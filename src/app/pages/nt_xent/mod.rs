//! The lesson "NT-Xent". It needs no worker before its last step.

mod draw;
mod gradient;
mod play;
mod ring;
mod state;
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
    |state, _| play::similarities(state),
    |state, _| play::mask(state),
    |state, _| play::anchor(state),
    |state, _| play::softmax(state),
    |state, _| play::loss(state),
    |state, _| play::temperature(state),
    gradient::gradient,
    |state, _| play::device(state),
];

#[component]
pub fn NtXent() -> impl IntoView {
    let (state, faults) = State::open(&LESSON);
    lesson(state.frame, &faults, move |n, open| BODIES[n](state, open))
}
