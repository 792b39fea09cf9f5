//! Reading of golden files and comparison within their tolerances. A file
//! without a case fails, so that an emptied file can't pass.

// Each test file uses its own part of this module.
#![allow(dead_code)]

use serde_json::Value;
use std::path::PathBuf;

/// The folder with the expected values.
pub fn dir() -> PathBuf {
    match std::env::var_os("GOLDEN_DIR") {
        Some(dir) => dir.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

/// A golden file.
pub fn read(name: &str) -> Value {
    let path = dir().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The cases of a file, at least one.
pub fn cases(file: &Value) -> &Vec<Value> {
    let cases = file["cases"].as_array().expect("a golden file has `cases`");
    assert!(!cases.is_empty(), "a golden file has at least one case");
    cases
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

pub fn integer(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a whole number")) as usize
}

pub fn strings(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|v| v.as_str().expect("a string")).collect()
}

/// A nested list, flattened in row-major order, and its shape.
pub fn tensor(value: &Value) -> (Vec<f64>, Vec<usize>) {
    fn walk(value: &Value, depth: usize, out: &mut Vec<f64>, shape: &mut Vec<usize>) {
        match value.as_array() {
            Some(items) => {
                match shape.get(depth) {
                    Some(&len) => assert_eq!(len, items.len(), "a ragged list"),
                    None => shape.push(items.len()),
                }
                items.iter().for_each(|item| walk(item, depth + 1, out, shape));
            }
            None => out.push(number(value)),
        }
    }
    let (mut out, mut shape) = (Vec::new(), Vec::new());
    walk(value, 0, &mut out, &mut shape);
    (out, shape)
}

pub fn floats(value: &Value) -> Vec<f32> {
    tensor(value).0.iter().map(|&v| v as f32).collect()
}

pub fn indices(value: &Value) -> Vec<usize> {
    value.as_array().expect("a list").iter().map(integer).collect()
}

/// Every entry of `got` within `tolerance` of `want`; NaN fails.
pub fn close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what}: entry {i} is {a}, expected {b} within {tolerance:e}");
    }
}

/// `f32` values widened.
pub fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// The largest absolute entry.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| most.max(v.abs()))
}
