//! The columns of the table of encoders.

use super::layer::Row;
use serde::{Deserialize, Serialize};

/// The first layers of a ResNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stem {
    /// 3×3 convolution, stride 1, no max-pool: for images of up to 64 pixels.
    Small,
    /// 7×7 convolution, stride 2, then 3×3 max-pool, stride 2.
    ImageNet,
}

/// What is done to a channel before a network sees it: (value − mean) / std, for values in [0, 1], by channel R, G, B.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    pub mean: [f32; 3],
    /// Never 0.
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

/// A file at the Hugging Face Hub.
///
/// Revisions, lengths and sums were read off the Hub's pages and other programs' tables, not off the files themselves:
/// the Hub was out of reach where this was written. What could not be found out is `None` and is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    pub repository: &'static str,
    /// A commit, which never changes, or the name of a branch.
    pub revision: &'static str,
    /// In bytes.
    pub length: Option<u64>,
    /// Of the whole file, in hexadecimal digits.
    pub sha256: Option<&'static str>,
}

impl PublishedFile {
    /// The address of the file at the Hub, or at a mirror that is laid out like it.
    pub fn url(&self, hub: &str) -> String {
        format!("{}/{}", hub.trim_end_matches('/'), self.path())
    }

    /// The file's path at the Hub and at every mirror.
    pub fn path(&self) -> String {
        format!("{}/resolve/{}/model.safetensors", self.repository, self.revision)
    }
}

/// Weights that were trained on ImageNet with labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedWeights {
    /// The library that publishes them, and what the network is called there; tensors are named as there.
    pub library: &'static str,
    pub called: &'static str,
    /// Side of the images that they were trained on, in pixels.
    pub image_size: usize,
    /// Least side of an image in pixels; any from here on will do.
    pub min_image_size: usize,
    pub normalisation: Normalisation,
    /// Weights that train, without the classifier.
    pub parameters: usize,
    pub file: PublishedFile,
}

impl PublishedWeights {
    /// Weights of torchvision, which the Hub has from timm. VGG19's five poolings leave nothing of images of less than 32
    /// pixels. The ResNets pad: below their total stride of 32 they would look at padding, for the most part.
    pub(super) const fn torchvision(called: &'static str, parameters: usize, file: PublishedFile) -> Option<Self> {
        let normalisation = Normalisation::IMAGENET;
        let (image_size, min_image_size) = (224, 32);
        Some(Self { library: "torchvision", called, image_size, min_image_size, normalisation, parameters, file })
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// In links.
    pub key: &'static str,
    /// The name that papers give it.
    pub name: &'static str,
    /// Its layers by stages, the stem's first, for a first stage of so many channels and a stem. Stages freeze together.
    pub layers: fn(usize, Stem) -> Vec<Row>,
    /// Channels that the first stage can have.
    pub widths: &'static [u64],
    /// Whether there is a choice of [`Stem`].
    pub has_stems: bool,
    /// Built as it is published: stem and width are its own.
    pub is_fixed: bool,
    pub has_batch_norm: bool,
    pub weights: Option<PublishedWeights>,
}

/// Widths of the smallest encoder, and in links those of the published ones, which ignore them.
pub const WIDTHS: &[u64] = &[8, 16, 32, 64];

/// Channels of the first stage of a published ResNet.
pub const PUBLISHED_WIDTH: usize = 64;
