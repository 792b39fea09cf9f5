//! The arithmetic of the LARS lesson, on top of [`lars`](crate::core::lars):
//! nothing here computes λ or a step a second time, it only takes them apart.
//!
//! | module | holds |
//! |---|---|
//! | [`bowls`] | step 1: layers of very different curvature, one rate for all against LARS |
//! | [`trust_ratio`] | steps 2, 4 and 8: λ of one layer with its parts; λ of every layer over a run |
//! | [`recorded_run`] | step 3: ‖w‖ and ‖g‖ of every tensor in a real run |
//! | [`worked_example`] | steps 5 to 7: two weights over steps, by this and other programs' rules and as the tutorial prints them; a bias with and without λ |
//!
//! Here: the sliders and choices, as the lesson's address holds them,
//! `step=2&g=0.5&beta=0.02`: numbers as they stand in the formulas.

pub mod bowls;
pub mod recorded_run;
pub mod trust_ratio;
pub mod worked_example;

use super::position::{LessonState, LinkWriter};
use crate::core::query::Query;

/// A slider, or a choice among names.
#[derive(Debug)]
pub struct LarsControl {
    /// Name in the address.
    pub key: &'static str,
    /// Smallest and largest position of its slider.
    pub min: f64,
    pub max: f64,
    pub step: f64,
    /// Position at the lesson's start.
    pub start: f64,
    /// The slider moves the exponent of ten.
    pub log: bool,
    /// Names of the choices in the address; empty for a slider.
    pub names: &'static [&'static str],
}

const fn slider(key: &'static str, [min, max, step]: [f64; 3], start: f64, log: bool) -> LarsControl {
    LarsControl { key, min, max, step, start, log, names: &[] }
}

const fn choice(key: &'static str, names: &'static [&'static str], start: f64) -> LarsControl {
    LarsControl { key, min: 0.0, max: names.len() as f64 - 1.0, step: 1.0, start, log: false, names }
}

/// All sliders and choices; each belongs to one step.
pub const CONTROLS: [LarsControl; 18] = [
    slider("sgd", [-3.0, 1.5, 0.05], -1.5, true),
    slider("lars", [-1.0, 1.0, 0.05], 0.0, true),
    slider("t", [0.0, bowls::STEPS as f64, 1.0], bowls::STEPS as f64, false),
    slider("w", [0.0, 10.0, 0.1], 5.0, false),
    slider("g", [0.0, 5.0, 0.05], 1.0, false),
    slider("w2", [0.0, 10.0, 0.1], 2.0, false),
    slider("g2", [0.0, 5.0, 0.05], 0.1, false),
    slider("w3", [0.0, 10.0, 0.1], 0.5, false),
    slider("g3", [0.0, 5.0, 0.05], 4.0, false),
    slider("beta", [0.0, 0.1, 0.001], 0.01, false),
    slider("eta", [0.0005, 0.01, 0.0005], 0.001, false),
    choice("run", &["lars", "sgd"], 0.0),
    slider("at", [1.0, 34.0, 1.0], 1.0, false),
    slider("decay", [-6.0, -1.0, 0.25], -2.0, true),
    choice("rates", &["stay", "rise", "fall"], 1.0),
    slider("mu", [0.0, 0.99, 0.01], 0.9, false),
    slider("bias", [0.0, 200.0, 1.0], 100.0, false),
    choice("slip", &["no-trust", "norm-added", "rate-local", "no-step"], 0.0),
];

/// Index of the control with this key in [`CONTROLS`]. An unknown key gives 0.
pub fn control_index(key: &str) -> usize {
    CONTROLS.iter().position(|c| c.key == key).unwrap_or_default()
}

impl LarsControl {
    /// The number at a position of the slider.
    pub fn value(&self, position: f64) -> f64 {
        if self.log { 10f64.powf(position) } else { position }
    }

    /// The position nearest to a number: sliders move in steps.
    fn position(&self, value: f64) -> f64 {
        let at = if self.log { value.log10() } else { value };
        self.snap((at - self.min) / self.step)
    }

    /// The `n`-th position, without the last digits that floats add.
    fn snap(&self, n: f64) -> f64 {
        let at = self.min + n.round() * self.step;
        ((at * 1e6).round() / 1e6).clamp(self.min, self.max)
    }

    /// Four digits tell any two positions apart.
    fn text(&self, position: f64) -> String {
        if self.log { format!("{:.3e}", self.value(position)) } else { position.to_string() }
    }
}

/// The position of each slider and choice, in the order of [`CONTROLS`]. [`Default`] is the lesson's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LarsState {
    pub positions: [f64; CONTROLS.len()],
}

impl Default for LarsState {
    fn default() -> Self {
        Self { positions: CONTROLS.map(|c| c.start) }
    }
}

impl LessonState for LarsState {
    fn read(query: &mut Query) -> Self {
        let positions = CONTROLS.map(|control| {
            let found = if control.names.is_empty() {
                // Rounded like the link, whose first or last number may lie a digit outside.
                let ends = [control.min, control.max].map(|at| control.text(at).parse().unwrap_or(at));
                query.real(control.key, (ends[0], ends[1])).map(|value| control.position(value))
            } else {
                query.one_of(control.key, control.names).map(|index| index as f64)
            };
            found.unwrap_or(control.start)
        });
        Self { positions }
    }

    fn write(&self, link: &mut LinkWriter) {
        for (control, at) in CONTROLS.iter().zip(self.positions) {
            match control.names.get(at as usize) {
                Some(name) => link.add(at != control.start, control.key, name),
                None => link.add(at != control.start, control.key, control.text(at)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lesson::position::{LessonLink, LessonPosition};

    type Link = LessonLink<LarsState>;

    const STEPS: usize = 8;

    #[test]
    fn every_position_of_every_slider_survives_its_link() {
        for (i, control) in CONTROLS.iter().enumerate() {
            for n in 0..=((control.max - control.min) / control.step).round() as u32 {
                let mut link = Link { position: LessonPosition::Step(4), state: LarsState::default() };
                link.state.positions[i] = control.snap(f64::from(n));
                let text = link.to_query();
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=&._-".contains(&b)), "{text}");
                assert_eq!(Link::parse(&text, STEPS, 0), (link, Vec::new()), "{text}");
            }
            assert_eq!(control_index(control.key), i);
            assert_eq!(control.position(control.value(control.start)), control.start, "{}", control.key);
        }
    }

    #[test]
    fn a_teacher_can_write_one() {
        let (Link { state, .. }, faults) = Link::parse("?step=1&sgd=0.02&rates=fall&g=0", STEPS, 0);
        assert!(faults.is_empty(), "{faults:?}");
        let at = |key| state.positions[control_index(key)];
        assert_eq!([at("sgd"), at("rates"), at("g")], [-1.7, 2.0, 0.0]);
        assert_eq!(Link::parse("g=2", STEPS, 3).0.position, LessonPosition::Step(3), "the step of the last visit");
        let start = Link { position: LessonPosition::Step(0), state: LarsState::default() };
        assert_eq!(start.to_query(), "step=1");
    }

    #[test]
    fn wrong_values_are_named_and_the_others_are_taken() {
        let (Link { position, state }, faults) = Link::parse("step=9&eta=0.002&sgd=0&slip=3&bta=1&mu=NaN", STEPS, 1);
        assert_eq!((position, state.positions[control_index("eta")]), (LessonPosition::Step(1), 0.002));
        let mut fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["bta", "mu", "sgd", "slip", "step"]);
    }
}
