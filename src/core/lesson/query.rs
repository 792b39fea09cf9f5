//! A lesson's place in its address: `?step=4&tau=0.5`, keys that stand for
//! themselves, so that a teacher can write one by hand. A value that the link
//! does not name is the lesson's initial value.

use crate::core::query::Query;

/// Where in a lesson a visitor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One step, counted from 0.
    Step(usize),
    /// All steps on one page, to read or print.
    All,
}

impl Place {
    /// `step=1` to `step={steps}`, or `step=all`.
    pub fn read(query: &mut Query, steps: usize) -> Option<Self> {
        let value = query.text("step")?;
        let place = match value.as_str() {
            "all" => Some(Self::All),
            _ => value.parse().ok().filter(|n| (1..=steps).contains(n)).map(|n: usize| Self::Step(n - 1)),
        };
        query.noting("step", value, place, || format!("1 to {steps}, all"))
    }
}

/// Writes a query string; [`Place::Step`]s count from 1 in it.
#[derive(Debug)]
pub struct Link(String);

impl Link {
    pub fn to(place: Place) -> Self {
        Self(match place {
            Place::Step(step) => format!("step={}", step + 1),
            Place::All => "step=all".to_owned(),
        })
    }

    /// Adds `key=value` if `differs`, that is, if the lesson does not begin so.
    /// Neither may need escaping.
    pub fn with(mut self, differs: bool, key: &str, value: impl ToString) -> Self {
        if differs {
            self.0.extend(["&", key, "=", &value.to_string()]);
        }
        self
    }

    /// `step=4&tau=0.5`, without a leading `?`.
    pub fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_out_of_bounds_is_named() {
        let mut query = Query::parse("?step=12");
        assert_eq!(Place::read(&mut query, 9), None);
        let faults = query.finish();
        assert_eq!((faults.len(), faults[0].field.as_str(), faults[0].accepts.as_str()), (1, "step", "1 to 9, all"));
    }

    #[test]
    fn places_are_written_as_they_are_read() {
        for place in [Place::Step(0), Place::Step(8), Place::All] {
            let link = Link::to(place).with(true, "a", 0.25).with(false, "b", 1).finish();
            let mut query = Query::parse(&link);
            assert_eq!((Place::read(&mut query, 9), query.real("a", (0.0, 1.0))), (Some(place), Some(0.25)));
            assert!(query.finish().is_empty(), "{link}");
        }
    }
}
