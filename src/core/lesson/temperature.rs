//! The lesson's temperature: the values of its slider, and what τ does to the
//! negatives of one anchor.

use super::row::Row;

/// Least and greatest temperature of the lesson.
pub const RANGE: (f64, f64) = (0.01, 5.0);

/// Positions of a slider from 0 to this one reach from end to end of [`RANGE`]
/// in equal ratios, 20 to a factor of ten.
pub const LAST: u32 = 54;

/// τ at a slider's position, to two leading digits: 0.1, 0.2, 0.5, 1, 2 and 5
/// are among them.
pub fn at(position: u32) -> f64 {
    let tau = RANGE.0 * 10_f64.powf(f64::from(position.min(LAST)) / 20.0);
    // Through text, so that 0.1 is the number that 0.1 is elsewhere.
    format!("{tau:.1e}").parse().unwrap_or(tau)
}

/// The position nearest to `tau`.
pub fn position(tau: f64) -> u32 {
    ((tau.clamp(RANGE.0, RANGE.1) / RANGE.0).log10() * 20.0).round() as u32
}

/// Each negative's part of the push on the anchor, in the row's order, summing
/// to 1: the softmax over the negatives alone (Wang and Liu 2021). The colder,
/// the more of it goes to the most similar one.
pub fn shares(row: &Row) -> Vec<f64> {
    let most = row.negatives().iter().map(|c| c.logit).fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = row.negatives().iter().map(|c| (c.logit - most).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.iter().map(|e| e / sum).collect()
}
