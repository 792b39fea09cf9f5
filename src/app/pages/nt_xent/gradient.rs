//! Step 8: points that the loss pulls and pushes, by hand or by gradient descent.

use super::circle::circle;
use super::state::{NtXentSignals, controls};
use crate::app::parts::lesson::controls::{prefers_no_motion, repeater};
use crate::app::parts::lesson::draw::{
    digits, fold, formula, minus, rows, scrolling, table, table_html, tex_digits as tex,
};
use crate::app::parts::widgets::choice;
use crate::app::reactive::{act, live, memo};
use crate::app::text::nt_xent as text;
use crate::core::lesson::nt_xent::anchor::AnchorRow;
use crate::core::lesson::nt_xent::embeddings::{Embeddings, MOST_IMAGES, Relation, class_letter};
use crate::core::lesson::nt_xent::forces::{MOST_STEPS, STILL};
use leptos::prelude::*;
use std::time::Duration;

/// Time between two steps that are shown.
const TICK: Duration = Duration::from_millis(40);
/// Milliseconds of work in one task if only the end is shown.
const TASK: f64 = 6.0;

const RELATIONS: [Relation; 3] = [Relation::Positive, Relation::Negative, Relation::FalseNegative];

/// Points on a circle or of the worked example, moved by hand or by gradient descent.
pub fn gradient(state: NtXentSignals, open: bool) -> AnyView {
    let embeddings = state.embeddings;
    // The points before the steps of gradient descent, and the number of steps.
    let before = RwSignal::new(embeddings.get_untracked());
    let steps = RwSignal::new(0usize);
    let descent = repeater();
    let restart = move || {
        descent.stop();
        before.set(embeddings.get_untracked());
        steps.set(0);
    };
    let step = move || {
        let moved = embeddings.try_update(|e| e.step(state.tau.get_untracked())).unwrap_or(0.0);
        steps.update(|n| *n += 1);
        moved >= STILL && steps.get_untracked() < MOST_STEPS
    };
    let one = move |_| {
        descent.stop();
        step();
    };
    let run = move |_| {
        if descent.interrupt() {
            return;
        }
        if !prefers_no_motion() {
            return descent.start(TICK, step);
        }
        // All steps before anything is drawn, but in tasks that leave room for input.
        let ahead = StoredValue::new((embeddings.get_untracked(), 0));
        let task = move || {
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
                embeddings.set(end);
                steps.update(|n| *n += count);
            }
            done == Some(false)
        };
        descent.start(Duration::ZERO, task);
    };
    let change = move |change: fn(&mut Embeddings) -> bool| {
        embeddings.update(|e| {
            change(e);
        });
        restart();
    };
    let on_circle = memo(move || embeddings.with(Embeddings::is_circle));
    let images = memo(move || embeddings.with(Embeddings::images));
    let points = choice(
        text::POINTS,
        "points",
        [(true, text::CIRCLE, ""), (false, text::EXAMPLE, "")],
        move || on_circle.get(),
        move |circle| {
            embeddings.set(if circle { Embeddings::circle() } else { Embeddings::example() });
            restart();
        },
    );
    let button = move |words: &'static str, off: fn(bool, usize) -> bool, does: fn(&mut Embeddings) -> bool| {
        let disabled = move || off(on_circle.get(), images.get());
        view! {
            <button disabled=disabled on:click=act(move |_| change(does))>{words}</button>
        }
        .into_any()
    };
    let full = |on_circle: bool, images: usize| !on_circle || images >= MOST_IMAGES;
    let measures = table(text::NOW, move || {
        let tau = state.tau.get();
        let after = text::after(steps.get());
        before.with(|before| {
            embeddings.with(|now| {
                let line = |name: &str, of: &dyn Fn(&Embeddings) -> Option<f64>| {
                    let [a, b] = [before, now].map(|e| of(e).map_or_else(|| "–".into(), |x| digits(x, 4)));
                    [name.to_owned(), a, b]
                };
                let measures = [
                    line(text::LOSS, &|e| Some(e.similarities().loss(tau))),
                    line(text::ALIGNMENT, &|e| Some(e.alignment())),
                    line(text::UNIFORMITY, &|e| Some(e.uniformity())),
                ];
                let relations = RELATIONS.into_iter().zip(text::MEAN_COSINES);
                let cosines = relations.map(|(relation, name)| line(name, &|e| e.mean_cosine(relation)));
                rows(["", text::BEFORE, &after], measures.into_iter().chain(cosines))
            })
        })
    });
    let pulls = move || embeddings.with(|e| table_html(text::PULLS, &pull_rows(e, state.tau.get())));
    let cosines = move || embeddings.with(|e| table_html(text::COSINES, &cosine_rows(e)));
    view! {
        {controls(state, None)} {points} {circle(state, restart)}
        <ul class="ring-key" aria-label=text::KEY>
            <li class="pull">{text::PULL}</li>
            <li class="push">{text::PUSH}</li>
            <li class="false">{text::FALSE_PUSH}</li>
        </ul>
        <p class="muted small">{text::HOW}</p>
        <div class="actions">
            <button on:click=act(one)>{text::STEP}</button>
            <button class="primary" on:click=act(run)>
                {live(move || if descent.is_running() { text::STOP } else { text::DESCEND })}
            </button>
            {button(text::ADD_NEW, full, Embeddings::add_new)}
            {button(text::ADD_SAME, full, |e| e.add(e.class(0)))}
            {button(text::REMOVE, |on_circle, images| !on_circle || images <= 2, Embeddings::remove)}
            {button(text::START_AGAIN, |_, _| false, |e| { *e = e.start(); true })}
        </div>
        {measures}
        {formula(move || embeddings.with(|e| anchor_formula(e, state.tau.get())))}
        {fold(text::PULLS, open, scrolling("scroll-x", text::PULLS, pulls))}
        {fold(text::COSINES, open, scrolling("scroll-x", text::COSINES, cosines))}
    }
    .into_any()
}

/// ∂ℓ/∂s of the first view, for its similarities to its positive and to one negative.
fn anchor_formula(embeddings: &Embeddings, tau: f64) -> String {
    // The candidates: the positive, then the second image's first view.
    let row = AnchorRow::new(&embeddings.similarities(), 0, tau);
    let [positive, negative] = [0, 1].map(|n| &row.candidates[n]);
    let name = |view: usize| format!("\\text{{{}}}", text::short_view(embeddings, view));
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

/// Lengths of the forces that pull and push each view.
fn pull_rows(embeddings: &Embeddings, tau: f64) -> Vec<Vec<String>> {
    let forces = embeddings.forces(tau);
    let cells = (0..embeddings.views()).map(|view| {
        let [pull, push, own] = RELATIONS.map(|relation| digits(embeddings.force_length(&forces, view, relation), 4));
        let class = class_letter(embeddings.class(embeddings.image(view).0)).to_string();
        [text::short_view(embeddings, view), class, pull, push, own]
    });
    rows(text::PULL_HEADS, cells)
}

/// Each view's similarity to every other.
fn cosine_rows(embeddings: &Embeddings) -> Vec<Vec<String>> {
    let (s, views) = (embeddings.similarities(), embeddings.views());
    let name = |view| text::short_view(embeddings, view);
    let mut rows = vec![std::iter::once(String::new()).chain((0..views).map(name)).collect::<Vec<_>>()];
    rows.extend((0..views).map(|i| {
        let cell = |k: usize| match embeddings.relation(i, k) {
            _ if k == i => "–".to_owned(),
            Relation::Positive => format!("<strong>{:.2}</strong>", s.cosine(i, k)),
            _ => format!("{:.2}", s.cosine(i, k)),
        };
        std::iter::once(name(i)).chain((0..views).map(|k| minus(&cell(k)))).collect()
    }));
    rows
}
