//! The lesson "LARS": sliders, a picture, and its numbers. It needs no worker.

mod draw;
mod state;
mod steps;

use crate::app::parts::lesson::draw::{fold, formula, scrolling, table_html};
use crate::app::reactive::{live, memo};
use crate::app::text::lars as text;
use crate::app::{parts::lesson::lesson, parts::lesson::visit::Lesson};
use leptos::prelude::*;
use state::{LarsSignals, control, player_of};
use steps::Content;

static LESSON: Lesson = Lesson { name: "lars", title: text::TITLE, lead: text::LEAD, steps: &text::ALL };

/// The controls of a step, and its content at their present values.
struct StepParts {
    /// Keys of its sliders and choices.
    keys: &'static [&'static str],
    /// The slider that the button "Play" runs.
    played: Option<&'static str>,
    content: fn(LarsSignals) -> Content,
}

const fn step(
    keys: &'static [&'static str],
    played: Option<&'static str>,
    content: fn(LarsSignals) -> Content,
) -> StepParts {
    StepParts { keys, played, content }
}

/// In the order of the words.
const STEPS: [StepParts; text::ALL.len()] = [
    step(&["sgd", "lars", "t"], Some("t"), steps::one_rate),
    step(&["w", "g", "w2", "g2", "w3", "g3", "beta", "eta"], None, steps::trust_ratios),
    step(&["run", "at"], Some("at"), steps::recorded),
    step(&["decay"], None, steps::weight_decay),
    step(&["rates", "mu"], None, steps::momentum),
    step(&["bias"], Some("bias"), steps::bias),
    step(&["slip"], None, steps::tutorial_errors),
    step(&[], None, steps::own_run),
];

#[component]
pub fn Lars() -> impl IntoView {
    let (state, faults) = LarsSignals::open(&LESSON);
    lesson(state.visit, &faults, move |n, open| step_view(state, n, open))
}

fn step_view(state: LarsSignals, n: usize, open: bool) -> AnyView {
    let step = &STEPS[n];
    let content = memo(move || (step.content)(state));
    let has = move |part: fn(&Content) -> bool| memo(move || content.with(part));
    let (written, pictured) = (has(|c| !c.formula.is_empty()), has(|c| !c.picture.is_empty()));
    view! {
        {(!step.keys.is_empty())
            .then(|| {
                view! { <div class="lars-fields" class:pairs=step.keys.contains(&"g2")>{step.keys.iter().map(|key| control(state, key)).collect_view()}</div> }
            })}
        {step.played.map(|key| player_of(state, key))}
        {live(move || written.get().then(|| formula(move || content.with(|c| c.formula.clone()))))}
        <p class="lesson-result">{live(move || content.with(|c| c.words.clone()))}</p>
        {(n == STEPS.len() - 1).then(|| steps::pretrain_link(state))}
        {live(move || pictured.get().then(|| picture(content, open)))}
    }
    .into_any()
}

/// The picture, and its numbers as tables.
fn picture(content: Memo<Content>, open: bool) -> AnyView {
    let tables =
        move || content.with(|c| c.tables.iter().map(|(caption, rows)| table_html(caption, rows)).collect::<String>());
    view! {
        <div inner_html=move || content.with(|c| c.picture.clone())></div>
        {fold(text::TABLE, open, scrolling("scroll-x", text::TABLE, tables))}
    }
    .into_any()
}
