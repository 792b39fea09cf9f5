//! A setting's value and what a setting accepts, whatever its type.

use std::fmt;

/// A setting's value, whatever its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Whole(u64),
    Real(f32),
    Switch(bool),
    /// Key of one of the choices.
    Choice(&'static str),
}

/// As links carry it: `128`, `0.5`, `on`, `resnet10`. Parsing it back with
/// [`Bounds::parse`] gives the same value.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(v) => write!(f, "{v}"),
            Self::Real(v) => write!(f, "{v}"),
            Self::Switch(v) => f.write_str(if *v { "on" } else { "off" }),
            Self::Choice(v) => f.write_str(v),
        }
    }
}

/// What a setting accepts; the ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bounds {
    Whole {
        min: u64,
        max: u64,
    },
    /// One of a few whole numbers.
    OneOf(&'static [u64]),
    /// `step` is what a slider moves by; values between are accepted.
    Real {
        min: f32,
        max: f32,
        step: f32,
    },
    Switch,
    /// Keys of the choices.
    Choice(&'static [&'static str]),
}

impl Bounds {
    /// Whether `value` is of the right kind and inside. NaN never is.
    pub fn accept(&self, value: Value) -> bool {
        match (self, value) {
            (Self::Whole { min, max }, Value::Whole(v)) => (min..=max).contains(&&v),
            (Self::OneOf(all), Value::Whole(v)) => all.contains(&v),
            (Self::Real { min, max, .. }, Value::Real(v)) => (min..=max).contains(&&v),
            (Self::Switch, Value::Switch(_)) => true,
            (Self::Choice(all), Value::Choice(v)) => all.contains(&v),
            _ => false,
        }
    }

    /// Reads what a person or a link wrote; none where it is not acceptable.
    pub fn parse(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        let value = match self {
            Self::Whole { .. } | Self::OneOf(_) => Value::Whole(text.parse().ok()?),
            Self::Real { .. } => Value::Real(text.parse().ok()?),
            Self::Switch => Value::Switch(match text {
                "on" | "true" | "1" => true,
                "off" | "false" | "0" => false,
                _ => return None,
            }),
            Self::Choice(all) => Value::Choice(all.iter().find(|key| **key == text)?),
        };
        self.accept(value).then_some(value)
    }
}

/// `0.01 to 5`, or the choices with commas.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: Vec<String>| items.join(", ");
        match self {
            Self::Whole { min, max } => write!(f, "{min} to {max}"),
            Self::Real { min, max, .. } => write!(f, "{min} to {max}"),
            Self::OneOf(all) => f.write_str(&list(all.iter().map(u64::to_string).collect())),
            Self::Switch => f.write_str("on, off"),
            Self::Choice(all) => f.write_str(&all.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_belong_to_the_bounds_and_nothing_else_does() {
        let real = Bounds::Real { min: 0.5, max: 2.0, step: 0.1 };
        for (text, ok) in [("0.5", true), (" 2 ", true), ("0.4999", false), ("2.001", false), ("NaN", false)] {
            assert_eq!(real.parse(text).is_some(), ok, "{text}");
        }
        let whole = Bounds::Whole { min: 2, max: 9 };
        for (text, ok) in [("2", true), ("9", true), ("1", false), ("10", false), ("3.0", false), ("-2", false)] {
            assert_eq!(whole.parse(text).is_some(), ok, "{text}");
        }
        assert!(!whole.accept(Value::Real(3.0)) && !real.accept(Value::Whole(1)));
    }

    #[test]
    fn what_is_shown_reads_back() {
        let cases = [
            (Bounds::Real { min: 0.0, max: 1.0, step: 0.1 }, Value::Real(1e-6)),
            (Bounds::OneOf(&[3, 5]), Value::Whole(5)),
            (Bounds::Switch, Value::Switch(true)),
            (Bounds::Choice(&["lars", "sgd"]), Value::Choice("sgd")),
        ];
        for (bounds, value) in cases {
            assert_eq!(bounds.parse(&value.to_string()), Some(value));
        }
        assert_eq!(Bounds::OneOf(&[3, 5]).parse("4"), None);
        assert_eq!(Bounds::Switch.parse("maybe"), None);
    }
}
