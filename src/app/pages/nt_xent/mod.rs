//! The lesson "NT-Xent". Only its last step needs the worker.

mod anchor;
mod circle;
mod device;
mod gradient;
mod similarities;
mod state;

use crate::app::text::nt_xent as text;
use crate::app::{parts::lesson::lesson, parts::lesson::visit::Lesson};
use leptos::prelude::*;
use state::NtXentSignals;

static LESSON: Lesson = Lesson { name: "nt-xent", title: text::TITLE, lead: text::LEAD, steps: &text::ALL };

/// The controls and pictures of each step, in the order of the words; the second argument opens the step's folds.
const STEPS: [fn(NtXentSignals, bool) -> AnyView; text::ALL.len()] = [
    |state, _| similarities::views(state),
    |state, _| similarities::matrix(state),
    |state, _| similarities::mask(state),
    |state, _| anchor::logits(state),
    |state, _| anchor::softmax(state),
    |state, _| anchor::loss(state),
    |state, _| anchor::temperature(state),
    gradient::gradient,
    |state, _| device::device(state),
];

#[component]
pub fn NtXent() -> impl IntoView {
    let (state, faults) = NtXentSignals::open(&LESSON);
    lesson(state.visit, &faults, move |n, open| STEPS[n](state, open))
}
