//! The controls of a lesson: sliders, and sliders that run by themselves.

use crate::app::reactive::{act, live};
use crate::app::text::lesson as text;
use leptos::prelude::*;
use std::time::Duration;

/// Time between two positions of a slider that runs.
const TICK: Duration = Duration::from_millis(80);

/// First and last position of a slider, and its step.
#[derive(Clone, Copy)]
pub struct SliderRange {
    pub min: f64,
    pub max: f64,
    pub step: f64,
}

/// Whether the visitor prefers reduced motion.
pub fn prefers_no_motion() -> bool {
    window().match_media("(prefers-reduced-motion: reduce)").ok().flatten().is_some_and(|m| m.matches())
}

/// A repeated task, one at a time, that ends with the part of the page that made it; `Copy`.
#[derive(Clone, Copy)]
pub struct Repeater {
    running: RwSignal<bool>,
    handle: StoredValue<Option<IntervalHandle>>,
}

/// A repeated task, not started yet.
pub fn repeater() -> Repeater {
    let repeater = Repeater { running: RwSignal::new(false), handle: StoredValue::new(None) };
    on_cleanup(move || repeater.stop());
    repeater
}

impl Repeater {
    /// As a signal.
    pub fn is_running(self) -> bool {
        self.running.get()
    }

    /// Calls `tick` after each `pause`, until it returns false.
    pub fn start(self, pause: Duration, tick: impl Fn() -> bool + 'static) {
        self.running.set(true);
        let tick = move || {
            if !tick() {
                self.stop();
            }
        };
        self.handle.set_value(set_interval_with_handle(tick, pause).ok());
    }

    pub fn stop(self) {
        if let Some(Some(handle)) = self.handle.try_update_value(Option::take) {
            handle.clear();
        }
        self.running.try_set(false);
    }

    /// Stops a task that runs; false if there is none.
    pub fn interrupt(self) -> bool {
        let runs = self.running.get_untracked();
        if runs {
            self.stop();
        }
        runs
    }
}

/// A slider with its label and its value in words. `id` ties the label to it; `below` follows it.
pub fn slider(
    label: &'static str,
    id: Option<String>,
    range: SliderRange,
    position: impl Fn() -> f64 + Send + Sync + 'static,
    words: impl Fn() -> String + Copy + Send + Sync + 'static,
    set: impl Fn(f64) + 'static,
    below: Option<AnyView>,
) -> AnyView {
    let slide = move |event| {
        if let Ok(position) = event_target_value(&event).parse() {
            set(position);
        }
    };
    view! {
        <div class="field">
            <label class="field-head" for=id.clone()>
                <span>{label}</span>
                <output class="field-value">{live(words)}</output>
            </label>
            <input
                type="range"
                id=id
                min=range.min
                max=range.max
                step=range.step
                aria-label=label
                aria-valuetext=words
                prop:value=position
                on:input=act(slide)
            />
            {below}
        </div>
    }
    .into_any()
}

/// Buttons that run a slider from its start to its end; at once where motion is unwanted.
/// `play` is the first button's word; `by_hand` adds a single step and the way back.
pub fn player(
    play: &'static str,
    by_hand: bool,
    range: SliderRange,
    get: impl Fn() -> f64 + Copy + Send + Sync + 'static,
    set: impl Fn(f64) + Copy + Send + Sync + 'static,
) -> AnyView {
    let repeater = repeater();
    let advance = move || set((get() + range.step).min(range.max));
    let run = move |_| {
        if repeater.interrupt() {
            return;
        }
        if prefers_no_motion() {
            return set(range.max);
        }
        if get() >= range.max {
            set(range.min);
        }
        repeater.start(TICK, move || {
            advance();
            get() < range.max
        });
    };
    let one = move |_| {
        repeater.stop();
        advance();
    };
    let reset = move |_| {
        repeater.stop();
        set(range.min);
    };
    view! {
        <div class="actions">
            <button on:click=act(run)>{live(move || if repeater.is_running() { text::STOP } else { play })}</button>
            {by_hand
                .then(|| {
                    view! {
                        <button on:click=act(one)>{text::ONE}</button>
                        <button class="quiet" on:click=act(reset)>{text::RESET}</button>
                    }
                })}
        </div>
    }
    .into_any()
}
