//! Words of every chart.

pub const TABLE: &str = "Show as a table";
pub const WAITING: &str = "Waiting for the first value";
pub const NO_NUMBER: &str = "not a number";
pub const NO_VALUE: &str = "no value yet";

pub fn summary(title: &str, newest: Option<&str>) -> String {
    format!("{title}: {}. The numbers are in the table below.", newest.unwrap_or(NO_VALUE))
}

/// Of a chart with a curve for each of `names`.
pub fn names(title: &str, names: &[&str]) -> String {
    format!("{title} of {}. The numbers are in the table below.", names.join("; "))
}
