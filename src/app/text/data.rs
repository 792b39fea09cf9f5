//! Words of the page "Images".

pub const TITLE: &str = "Images";
