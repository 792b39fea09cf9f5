//! Numbers and bars as text.

pub use crate::app::parts::lesson::draw::{formula, power, strings, table};

/// A number to 4 decimals, in powers of ten where that would hide or flood it.
pub fn number(x: f64) -> String {
    digits(x, 4)
}

/// The same to `n` decimals, or to `n` digits before a power of ten.
pub fn digits(x: f64, n: usize) -> String {
    let flooded = x.abs() >= 1e6 || (x != 0.0 && x.abs() < 1e-4);
    minus(if flooded { format!("{x:.*e}", n - 1) } else { format!("{x:.n$}") })
}

/// A number that a person typed, as it stands.
pub fn plain(x: f64) -> String {
    minus(x.to_string())
}

fn minus(text: String) -> String {
    text.replace('-', "−")
}

/// Six digits, as the worked example is known to.
pub fn six(x: f64) -> String {
    digits(x, 6)
}

/// [`digits`] in a formula: powers of ten typeset.
pub fn tex(x: f64, n: usize) -> String {
    power(&digits(x, n))
}

/// A bar as long as `part` of its cell, and the number beside it.
pub fn bar(part: f64, positive: bool) -> String {
    let class = if positive { "pos" } else { "neg" };
    format!("{}<span class=\"bar {class}\"><i style=\"width:{:.1}%\"></i></span>", number(part), part * 100.0)
}
