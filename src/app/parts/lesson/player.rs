//! A slider that runs by itself.

use crate::app::reactive::{act, live};
use crate::app::text::lesson as text;
use leptos::prelude::*;
use std::time::Duration;

/// Time between two positions.
const TICK: Duration = Duration::from_millis(80);

/// Where a slider goes from and to, and in which steps.
#[derive(Clone, Copy)]
pub struct Range {
    pub min: f64,
    pub max: f64,
    pub step: f64,
}

/// Whether the visitor wants no motion.
pub fn still() -> bool {
    window().match_media("(prefers-reduced-motion: reduce)").ok().flatten().is_some_and(|m| m.matches())
}

/// Runs a slider from its start to its end; at once where motion is unwanted.
/// `play` is the button's word; `by_hand` adds a step and the way back.
pub fn player(
    play: &'static str,
    by_hand: bool,
    range: Range,
    get: impl Fn() -> f64 + Copy + Send + Sync + 'static,
    set: impl Fn(f64) + Copy + Send + Sync + 'static,
) -> AnyView {
    let playing = RwSignal::new(false);
    let handle = StoredValue::new(None::<IntervalHandle>);
    let stop = move || {
        if let Some(Some(handle)) = handle.try_update_value(Option::take) {
            handle.clear();
        }
        playing.try_set(false);
    };
    on_cleanup(stop);
    let on = move || set((get() + range.step).min(range.max));
    let run = move |_| {
        if playing.get_untracked() {
            return stop();
        }
        if still() {
            return set(range.max);
        }
        if get() >= range.max {
            set(range.min);
        }
        playing.set(true);
        let tick = move || {
            on();
            if get() >= range.max {
                stop();
            }
        };
        handle.set_value(set_interval_with_handle(tick, TICK).ok());
    };
    let reset = move |_| {
        stop();
        set(range.min);
    };
    view! {
        <div class="actions">
            <button on:click=act(run)>{live(move || if playing.get() { text::STOP } else { play })}</button>
            {by_hand
                .then(|| {
                    view! {
                        <button on:click=act(move |_| { stop(); on(); })>{text::ONE}</button>
                        <button class="quiet" on:click=act(reset)>{text::RESET}</button>
                    }
                })}
        </div>
    }
    .into_any()
}
