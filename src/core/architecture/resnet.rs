//! Residual networks (He et al. 2016, arXiv 1512.03385), built and named like torchvision's, so that weights travel both
//! ways.

use super::facts::{Facts, PublishedFile, PublishedWeights, Stem, WIDTHS};
use super::layer::{Layer, Row};

/// The blocks that a residual network is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1 to the width, 3×3, 1×1 to four times the width. The 3×3 has the stride, as in torchvision (the paper's
    /// first 1×1 has it).
    Bottleneck,
}

pub const RESNET10: Facts = Facts {
    key: "resnet10",
    name: "ResNet-10",
    layers: |width, stem| layers(Block::Basic, [1; 4], width, stem),
    widths: &[16, 32, 64],
    has_stems: true,
    is_fixed: false,
    has_batch_norm: true,
    weights: None,
};
const PUBLISHED: Facts = Facts { widths: WIDTHS, has_stems: false, is_fixed: true, ..RESNET10 };
pub const RESNET18: Facts = Facts {
    key: "resnet18",
    name: "ResNet-18",
    layers: |width, stem| layers(Block::Basic, [2; 4], width, stem),
    weights: PublishedWeights::torchvision(
        "resnet18",
        11_176_512,
        PublishedFile {
            repository: "timm/resnet18.tv_in1k",
            revision: "bbd144b3e5565108aad885f145491d11bc6ce807",
            length: Some(46_807_446),
            sha256: Some("694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81"),
        },
    ),
    ..RESNET10
};
pub const RESNET50: Facts = Facts {
    key: "resnet50",
    name: "ResNet-50",
    layers: |width, stem| layers(Block::Bottleneck, [3, 4, 6, 3], width, stem),
    weights: PublishedWeights::torchvision(
        "resnet50",
        23_508_032,
        PublishedFile {
            repository: "timm/resnet50.tv_in1k",
            revision: "78f3ecfdb38e06d9b8397f662e7ab8fee96026fa",
            length: Some(102_469_840),
            sha256: Some("5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888"),
        },
    ),
    ..PUBLISHED
};
pub const RESNET101: Facts = Facts {
    key: "resnet101",
    name: "ResNet-101",
    layers: |width, stem| layers(Block::Bottleneck, [3, 4, 23, 3], width, stem),
    // Not pinned: only the first digits of its revision were to be found.
    weights: PublishedWeights::torchvision(
        "resnet101",
        42_500_160,
        PublishedFile { repository: "timm/resnet101.tv_in1k", revision: "main", length: None, sha256: None },
    ),
    ..PUBLISHED
};

/// The stem, then `blocks` blocks in each of four stages of widths w, 2w, 4w, 8w.
pub fn layers(block: Block, blocks: [usize; 4], width: usize, stem: Stem) -> Vec<Row> {
    let first = |kernel, stride| Row::new(3).numbered("", 1, width, kernel, stride).then(Layer::Relu);
    let mut stages = vec![match stem {
        Stem::Small => first(3, 1),
        Stem::ImageNet => first(7, 2).then(Layer::MaxPool { side: 3, padding: 1 }),
    }];
    for (stage, blocks) in blocks.into_iter().enumerate() {
        let row = (0..blocks).fold(Row::new(stages[stage].channels), |row, i| {
            let stride = if stage > 0 && i == 0 { 2 } else { 1 };
            residual(row, &format!("layer{}.{i}.", stage + 1), block, width << stage, stride)
        });
        stages.push(row);
    }
    stages
}

/// A block around which the input is added back, through a 1×1 convolution where shapes differ.
fn residual(row: Row, at: &str, block: Block, width: usize, stride: usize) -> Row {
    let input = Row::new(row.channels);
    let main = match block {
        Block::Basic => input.clone().numbered(at, 1, width, 3, stride).then(Layer::Relu).numbered(at, 2, width, 3, 1),
        Block::Bottleneck => {
            let inner = input.clone().numbered(at, 1, width, 1, 1).then(Layer::Relu);
            inner.numbered(at, 2, width, 3, stride).then(Layer::Relu).numbered(at, 3, 4 * width, 1, 1)
        }
    };
    let shortcut = match stride != 1 || input.channels != main.channels {
        true => input.normalised(format!("{at}downsample.0"), format!("{at}downsample.1"), main.channels, 1, stride),
        false => input,
    };
    row.then(Layer::Sum(main, shortcut)).then(Layer::Relu)
}
