//! Formulas and tables as text, made anew when a number changes.

use crate::core::formula::mathml;
use leptos::prelude::*;

/// A typeset formula.
pub fn formula(tex: impl Fn() -> String + Send + 'static) -> AnyView {
    view! { <div class="formula scroll-x" tabindex="0" role="group" aria-label="Formula" inner_html=move || mathml(&tex())></div> }
        .into_any()
}

/// A table; `rows` are its cells, the first of each a heading.
pub fn table(caption: &'static str, rows: impl Fn() -> Vec<Vec<String>> + Send + 'static) -> AnyView {
    let html = move || {
        let mut out = format!("<table class=\"lesson-table\"><caption>{caption}</caption>");
        for (n, row) in rows().iter().enumerate() {
            out += if n == 0 { "<thead><tr>" } else { "<tr>" };
            for (k, cell) in row.iter().enumerate() {
                let (tag, scope) = match (n, k) {
                    (0, _) if cell.is_empty() => ("td", ""),
                    (0, _) => ("th", " scope=\"col\""),
                    (_, 0) => ("th", " scope=\"row\""),
                    _ => ("td", ""),
                };
                out.extend(["<", tag, scope, ">", cell, "</", tag, ">"]);
            }
            out += if n == 0 { "</tr></thead>" } else { "</tr>" };
        }
        out + "</table>"
    };
    view! { <div class="scroll-x" tabindex="0" role="region" aria-label=caption inner_html=html></div> }.into_any()
}

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

pub fn strings<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
