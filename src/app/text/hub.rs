//! Words about published weights that are fetched.

use super::units::bytes;
use crate::core::imagenet::ImageNetEncoder;

pub const ASKING: &str = "Asking…";
pub const CANCELLED: &str = "Fetching was cancelled; what came is kept.";

pub fn fetch(encoder: ImageNetEncoder) -> String {
    format!("Fetch from the Hub (about {})", bytes(encoder.download_bytes() as f64))
}

pub fn go_on(encoder: ImageNetEncoder) -> String {
    format!("Go on fetching ({} in all)", bytes(encoder.download_bytes() as f64))
}

pub fn fetching(encoder: ImageNetEncoder) -> String {
    format!("Fetching the weights of {}", encoder.name())
}

pub fn received(received: u64, total: u64) -> String {
    format!("{} of {}", bytes(received as f64), bytes(total as f64))
}

pub fn kept(encoder: ImageNetEncoder, size: u64) -> String {
    format!(
        "The weights of {} are kept in this browser ({}) and taken from there when a run needs them. The page Runs lists them.",
        encoder.name(),
        bytes(size as f64)
    )
}

/// What pressing the button tells, and to whom.
pub fn note(encoder: ImageNetEncoder, host: &str) -> String {
    format!(
        "Asks {host} for {}, without its classifier. The host learns your network address and which weights you want, as of \
         any site you visit; nothing of yours is sent. They stay in this browser until you delete them.",
        encoder.published_file().repository
    )
}

pub fn fetched(encoder: ImageNetEncoder) -> String {
    format!("The weights of {} are here.", encoder.name())
}
