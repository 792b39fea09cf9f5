//! The encoders that are published with weights trained on ImageNet, and their weights.

use super::architecture::{Architecture, PUBLISHED_WIDTH, PublishedFile, PublishedWeights, Row, Stem};
use serde::{Deserialize, Serialize};

/// A network with published ImageNet weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Architecture", into = "Architecture")]
pub struct ImageNetEncoder(Architecture);

impl From<ImageNetEncoder> for Architecture {
    fn from(encoder: ImageNetEncoder) -> Self {
        encoder.0
    }
}

impl TryFrom<Architecture> for ImageNetEncoder {
    type Error = &'static str;

    fn try_from(architecture: Architecture) -> Result<Self, Self::Error> {
        Self::of(architecture).ok_or("this network has no published weights")
    }
}

impl ImageNetEncoder {
    /// In the order of [`Architecture::ALL`].
    pub fn all() -> impl Iterator<Item = Self> {
        Architecture::ALL.into_iter().filter_map(Self::of)
    }

    /// The network, if weights of it are published.
    pub const fn of(architecture: Architecture) -> Option<Self> {
        if architecture.facts().weights.is_some() { Some(Self(architecture)) } else { None }
    }

    pub const fn architecture(self) -> Architecture {
        self.0
    }

    /// Facts about its published weights.
    pub fn weights(self) -> &'static PublishedWeights {
        self.0.facts().weights.as_ref().expect("only networks with published weights are made")
    }

    /// Where its weights are published.
    pub fn published_file(self) -> &'static PublishedFile {
        &self.weights().file
    }

    /// The name that papers give it.
    pub fn name(self) -> &'static str {
        self.0.facts().name
    }

    /// Its layers by stages, as they are published.
    pub fn stages(self) -> Vec<Row> {
        (self.0.facts().layers)(PUBLISHED_WIDTH, Stem::ImageNet)
    }

    /// About how many bytes a download has: the weights, 32 bits each, without a classifier.
    pub fn download_bytes(self) -> u64 {
        4 * self.weights().parameters as u64
    }
}

/// Downloaded weights, as they are stored in this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadedWeights {
    pub encoder: ImageNetEncoder,
    /// Size of the whole stored file; 0 if it is not known yet.
    pub bytes: u64,
    /// The file is complete; otherwise the next fetch continues where the last one stopped.
    pub whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_encoder_has_a_place_of_its_own_that_is_well_formed() {
        let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        let files: Vec<_> = ImageNetEncoder::all().map(ImageNetEncoder::published_file).collect();
        assert_eq!(files.iter().map(|file| file.repository).collect::<BTreeSet<_>>().len(), files.len());
        for (file, encoder) in files.iter().zip(ImageNetEncoder::all()) {
            assert!(file.repository.contains(encoder.weights().called), "{file:?}");
            assert!(file.sha256.is_none_or(|sum| hex(sum, 64)), "{file:?}");
            // A sum of what may change tomorrow would be a trap.
            assert!(hex(file.revision, 40) || file.sha256.is_none() && file.length.is_none(), "{file:?}");
            assert!(file.length.is_none_or(|length| length > encoder.download_bytes()), "{file:?}");
        }
    }

    #[test]
    fn a_mirror_is_laid_out_like_the_hub() {
        let path = "timm/resnet101.tv_in1k/resolve/main/model.safetensors";
        let file = ImageNetEncoder::of(Architecture::ResNet101).unwrap().published_file();
        for hub in ["https://m.org/hub", "https://m.org/hub/"] {
            assert_eq!(file.url(hub), format!("https://m.org/hub/{path}"));
        }
    }
}
