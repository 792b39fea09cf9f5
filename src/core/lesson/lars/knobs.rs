//! What a visitor can move in the LARS lesson, and how its address holds it:
//! `step=2&g=0.5&beta=0.02`, numbers as they stand in the formulas.

use super::race;
use crate::core::error::ConfigFault;
use crate::core::lesson::query::{Link, Place};
use crate::core::query::Query;

/// Steps of the lesson.
pub const STEPS: usize = 8;

/// One number that can be moved, or a choice among names.
#[derive(Debug)]
pub struct Knob {
    pub key: &'static str,
    /// Least and greatest position of its slider.
    pub min: f64,
    pub max: f64,
    pub step: f64,
    pub start: f64,
    /// The slider moves the exponent of ten.
    pub log: bool,
    /// What the address calls each choice; none for a number.
    pub names: &'static [&'static str],
}

const fn number(key: &'static str, [min, max, step]: [f64; 3], start: f64, log: bool) -> Knob {
    Knob { key, min, max, step, start, log, names: &[] }
}

const fn choice(key: &'static str, names: &'static [&'static str], start: f64) -> Knob {
    Knob { key, min: 0.0, max: names.len() as f64 - 1.0, step: 1.0, start, log: false, names }
}

/// All of them; each belongs to one step.
pub const KNOBS: [Knob; 18] = [
    number("sgd", [-3.0, 1.5, 0.05], -1.5, true),
    number("lars", [-1.0, 1.0, 0.05], 0.0, true),
    number("t", [0.0, race::STEPS as f64, 1.0], race::STEPS as f64, false),
    number("w", [0.0, 10.0, 0.1], 5.0, false),
    number("g", [0.0, 5.0, 0.05], 1.0, false),
    number("w2", [0.0, 10.0, 0.1], 2.0, false),
    number("g2", [0.0, 5.0, 0.05], 0.1, false),
    number("w3", [0.0, 10.0, 0.1], 0.5, false),
    number("g3", [0.0, 5.0, 0.05], 4.0, false),
    number("beta", [0.0, 0.1, 0.001], 0.01, false),
    number("eta", [0.0005, 0.01, 0.0005], 0.001, false),
    choice("run", &["lars", "sgd"], 0.0),
    number("at", [1.0, 34.0, 1.0], 1.0, false),
    number("decay", [-6.0, -1.0, 0.25], -2.0, true),
    choice("rates", &["stay", "rise", "fall"], 1.0),
    number("mu", [0.0, 0.99, 0.01], 0.9, false),
    number("bias", [0.0, 200.0, 1.0], 100.0, false),
    choice("slip", &["no-trust", "norm-added", "rate-local", "no-step"], 0.0),
];

/// Index of a key; the first for one that is not there, which none is.
pub fn place(key: &str) -> usize {
    KNOBS.iter().position(|k| k.key == key).unwrap_or_default()
}

impl Knob {
    /// The number that a position of the slider stands for.
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

/// Where each slider stands, and in which step the visitor is. [`Default`] is as the lesson begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LarsState {
    pub place: Place,
    /// Positions, in the order of [`KNOBS`].
    pub positions: [f64; KNOBS.len()],
}

impl Default for LarsState {
    fn default() -> Self {
        Self { place: Place::Step(0), positions: KNOBS.map(|k| k.start) }
    }
}

impl LarsState {
    /// Reads a link; what it does not name is as the lesson begins, except the
    /// step, which is `step`.
    ///
    /// Returns also what was wrong with it; the rest is taken.
    pub fn from_query(text: &str, step: usize) -> (Self, Vec<ConfigFault>) {
        let mut query = Query::parse(text);
        let place = Place::read(&mut query, STEPS).unwrap_or(Place::Step(step));
        let positions = KNOBS.map(|knob| {
            let found = if knob.names.is_empty() {
                // Rounded like the link, whose first or last number may lie a digit outside.
                let ends = [knob.min, knob.max].map(|at| knob.text(at).parse().unwrap_or(at));
                query.real(knob.key, (ends[0], ends[1])).map(|value| knob.position(value))
            } else {
                query.one_of(knob.key, knob.names).map(|index| index as f64)
            };
            found.unwrap_or(knob.start)
        });
        (Self { place, positions }, query.finish())
    }

    /// The step, and what differs from the lesson's beginning.
    pub fn to_query(&self) -> String {
        let knobs = KNOBS.iter().zip(self.positions);
        let link = knobs.fold(Link::to(self.place), |link, (knob, at)| match knob.names.get(at as usize) {
            Some(name) => link.with(at != knob.start, knob.key, *name),
            None => link.with(at != knob.start, knob.key, knob.text(at)),
        });
        link.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_of_every_slider_survives_its_link() {
        for (i, knob) in KNOBS.iter().enumerate() {
            for n in 0..=((knob.max - knob.min) / knob.step).round() as u32 {
                let mut state = LarsState { place: Place::Step(4), ..LarsState::default() };
                state.positions[i] = knob.snap(f64::from(n));
                let link = state.to_query();
                assert!(link.bytes().all(|b| b.is_ascii_alphanumeric() || b"=&._-".contains(&b)), "{link}");
                assert_eq!(LarsState::from_query(&link, 0), (state, Vec::new()), "{link}");
            }
            assert_eq!(place(knob.key), i);
            assert_eq!(knob.position(knob.value(knob.start)), knob.start, "{}", knob.key);
        }
    }

    #[test]
    fn a_teacher_can_write_one() {
        let (state, faults) = LarsState::from_query("?step=1&sgd=0.02&rates=fall&g=0", 0);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(state.positions[place("sgd")], -1.7);
        assert_eq!((state.positions[place("rates")], state.positions[place("g")]), (2.0, 0.0));
        assert_eq!(LarsState::from_query("g=2", 3).0.place, Place::Step(3), "the step of the last visit");
        assert_eq!(LarsState::default().to_query(), "step=1");
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_taken() {
        let (state, faults) = LarsState::from_query("step=9&eta=0.002&sgd=0&slip=3&bta=1&mu=NaN", 1);
        assert_eq!((state.place, state.positions[place("eta")]), (Place::Step(1), 0.002));
        let mut fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["bta", "mu", "sgd", "slip", "step"]);
    }
}
