//! Numbers and bars as text.

pub use crate::app::parts::lesson::draw::{formula, power, strings, table};

/// A number to 4 decimals, in powers of ten where that would hide or flood it.
pub fn number(x: f64) -> String {
    let text = if x.abs() >= 1e6 || (x != 0.0 && x.abs() < 1e-4) { format!("{x:.3e}") } else { format!("{x:.4}") };
    text.replace('-', "−")
}

/// A bar as long as `part` of its cell, and the number beside it.
pub fn bar(part: f64, positive: bool) -> String {
    let class = if positive { "pos" } else { "neg" };
    format!("{}<span class=\"bar {class}\"><i style=\"width:{:.1}%\"></i></span>", number(part), part * 100.0)
}
