//! Numbers in words: percent, bytes, durations.

/// `0.463` → `46.3 %`.
pub fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Of work under way: 100 % only at the end.
pub fn whole_percent(part: f64) -> String {
    format!("{:.0} %", (part * 100.0).floor())
}

pub fn rounded_percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

/// `1 step`, `1 200 steps`.
pub fn counted(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `32 × 32`, in pixels.
pub fn square(side: usize) -> String {
    format!("{side} × {side}")
}

/// Of work under way.
pub fn bytes_of(done: f64, total: f64) -> String {
    format!("{} of {}", bytes(done), bytes(total))
}

/// Bytes in binary units, as memory is sold.
pub fn bytes(n: f64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let mut value = n / 1024.0;
    let mut unit = 0;
    while value >= 1000.0 && unit < 3 {
        value /= 1024.0;
        unit += 1;
    }
    let digits = if value < 10.0 && unit > 0 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A duration as a person would say it, coarser when longer.
pub fn duration(seconds: f64) -> String {
    let s = seconds.round().max(0.0) as u64;
    match s {
        0..=89 => format!("{s} s"),
        90..=5399 => format!("{} min", (s + 30) / 60),
        _ => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// A count with thin spaces between thousands.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(d);
    }
    out
}
