//! Words of the page "Help".

pub const TITLE: &str = "Help";
