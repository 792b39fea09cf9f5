//! The lesson's numbers: each in the address where it is not the default, so
//! that a state can be linked to.

use crate::core::lesson::lars::race;
use leptos::prelude::*;
use std::fmt::Write;

/// What is known of one number.
pub struct Knob {
    pub key: &'static str,
    pub min: f64,
    pub max: f64,
    pub step: f64,
    pub start: f64,
    /// The slider moves the exponent of ten.
    pub log: bool,
}

const fn knob(key: &'static str, [min, max, step]: [f64; 3], start: f64, log: bool) -> Knob {
    Knob { key, min, max, step, start, log }
}

pub const KNOBS: [Knob; 15] = [
    knob("step", [1.0, 7.0, 1.0], 1.0, false),
    knob("sgd", [-3.0, 1.5, 0.05], -1.5, true),
    knob("lars", [-1.0, 1.0, 0.05], 0.0, true),
    knob("t", [0.0, race::STEPS as f64, 1.0], race::STEPS as f64, false),
    knob("w", [0.0, 10.0, 0.1], 5.0, false),
    knob("g", [0.0, 5.0, 0.05], 1.0, false),
    knob("beta", [0.0, 0.1, 0.001], 0.01, false),
    knob("eta", [0.0005, 0.01, 0.0005], 0.001, false),
    knob("at", [0.0, 33.0, 1.0], 0.0, false),
    knob("run", [0.0, 1.0, 1.0], 0.0, false),
    knob("decay", [-6.0, -1.0, 0.25], -2.0, true),
    knob("rates", [0.0, 2.0, 1.0], 1.0, false),
    knob("mu", [0.0, 0.99, 0.01], 0.9, false),
    knob("bias", [0.0, 200.0, 1.0], 100.0, false),
    knob("slip", [0.0, 3.0, 1.0], 0.0, false),
];

/// The numbers as they are; `Copy`.
#[derive(Clone, Copy)]
pub struct State([RwSignal<f64>; KNOBS.len()]);

impl State {
    /// From the address; what it has not, or wrongly, starts as usual.
    pub fn new() -> Self {
        let query = window().location().search().unwrap_or_default();
        let read = |k: &Knob| {
            let of = |pair: &str| pair.strip_prefix(k.key)?.strip_prefix('=')?.parse::<f64>().ok();
            let found = query.trim_start_matches('?').split('&').find_map(of).filter(|v| v.is_finite());
            let value = found.map_or(k.start, |v| v.clamp(k.min, k.max));
            if k.step == 1.0 { value.round() } else { value }
        };
        Self(KNOBS.each_ref().map(|k| RwSignal::new(read(k))))
    }

    pub fn signal(self, key: &str) -> RwSignal<f64> {
        self.0[place(key)]
    }

    /// The number itself, where the slider moves the exponent too.
    pub fn get(self, key: &str) -> f64 {
        let value = self.0[place(key)].get();
        if KNOBS[place(key)].log { 10f64.powf(value) } else { value }
    }

    pub fn index(self, key: &str) -> usize {
        self.get(key) as usize
    }

    /// The query that leads here, "?" with nothing for the start.
    pub fn query(self) -> String {
        let mut out = String::new();
        for (knob, signal) in KNOBS.iter().zip(self.0) {
            let value = signal.get();
            if value != knob.start {
                // Sliders move in steps; floats do not.
                let value = (value * 1e6).round() / 1e6;
                let _ = write!(out, "{}{}={value}", if out.is_empty() { '?' } else { '&' }, knob.key);
            }
        }
        out
    }
}

/// Index of a key; the first for one that is not there, which none is.
pub fn place(key: &str) -> usize {
    KNOBS.iter().position(|k| k.key == key).unwrap_or_default()
}
