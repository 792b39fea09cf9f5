//! Reads the query of an address, such as `?step=4&tau=0.5`.

use super::error::ConfigFault;

/// The keys and values of `text`, in order, without the percent-encoding and `+` that some programs apply to links that
/// pass through them. A `?` or `#` before the first key is skipped; an invalid escape stays as it is.
pub fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(text.trim_start_matches(['?', '#']).as_bytes()).into_owned()
}

/// Reads a query key by key, and notes what is wrong with it.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<ConfigFault>,
}

impl Query {
    /// See [`pairs`].
    pub fn parse(text: &str) -> Self {
        Self { pairs: pairs(text).collect(), faults: Vec::new() }
    }

    /// The last value given for `key`. Each key can be taken once.
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

    /// All faults, among them the keys that nobody took.
    pub fn finish(mut self) -> Vec<ConfigFault> {
        let unknown = self.pairs.drain(..).map(|(field, value)| ConfigFault { field, value, accepts: String::new() });
        self.faults.extend(unknown);
        self.faults
    }

    /// Returns `found`, the reading of `value`. If it is `None`, a fault is noted.
    pub fn noting<T>(&mut self, key: &str, value: String, found: Option<T>, accepts: impl Fn() -> String) -> Option<T> {
        if found.is_none() {
            self.faults.push(ConfigFault { field: key.to_owned(), value, accepts: accepts() });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_every_fault_is_named() {
        let mut query = Query::parse("?tau=0%2E5&cold=9&view=x3&seed=-1&colour=red&tau2=0.1&tau2=0.2");
        assert_eq!(query.real("tau", (0.01, 5.0)), Some(0.5));
        assert_eq!(query.real("tau2", (0.01, 5.0)), Some(0.2), "the last of two");
        assert_eq!(query.real("cold", (0.01, 5.0)), None);
        assert_eq!(query.real("absent", (0.0, 1.0)), None);
        assert_eq!(query.one_of("view", &["x1", "x2"]), None);
        assert_eq!(query.whole("seed", (0, 9)), None);
        let faults = query.finish();
        let of = |field: &str| faults.iter().find(|f| f.field == field).unwrap().accepts.as_str();
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert_eq!(["cold", "view", "seed"].map(of), ["0.01 to 5", "x1, x2", "0 to 9"]);
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
    fn broken_escapes_do_no_harm() {
        let read: Vec<_> = pairs("?a=%41%4%zz%&b=1+1").collect();
        assert_eq!(read, [("a", "A%4%zz%"), ("b", "1 1")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
