//! The smallest encoder, this program's own.

use super::facts::{Facts, WIDTHS};
use super::layer::{Layer, Row};

pub const CONVNET4: Facts = Facts {
    key: "convnet4",
    name: "ConvNet-4",
    layers: |width, _| {
        let stage = |input, number: usize| {
            let stride = if number == 1 { 1 } else { 2 };
            Row::new(input).numbered("", number, width << (number - 1), 3, stride).then(Layer::Relu)
        };
        vec![stage(3, 1), stage(width, 2), stage(2 * width, 3), stage(4 * width, 4)]
    },
    widths: WIDTHS,
    has_stems: false,
    is_fixed: false,
    has_batch_norm: true,
    weights: None,
};
