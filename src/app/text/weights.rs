//! Words about published weights: what they are, and fetching them.

use super::units::bytes;
use crate::core::config::{InitialWeights, RunConfig, TrainedPart};
use crate::core::weights_file::{WeightsIdentity, WeightsReport};
use crate::core::{architecture::Normalisation, imagenet::ImageNetEncoder};

pub const TITLE: &str = "ImageNet weights";
pub const CHOOSE: &str = "Weights from a file";
pub const READING: &str = "Reading the weights …";
pub const FILE_HELP: &str = "A safetensors file or a PyTorch state dict (.pth) with torchvision's ResNet-18, ResNet-50, \
    ResNet-101 or VGG19, or timm's Inception-ResNet-v2. The file stays on this machine, and nothing in it is run.";
pub const JUDGE: &str = "Judge ImageNet features";
pub const JUDGE_HELP: &str = "kNN and linear evaluation of these weights as they are, without pre-training: what SimCLR has \
    to improve on. It is kept as a run of its own.";
pub const NEEDED: &str = "Load the ImageNet weights below before starting, at Encoder and head.";

/// What the network takes.
pub fn expects(net: ImageNetEncoder) -> String {
    let weights = net.weights();
    let Normalisation { mean, std } = weights.normalisation;
    let list = |values: [f32; 3]| values.map(|v| v.to_string()).join(", ");
    let (side, least) = (weights.image_size, weights.min_image_size);
    format!(
        "{}: published for images of {side} × {side} pixels; any size from {least} on works. Red, green and blue, in [0, 1], \
         are taken less {} and divided by {}.",
        net.name(),
        list(mean),
        list(std)
    )
}

pub fn loaded(report: &WeightsReport) -> String {
    let source = &report.identity.source;
    format!("Loaded: {}, from {source} ({}).", report.encoder.name(), bytes(report.bytes as f64))
}

/// Which weights they are: files of one name can hold others.
pub fn identity(weights: &WeightsIdentity) -> String {
    format!("{} ({})", weights.source, weights.fingerprint)
}

pub fn started_from(weights: &WeightsIdentity) -> String {
    format!("Started from the weights of {}", identity(weights))
}

pub fn missing(net: ImageNetEncoder) -> String {
    format!("No weights of {} are loaded yet: a run cannot start from them.", net.name())
}

/// What a run's encoder started from, and what of it trains.
pub fn start(config: &RunConfig) -> String {
    if config.encoder.start == InitialWeights::Random {
        return "random weights".to_owned();
    }
    let trains = match config.trained() {
        _ if config.epochs == 0 => "as they are",
        TrainedPart::All => "all layers trained",
        TrainedPart::Last3 => "last 3 stages trained",
        TrainedPart::Last2 => "last 2 stages trained",
        TrainedPart::Last1 => "last stage trained",
        TrainedPart::Head => "head trained, encoder frozen",
    };
    format!("ImageNet weights, {trains}")
}

/// The network's name.
pub fn network(config: &RunConfig) -> &'static str {
    config.encoder.architecture.facts().name
}

/// The same with what it started from.
pub fn encoder(config: &RunConfig) -> String {
    let key = crate::core::config::pretrain_settings::ENCODER.get(config).to_string();
    format!("{}, {}", super::settings::choice(&key), start(config))
}

/// A run or a timing that used up the device's memory, and a way out.
pub fn exhausted(config: &RunConfig) -> String {
    format!("The device gave up on {}. Less at once takes less memory.", size(config))
}

pub fn go_on_smaller(chunk: usize) -> String {
    format!("Go on from the last save, in chunks of {chunk}")
}

pub fn use_smaller(config: &RunConfig) -> String {
    format!("Use {}", size(config))
}

fn size(config: &RunConfig) -> String {
    match config.chunk {
        0 => format!("batches of {}", config.batch),
        chunk => format!("batches of {} in chunks of {chunk}", config.batch),
    }
}

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

pub fn in_browser(encoder: ImageNetEncoder, size: u64) -> String {
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
