//! VGG networks without batch normalisation (Simonyan & Zisserman 2015, arXiv 1409.1556; VGG19 is
//! their configuration E), built and named like torchvision's, up to and with the last max-pool. The
//! classifier, two thirds of the published file, is left out.

use super::facts::{Facts, PublishedFile, PublishedWeights, WIDTHS};
use super::layer::{Conv, Layer, Row};

pub const VGG19: Facts = Facts {
    key: "vgg19",
    name: "VGG19",
    layers: |_, _| layers([2, 2, 4, 4, 4]),
    widths: WIDTHS,
    has_stems: false,
    is_fixed: true,
    has_batch_norm: false,
    weights: PublishedWeights::torchvision(
        "vgg19",
        20_024_384,
        PublishedFile {
            repository: "timm/vgg19.tv_in1k",
            revision: "128d4708565b3a414bcbb9bbad440b2fe37b9f18",
            length: None,
            sha256: Some("11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669"),
        },
    ),
};

/// `convolutions` of 3×3 with bias in each of five stages that end with a max-pool. A tensor's name is its layer's
/// position in torchvision's `features`.
fn layers(convolutions: [usize; 5]) -> Vec<Row> {
    let (mut input, mut position) = (3, 0);
    let stages = convolutions.into_iter().zip([64, 128, 256, 512, 512]);
    let stage = |(convolutions, output)| {
        let mut row = Row::new(input);
        for _ in 0..convolutions {
            let (name, input) = (format!("features.{position}"), row.channels);
            let conv = Conv { name, input, output, kernel: [3, 3], stride: 1, padded: true, bias: true };
            row = row.then(Layer::Conv(conv)).then(Layer::Relu);
            position += 2;
        }
        position += 1;
        input = output;
        row.then(Layer::MaxPool { side: 2, padding: 0 })
    };
    stages.map(stage).collect()
}
