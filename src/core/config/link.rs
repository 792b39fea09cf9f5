//! A configuration as a link: `key=value` pairs of a query string, one for every
//! setting, so that a link means the same when defaults change later.

use super::RunConfig;
use super::bounds::Field;
use crate::core::error::ConfigFault;
use crate::core::query::pairs;

/// `size=32&encoder=resnet10&…`, without a leading `?`. Needs no escaping.
pub fn to_query(config: &RunConfig) -> String {
    let pairs = Field::ALL.map(|field| format!("{}={}", field.key(), field.get(config)));
    pairs.join("&")
}

/// Reads a query string, with or without `?` or `#` before it; settings that it
/// does not name are taken from `base`.
///
/// # Errors
/// All faults found: values out of bounds, keys given twice, and keys that do
/// not exist, whose `accepts` is empty.
pub fn from_query(query: &str, base: &RunConfig) -> Result<RunConfig, Vec<ConfigFault>> {
    let mut config = *base;
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for (key, value) in pairs(query) {
        match Field::from_key(&key) {
            None => faults.push(ConfigFault { field: key, value, accepts: String::new() }),
            Some(field) if seen.contains(&field) => {
                let accepts = format!("{} (once)", field.bounds());
                faults.push(ConfigFault { field: key, value, accepts });
            }
            Some(field) => {
                seen.push(field);
                faults.extend(field.set_text(&mut config, &value).err());
            }
        }
    }
    if faults.is_empty() { config.check().map(|()| config) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::bounds::{Bounds, Value};
    use crate::core::config::preset::Preset;
    use crate::core::rng::Rng;

    /// A valid configuration with every setting drawn.
    fn any(rng: &mut Rng) -> RunConfig {
        loop {
            let mut config = RunConfig::default();
            for field in Field::ALL {
                let value = match field.bounds() {
                    Bounds::Whole { min, max } => Value::Whole(min + rng.below((max - min + 1) as usize) as u64),
                    Bounds::OneOf(all) => Value::Whole(all[rng.below(all.len())]),
                    Bounds::Real { min, max, .. } => Value::Real(rng.uniform(min, max)),
                    Bounds::Switch => Value::Switch(rng.chance(0.5)),
                    Bounds::Choice(all) => Value::Choice(all[rng.below(all.len())]),
                };
                field.set(&mut config, value).unwrap();
            }
            if config.check().is_ok() {
                return config;
            }
        }
    }

    #[test]
    fn links_and_json_lose_nothing() {
        let mut rng = Rng::new(11);
        for _ in 0..500 {
            let config = any(&mut rng);
            let query = to_query(&config);
            assert!(query.bytes().all(|b| b.is_ascii_alphanumeric() || b"=&._-".contains(&b)), "{query}");
            assert_eq!(from_query(&query, &RunConfig::default()), Ok(config), "{query}");
            let json = serde_json::to_string(&config).unwrap();
            assert_eq!(serde_json::from_str::<RunConfig>(&json).unwrap(), config);
        }
    }

    #[test]
    fn what_a_link_does_not_name_comes_from_the_base() {
        let base = RunConfig::named(Preset::Thorough, 64, 9000);
        assert_eq!(from_query("", &base), Ok(base));
        assert_eq!(from_query("?temperature=0.1", &base), Ok(RunConfig { temperature: 0.1, ..base }));
        assert_eq!(from_query("#temperature=0%2E1&seed=+7", &base).unwrap().seed, 7);
    }

    #[test]
    fn every_fault_of_a_link_is_named() {
        let faults = from_query("tau=1&temperature=9&batch=x&crop&seed=1&seed=2", &RunConfig::default()).unwrap_err();
        let of = |field: &str| faults.iter().find(|f| f.field == field).unwrap();
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert_eq!((of("tau").value.as_str(), of("tau").accepts.as_str()), ("1", ""));
        assert_eq!((of("temperature").value.as_str(), of("temperature").accepts.as_str()), ("9", "0.01 to 5"));
        assert_eq!((of("batch").value.as_str(), of("batch").accepts.as_str()), ("x", "2 to 4096"));
        assert_eq!(of("crop").accepts, "on, off");
        assert_eq!(of("seed").value, "2");
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        let faults = from_query("encoder=resnet18&width=8", &RunConfig::default()).unwrap_err();
        assert_eq!(faults[0].field, "width");
    }

    #[test]
    fn broken_escapes_do_no_harm() {
        assert!(from_query("temperature=%FF%", &RunConfig::default()).is_err());
    }
}
