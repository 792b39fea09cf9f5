//! The lesson "LARS": one idea a step, with sliders, a picture, its numbers, and
//! a question. It needs no worker.

mod draw;
mod state;
mod steps;

use crate::app::parts::announce::Announcer;
use crate::app::text::lars as text;
use draw::number;
use leptos::prelude::*;
use state::{KNOBS, State, place};
use std::time::Duration;
use wasm_bindgen::JsCast;

#[component]
pub fn Lars() -> impl IntoView {
    let state = State::new();
    let step = state.signal("step");
    Effect::new(move |_| {
        let query = state.query();
        let path = window().location().pathname().unwrap_or_default();
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&(path + &query)));
        }
    });
    let announcer = Announcer::get();
    let last = text::ALL.len() as f64;
    let go = move |to: f64| {
        let to = to.clamp(1.0, last);
        step.set(to);
        announcer.say(text::ALL[to as usize - 1].title);
    };
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let element = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let typing = element.is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "SELECT"));
        if typing || event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        match event.key().as_str() {
            "ArrowRight" => go(step.get_untracked() + 1.0),
            "ArrowLeft" => go(step.get_untracked() - 1.0),
            _ => {}
        }
    });
    on_cleanup(move || keys.remove());
    view! {
            <div class="page-head">
                <h1>{text::TITLE}</h1>
                <p class="lead">{text::LEAD}</p>
            </div>
            <nav aria-label=text::STEPS class="lars-steps">
                <ol>
                    {text::ALL
                        .iter()
                        .zip(1..)
                        .map(|(one, n)| {
                            let n = f64::from(n);
                            view! {
                                <li>
                                    <button
                                        class="quiet"
                                        aria-current=move || (step.get() == n).then_some("step")
                                        on:click=move |_| go(n)
                                    >
                                        {n}
    <span>{format!(" {}", one.title)}</span>
                                    </button>
                                </li>
                            }
                        })
                        .collect_view()}
                </ol>
            </nav>
            {move || one_step(state, step.get() as usize - 1)}
            <div class="actions">
                <button disabled=move || step.get() <= 1.0 on:click=move |_| go(step.get_untracked() - 1.0)>
                    {text::BACK}
                </button>
                <button class="primary" disabled=move || { step.get() >= last } on:click=move |_| go(step.get_untracked() + 1.0)>
                    {text::NEXT}
                </button>
            </div>
        }
}

fn one_step(state: State, at: usize) -> AnyView {
    let words = &text::ALL[at];
    let recordings = StoredValue::new(steps::Recordings::new());
    let shown = Memo::new(move |_| recordings.with_value(|r| steps::show(state, r)));
    view! {
        <section class="card lars" aria-labelledby="step-title">
            <h2 id="step-title">{format!("{}. {}", at + 1, words.title)}</h2>
            <p>{words.text}</p>
            <div class="lars-formula" inner_html=formulas(words.formula)></div>
            <p class="lars-numbers">{move || shown.with(|s| s.arithmetic.clone())}</p>
            <div class="fields">{steps::KEYS[at].iter().map(|key| control(state, key)).collect_view()}</div>
            {steps::PLAYED[at].map(|key| player(state, key))}
            <div inner_html=move || shown.with(|s| s.picture.clone())></div>
            <details>
                <summary>{text::TABLE}</summary>
                <div
                    class="scroll"
                    tabindex="0"
                    role="region"
                    aria-label=text::TABLE
                    inner_html=move || shown.with(|s| s.table.clone())
                ></div>
            </details>
            {fold(text::WHY, words.why)}
            {words.printed.map(|printed| fold(text::PRINTED, printed))}
            {question(&words.question)}
        </section>
    }
    .into_any()
}

fn formulas(lines: &str) -> String {
    lines.lines().map(|line| format!("<math display=\"block\">{line}</math>")).collect()
}

fn fold(title: &'static str, words: &'static str) -> AnyView {
    view! {
        <details>
            <summary>{title}</summary>
            <p>{words}</p>
        </details>
    }
    .into_any()
}

/// A slider, or a choice where values have names.
fn control(state: State, key: &'static str) -> AnyView {
    let knob = &KNOBS[place(key)];
    let signal = state.signal(key);
    let id = format!("lars-{key}");
    let names: &[&str] = match key {
        "run" => &text::RUNS,
        "rates" => &text::RATES,
        "slip" => &text::SLIPS,
        _ => &[],
    };
    let set = move |event: leptos::ev::Event| {
        if let Ok(value) = event_target_value(&event).parse() {
            signal.set(value);
        }
    };
    let value = move || match key {
        "at" => text::recording(signal.get() + 1.0, knob.max + 1.0),
        _ if knob.step == 1.0 => signal.get().to_string(),
        _ => number(state.get(key)),
    };
    let label = view! {
        <div class="field-head">
            <label for=id.clone()>{text::knob(key)}</label>
            {names.is_empty().then(|| view! { <output class="field-value">{value}</output> })}
        </div>
    };
    let input = if names.is_empty() {
        view! {
            <input
                type="range"
                id=id
                min=knob.min
                max=knob.max
                step=knob.step
                prop:value=move || signal.get()
                aria-valuetext=value
                on:input=set
            />
        }
        .into_any()
    } else {
        view! {
            <select id=id on:change=set>
                {names
                    .iter()
                    .enumerate()
                    .map(|(i, name)| view! { <option value=i selected=move || signal.get() == i as f64>{*name}</option> })
                    .collect_view()}
            </select>
        }
        .into_any()
    };
    view! { <div class="field">{label} {input}</div> }.into_any()
}

/// Plays a slider from its start to its end.
fn player(state: State, key: &'static str) -> AnyView {
    let knob = &KNOBS[place(key)];
    let signal = state.signal(key);
    let playing = RwSignal::new(false);
    let handle = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        if let Some(Some(handle)) = handle.try_update_value(Option::take) {
            handle.clear();
        }
        playing.try_set(false);
    };
    on_cleanup(stop);
    let play = move |_| {
        if playing.get_untracked() {
            return stop();
        }
        let still =
            window().match_media("(prefers-reduced-motion: reduce)").ok().flatten().is_some_and(|m| m.matches());
        if still {
            return signal.set(knob.max);
        }
        if signal.get_untracked() >= knob.max {
            signal.set(knob.min);
        }
        playing.set(true);
        let tick = move || {
            signal.update(|v| *v = (*v + knob.step).min(knob.max));
            if signal.get_untracked() >= knob.max {
                stop();
            }
        };
        handle.set_value(set_interval_with_handle(tick, Duration::from_millis(80)).ok());
    };
    view! {
        <div class="actions">
            <button on:click=play>{move || if playing.get() { text::STOP } else { text::PLAY }}</button>
            <button on:click=move |_| signal.update(|v| *v = (*v + knob.step).min(knob.max))>{text::ONE}</button>
            <button
                class="quiet"
                on:click=move |_| {
                    stop();
                    signal.set(knob.min);
                }
            >
                {text::RESET}
            </button>
        </div>
    }
    .into_any()
}

fn question(question: &'static text::Question) -> AnyView {
    let chosen = RwSignal::new(None::<usize>);
    let reply = move || {
        let chosen = chosen.get()?;
        Some(format!("{}{}", if chosen == question.right { text::RIGHT } else { text::WRONG }, question.because))
    };
    view! {
        <fieldset class="lars-question">
            <legend>{format!("{}: {}", text::QUESTION, question.ask)}</legend>
            <div class="actions">
                {question
                    .answers
                    .iter()
                    .enumerate()
                    .map(|(i, answer)| {
                        view! {
                            <button
                                aria-pressed=move || (chosen.get() == Some(i)).to_string()
                                on:click=move |_| chosen.set(Some(i))
                            >
                                {*answer}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <p role="status">{reply}</p>
        </fieldset>
    }
    .into_any()
}
