//! Formulas, tables and numbers as text, made anew when a number changes. For a
//! few dozen elements that is quicker than keeping each up to date.

use crate::app::text::lesson as text;
use crate::core::formula::mathml;
use leptos::prelude::*;

/// A typeset formula, written as `core::formula` reads it.
pub fn formula(tex: impl Fn() -> String + Send + 'static) -> AnyView {
    scrolling("formula scroll-x", text::FORMULA, move || mathml(&tex()))
}

/// A table; `rows` are its cells, the first of each row a heading.
pub fn table(caption: &'static str, rows: impl Fn() -> Vec<Vec<String>> + Send + 'static) -> AnyView {
    scrolling("scroll-x", caption, move || table_html(caption, &rows()))
}

/// Markup that scrolls sideways where it is wider than the page.
pub fn scrolling(class: &'static str, label: &'static str, html: impl Fn() -> String + Send + 'static) -> AnyView {
    view! { <div class=class tabindex="0" role="group" aria-label=label inner_html=html></div> }.into_any()
}

/// A part that opens and closes; `open` says how it begins.
pub fn fold(title: &'static str, open: bool, inside: AnyView) -> AnyView {
    view! {
        <details open=open>
            <summary>{title}</summary>
            {inside}
        </details>
    }
    .into_any()
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

/// The cells of a table: its heads, then its rows.
pub fn rows<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Vec<Vec<String>> {
    std::iter::once(heads.map(str::to_owned)).chain(rows).map(|row| row.to_vec()).collect()
}

/// A number to `n` decimals, or to `n` digits before a power of ten where decimals would hide or flood it.
pub fn digits(x: f64, n: usize) -> String {
    let flooded = x.abs() >= 1e6 || (x != 0.0 && x.abs() < 1e-4);
    minus(&if flooded { format!("{x:.*e}", n - 1) } else { format!("{x:.n$}") })
}

/// [`digits`] in a formula: powers of ten typeset.
pub fn tex_digits(x: f64, n: usize) -> String {
    power(&digits(x, n))
}

/// A number with the digits that it was typed with.
pub fn plain(x: f64) -> String {
    minus(&x.to_string())
}

/// A number's text with a real minus sign.
pub fn minus(number: &str) -> String {
    number.replace('-', "−")
}

/// A number's text in brackets if it begins with a minus.
pub fn bracketed(number: &str) -> String {
    if number.starts_with('−') { format!("({number})") } else { number.to_owned() }
}

/// A number written as `1.000e−7`, for a formula.
pub fn power(number: &str) -> String {
    match number.split_once('e') {
        Some((digits, power)) => [digits, " * 10^{", power, "}"].concat(),
        None => number.to_owned(),
    }
}
