//! Words of "Compare starts": the card on Pre-train that begins it, and the result on Runs.

use super::units::{bytes, count, counted, duration};
use super::{confidence, fault::one_field, weights};
use crate::core::architecture::PUBLISHED_WIDTH;
use crate::core::metrics::mcnemar::Verdict;
use crate::core::run::{starts::Start, starts_compared::Difference};
use crate::core::{config::RunConfig, error::ConfigFault};

pub const TITLE: &str = "Is SimCLR worth it on these images?";
pub const BUTTON: &str = "Compare starts";
pub const HELP: &str = "Trains and judges the contestants one after the other, as runs of the queue, without you. The page Runs \
    shows what comes out.";
pub const FRACTION: &str = "Labels for every classifier";
pub const NO_LABELS: &str = "To compare, two classes to a thousand need labelled training and test images.";
pub const CHOOSE_WEIGHTS: &str = "Choose ImageNet weights";

pub fn name(start: Start) -> &'static str {
    match start {
        Start::Published => "ImageNet weights as they are",
        Start::SimclrPublished => "SimCLR from ImageNet weights",
        Start::SimclrRandom => "SimCLR from random weights",
        Start::Supervised => "Labels alone, from random weights",
    }
}

/// The same as in "better than …".
fn than(start: Start) -> &'static str {
    if start == Start::Supervised { "the network that learned from the labels alone" } else { name(start) }
}

/// What learns from the labels.
pub fn learns(start: Start) -> &'static str {
    if start == Start::Supervised { "Whole network" } else { "Linear classifier" }
}

/// Images, labels and device in a sentence.
pub fn images(images: usize, classes: usize, device: Option<&str>) -> String {
    let on = device.map_or_else(String::new, |device| format!(", on the {device}"));
    format!("{} to train on, with labels of {}{on}.", counted(images, "image"), classes_of(classes))
}

fn classes_of(classes: usize) -> String {
    if classes == 1 { "1 class".to_owned() } else { format!("{} classes", count(classes)) }
}

/// Fewer images than this are few for SimCLR from random weights.
const FEW: usize = 10_000;

pub fn expect(images: usize) -> &'static str {
    if images < FEW { EXPECT_FEW } else { EXPECT_MANY }
}
const EXPECT_FEW: &str = "What to expect: on so few images a frozen network with ImageNet weights is usually hard to beat, and it \
    takes the least time. SimCLR has most to win where the images are unlike ImageNet's photos. That is experience, not a promise.";
const EXPECT_MANY: &str = "What to expect: on so many images SimCLR can get ahead of a frozen network with ImageNet weights, above \
    all where they are unlike ImageNet's photos; it takes long training. That is experience, not a promise.";

/// What a contestant takes; `None` before a step was timed.
pub fn takes(start: Start, milliseconds: Option<f64>) -> String {
    match milliseconds {
        Some(ms) => format!("{}: about {}", name(start), duration((ms / 1000.0).max(1.0))),
        None => name(start).to_owned(),
    }
}
pub const TIMES_HELP: &str = "For one seed, without the time for classifiers on features.";

/// What is equal for all.
pub fn rule(config: &RunConfig) -> String {
    format!(
        "Equal for all: images, labels, seeds and network. SimCLR from either start has the settings below. A linear classifier \
         is then trained on each frozen encoder, by one fixed recipe that chooses nothing by other labels. The network that \
         learns from labels alone has SimCLR's budget, as many views: twice the steps, with one view of each of {} images \
         (of all its labelled images, if there are fewer).",
        count(config.batch)
    )
}

/// What a contestant does not accept of SimCLR's settings.
pub fn refuses(fault: &ConfigFault) -> String {
    match fault.field.as_str() {
        "steps" => format!(
            "{} would take {} steps, twice SimCLR's; accepted: {}. Choose fewer epochs or a larger batch.",
            name(Start::Supervised),
            fault.value,
            fault.accepts
        ),
        "epochs" => format!("{} needs one epoch at least.", name(Start::SimclrRandom)),
        _ => one_field(fault),
    }
}

pub fn batch_too_large(images: usize) -> String {
    format!("To compare, a batch takes no more images than the {} to train on. Choose a smaller batch.", count(images))
}

pub fn too_large(need: u64, limit: u64) -> String {
    format!(
        "A contestant needs about {} of memory; on the CPU a browser gives about {}. The network that learns from labels \
         alone goes through in whole batches. Choose a smaller batch, encoder or image size.",
        bytes(need as f64),
        bytes(limit as f64)
    )
}
pub const OTHER_IMAGES: &str =
    "The queue still has runs of other images. Let them end, or take them out on the page Runs.";

/// Why two contestants are missing. `net` is the chosen encoder's, if weights of it are published; they fit if it is
/// `as_published`.
pub fn lacks(net: Option<&str>, as_published: bool) -> String {
    let why = match net {
        Some(net) if as_published => format!("The weights of {net} are not loaded"),
        Some(net) => format!("The weights of {net} need the ImageNet stem and width {PUBLISHED_WIDTH}"),
        None => "Nobody published weights of this encoder".to_owned(),
    };
    format!("{why}, so only the two starts from random weights are compared.")
}

pub const RESULT: &str = "Compared starts";
pub const TABLE: &str = "Test accuracy of each start";
pub const START: &str = "Start";
pub const METHOD: &str = "Learns from labels";

pub fn what(config: &RunConfig, fraction: u8, labels: usize) -> String {
    let encoder = weights::network(config);
    format!(
        "{encoder}, {} pixels, {} of SimCLR, {}.",
        config.image_size,
        counted(config.epochs as usize, "epoch"),
        super::fine_tune::fraction(fraction, labels)
    )
}

/// Whether SimCLR was worth it, and by how much.
pub fn answer(simclr: Start, other: Start, difference: Difference) -> String {
    let (clear, by, words) = match difference {
        Difference::Images(verdict) => {
            let words = confidence::verdict(than(other), verdict);
            match verdict {
                Verdict::Clear { difference, .. } => (true, difference, words),
                Verdict::Unclear { difference, .. } => (false, difference, words),
            }
        }
        Difference::Seeds(seeds) => (seeds.is_clear(), seeds.difference, confidence::seeds(than(other), seeds)),
    };
    let short = match (clear, by > 0.0) {
        (false, _) => "No clear answer",
        (true, true) => "SimCLR was worth it here",
        (true, false) => "SimCLR was not worth it here",
    };
    // They begin a sentence elsewhere.
    let words = words.replacen("As good", "as good", 1);
    format!("{short}: {} is {words}", name(simclr))
}

pub const RESULT_HELP: &str = "The better of the two with SimCLR against the better of the others: the same test images chose \
    them, which flatters both a little. Thin lines are 95 % intervals over the test images (Wilson); with several seeds, one \
    standard deviation to either side of the mean.";
