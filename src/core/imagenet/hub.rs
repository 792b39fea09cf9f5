//! Published weights that are fetched, and kept in this browser.

use super::ImageNetEncoder;
use super::addresses::{self, Place};
use serde::{Deserialize, Serialize};

impl ImageNetEncoder {
    /// Where its weights are published.
    pub fn place(self) -> &'static Place {
        match self {
            Self::ResNet18 => &addresses::RESNET18,
            Self::ResNet50 => &addresses::RESNET50,
            Self::ResNet101 => &addresses::RESNET101,
            Self::Vgg19 => &addresses::VGG19,
            Self::InceptionResNetV2 => &addresses::INCEPTION_RESNET_V2,
        }
    }

    /// About so many bytes are fetched: its weights, 32 bits each, without a classifier.
    pub fn download_bytes(self) -> u64 {
        4 * self.parameters() as u64
    }
}

/// Weights that were fetched, as they lie in this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptWeights {
    pub encoder: ImageNetEncoder,
    /// Of all that is kept of it in the end; 0 where that is not known yet.
    pub bytes: u64,
    /// All of it is here: else fetching goes on where it stopped.
    pub whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_encoder_has_a_place_of_its_own_that_is_well_formed() {
        let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        let places: Vec<&Place> = ImageNetEncoder::ALL.iter().map(|encoder| encoder.place()).collect();
        assert_eq!(places.iter().map(|place| place.repository).collect::<BTreeSet<_>>().len(), places.len());
        for (place, encoder) in places.iter().zip(ImageNetEncoder::ALL) {
            assert!(place.repository.contains(encoder.published_as().1), "{place:?}");
            assert!(place.sha256.is_none_or(|sum| hex(sum, 64)), "{place:?}");
            // A sum of what may change tomorrow would be a trap.
            assert!(hex(place.revision, 40) || place.sha256.is_none() && place.length.is_none(), "{place:?}");
            assert!(place.length.is_none_or(|length| length > encoder.download_bytes()), "{place:?}");
        }
    }

    #[test]
    fn a_mirror_is_laid_out_like_the_hub() {
        let path = "timm/resnet101.tv_in1k/resolve/main/model.safetensors";
        for hub in ["https://m.org/hub", "https://m.org/hub/"] {
            assert_eq!(addresses::RESNET101.url(hub), format!("https://m.org/hub/{path}"));
        }
    }
}
