//! Small pieces of text for the card.

/// `text` so that Markdown shows it as it is, within a line or a table's cell.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push(' '),
            // Any ASCII punctuation may be escaped (CommonMark 0.31, section 2.4).
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '#' | '!' | ':' | '$' | '@' => {
                out.extend(['\\', c]);
            }
            c => out.push(c),
        }
    }
    out
}

/// `0.463` → `46.3 %`.
pub fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// Milliseconds since 1970 as a day in UTC, `2026-11-27`.
///
/// Days to year, month and day by Howard Hinnant's `civil_from_days`, whose years
/// begin in March.
pub fn date(milliseconds: f64) -> String {
    let days = (milliseconds / 86_400_000.0).floor() as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let cases = [
            (0.0, "1970-01-01"),
            (86_399_999.0, "1970-01-01"),
            (951_782_400_000.0, "2000-02-29"),
            (1_700_000_000_000.0, "2023-11-14"),
            (4_107_542_400_000.0, "2100-03-01"),
            (-1.0, "1969-12-31"),
        ];
        for (milliseconds, day) in cases {
            assert_eq!(date(milliseconds), day);
        }
    }

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(escape("plain name-1.png"), "plain name-1.png");
        assert_eq!(escape("a|b*c_d"), "a\\|b\\*c\\_d");
        assert_eq!(escape("<img src=x>\n# big"), "\\<img src=x\\> \\# big");
        assert_eq!(escape("[x](http://y)"), "\\[x\\](http\\://y)");
    }
}
