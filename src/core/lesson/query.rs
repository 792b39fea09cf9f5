//! A lesson's state as a link: `?step=4&tau=0.5`, keys that stand for
//! themselves, so that a teacher can write one by hand. What a link does not
//! name is as the lesson begins.

use crate::core::config::link::unescape;
use crate::core::error::ConfigFault;

/// Where in a lesson a visitor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One step, counted from 0.
    Step(usize),
    /// All steps on one page, to read or print.
    All,
}

/// Reads a query string key by key, and notes what is wrong with it.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<ConfigFault>,
}

impl Query {
    /// `text` with or without `?` before it.
    pub fn parse(text: &str) -> Self {
        let pairs = text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescape(key), unescape(value))
        });
        Self { pairs: pairs.collect(), faults: Vec::new() }
    }

    /// The last value given for `key`; each key can be taken once.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let value = self.pairs.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value.clone());
        self.pairs.retain(|(k, _)| k != key);
        value
    }

    /// A number within `least` and `most`.
    pub fn real(&mut self, key: &str, (least, most): (f64, f64)) -> Option<f64> {
        let value = self.text(key)?;
        let number = value.parse().ok().filter(|v| (least..=most).contains(v));
        self.noting(key, value, number, || format!("{least} to {most}"))
    }

    /// A whole number within `least` and `most`.
    pub fn whole(&mut self, key: &str, (least, most): (u32, u32)) -> Option<u32> {
        let value = self.text(key)?;
        let number = value.parse().ok().filter(|v| (least..=most).contains(v));
        self.noting(key, value, number, || format!("{least} to {most}"))
    }

    /// Index of one of `names`.
    pub fn one_of(&mut self, key: &str, names: &[&str]) -> Option<usize> {
        let value = self.text(key)?;
        let index = names.iter().position(|name| *name == value);
        self.noting(key, value, index, || names.join(", "))
    }

    /// `step=1` to `step={steps}`, or `step=all`.
    pub fn place(&mut self, steps: usize) -> Option<Place> {
        let value = self.text("step")?;
        let place = match value.as_str() {
            "all" => Some(Place::All),
            _ => value.parse().ok().filter(|n| (1..=steps).contains(n)).map(|n: usize| Place::Step(n - 1)),
        };
        self.noting("step", value, place, || format!("1 to {steps}, all"))
    }

    /// Everything that was wrong, and the keys that nobody took.
    pub fn finish(mut self) -> Vec<ConfigFault> {
        let unknown = self.pairs.drain(..).map(|(field, value)| ConfigFault { field, value, accepts: String::new() });
        self.faults.extend(unknown);
        self.faults
    }

    /// Notes a fault of the caller's own making, where `found` is none.
    pub fn noting<T>(&mut self, key: &str, value: String, found: Option<T>, accepts: impl Fn() -> String) -> Option<T> {
        if found.is_none() {
            self.faults.push(ConfigFault { field: key.to_owned(), value, accepts: accepts() });
        }
        found
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
    fn values_are_checked_and_every_fault_is_named() {
        let mut query = Query::parse("?step=12&tau=0%2E5&cold=9&view=x3&seed=-1&colour=red&tau2=0.1&tau2=0.2");
        assert_eq!(query.place(9), None);
        assert_eq!(query.real("tau", (0.01, 5.0)), Some(0.5));
        assert_eq!(query.real("tau2", (0.01, 5.0)), Some(0.2), "the last of two");
        assert_eq!(query.real("cold", (0.01, 5.0)), None);
        assert_eq!(query.real("absent", (0.0, 1.0)), None);
        assert_eq!(query.one_of("view", &["x1", "x2"]), None);
        assert_eq!(query.whole("seed", (0, 9)), None);
        let faults = query.finish();
        let of = |field: &str| faults.iter().find(|f| f.field == field).unwrap().accepts.as_str();
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert_eq!(["step", "cold", "view", "seed"].map(of), ["1 to 9, all", "0.01 to 5", "x1, x2", "0 to 9"]);
        assert_eq!(of("colour"), "");
    }

    #[test]
    fn no_number_is_no_value() {
        for text in ["tau=NaN", "tau=inf", "tau=", "tau"] {
            let mut query = Query::parse(text);
            assert_eq!(query.real("tau", (0.01, 5.0)), None, "{text}");
            assert_eq!(query.finish().len(), 1, "{text}");
        }
    }

    #[test]
    fn places_are_written_as_they_are_read() {
        for place in [Place::Step(0), Place::Step(8), Place::All] {
            let link = Link::to(place).with(true, "a", 0.25).with(false, "b", 1).finish();
            let mut query = Query::parse(&link);
            assert_eq!((query.place(9), query.real("a", (0.0, 1.0))), (Some(place), Some(0.25)));
            assert!(query.finish().is_empty(), "{link}");
        }
    }
}
