//! How sure a number is, in words.

use super::parts::spread;
use super::units::{count, counted, percent};
use crate::core::metrics::mcnemar::{Resolution, Verdict};
use crate::core::metrics::paired_t_test::{SeedComparison, Summary};
use crate::core::{metrics::ClassificationReport, metrics::interval::Interval};

pub const INTERVALS: &str = "Below each number stands its 95 % confidence interval: Wilson's for precision and recall, \
    a bootstrap over the test images for F1 (Wilson's where all of a class's images are right, or none).";

/// What no interval here covers.
pub const ONE_SEED: &str = "Each result is of one run with one seed. Intervals and verdicts tell of chance in the choice of \
    test images, not of chance in training: another seed alone may move accuracy by a point or more.";

/// Of several seeds: `81.2 % ± 1.3 % (n = 3)`.
pub fn summary(Summary { mean, deviation, n }: Summary) -> String {
    let mean = percent(mean);
    format!("{} (n = {n})", deviation.map_or(mean.clone(), |deviation| spread(&mean, &percent(deviation))))
}

/// `75.0–88.1`.
pub fn range(interval: Interval) -> String {
    format!("{:.1}–{:.1}", 100.0 * interval.low, 100.0 * interval.high)
}

/// The same in whole per cent, where many stand side by side: `75–88`.
pub fn whole_range(interval: Interval) -> String {
    format!("{:.0}–{:.0}", 100.0 * interval.low, 100.0 * interval.high)
}

fn hits(test: &ClassificationReport) -> u32 {
    test.confusion.iter().enumerate().map(|(c, row)| row[c]).sum()
}

/// Wilson's interval of the accuracy.
pub fn wilson(test: &ClassificationReport) -> Interval {
    Interval::wilson(hits(test), test.images())
}

/// What stands beside the accuracy.
pub fn interval(test: &ClassificationReport) -> String {
    format!("(95 % confidence: {} %)", range(wilson(test)))
}

/// `4.5 points`.
pub fn points(difference: f64) -> String {
    let words = format!("{:.1}", 100.0 * difference.abs());
    if words == "1.0" { "1.0 point".into() } else { format!("{words} points") }
}

/// What so many test images can show; none for no images.
pub fn resolution(test: &ClassificationReport) -> Option<String> {
    let r = Resolution::of(hits(test), test.images())?;
    let images = count(r.images as usize);
    Some(if r.at_best > 1.0 {
        format!("With {images} test images no difference between two results can be clear: it takes at least six.")
    } else {
        let (about, least) = (points(r.independent), points(r.at_best));
        let least = if least == about { String::new() } else { format!(" ({least} at the very least)") };
        format!(
            "With {images} test images, a difference between two results is clear from about {about} on{least}, by \
             McNemar's exact test at 5 %. A smaller one may be chance."
        )
    })
}

/// Two results on the same test images; `other` as in "better than …".
pub fn verdict(other: &str, verdict: Verdict) -> String {
    match verdict {
        Verdict::Clear { difference, interval: Interval { low, high } } => {
            // Both ends lie on one side of 0.
            let (word, low, high) = if difference > 0.0 { ("better", low, high) } else { ("worse", -high, -low) };
            format!("{} {word} than {other} (95 % confidence: {}).", points(difference), range(Interval { low, high }))
        }
        Verdict::Unclear { difference, images_needed } => {
            let seen = compared(difference);
            let needed = match images_needed {
                Some(n) if n < 1e7 => format!(": it would take about {} test images to tell", count(n as usize)),
                _ => String::new(),
            };
            format!("{seen} {other}, but the test images are too few to tell the two apart{needed}.")
        }
    }
}

/// Two ways to train over several seeds; `other` as above.
pub fn seeds(other: &str, seeds: SeedComparison) -> String {
    let SeedComparison { difference, interval, pairs, unpaired } = seeds;
    let seen = format!("{} {other}", compared(difference));
    let words = match interval {
        Some(Interval { low, high }) if seeds.is_clear() => {
            let (low, high) = if difference > 0.0 { (low, high) } else { (-high, -low) };
            format!("{seen} over {pairs} seeds (95 % confidence: {})", range(Interval { low, high }))
        }
        Some(Interval { low, high }) => format!(
            "{seen} over {pairs} seeds, but these are too few to tell the two apart (95 % confidence: {:.1} to {:.1})",
            100.0 * low,
            100.0 * high
        ),
        None if pairs == 1 => format!("{seen}, of one seed each: that tells nothing of chance in training"),
        None => format!("{seen} on each of {pairs} seeds: that shows no spread to judge by"),
    };
    match unpaired {
        0 => format!("{words}."),
        n => format!("{words}. Left out: {}, which only one of the two has.", counted(n, "seed")),
    }
}

/// How much better or worse, as in "4.5 points better than".
fn compared(difference: f64) -> String {
    match difference {
        0.0 => "As good as".to_owned(),
        d => format!("{} {} than", points(d), if d > 0.0 { "better" } else { "worse" }),
    }
}

/// An accuracy with its interval: `81.2 % (75.0–88.1)`.
pub fn accuracy(test: &ClassificationReport) -> String {
    format!("{} ({})", percent(test.accuracy), range(wilson(test)))
}
