//! The encoders that are published with weights trained on ImageNet: facts that page,
//! worker and tensor code share. The networks themselves are `learn::encoder`'s.

pub mod addresses;

use addresses::PublishedFile;
use serde::{Deserialize, Serialize};

/// What is done to a channel before a network sees it: (value − mean) / std, for values
/// in [0, 1], by channel R, G, B.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    pub mean: [f32; 3],
    /// None is 0.
    pub std: [f32; 3],
}

impl Normalisation {
    /// Values as they are: what this program's own encoders are trained on.
    pub const NONE: Self = Self { mean: [0.0; 3], std: [1.0; 3] };
    /// Of ImageNet's training images, as torchvision's weights have it.
    pub const IMAGENET: Self = Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
    /// To [−1, 1], as the Inception networks have it.
    pub const SYMMETRIC: Self = Self { mean: [0.5; 3], std: [0.5; 3] };
}

/// A network with published ImageNet weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ImageNetEncoder {
    ResNet18,
    ResNet50,
    ResNet101,
    /// Without batch normalisation.
    Vgg19,
    InceptionResNetV2,
}

impl ImageNetEncoder {
    pub const ALL: [Self; 5] = [Self::ResNet18, Self::ResNet50, Self::ResNet101, Self::Vgg19, Self::InceptionResNetV2];

    /// The name that papers give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ResNet18 => "ResNet-18",
            Self::ResNet50 => "ResNet-50",
            Self::ResNet101 => "ResNet-101",
            Self::Vgg19 => "VGG19",
            Self::InceptionResNetV2 => "Inception-ResNet-v2",
        }
    }

    /// The library that publishes its weights and what it is called there; tensors are named as
    /// there.
    pub fn published_as(self) -> (&'static str, &'static str) {
        match self {
            Self::ResNet18 => ("torchvision", "resnet18"),
            Self::ResNet50 => ("torchvision", "resnet50"),
            Self::ResNet101 => ("torchvision", "resnet101"),
            Self::Vgg19 => ("torchvision", "vgg19"),
            Self::InceptionResNetV2 => ("timm", "inception_resnet_v2"),
        }
    }

    /// Length of h, the global average of the last feature map.
    pub fn features(self) -> usize {
        match self {
            Self::ResNet18 | Self::Vgg19 => 512,
            Self::ResNet50 | Self::ResNet101 => 2048,
            Self::InceptionResNetV2 => 1536,
        }
    }

    /// Side of the images that the published weights were trained on, in pixels.
    pub fn default_size(self) -> usize {
        match self {
            Self::InceptionResNetV2 => 299,
            _ => 224,
        }
    }

    /// Least side of an image in pixels; any from here on will do. VGG19's five poolings
    /// leave nothing of less than 32 pixels and Inception-ResNet-v2's unpadded layers
    /// nothing of less than 75. The ResNets pad: below their total stride of 32 they would
    /// look at padding, for the most part.
    pub fn min_size(self) -> usize {
        match self {
            Self::InceptionResNetV2 => 75,
            _ => 32,
        }
    }

    /// What the published weights expect of their input.
    pub fn normalisation(self) -> Normalisation {
        match self {
            Self::InceptionResNetV2 => Normalisation::SYMMETRIC,
            _ => Normalisation::IMAGENET,
        }
    }

    /// Weights that train, without the classifier.
    pub fn parameters(self) -> usize {
        match self {
            Self::ResNet18 => 11_176_512,
            Self::ResNet50 => 23_508_032,
            Self::ResNet101 => 42_500_160,
            Self::Vgg19 => 20_024_384,
            Self::InceptionResNetV2 => 54_306_464,
        }
    }
}

impl ImageNetEncoder {
    /// Where its weights are published.
    pub fn published_file(self) -> &'static PublishedFile {
        match self {
            Self::ResNet18 => &addresses::RESNET18,
            Self::ResNet50 => &addresses::RESNET50,
            Self::ResNet101 => &addresses::RESNET101,
            Self::Vgg19 => &addresses::VGG19,
            Self::InceptionResNetV2 => &addresses::INCEPTION_RESNET_V2,
        }
    }

    /// About how many bytes a download has: the weights, 32 bits each, without a classifier.
    pub fn download_bytes(self) -> u64 {
        4 * self.parameters() as u64
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
        let files: Vec<&PublishedFile> = ImageNetEncoder::ALL.iter().map(|encoder| encoder.published_file()).collect();
        assert_eq!(files.iter().map(|published| published.repository).collect::<BTreeSet<_>>().len(), files.len());
        for (published, encoder) in files.iter().zip(ImageNetEncoder::ALL) {
            assert!(published.repository.contains(encoder.published_as().1), "{published:?}");
            assert!(published.sha256.is_none_or(|sum| hex(sum, 64)), "{published:?}");
            // A sum of what may change tomorrow would be a trap.
            assert!(
                hex(published.revision, 40) || published.sha256.is_none() && published.length.is_none(),
                "{published:?}"
            );
            assert!(published.length.is_none_or(|length| length > encoder.download_bytes()), "{published:?}");
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
