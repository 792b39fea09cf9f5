//! The table of encoders: one row each, with all that the page, links, costs and the worker have to
//! know about a network, its layers too. Each kind of network has a file of its own.

mod convnet4;
mod facts;
mod inception_resnet_v2;
mod layer;
pub mod resnet;
mod vgg;

pub use facts::{Facts, Normalisation, PUBLISHED_WIDTH, PublishedFile, PublishedWeights, Stem};
pub use layer::{Conv, EPSILON, Layer, Row};

use serde::{Deserialize, Serialize};

/// The network that maps a view to features h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Architecture {
    /// Four 3×3 convolutions (stride 1, 2, 2, 2), each with batch
    /// normalisation and ReLU, widths w, 2w, 4w, 8w; the smallest.
    ConvNet4,
    /// One basic block a stage, widths w, 2w, 4w, 8w.
    ResNet10,
    /// Two basic blocks a stage, widths w, 2w, 4w, 8w.
    ResNet18,
    // As they are published, so without a choice of stem and width.
    ResNet50,
    ResNet101,
    /// Without batch normalisation.
    Vgg19,
    InceptionResNetV2,
}

impl Architecture {
    /// In the order of a form.
    pub const ALL: [Self; 7] = [
        Self::ConvNet4,
        Self::ResNet10,
        Self::ResNet18,
        Self::ResNet50,
        Self::ResNet101,
        Self::Vgg19,
        Self::InceptionResNetV2,
    ];

    /// Its row of the table.
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::ConvNet4 => &convnet4::CONVNET4,
            Self::ResNet10 => &resnet::RESNET10,
            Self::ResNet18 => &resnet::RESNET18,
            Self::ResNet50 => &resnet::RESNET50,
            Self::ResNet101 => &resnet::RESNET101,
            Self::Vgg19 => &vgg::VGG19,
            Self::InceptionResNetV2 => &inception_resnet_v2::INCEPTION_RESNET_V2,
        }
    }
}
