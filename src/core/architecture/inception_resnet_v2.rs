//! Inception-ResNet-v2 (Szegedy et al. 2017, arXiv 1602.07261), built and named like timm's
//! `inception_resnet_v2`, without its classifier.

use super::facts::{Facts, Normalisation, PublishedFile, PublishedWeights, WIDTHS};
use super::layer::{Conv, Layer, Row};

pub const INCEPTION_RESNET_V2: Facts = Facts {
    key: "inception_resnet_v2",
    name: "Inception-ResNet-v2",
    layers: |_, _| layers(),
    widths: WIDTHS,
    has_stems: false,
    is_fixed: true,
    has_batch_norm: true,
    weights: Some(PublishedWeights {
        library: "timm",
        called: "inception_resnet_v2",
        image_size: 299,
        // Its unpadded layers leave nothing of less.
        min_image_size: 75,
        normalisation: Normalisation::SYMMETRIC,
        parameters: 54_306_464,
        file: PublishedFile {
            repository: "timm/inception_resnet_v2.tf_in1k",
            revision: "89854797f99e77e1189626b74d7c07013a4308fa",
            length: None,
            sha256: Some("dbea26b13a5fc8351919fed6a94222c0577ce324b2765fd081a798f837ca9d72"),
        },
    }),
};

/// ε of every normalisation here: timm's and the original's, 100 times PyTorch's default.
const EPSILON: f64 = 1e-3;

/// A convolution: channels that leave it, kernel [height, width], stride, and whether it is padded.
type Shape = (usize, [usize; 2], usize, bool);

/// A 1×1 layer.
const fn point(output: usize) -> Shape {
    (output, [1, 1], 1, true)
}

/// A 3×3 layer that keeps the size.
const fn same(output: usize) -> Shape {
    (output, [3, 3], 1, true)
}

/// A 3×3 layer without padding.
const fn inner(output: usize) -> Shape {
    (output, [3, 3], 1, false)
}

/// A 3×3 layer of stride 2 without padding.
const fn half(output: usize) -> Shape {
    (output, [3, 3], 2, false)
}

/// A layer of a row of pixels that keeps the size.
const fn wide(output: usize, length: usize) -> Shape {
    (output, [1, length], 1, true)
}

/// A layer of a column of pixels that keeps the size.
const fn high(output: usize, length: usize) -> Shape {
    (output, [length, 1], 1, true)
}

const POOL: Layer = Layer::MaxPool { side: 3, padding: 0 };

fn layers() -> Vec<Row> {
    let stem = layer(Row::new(3), "conv2d_1a", half(32));
    let stem = layer(layer(stem, "conv2d_2a", inner(32)), "conv2d_2b", same(64)).then(POOL);
    let stem = layer(layer(stem, "conv2d_3b", point(80)), "conv2d_4a", inner(192)).then(POOL);

    let mixed = [&[point(96)][..], &[point(48), (64, [5, 5], 1, true)], &[point(64), same(96), same(96)]];
    let average = layer(Row::new(192).then(Layer::AveragePool), "mixed_5b.branch3.1", point(64));
    let block = [&[point(32)][..], &[point(32), same(32)], &[point(32), same(48), same(64)]];
    let stage1 = joined(Row::new(192), "mixed_5b", &mixed, Some(average));
    let stage1 = (0..10).fold(stage1, |row, i| residual(row, &format!("repeat.{i}"), &block, 0.17));

    let mixed = [&[half(384)][..], &[point(256), same(256), half(384)]];
    let block = [&[point(192)][..], &[point(128), wide(160, 7), high(192, 7)]];
    let stage2 = joined(Row::new(320), "mixed_6a", &mixed, Some(Row::new(320).then(POOL)));
    let stage2 = (0..20).fold(stage2, |row, i| residual(row, &format!("repeat_1.{i}"), &block, 0.10));

    let mixed = [&[point(256), half(384)][..], &[point(256), half(288)], &[point(256), same(288), half(320)]];
    let block = [&[point(192)][..], &[point(192), wide(224, 3), high(256, 3)]];
    let stage3 = joined(Row::new(1088), "mixed_7a", &mixed, Some(Row::new(1088).then(POOL)));
    let stage3 = (0..9).fold(stage3, |row, i| residual(row, &format!("repeat_2.{i}"), &block, 0.20));
    let last = sum(&stage3, "block8", &block, None);

    vec![stem, stage1, stage2, stage3.then(last), layer(Row::new(2080), "conv2d_7b", point(1536))]
}

/// Convolution without bias, normalisation, ReLU.
fn layer(row: Row, at: &str, (output, kernel, stride, padded): Shape) -> Row {
    let (name, input) = (format!("{at}.conv"), row.channels);
    row.then(Layer::Conv(Conv { name, input, output, kernel, stride, padded, bias: false }))
        .then(Layer::Norm { name: format!("{at}.bn"), channels: output, epsilon: EPSILON })
        .then(Layer::Relu)
}

/// Branches side by side, and one more. The layers of a branch are numbered if it has several.
fn joined(row: Row, at: &str, branches: &[&[Shape]], more: Option<Row>) -> Row {
    let branch = |(number, shapes): (usize, &&[Shape])| {
        shapes.iter().enumerate().fold(Row::new(row.channels), |row, (i, &shape)| match shapes.len() {
            1 => layer(row, &format!("{at}.branch{number}"), shape),
            _ => layer(row, &format!("{at}.branch{number}.{i}"), shape),
        })
    };
    let rows = branches.iter().enumerate().map(branch).chain(more).collect();
    row.then(Layer::Joined(rows))
}

/// A block of [`sum`], then ReLU.
fn residual(row: Row, at: &str, branches: &[&[Shape]], scale: f64) -> Row {
    let sum = sum(&row, at, branches, Some(scale));
    row.then(sum).then(Layer::Relu)
}

/// Branches side by side, brought to the channels of the input by a 1×1 convolution with bias, scaled and added to
/// it: `Block35`, `Block17` and `Block8`.
fn sum(row: &Row, at: &str, branches: &[&[Shape]], scale: Option<f64>) -> Layer {
    let input = Row::new(row.channels);
    let main = joined(input.clone(), at, branches, None);
    let (name, joined, output) = (format!("{at}.conv2d"), main.channels, row.channels);
    let conv = Conv { name, input: joined, output, kernel: [1, 1], stride: 1, padded: true, bias: true };
    let main = main.then(Layer::Conv(conv));
    Layer::Sum(scale.into_iter().fold(main, |main, scale| main.then(Layer::Scale(scale))), input)
}
