//! Formulas and tables as text, made anew when a number changes.

use crate::app::text::lesson as text;
use crate::core::formula::mathml;
use leptos::prelude::*;

/// A typeset formula, written as `core::formula` reads it.
pub fn formula(tex: impl Fn() -> String + Send + 'static) -> AnyView {
    view! { <div class="formula scroll-x" tabindex="0" role="group" aria-label=text::FORMULA inner_html=move || mathml(&tex())></div> }
        .into_any()
}

/// A table; `rows` are its cells, the first of each a heading.
pub fn table(caption: &'static str, rows: impl Fn() -> Vec<Vec<String>> + Send + 'static) -> AnyView {
    let html = move || table_html(caption, &rows());
    view! { <div class="scroll-x" tabindex="0" role="group" aria-label=caption inner_html=html></div> }.into_any()
}

/// The markup of a table; the first row and the first cell of each are headings.
pub fn table_html(caption: &str, rows: &[Vec<String>]) -> String {
    let mut out = ["<table class=\"lesson-table\"><caption>", caption, "</caption>"].concat();
    for (n, row) in rows.iter().enumerate() {
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
}

pub fn strings<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A number that was written as `1.000e−7`, for a formula.
pub fn power(number: &str) -> String {
    match number.split_once('e') {
        Some((digits, power)) => [digits, " * 10^{", power, "}"].concat(),
        None => number.to_owned(),
    }
}
