//! What makes a field of a configuration a setting: its key, its default, what it accepts, where its value lies. Links, checks,
//! sweeps and the page's forms know settings by tables of such rows: [`pretrain_settings`](super::pretrain_settings) for
//! pre-training and [`fine_tune`](crate::core::run::fine_tune) for fine-tuning. Labels and help are in
//! `app::text::settings`.

use crate::core::error::ConfigFault;
use std::fmt;

/// A row of a table: one setting of a configuration `C`.
pub struct Setting<C: 'static> {
    /// Name in links, faults and sweeps.
    pub key: &'static str,
    pub default: Value,
    /// What the setting accepts by itself; [`Setting::bounds_in`] knows the other settings.
    pub bounds: Bounds,
    /// Where the value lies in a configuration.
    field: fn(&mut C) -> &mut dyn Field,
    /// Narrows the bounds by the other settings.
    within: Option<fn(&C, Bounds) -> Bounds>,
    /// Whether the setting changes anything.
    used_if: Option<fn(&C) -> bool>,
}

impl<C: 'static> Setting<C> {
    /// A setting that always accepts the same and is always in use.
    pub const fn new(key: &'static str, default: Value, bounds: Bounds, field: fn(&mut C) -> &mut dyn Field) -> Self {
        Self { key, default, bounds, field, within: None, used_if: None }
    }

    /// The same, but what it accepts depends on the other settings.
    pub const fn within(mut self, bounds: fn(&C, Bounds) -> Bounds) -> Self {
        self.within = Some(bounds);
        self
    }

    /// The same, but it changes something only if `used` says so.
    pub const fn used_if(mut self, used: fn(&C) -> bool) -> Self {
        self.used_if = Some(used);
        self
    }

    /// What the setting accepts beside the other settings of `config`.
    pub fn bounds_in(&self, config: &C) -> Bounds {
        self.within.map_or(self.bounds, |within| within(config, self.bounds))
    }

    /// Whether the setting changes anything beside the other settings of `config`.
    pub fn is_used(&self, config: &C) -> bool {
        self.used_if.is_none_or(|used| used(config))
    }

    /// Puts `value` into `config`.
    ///
    /// # Errors
    /// If the value is of the wrong kind or out of [`Setting::bounds`]; `config` then stays as it was. What depends on
    /// other settings is left to [`check`], because the other setting may be set next.
    pub fn set(&self, config: &mut C, value: Value) -> Result<(), ConfigFault> {
        if !self.bounds.accept(value) {
            return Err(self.fault(&value.to_string(), &self.bounds));
        }
        (self.field)(config).set(value);
        Ok(())
    }

    /// Reads `text` and puts it into `config`.
    ///
    /// # Errors
    /// As [`Setting::set`], and if `text` can't be read.
    pub fn set_text(&self, config: &mut C, text: &str) -> Result<(), ConfigFault> {
        let value = self.bounds.parse(text).ok_or_else(|| self.fault(text, &self.bounds))?;
        self.set(config, value)
    }

    /// Puts the default into `config`.
    pub fn reset(&self, config: &mut C) {
        (self.field)(config).set(self.default);
    }

    fn fault(&self, value: &str, accepts: &Bounds) -> ConfigFault {
        ConfigFault { field: self.key.into(), value: value.into(), accepts: accepts.to_string() }
    }
}

impl<C: Copy + 'static> Setting<C> {
    /// The setting's value in `config`.
    pub fn get(&self, config: &C) -> Value {
        (self.field)(&mut { *config }).get()
    }

    /// What is wrong with the setting's value in `config`, by itself or beside the others.
    pub fn fault_in(&self, config: &C) -> Option<ConfigFault> {
        let (value, bounds) = (self.get(config), self.bounds_in(config));
        (!bounds.accept(value)).then(|| self.fault(&value.to_string(), &bounds))
    }
}

/// Rows are equal if their keys are, which are unique in a table.
impl<C> PartialEq for Setting<C> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<C> Eq for Setting<C> {}

impl<C> fmt::Debug for Setting<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

/// Checks every setting of a table, by itself and beside the others.
///
/// # Errors
/// All settings out of bounds, in the table's order.
pub fn check<C: Copy>(settings: &[Setting<C>], config: &C) -> Result<(), Vec<ConfigFault>> {
    let faults: Vec<ConfigFault> = settings.iter().filter_map(|setting| setting.fault_in(config)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The row with this key. In a constant a key that does not exist is a compile error.
///
/// # Panics
/// If there is no such row.
pub const fn find<C>(settings: &'static [Setting<C>], key: &str) -> &'static Setting<C> {
    let mut i = 0;
    while i < settings.len() {
        if equal(settings[i].key, key) {
            return &settings[i];
        }
        i += 1;
    }
    panic!("no setting has this key")
}

/// `==` for constants.
pub const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// A field of a configuration, read and written as a [`Value`].
pub trait Field {
    fn get(&self) -> Value;

    /// A value of another kind changes nothing; [`Bounds`] accept values of one kind only.
    fn set(&mut self, value: Value);
}

/// Fields of plain numbers and switches. The bounds of a setting refuse what does not fit.
macro_rules! plain_fields {
    ($($field:ty => $kind:ident $value:ty),*) => {$(
        // A cast of a type to itself, for some of the types.
        #[allow(clippy::unnecessary_cast)]
        impl Field for $field {
            fn get(&self) -> Value {
                Value::$kind(*self as $value)
            }

            fn set(&mut self, value: Value) {
                if let Value::$kind(v) = value {
                    *self = v as Self;
                }
            }
        }
    )*};
}
plain_fields!(f32 => Real f32, bool => Switch bool, u8 => Whole u64, u32 => Whole u64, u64 => Whole u64, usize => Whole u64);

/// A type with a few named values.
pub trait Choice: Copy + PartialEq + 'static {
    /// Every value with its key in links.
    const TABLE: &'static [(&'static str, Self)];
}

impl<T: Choice> Field for T {
    fn get(&self) -> Value {
        let row = T::TABLE.iter().find(|(_, choice)| choice == self);
        Value::Choice(row.map_or("", |(key, _)| key))
    }

    fn set(&mut self, value: Value) {
        if let Some((_, choice)) = T::TABLE.iter().find(|(key, _)| value == Value::Choice(key)) {
            *self = *choice;
        }
    }
}

/// The keys of a table of `N` choices.
///
/// # Panics
/// If it has another number of rows.
pub const fn keys<T, const N: usize>(table: &[(&'static str, T)]) -> [&'static str; N] {
    assert!(table.len() == N, "the number of choices");
    let mut keys = [""; N];
    let mut i = 0;
    while i < N {
        keys[i] = table[i].0;
        i += 1;
    }
    keys
}

/// A setting's value, whatever its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Whole(u64),
    Real(f32),
    Switch(bool),
    /// Key of one of the choices.
    Choice(&'static str),
}

/// As links carry it: `128`, `0.5`, `on`, `resnet10`. Parsing it back with [`Bounds::parse`] gives the same value.
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

    /// Every value as links carry it, if they are few.
    pub fn all_values(&self) -> Option<Vec<String>> {
        match self {
            Self::OneOf(all) => Some(all.iter().map(u64::to_string).collect()),
            Self::Choice(all) => Some(all.iter().map(|key| (*key).to_owned()).collect()),
            Self::Switch => Some(vec!["on".into(), "off".into()]),
            Self::Whole { .. } | Self::Real { .. } => None,
        }
    }

    /// Reads what a person or a link wrote. `None` if it is not accepted.
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
        match self {
            Self::Whole { min, max } => write!(f, "{min} to {max}"),
            Self::Real { min, max, .. } => write!(f, "{min} to {max}"),
            _ => f.write_str(&self.all_values().unwrap_or_default().join(", ")),
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
