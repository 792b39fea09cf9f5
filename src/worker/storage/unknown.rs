//! Fields of stored JSON that a newer program wrote: this program does not know them, and writes them again.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Error, Value};

/// A field that holds another value, not the same one changed, once what lies at the pointer differs.
const REPLACED: [(&str, &str); 2] = [("evaluation", "/evaluations"), ("at_work", "/at_work/progress/config")];

/// A stored value with fields that this program does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    pub stored: Value,
    /// The same without those fields.
    read: Value,
}

/// Reads a value; the second is `None` if the program knows every field.
pub fn read<T: Serialize + DeserializeOwned>(stored: Value) -> Result<(T, Option<Unknown>), Error> {
    let value = T::deserialize(&stored)?;
    let read = json(&value)?;
    let lacks = lacks(&stored, &read);
    Ok((value, lacks.then_some(Unknown { stored, read })))
}

impl Unknown {
    /// `value`, which was made from the one that was read, with the unknown fields.
    pub fn merged(&self, value: &impl Serialize) -> Result<Self, Error> {
        let read = json(value)?;
        let mut stored = read.clone();
        merge(&self.stored, &self.read, &mut stored);
        Ok(Self { stored, read })
    }
}

/// By way of the text, in which a number is the same whatever its type.
fn json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::from_slice(&serde_json::to_vec(value)?)
}

fn lacks(stored: &Value, read: &Value) -> bool {
    match (stored, read) {
        (Value::Object(stored), Value::Object(read)) => {
            stored.iter().any(|(key, value)| read.get(key).is_none_or(|read| lacks(value, read)))
        }
        (Value::Array(stored), Value::Array(read)) => stored.iter().zip(read).any(|(s, r)| lacks(s, r)),
        _ => false,
    }
}

/// Puts into `new` what `stored` has and `read` lacks. What a variant of an enum held goes with the variant, and what a
/// value that was [`REPLACED`] held goes with it.
fn merge(stored: &Value, read: &Value, new: &mut Value) {
    let replaced = REPLACED.map(|(key, tells)| (read.pointer(tells) != new.pointer(tells)).then_some(key));
    match (stored, read, new) {
        (Value::Object(stored), Value::Object(read), Value::Object(new)) => {
            for (key, value) in stored.iter().filter(|(key, _)| !replaced.contains(&Some(key.as_str()))) {
                match (read.get(key), new.get_mut(key)) {
                    (Some(read), Some(new)) => merge(value, read, new),
                    (None, None) => drop(new.insert(key.clone(), value.clone())),
                    _ => {}
                }
            }
        }
        (Value::Array(stored), Value::Array(read), Value::Array(new)) if lacks_any(stored, read) => {
            // An element that has not moved comes first; each gives what it has to one.
            let stays: Vec<bool> = read.iter().zip(&*new).map(|(read, new)| same(read, new)).collect();
            let mut taken = stays.clone();
            taken.resize(read.len(), false);
            for (place, element) in new.iter_mut().enumerate() {
                let stays = stays.get(place) == Some(&true);
                let moved = || (0..read.len()).find(|&from| !taken[from] && same(&read[from], element));
                if let Some(place) = stays.then_some(place).or_else(moved) {
                    taken[place] = true;
                    merge(&stored[place], &read[place], element);
                }
            }
        }
        _ => {}
    }
}

fn lacks_any(stored: &[Value], read: &[Value]) -> bool {
    stored.len() == read.len() && stored.iter().zip(read).any(|(stored, read)| lacks(stored, read))
}

/// Whether two elements of a list are one: by their id, else by all they hold.
fn same(a: &Value, b: &Value) -> bool {
    match (a.get("id"), b.get("id")) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum State {
        Waiting,
        Failed { step: u32 },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Entry {
        id: u32,
        state: State,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Size {
        width: f32,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Run {
        name: String,
        size: Option<Size>,
        entries: Vec<Entry>,
        #[serde(default)]
        list: Vec<Size>,
    }

    /// What is stored once this program has read `stored` and written it with a change.
    fn rewritten(stored: Value, change: impl Fn(&mut Run)) -> Value {
        let (mut run, unknown) = read::<Run>(stored).unwrap();
        change(&mut run);
        unknown.expect("unknown fields").merged(&run).unwrap().stored
    }

    fn stored() -> Value {
        json!({
            "name": "a", "mood": null, "notes": [{ "text": "x" }],
            "size": { "width": 0.1, "depth": 3 },
            "entries": [
                { "id": 4, "state": "Waiting", "rank": 1 },
                { "id": 7, "state": { "Failed": { "step": 2, "why": "y" } }, "rank": 2 },
            ],
            "list": [{ "width": 0.1, "unit": "cm" }, { "width": 0.3, "unit": "m" }],
        })
    }

    #[test]
    fn what_is_not_known_survives() {
        assert_eq!(rewritten(stored(), |_| ()), stored());
        let mut wanted = stored();
        wanted["name"] = json!("b");
        wanted["size"]["width"] = json!(0.2);
        assert_eq!(rewritten(stored(), |run| (run.name, run.size) = ("b".into(), Some(Size { width: 0.2 }))), wanted);
        // Twice: what is kept is what was written.
        let (run, unknown) = read::<Run>(stored()).unwrap();
        let once = unknown.unwrap().merged(&Run { name: "b".into(), ..run.clone() }).unwrap();
        assert_eq!(once.merged(&run).unwrap().stored, stored());
    }

    #[test]
    fn a_value_without_unknown_fields_has_none() {
        // A default that was not stored, and another order, are nothing unknown.
        let (run, unknown) = read::<Run>(json!({ "entries": [], "size": null, "name": "a" })).unwrap();
        assert_eq!((run.list.len(), unknown), (0, None));
        assert!(read::<Run>(json!({ "name": "a" })).is_err());
    }

    #[test]
    fn elements_of_a_list_keep_what_is_theirs() {
        let moved = rewritten(stored(), |run| {
            run.entries.swap(0, 1);
            run.entries[1].state = State::Failed { step: 9 };
            run.entries.push(Entry { id: 8, state: State::Waiting });
            run.list.remove(0);
        });
        assert_eq!(
            moved["entries"],
            json!([
                { "id": 7, "state": { "Failed": { "step": 2, "why": "y" } }, "rank": 2 },
                { "id": 4, "state": { "Failed": { "step": 9 } }, "rank": 1 },
                { "id": 8, "state": "Waiting" },
            ])
        );
        assert_eq!(moved["list"], json!([{ "width": 0.3, "unit": "m" }]));
    }

    #[test]
    fn what_is_gone_takes_its_unknown_fields_with_it() {
        let gone = rewritten(stored(), |run| {
            run.size = None;
            run.entries[1].state = State::Waiting;
            run.list[0].width = 0.5;
        });
        assert_eq!(gone["size"], Value::Null);
        assert_eq!(gone["entries"][1], json!({ "id": 7, "state": "Waiting", "rank": 2 }));
        assert_eq!(gone["list"][0], json!({ "width": 0.5 }));
    }

    #[test]
    fn equal_elements_of_a_list_keep_each_its_own() {
        let stored = json!({
            "name": "a", "size": null, "entries": [],
            "list": [{ "width": 0.5, "unit": "cm" }, { "width": 0.5, "unit": "m" }, { "width": 0.7 }],
        });
        assert_eq!(rewritten(stored.clone(), |_| ()), stored);
        let changed = rewritten(stored, |run| {
            run.list[0].width = 0.1;
            run.list.extend([Size { width: 0.5 }, Size { width: 0.1 }]);
        });
        let wanted = json!([{ "width": 0.1 }, { "width": 0.5, "unit": "m" }, { "width": 0.7 }, { "width": 0.5, "unit": "cm" },
                { "width": 0.1 }]);
        assert_eq!(changed["list"], wanted);
    }

    #[test]
    fn a_value_that_takes_the_place_of_another_has_none_of_its_unknown_fields() {
        #[derive(Clone, Serialize, Deserialize)]
        struct Results {
            evaluations: u32,
            evaluation: Size,
            at_work: Work,
        }
        #[derive(Clone, Serialize, Deserialize)]
        struct Work {
            progress: Progress,
        }
        #[derive(Clone, Serialize, Deserialize)]
        struct Progress {
            config: u32,
            step: u32,
        }
        let stored = json!({
            "evaluations": 1, "evaluation": { "width": 0.5, "unit": "cm" },
            "at_work": { "progress": { "config": 3, "step": 1, "rest": 9 }, "best": 4 },
        });
        let (read, unknown) = read::<Results>(stored.clone()).unwrap();
        let unknown = unknown.unwrap();
        let mut on = read.clone();
        on.at_work.progress.step = 2;
        let on = unknown.merged(&on).unwrap().stored;
        assert_eq!((&on["evaluation"], &on["at_work"]["best"]), (&stored["evaluation"], &json!(4)));
        let mut next = read;
        next.evaluations = 2;
        next.at_work.progress.config = 7;
        assert_eq!(unknown.merged(&next).unwrap().stored, serde_json::to_value(&next).unwrap());
    }
}
