//! Numbers as text, and pictures as markup, made anew with every change.

use crate::app::parts::lesson::draw::{minus, power};
use std::fmt::Write;

/// Four decimals, or four digits of a number below 0.1.
pub fn number(x: f64) -> String {
    if !x.is_finite() {
        return "–".into();
    }
    if x != 0.0 && x.abs() < 1e-6 {
        return minus(&format!("{x:.3e}"));
    }
    let digits = if x.abs() < 0.1 && x != 0.0 { (3 - x.abs().log10().floor() as i32).clamp(4, 10) as usize } else { 4 };
    let mut text = minus(&format!("{x:.digits$}"));
    let least = text.find('.').map_or(0, |dot| dot + 5);
    while text.len() > least && text.ends_with('0') {
        text.pop();
    }
    text
}

/// [`number`] in a formula: powers of ten typeset.
pub fn tex(x: f64) -> String {
    power(&number(x))
}

/// A number without zeros at its end, as a slider gives it.
pub fn given(x: f64) -> String {
    let text = number(x);
    if text.contains(['.']) && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

/// A bar or dot with its name and value in words.
pub struct Bar {
    pub name: String,
    pub value: f64,
    pub words: String,
    /// Marked among the others.
    pub strong: bool,
}

pub fn bar(name: impl Into<String>, value: f64, strong: bool) -> Bar {
    Bar { name: name.into(), value, words: number(value), strong }
}

/// Position of a value between `low` and `high`, in percent.
fn part(value: f64, [low, high]: [f64; 2], log: bool) -> f64 {
    let place = if log { (value.max(low) / low).ln() / (high / low).ln() } else { (value - low) / (high - low) };
    place.clamp(0.0, 1.0) * 100.0
}

/// Horizontal bars from the left end of `ends`, or dots.
pub fn bars(label: &str, rows: &[Bar], ends: [f64; 2], log: bool, dots: bool) -> String {
    let mut out = format!("<div class=\"lars-bars\" role=\"img\" aria-label=\"{label}\">");
    let decades = if log { (ends[1] / ends[0]).log10() } else { 1.0 };
    for r in rows {
        let at = part(r.value, ends, log);
        let class = if r.strong { " class=\"strong\"" } else { "" };
        let mark = if dots {
            format!("<b{class} style=\"left:{at:.2}%\"></b>")
        } else {
            format!("<i{class} style=\"width:{at:.2}%\"></i>")
        };
        let start = if dots { format!("<u style=\"left:{:.2}%\"></u>", part(1.0, ends, log)) } else { String::new() };
        let _ = write!(
            out,
            "<div><span>{}</span><span class=\"lars-words\">{}</span><span class=\"lars-track\" style=\"--marks:{decades}\">{start}{mark}</span></div>",
            r.name, r.words
        );
    }
    out + "</div>"
}

/// A curve over the steps with its name and newest value in words.
pub struct LayerCurve<'a> {
    pub name: &'a str,
    /// Ordered by x.
    pub points: Vec<(f64, f64)>,
    pub words: String,
}

/// One small curve a row, all on one logarithmic scale from the low to the high
/// end of `range`, widened to whole powers of ten.
pub fn curves(label: &str, rows: &[LayerCurve], range: [f64; 2]) -> String {
    let [low, mut high] = [range[0].log10().floor(), range[1].log10().ceil()];
    if high <= low {
        high = low + 1.0;
    }
    let ends = [10f64.powf(low), 10f64.powf(high)];
    let mut out = format!("<div class=\"lars-bars lars-lines\" role=\"img\" aria-label=\"{label}\">");
    for curve in rows {
        let (first, last) = (curve.points.first().map_or(0.0, |p| p.0), curve.points.last().map_or(0.0, |p| p.0));
        let mut path = String::new();
        for (i, (x, y)) in curve.points.iter().enumerate() {
            let at = (x - first) / (last - first).max(1.0) * 100.0;
            let _ = write!(path, "{}{at:.1} {:.1}", if i == 0 { 'M' } else { 'L' }, 100.0 - part(*y, ends, true));
        }
        if curve.points.len() == 1 {
            path += "h100";
        }
        let mut grid = String::new();
        for mark in 0..=(high - low) as u32 {
            let _ = write!(grid, "M0 {:.1}h100", f64::from(mark) / (high - low) * 100.0);
        }
        let _ = write!(
            out,
            "<div><span>{}</span><span class=\"lars-words\">{}</span><svg viewBox=\"0 0 100 100\" \
             preserveAspectRatio=\"none\"><path class=\"grid\" d=\"{grid}\"/><path class=\"curve\" d=\"{path}\"/></svg></div>",
            curve.name, curve.words
        );
    }
    out + "</div>"
}
