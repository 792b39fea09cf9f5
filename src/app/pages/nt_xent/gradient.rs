//! Step 8: points that the loss pulls and pushes, by hand or by gradient descent.

use super::draw::{formula, number, strings, table, tex};
use super::ring::ring;
use super::row::controls;
use super::state::State;
use crate::app::parts::lesson::draw::table_html;
use crate::app::parts::lesson::still;
use crate::app::reactive::{act, live, memo};
use crate::app::text::nt_xent as text;
use crate::core::lesson::moves::{MOST_STEPS, STILL, letter};
use crate::core::lesson::play::{MOST_IMAGES, Play, Relation};
use crate::core::lesson::row::Row;
use leptos::prelude::*;
use std::time::Duration;

/// Time between two steps that are shown.
const TICK: Duration = Duration::from_millis(40);
/// Milliseconds of work in one task where only the end is shown.
const TASK: f64 = 6.0;

const RELATIONS: [Relation; 3] = [Relation::Positive, Relation::Negative, Relation::FalseNegative];

pub fn gradient(state: State, open: bool) -> AnyView {
    let play = state.play;
    // What the steps are compared with, and how many there were.
    let before = RwSignal::new(play.get_untracked());
    let steps = RwSignal::new(0usize);
    let running = StoredValue::new(None::<IntervalHandle>);
    let runs = RwSignal::new(false);
    let stop = move || {
        if let Some(Some(handle)) = running.try_update_value(Option::take) {
            handle.clear();
        }
        runs.try_set(false);
    };
    on_cleanup(stop);
    let by_hand = move || {
        before.set(play.get_untracked());
        steps.set(0);
    };
    let step = move || {
        let moved = play.try_update(|p| p.step(state.tau.get_untracked())).unwrap_or(0.0);
        steps.update(|n| *n += 1);
        moved >= STILL && steps.get_untracked() < MOST_STEPS
    };
    let run = move |_| {
        if runs.get_untracked() {
            return stop();
        }
        runs.set(true);
        if still() {
            // All of it before anything is drawn, but in tasks that leave room for input.
            let ahead = StoredValue::new((play.get_untracked(), 0));
            let tick = move || {
                let tau = state.tau.get_untracked();
                let until = js_sys::Date::now() + TASK;
                let done = ahead.try_update_value(|(end, count)| {
                    while js_sys::Date::now() < until {
                        *count += 1;
                        if end.step(tau) < STILL || *count >= MOST_STEPS {
                            return true;
                        }
                    }
                    false
                });
                if done == Some(true) {
                    let (end, count) = ahead.get_value();
                    play.set(end);
                    steps.update(|n| *n += count);
                    stop();
                }
            };
            return running.set_value(set_interval_with_handle(tick, Duration::ZERO).ok());
        }
        let tick = move || {
            if !step() {
                stop();
            }
        };
        running.set_value(set_interval_with_handle(tick, TICK).ok());
    };
    let change = move |change: fn(&mut Play) -> bool| {
        stop();
        play.update(|p| {
            change(p);
        });
        by_hand();
    };
    let flat = memo(move || play.with(|p| p.dim() == 2));
    let images = memo(move || play.with(Play::images));
    let choice = [(text::CIRCLE, true), (text::EXAMPLE, false)].map(|(name, circle)| {
        let choose = move |_| {
            stop();
            play.set(if circle { Play::circle() } else { Play::example() });
            by_hand();
        };
        view! {
            <label>
                <input type="radio" name="points" prop:checked=move || flat.get() == circle on:change=act(choose) />
                <span>{name}</span>
            </label>
        }
    });
    let button = move |words: &'static str, off: fn(bool, usize) -> bool, does: fn(&mut Play) -> bool| {
        let disabled = move || off(flat.get(), images.get());
        view! {
            <button disabled=disabled on:click=act(move |_| change(does))>
                {words}
            </button>
        }
        .into_any()
    };
    let full = |flat: bool, images: usize| !flat || images >= MOST_IMAGES;
    let measures = table(text::NOW, move || {
        let tau = state.tau.get();
        let mut rows = vec![strings(["", text::BEFORE, &text::after(steps.get())])];
        play.with(|now| {
            before.with(|before| {
                let both = [before, now];
                let line = |name: &str, of: &dyn Fn(&Play) -> Option<f64>| {
                    let [a, b] = both.map(|p| of(p).map_or_else(|| "–".into(), number));
                    strings([name, &a, &b])
                };
                rows.push(line(text::LOSS, &|p| Some(p.similarities().loss(tau))));
                rows.push(line(text::ALIGNMENT, &|p| Some(p.alignment())));
                rows.push(line(text::UNIFORMITY, &|p| Some(p.uniformity())));
                for (relation, name) in RELATIONS.into_iter().zip(text::MEAN_COSINES) {
                    rows.push(line(name, &|p| p.mean_cosine(relation)));
                }
            });
        });
        rows
    });
    let pulls = move || play.with(|p| table_html(text::PULLS, &pull_rows(p, state.tau.get())));
    let cosines = move || play.with(|p| table_html(text::COSINES, &cosine_rows(p)));
    view! {
        {controls(state, None)}
        <fieldset class="segments">
            <legend>{text::POINTS}</legend>
            <div>{choice}</div>
        </fieldset>
        {ring(state, move || { stop(); by_hand(); })}
        <ul class="ring-key" aria-label=text::KEY>
            <li class="pull">{text::PULL}</li>
            <li class="push">{text::PUSH}</li>
            <li class="false">{text::FALSE_PUSH}</li>
        </ul>
        <p class="muted small">{text::HOW}</p>
        <div class="actions">
            <button on:click=act(move |_| { stop(); step(); })>{text::STEP}</button>
            <button class="primary" on:click=act(run)>
                {live(move || if runs.get() { text::STOP } else { text::DESCEND })}
            </button>
            {button(text::ADD_NEW, full, Play::add_new)}
            {button(text::ADD_SAME, full, |p| p.add(p.class(0)))}
            {button(text::REMOVE, |flat, images| !flat || images <= 2, Play::remove)}
            {button(text::START_AGAIN, |_, _| false, |p| { *p = if p.dim() == 2 { Play::circle() } else { Play::example() }; true })}
        </div>
        {measures}
        {formula(move || play.with(|p| anchor_formula(p, state.tau.get())))}
        <details open=open>
            <summary>{text::PULLS}</summary>
            <div class="scroll-x" tabindex="0" role="group" aria-label=text::PULLS inner_html=pulls></div>
        </details>
        <details open=open>
            <summary>{text::COSINES}</summary>
            <div class="scroll-x" tabindex="0" role="group" aria-label=text::COSINES inner_html=cosines></div>
        </details>
    }
    .into_any()
}

/// The slope of the first view's own loss by each of its first two similarities: to its positive and to a negative.
fn anchor_formula(play: &Play, tau: f64) -> String {
    // Its candidates: the positive, then the second image's first view.
    let row = Row::new(&play.similarities(), 0, tau);
    let [positive, negative] = [0, 1].map(|n| &row.candidates[n]);
    let name = |view: usize| format!("\\text{{{}}}", text::short_view(play, view));
    let line = |view: usize, above: &str, slope: f64| {
        format!(
            "\\frac{{∂ℓ}}{{∂s({}, {})}} &= \\frac{{{above}}}{{{tau}}} = \\hot{{{}}}",
            name(0),
            name(view),
            tex(slope, 4)
        )
    };
    [
        line(positive.pair.1, &format!("{} - 1", tex(positive.probability, 6)), row.slope(0, tau)),
        line(negative.pair.1, &tex(negative.probability, 6), row.slope(1, tau)),
    ]
    .join(" \\\\ ")
}

/// What pulls and pushes each view, as lengths.
fn pull_rows(play: &Play, tau: f64) -> Vec<Vec<String>> {
    let forces = play.forces(tau);
    let mut rows = vec![strings(text::PULL_HEADS)];
    rows.extend((0..play.views()).map(|view| {
        let length = |relation| number(play.pulled(&forces, view, relation));
        let class = letter(play.class(play.image(view).0)).to_string();
        let [positive, negative, own] = RELATIONS.map(length);
        strings([&text::short_view(play, view), &class, &positive, &negative, &own])
    }));
    rows
}

/// Each view's similarity to every other.
fn cosine_rows(play: &Play) -> Vec<Vec<String>> {
    let (s, views) = (play.similarities(), play.views());
    let name = |view| text::short_view(play, view);
    let mut rows = vec![std::iter::once(String::new()).chain((0..views).map(name)).collect::<Vec<_>>()];
    rows.extend((0..views).map(|i| {
        let cell = |k: usize| match play.relation(i, k) {
            _ if k == i => "–".to_owned(),
            Relation::Positive => format!("<strong>{:.2}</strong>", s.cosine(i, k)),
            _ => format!("{:.2}", s.cosine(i, k)),
        };
        std::iter::once(name(i)).chain((0..views).map(cell).map(|c| c.replace('-', "−"))).collect()
    }));
    rows
}
