//! The page of a lesson: one idea a step, with its picture, its arithmetic, folds
//! and a question. Each lesson gives the controls and pictures of its steps.

pub mod controls;
pub mod draw;
pub mod visit;

use crate::app::reactive::{act, live, memo};
use crate::app::text::lesson as text;
use crate::app::{browser, parts::notice::Announcer, parts::widgets::PageHead, text::fault::one_field};
use crate::core::{error::ConfigFault, lesson::position::LessonPosition};
use draw::{fold, formula};
use leptos::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use visit::Visit;
use wasm_bindgen::JsCast;

/// The whole page of a lesson. `interactive` gives the controls and pictures of
/// step n, its folds open (for paper) or not. `faults` are those of the address.
pub fn lesson(
    visit: Visit,
    faults: &[ConfigFault],
    interactive: impl Fn(usize, bool) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let interactive: Arc<dyn Fn(usize, bool) -> AnyView + Send + Sync> = Arc::new(interactive);
    let (steps, last) = (visit.lesson.steps, visit.last());
    let printing = RwSignal::new(false);
    let before = window_event_listener_untyped("beforeprint", move |_| printing.set(true));
    let after = window_event_listener_untyped("afterprint", move |_| printing.set(false));
    let announcer = Announcer::get();
    let go = move |to: usize| {
        visit.position.set(LessonPosition::Step(to));
        announcer.say(steps[to].title);
    };
    let by = move |more: bool| {
        if let LessonPosition::Step(now) = visit.position.get_untracked() {
            let to = if more { (now + 1).min(last) } else { now.saturating_sub(1) };
            if to != now {
                visit.position.set(LessonPosition::Step(to));
                // The focused element may be gone; reading goes on at the step's heading.
                set_timeout(move || drop(browser::focus(&heading(to))), Duration::ZERO);
            }
        }
    };
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let element = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        // A field, and a part that scrolls sideways, use the arrows themselves.
        let typing = element.is_some_and(|e| {
            matches!(e.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA") || e.class_list().contains("scroll-x")
        });
        if typing || event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        match event.key().as_str() {
            "ArrowRight" => by(true),
            "ArrowLeft" => by(false),
            _ => {}
        }
    });
    on_cleanup(move || [before, after, keys].into_iter().for_each(WindowListenerHandle::remove));
    let all = memo(move || printing.get() || visit.position.get() == LessonPosition::All);
    let at = memo(move || if let LessonPosition::Step(step) = visit.position.get() { step } else { 0 });
    let buttons = steps.iter().enumerate().map(|(n, one)| {
        view! {
            <li>
                <button
                    class="quiet"
                    aria-current=move || (!all.get() && at.get() == n).then_some("step")
                    on:click=act(move |_| go(n))
                >
                    <span class="lesson-number">{n + 1}</span>
                    <span class="lesson-name">{one.title}</span>
                    {live(move || {
                        visit
                            .progress
                            .with(|p| p.is_done(n))
                            .then(|| view! { <span aria-hidden="true">"✓"</span><span class="visually-hidden">{text::DONE}</span> })
                    })}
                </button>
            </li>
        }
    });
    let said = RwSignal::new("");
    let copy = move |_| {
        leptos::task::spawn_local(async move {
            let copied = browser::copy(&window().location().href().unwrap_or_default()).await;
            let words = if copied { text::COPIED } else { text::NOT_COPIED };
            announcer.say(words);
            said.try_set(words);
        });
    };
    view! {
        <PageHead title=visit.lesson.title lead=visit.lesson.lead />
        {(!faults.is_empty())
            .then(|| {
                let list: Vec<String> = faults.iter().map(one_field).collect();
                view! { <p class="notice warn" role="alert">{format!("{} {}", text::BAD_LINK, list.join(" "))}</p> }
            })}
        <nav aria-label=text::STEPS class="lesson-steps"><ol>{buttons.collect_view()}</ol></nav>
        // By key, so that each step is built anew: that is quicker than changing one step's elements into another's.
        <For
            each=move || {
                let open = all.get();
                let steps = if open { 0..=last } else { at.get()..=at.get() };
                steps.map(move |n| (n, open))
            }
            key=|shown| *shown
            children=move |(n, open)| step(visit, n, interactive(n, open), open)
        />
        <div class="lesson-nav">
            <button disabled=move || all.get() || at.get() == 0 on:click=act(move |_| by(false))>{text::BACK}</button>
            <span class="muted small">{text::KEYS}</span>
            <button class="primary" disabled=move || all.get() || at.get() == last on:click=act(move |_| by(true))>
                {text::NEXT}
            </button>
        </div>
        <div class="actions lesson-tools">
            <button
                class="quiet"
                on:click=act(move |_| {
                    let next = if all.get_untracked() { LessonPosition::Step(at.get_untracked()) } else { LessonPosition::All };
                    // A browser that does not print may never have sent afterprint.
                    printing.set(false);
                    visit.position.set(next);
                })
            >
                {live(move || if all.get() { text::ONE_STEP } else { text::ALL_STEPS })}
            </button>
            <button class="quiet" on:click=act(copy)>{text::COPY}</button>
            <button
                class="quiet"
                on:click=act(move |_| {
                    // In a later task, when all steps are drawn.
                    printing.set(true);
                    set_timeout(|| drop(window().print()), Duration::ZERO);
                })
            >
                {text::PRINT}
            </button>
            <span class="muted small" aria-hidden="true">{said}</span>
        </div>
    }
    .into_any()
}

/// Id of a step's heading.
fn heading(n: usize) -> String {
    format!("step-{}", n + 1)
}

/// One step; `open` opens its folds for paper.
fn step(visit: Visit, n: usize, interactive: AnyView, open: bool) -> AnyView {
    let words = &visit.lesson.steps[n];
    let words_fold = |title, words: &'static str| fold(title, open, view! { <p>{words}</p> }.into_any());
    view! {
        <article class="card lesson" aria-labelledby=heading(n)>
            <div class="lesson-read">
                <h2 id=heading(n) tabindex="-1">{format!("{}. {}", n + 1, words.title)}</h2>
                <p>{words.text}</p>
                {formula(move || words.formula.to_owned())}
            </div>
            <div class="lesson-play">{interactive}</div>
            <div class="lesson-ask">
                {words_fold(text::WHY, words.why)} {(!words.printed.is_empty()).then(|| words_fold(text::PRINTED, words.printed))}
                {question(visit, n)}
            </div>
        </article>
    }
    .into_any()
}

fn question(visit: Visit, n: usize) -> AnyView {
    let words = &visit.lesson.steps[n];
    let chosen = RwSignal::new(None::<usize>);
    let answers = words.answers.iter().enumerate().map(|(i, answer)| {
        let choose = move |_| {
            chosen.set(Some(i));
            if i == words.right {
                visit.progress.update(|p| p.mark(n));
            }
        };
        view! {
            <button aria-pressed=move || (chosen.get() == Some(i)).to_string() on:click=act(choose)>{*answer}</button>
        }
    });
    let reply = move || {
        let verdict = if chosen.get()? == words.right { text::RIGHT } else { text::WRONG };
        Some([verdict, words.because].concat())
    };
    view! {
        <fieldset class="lesson-question">
            <legend>{format!("{}: {}", text::QUESTION, words.ask)}</legend>
            <div class="actions">{answers.collect_view()}</div>
            <p role="status">{reply}</p>
        </fieldset>
    }
    .into_any()
}
