//! Words of the page "Evaluate".

pub const TITLE: &str = "Evaluate";
