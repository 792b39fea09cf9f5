//! The table of encoders: one row each, with all that the page, links, costs and the worker have to
//! know about a network. `learn::encoder` builds the networks.

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

/// The first layers of a ResNet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stem {
    /// 3×3 convolution, stride 1, no max-pool: for images of up to 64 pixels.
    Small,
    /// 7×7 convolution, stride 2, then 3×3 max-pool, stride 2.
    ImageNet,
}

/// The blocks that a residual network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3 and 1×1 convolution, to four times the block's width.
    Bottleneck,
}

impl Block {
    /// Channels that leave a block, by its width.
    pub const fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }
}

/// How a network is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    ConvNet4,
    /// Blocks in each of four stages of widths w, 2w, 4w, 8w.
    ResNet {
        block: Block,
        blocks: [usize; 4],
    },
    /// 3×3 convolutions in each of five stages of [`VGG_CHANNELS`] that end with a max-pool.
    Vgg {
        convolutions: [usize; 5],
    },
    InceptionResNetV2,
}

/// Channels of each stage of a VGG network.
pub const VGG_CHANNELS: [usize; 5] = [64, 128, 256, 512, 512];

/// Channels of the first stage of a published ResNet.
pub const PUBLISHED_WIDTH: usize = 64;

impl Family {
    /// Length of h, the global average of the last feature map, for a first stage of `width` channels.
    pub const fn features(self, width: usize) -> usize {
        match self {
            Self::ConvNet4 => 8 * width,
            Self::ResNet { block, .. } => 8 * width * block.expansion(),
            Self::Vgg { .. } => VGG_CHANNELS[4],
            Self::InceptionResNetV2 => 1536,
        }
    }
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
    pub file: &'static str,
    /// In bytes.
    pub length: Option<u64>,
    /// Of the whole file, in hexadecimal digits.
    pub sha256: Option<&'static str>,
}

impl PublishedFile {
    const fn new(
        repository: &'static str,
        revision: &'static str,
        length: Option<u64>,
        sha256: Option<&'static str>,
    ) -> Self {
        Self { repository, revision, file: "model.safetensors", length, sha256 }
    }

    /// The address of the file at the Hub, or at a mirror that is laid out like it.
    pub fn url(&self, hub: &str) -> String {
        format!("{}/{}", hub.trim_end_matches('/'), self.path())
    }

    /// The file's path at the Hub and at every mirror.
    pub fn path(&self) -> String {
        format!("{}/resolve/{}/{}", self.repository, self.revision, self.file)
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

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// In links.
    pub key: &'static str,
    /// The name that papers give it.
    pub name: &'static str,
    pub family: Family,
    /// Channels that the first stage can have.
    pub widths: &'static [u64],
    /// Whether there is a choice of [`Stem`].
    pub has_stems: bool,
    /// Built as it is published: stem and width are its own.
    pub is_fixed: bool,
    pub has_batch_norm: bool,
    /// Parts that freeze together, the stem's first: how the names of their tensors begin.
    pub stages: &'static [&'static [&'static str]],
    pub weights: Option<PublishedWeights>,
}

const WIDTHS: &[u64] = &[8, 16, 32, 64];
const RESNET_WIDTHS: &[u64] = &[16, 32, 64];

const RESNET_STAGES: &[&[&str]] = &[&["conv1.", "bn1."], &["layer1."], &["layer2."], &["layer3."], &["layer4."]];

/// A residual network, its own or as torchvision publishes it.
const fn resnet(key: &'static str, name: &'static str, block: Block, blocks: [usize; 4]) -> Facts {
    let is_fixed = matches!(block, Block::Bottleneck);
    Facts {
        key,
        name,
        family: Family::ResNet { block, blocks },
        widths: if is_fixed { WIDTHS } else { RESNET_WIDTHS },
        has_stems: !is_fixed,
        is_fixed,
        has_batch_norm: true,
        stages: RESNET_STAGES,
        weights: None,
    }
}

/// Weights of torchvision, which the Hub has from timm. VGG19's five poolings leave nothing of images of less than 32
/// pixels. The ResNets pad: below their total stride of 32 they would look at padding, for the most part.
const fn torchvision(called: &'static str, parameters: usize, file: PublishedFile) -> Option<PublishedWeights> {
    let normalisation = Normalisation::IMAGENET;
    let (image_size, min_image_size) = (224, 32);
    Some(PublishedWeights {
        library: "torchvision",
        called,
        image_size,
        min_image_size,
        normalisation,
        parameters,
        file,
    })
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

    const TABLE: [Facts; Self::ALL.len()] = {
        let mut table = [Self::ConvNet4.row(); Self::ALL.len()];
        let mut i = 0;
        while i < table.len() {
            table[Self::ALL[i] as usize] = Self::ALL[i].row();
            i += 1;
        }
        table
    };

    /// Its row of the table.
    pub const fn facts(self) -> &'static Facts {
        let table: &'static [Facts; Self::ALL.len()] = &Self::TABLE;
        &table[self as usize]
    }

    const fn row(self) -> Facts {
        match self {
            Self::ConvNet4 => Facts {
                key: "convnet4",
                name: "ConvNet-4",
                family: Family::ConvNet4,
                widths: WIDTHS,
                has_stems: false,
                is_fixed: false,
                has_batch_norm: true,
                stages: &[&["conv1.", "bn1."], &["conv2.", "bn2."], &["conv3.", "bn3."], &["conv4.", "bn4."]],
                weights: None,
            },
            Self::ResNet10 => resnet("resnet10", "ResNet-10", Block::Basic, [1; 4]),
            Self::ResNet18 => Facts {
                weights: torchvision(
                    "resnet18",
                    11_176_512,
                    PublishedFile::new(
                        "timm/resnet18.tv_in1k",
                        "bbd144b3e5565108aad885f145491d11bc6ce807",
                        Some(46_807_446),
                        Some("694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81"),
                    ),
                ),
                ..resnet("resnet18", "ResNet-18", Block::Basic, [2; 4])
            },
            Self::ResNet50 => Facts {
                weights: torchvision(
                    "resnet50",
                    23_508_032,
                    PublishedFile::new(
                        "timm/resnet50.tv_in1k",
                        "78f3ecfdb38e06d9b8397f662e7ab8fee96026fa",
                        Some(102_469_840),
                        Some("5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888"),
                    ),
                ),
                ..resnet("resnet50", "ResNet-50", Block::Bottleneck, [3, 4, 6, 3])
            },
            Self::ResNet101 => Facts {
                // Not pinned: only the first digits of its revision were to be found.
                weights: torchvision(
                    "resnet101",
                    42_500_160,
                    PublishedFile::new("timm/resnet101.tv_in1k", "main", None, None),
                ),
                ..resnet("resnet101", "ResNet-101", Block::Bottleneck, [3, 4, 23, 3])
            },
            Self::Vgg19 => Facts {
                key: "vgg19",
                name: "VGG19",
                family: Family::Vgg { convolutions: [2, 2, 4, 4, 4] },
                widths: WIDTHS,
                has_stems: false,
                is_fixed: true,
                has_batch_norm: false,
                stages: &[
                    &["features.0.", "features.2."],
                    &["features.5.", "features.7."],
                    &["features.10.", "features.12.", "features.14.", "features.16."],
                    &["features.19.", "features.21.", "features.23.", "features.25."],
                    &["features.28.", "features.30.", "features.32.", "features.34."],
                ],
                weights: torchvision(
                    "vgg19",
                    20_024_384,
                    PublishedFile::new(
                        "timm/vgg19.tv_in1k",
                        "128d4708565b3a414bcbb9bbad440b2fe37b9f18",
                        None,
                        Some("11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669"),
                    ),
                ),
            },
            Self::InceptionResNetV2 => Facts {
                key: "inception_resnet_v2",
                name: "Inception-ResNet-v2",
                family: Family::InceptionResNetV2,
                widths: WIDTHS,
                has_stems: false,
                is_fixed: true,
                has_batch_norm: true,
                stages: &[
                    &["conv2d_1a.", "conv2d_2a.", "conv2d_2b.", "conv2d_3b.", "conv2d_4a."],
                    &["mixed_5b.", "repeat."],
                    &["mixed_6a.", "repeat_1."],
                    &["mixed_7a.", "repeat_2.", "block8."],
                    &["conv2d_7b."],
                ],
                weights: Some(PublishedWeights {
                    library: "timm",
                    called: "inception_resnet_v2",
                    image_size: 299,
                    // Its unpadded layers leave nothing of less.
                    min_image_size: 75,
                    normalisation: Normalisation::SYMMETRIC,
                    parameters: 54_306_464,
                    file: PublishedFile::new(
                        "timm/inception_resnet_v2.tf_in1k",
                        "89854797f99e77e1189626b74d7c07013a4308fa",
                        None,
                        Some("dbea26b13a5fc8351919fed6a94222c0577ce324b2765fd081a798f837ca9d72"),
                    ),
                }),
            },
        }
    }
}
