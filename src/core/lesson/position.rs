//! Where in a lesson a visitor is, and how an address and the browser hold it.
//!
//! An address names the step and every value that differs from the lesson's
//! start: `?step=4&tau=0.5`. A teacher can write one by hand.

use crate::core::{error::ConfigFault, query::Query};

/// What a lesson's page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LessonPosition {
    /// One step, counted from 0.
    Step(usize),
    /// All steps on one page, to read or print.
    All,
}

/// The values that a visitor can set in a lesson. [`Default`] is the lesson's start.
pub trait LessonState: Default {
    /// Takes the lesson's keys from `query`. A value that is not there, or is wrong, is that of the start.
    fn read(query: &mut Query) -> Self;

    /// Writes the values that differ from the start.
    fn write(&self, link: &mut LinkWriter);
}

/// The content of a lesson's address.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonLink<S> {
    pub position: LessonPosition,
    pub state: S,
}

impl<S: LessonState> LessonLink<S> {
    /// Reads a query of a lesson with `steps` steps. If the query has no step, the position is `step`.
    ///
    /// Returns also the faults found; values without a fault are taken.
    pub fn parse(text: &str, steps: usize, step: usize) -> (Self, Vec<ConfigFault>) {
        let mut query = Query::parse(text);
        let position = read_position(&mut query, steps).unwrap_or(LessonPosition::Step(step));
        let state = S::read(&mut query);
        (Self { position, state }, query.finish())
    }

    /// `step=4&tau=0.5`, without a leading `?`.
    pub fn to_query(&self) -> String {
        let mut link = LinkWriter(match self.position {
            LessonPosition::Step(step) => format!("step={}", step + 1),
            LessonPosition::All => "step=all".to_owned(),
        });
        self.state.write(&mut link);
        link.0
    }
}

/// `step=1` to `step={steps}`, or `step=all`.
fn read_position(query: &mut Query, steps: usize) -> Option<LessonPosition> {
    let value = query.text("step")?;
    let position = match value.as_str() {
        "all" => Some(LessonPosition::All),
        _ => value.parse().ok().filter(|n| (1..=steps).contains(n)).map(|n: usize| LessonPosition::Step(n - 1)),
    };
    query.noting("step", value, position, || format!("1 to {steps}, all"))
}

/// Writes the `key=value` pairs of a lesson's address.
#[derive(Debug)]
pub struct LinkWriter(String);

impl LinkWriter {
    /// Adds `key=value` if `value` differs from the lesson's start. Neither may need escaping.
    pub fn add(&mut self, differs: bool, key: &str, value: impl ToString) {
        if differs {
            self.0.extend(["&", key, "=", &value.to_string()]);
        }
    }
}

/// What a browser remembers of a lesson between visits: the last step seen and the questions answered right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LessonProgress {
    /// Counted from 0.
    pub step: usize,
    /// Bit k: step k.
    done: u32,
}

impl LessonProgress {
    pub fn is_done(&self, step: usize) -> bool {
        step < 32 && self.done >> step & 1 == 1
    }

    /// Notes that the question of `step` was answered right.
    pub fn mark(&mut self, step: usize) {
        if step < 32 {
            self.done |= 1 << step;
        }
    }

    /// `4 1,2,3`: the step, then the steps done, all from 1.
    pub fn to_text(&self) -> String {
        let done: Vec<String> = (0..32).filter(|&k| self.is_done(k)).map(|k| (k + 1).to_string()).collect();
        format!("{} {}", self.step + 1, done.join(","))
    }

    /// Reads [`Self::to_text`], perhaps of an earlier version. Steps that the
    /// lesson of `steps` steps does not have are left out.
    pub fn from_text(text: &str, steps: usize) -> Self {
        let (step, done) = text.split_once(' ').unwrap_or((text, ""));
        let number = |s: &str| s.parse::<usize>().ok().filter(|n| (1..=steps).contains(n)).map(|n| n - 1);
        let mut progress = Self { step: number(step).unwrap_or(0), done: 0 };
        done.split(',').filter_map(number).for_each(|k| progress.mark(k));
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lesson::lars::LarsState;

    #[test]
    fn positions_are_written_as_they_are_read() {
        for position in [LessonPosition::Step(0), LessonPosition::Step(8), LessonPosition::All] {
            let link = LessonLink { position, state: LarsState::default() };
            assert_eq!(LessonLink::parse(&link.to_query(), 9, 4), (link, Vec::new()));
        }
        let (link, faults) = LessonLink::<LarsState>::parse("?step=12", 9, 4);
        assert_eq!((link.position, link.to_query()), (LessonPosition::Step(4), "step=5".into()));
        assert_eq!((faults.len(), faults[0].accepts.as_str()), (1, "1 to 9, all"));
    }

    #[test]
    fn progress_is_read_as_it_was_written() {
        let mut progress = LessonProgress { step: 3, ..LessonProgress::default() };
        [0, 2, 8].into_iter().for_each(|k| progress.mark(k));
        assert_eq!(progress.to_text(), "4 1,3,9");
        assert_eq!(LessonProgress::from_text("4 1,3,9", 9), progress);
        assert_eq!([0, 1, 2, 8].map(|k| progress.is_done(k)), [true, false, true, true]);
    }

    #[test]
    fn nonsense_is_a_new_start() {
        for text in ["", "x", "0 0", "99 77,-1,x", "{\"step\":4}"] {
            assert_eq!(LessonProgress::from_text(text, 9), LessonProgress::default(), "{text}");
        }
        // A lesson that has become shorter.
        assert_eq!(LessonProgress::from_text("9 1,9", 5).to_text(), "1 1");
    }
}
