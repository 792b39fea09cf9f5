//! The lesson "LARS": sliders, a picture, and its numbers. It needs no worker.

mod controls;
mod draw;
mod live;
mod state;
mod steps;

use crate::app::parts::lesson::draw::{formula, table_html};
use crate::app::parts::lesson::{Lesson, lesson};
use crate::app::reactive::{live, memo};
use crate::app::text::lars as text;
use controls::{control, played};
use leptos::prelude::*;
use state::State;
use steps::Shown;

static LESSON: Lesson = Lesson { name: "lars", title: text::TITLE, lead: text::LEAD, steps: &text::ALL };

/// What a step lets a visitor move, and what follows from it.
struct Body {
    /// Sliders and choices, by key.
    keys: &'static [&'static str],
    /// The slider that runs when the step is played.
    played: Option<&'static str>,
    show: fn(State) -> Shown,
}

const fn body(keys: &'static [&'static str], played: Option<&'static str>, show: fn(State) -> Shown) -> Body {
    Body { keys, played, show }
}

/// In the order of the words.
const BODIES: [Body; text::ALL.len()] = [
    body(&["sgd", "lars", "t"], Some("t"), steps::race),
    body(&["w", "g", "w2", "g2", "w3", "g3", "beta", "eta"], None, steps::layers),
    body(&["run", "at"], Some("at"), steps::recorded),
    body(&["decay"], None, steps::decay),
    body(&["rates", "mu"], None, steps::momentum),
    body(&["bias"], Some("bias"), steps::excluded),
    body(&["slip"], None, steps::printed),
    body(&[], None, live::run),
];

#[component]
pub fn Lars() -> impl IntoView {
    let (state, faults) = State::open(&LESSON);
    lesson(state.frame, &faults, move |n, open| play(state, n, open))
}

fn play(state: State, n: usize, open: bool) -> AnyView {
    let body = &BODIES[n];
    let shown = memo(move || (body.show)(state));
    let has = move |part: fn(&Shown) -> bool| memo(move || shown.with(part));
    let (written, pictured) = (has(|s| !s.formula.is_empty()), has(|s| !s.picture.is_empty()));
    view! {
        {(!body.keys.is_empty())
            .then(|| {
                view! { <div class="lars-fields" class:pairs=body.keys.contains(&"g2")>{body.keys.iter().map(|key| control(state, key)).collect_view()}</div> }
            })}
        {body.played.map(|key| played(state, key))}
        {live(move || written.get().then(|| formula(move || shown.with(|s| s.formula.clone()))))}
        <p class="lesson-result">{live(move || shown.with(|s| s.words.clone()))}</p>
        {(n == BODIES.len() - 1).then(|| live::start(state))}
        {live(move || pictured.get().then(|| picture(shown, open)))}
    }
    .into_any()
}

/// The picture, and the table behind it.
fn picture(shown: Memo<Shown>, open: bool) -> AnyView {
    view! {
        <div inner_html=move || shown.with(|s| s.picture.clone())></div>
        <details open=open>
            <summary>{text::TABLE}</summary>
            <div
                class="scroll-x"
                tabindex="0"
                role="group"
                aria-label=text::TABLE
                inner_html=move || shown.with(|s| s.tables.iter().map(|(caption, rows)| table_html(caption, rows)).collect::<String>())
            ></div>
        </details>
    }
    .into_any()
}
