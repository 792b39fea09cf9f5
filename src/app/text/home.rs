//! Words of the landing page and of the chart's nodes.

use super::units::{count, counted, percent, rounded_percent as short, whole_percent};

pub const TITLE: &str = "Teach a network to see, without labels";
pub const LEAD: &str = "SimCLR learns from two altered views of each picture. Train one on your own images, on your own \
    GPU, in this browser tab, and measure what it learned.";

pub const USE_SAMPLE: &str = "Use the sample set";
pub const USE_OWN: &str = "Use your own images";
pub const GO_PRETRAIN: &str = "Pre-train on these images";
pub const GO_WATCH: &str = "Watch the training";
pub const GO_EVALUATE: &str = "See what it learned";
pub const GO_IMAGES: &str = "Show the images";
pub const LEARN: &str = "Learn the loss step by step";
pub const FIRST_NOTE: &str =
    "The sample set is drawn on the spot: nothing to download but the training program, and nothing is uploaded.";

pub const CHART: &str = "The method, live";
pub const CHART_HELP: &str = "Each box shows what it is doing now. Choose one to open its stage.";
pub const CHART_NOTE: &str =
    "After pre-training the projection head is thrown away. The features h are kept and judged.";

pub const IMAGES: &str = "Images";
pub const AUGMENTATION: &str = "Augmentation";
pub const VIEW: [&str; 2] = ["View 1", "View 2"];
pub const ENCODER: &str = "Encoder";
pub const FEATURES: [&str; 2] = ["Features 1", "Features 2"];
pub const HEAD: &str = "Projection head";
pub const EMBEDDINGS: [&str; 2] = ["Embedding 1", "Embedding 2"];
pub const LOSS: &str = "NT-Xent";
pub const LINEAR: &str = "Linear evaluation";
pub const FINE_TUNING: &str = "Fine-tuning";
pub const SCORES: &str = "Precision, recall, F1";

pub const WAITING_FOR_YOU: &str = "Waiting for you to choose";
pub const WAITING_FOR_IMAGES: &str = "Waiting for images";
pub const WAITING_FOR_TRAINING: &str = "Waiting for pre-training";
pub const WAITING_FOR_LABELS: &str = "Waiting for labelled images";
pub const WAITING_FOR_LINEAR: &str = "Waiting for linear evaluation";
pub const FEATURES_STAY: &str = "Kept";
pub const NOT_NEEDED: &str = "Done: no longer needed";
pub const MEASURED: &str = "Being judged";
pub const READY: &str = "Ready";
pub const PAUSED: &str = "Paused";
pub const WORKING: &str = "Working";
pub const EXAMPLE: &str = "An image of the set";
pub const THROWN_AWAY: &str = "Done: thrown away now";

pub fn reading(part: Option<f64>) -> String {
    part.map_or_else(|| "Reading".to_owned(), |p| format!("Reading, {}", whole_percent(p)))
}

pub fn images(images: usize, classes: usize) -> String {
    match classes {
        0 => format!("{} images", count(images)),
        1 => format!("{} images, 1 class", count(images)),
        _ => format!("{} images, {classes} classes", count(images)),
    }
}

pub fn training(part: f64) -> String {
    format!("Training, {}", whole_percent(part))
}

pub fn paused(part: f64) -> String {
    format!("{PAUSED} at {}", whole_percent(part))
}

pub fn trained(steps: u32) -> String {
    format!("Trained, {}", counted(steps as usize, "step"))
}

pub fn ready(what: &str) -> String {
    format!("{READY}: {what}")
}

pub fn numbers(n: usize) -> String {
    format!("{n} numbers")
}

pub fn loss(loss: f32) -> String {
    format!("Loss {loss:.3}")
}

pub fn evaluating(part: f32) -> String {
    format!("Evaluating, {}", whole_percent(f64::from(part)))
}

pub fn accuracy(part: f64) -> String {
    format!("{} right", percent(part))
}

pub fn scores(precision: f64, recall: f64, f1: f64) -> String {
    format!("{} · {} · {}", short(precision), short(recall), short(f1))
}
