//! The lesson "NT-Xent". It needs no worker before its last step.

mod draw;
mod play;
mod state;
mod views;

use crate::app::parts::lesson::{Lesson, lesson};
use crate::app::text::nt_xent as text;
use leptos::prelude::*;
use state::State;

static LESSON: Lesson = Lesson { name: "nt-xent", title: text::TITLE, lead: text::LEAD, steps: &text::ALL };

/// What each step lets a visitor do, in the order of the words.
const BODIES: [fn(State) -> AnyView; text::ALL.len()] = [
    views::views,
    play::similarities,
    play::mask,
    play::anchor,
    play::softmax,
    play::loss,
    play::temperature,
    play::device,
];

#[component]
pub fn NtXent() -> impl IntoView {
    let (state, faults) = State::open(&LESSON);
    lesson(state.frame, &faults, move |n, _| BODIES[n](state))
}
