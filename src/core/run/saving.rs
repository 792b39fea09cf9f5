//! How often a run is stored while it trains: by what a save costs.

/// Shortest time between two saves, in milliseconds: a reload then loses next to nothing.
const LEAST: f64 = 5_000.0;
/// Most of the time that saves may take.
const MOST_TIME: f64 = 0.05;
/// Most bytes that saves write in an hour: a checkpoint of ResNet-101 (333 MB) once a minute. In a month without a stop
/// that is 14 TB, a few hundredths of what a solid-state disk is made for.
const MOST_BYTES_AN_HOUR: f64 = 20e9;
const HOUR: f64 = 3_600_000.0;

/// Milliseconds from the end of a save to the next one, after one that took `milliseconds` from training and wrote
/// `bytes`. The bounds on time and bytes come first: a save that costs more than they allow in a minute is rarer.
pub fn until_next_save(milliseconds: f64, bytes: usize) -> f64 {
    let by_time = milliseconds * (1.0 - MOST_TIME) / MOST_TIME;
    let by_bytes = bytes as f64 / MOST_BYTES_AN_HOUR * HOUR;
    LEAST.max(by_time).max(by_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_saves_are_frequent_and_large_ones_come_once_a_minute() {
        assert_eq!(until_next_save(0.0, 0), 5_000.0);
        // A small encoder; ResNet-18; ResNet-101.
        assert_eq!(until_next_save(20.0, 600_000), 5_000.0);
        assert!((5_000.0..20_000.0).contains(&until_next_save(300.0, 92_000_000)));
        let [most, slow] = [500.0, 10_000.0].map(|took| until_next_save(took, 333_000_000));
        assert!((59_000.0..60_000.0).contains(&most), "{most}");
        assert_eq!(slow, 190_000.0, "a slow disk");
    }

    #[test]
    fn no_save_costs_more_than_it_may() {
        for took in [0.0, 1.0, 50.0, 3_000.0, 60_000.0] {
            for bytes in [0, 1_000, 5_000_000, 90_000_000, 2_000_000_000] {
                let wait = until_next_save(took, bytes);
                assert!(wait >= LEAST && took / (took + wait) <= MOST_TIME + 1e-12, "{took} {bytes}");
                assert!(bytes as f64 * HOUR / wait <= MOST_BYTES_AN_HOUR * (1.0 + 1e-12), "{took} {bytes}");
                // Where the bounds allow, at least once a minute.
                let allowed = took / (took + 60_000.0) <= MOST_TIME && bytes as f64 * 60.0 <= MOST_BYTES_AN_HOUR;
                assert!(!allowed || wait <= 60_000.0, "{took} {bytes}");
            }
        }
    }
}
