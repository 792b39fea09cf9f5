//! An encoder for evaluation: normalisation by the running statistics is part of the weights of the convolution before it, and
//! bias, residual and ReLU belong to the convolution. Weights are folded, and put in the order of the device's kernels, once.

use super::layers::{average_pool, normalise};
use super::{BatchNorm, Encoder, Part, Weights};
use crate::core::architecture::{Layer, Row};
use crate::learn::{conv::Finished, pooling::global_average, pooling::max_pool};
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Tensor, activation::relu};
use std::cell::OnceCell;

/// What [`Encoder::evaluated`] makes. It keeps the weights that the encoder had.
#[derive(Debug)]
pub struct Evaluated {
    encoder: Encoder,
    /// For each part that is a convolution, once it has been used.
    ready: Vec<OnceCell<Finished>>,
}

/// A part, and its convolution.
type Slot<'a> = (&'a Part, &'a OnceCell<Finished>);

impl Encoder {
    /// The encoder as it is now, ready to evaluate many batches on the plain device. The first batch decides how the
    /// convolutions are computed; batches of other sizes take longer at most.
    pub fn evaluated(&self) -> Evaluated {
        Evaluated { encoder: self.valid(), ready: self.parts.iter().map(|_| OnceCell::new()).collect() }
    }
}

impl Evaluated {
    /// [`Encoder::forward`] of the encoder on the plain device.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let mut slots = self.encoder.parts.iter().zip(&self.ready);
        let x = normalise(x, &self.encoder.normalisation);
        global_average(self.encoder.stages.iter().fold(x, |x, stage| pass(stage, &mut slots, x, None, false)))
    }
}

/// What the layers of `row` make of `x`, plus `residual`, with ReLU after it if `rectified`; the parts come in order.
fn pass<'a>(
    row: &Row,
    slots: &mut dyn Iterator<Item = Slot<'a>>,
    mut x: Tensor<4>,
    mut residual: Option<Tensor<4>>,
    mut rectified: bool,
) -> Tensor<4> {
    let mut layers = row.layers.iter().peekable();
    while let Some(layer) = layers.next() {
        x = match layer {
            Layer::Conv(of) => {
                let Some((Part { weights: Weights::Conv(conv), .. }, ready)) = slots.next() else {
                    unreachable!("each such layer has weights")
                };
                let norm = layers.next_if(|layer| matches!(layer, Layer::Norm { .. })).and_then(|_| slots.next());
                let norm = norm.and_then(|(part, _)| part.weights.norm());
                let scale = match layers.next_if(|layer| matches!(layer, Layer::Scale(_))) {
                    Some(Layer::Scale(by)) => *by,
                    _ => 1.0,
                };
                let ready = ready.get_or_init(|| {
                    let (weight, bias) = folded(conv, norm, scale);
                    Finished::new(weight, bias, of.stride, of.padding(), x.dims())
                });
                if layers.peek().is_none() {
                    ready.forward(x, residual.take(), std::mem::take(&mut rectified))
                } else {
                    ready.forward(x, None, layers.next_if_eq(&&Layer::Relu).is_some())
                }
            }
            Layer::Norm { .. } => match slots.next().and_then(|(part, _)| part.weights.norm()) {
                Some(norm) => norm.forward(x, None, layers.next_if_eq(&&Layer::Relu).is_some()),
                None => unreachable!("each such layer has weights"),
            },
            Layer::Relu => relu(x),
            Layer::Scale(by) => x * *by,
            Layer::MaxPool { side, padding } => max_pool(x, *side, *padding),
            Layer::AveragePool => average_pool(x),
            Layer::Joined(rows) => {
                Tensor::cat(rows.iter().map(|row| pass(row, slots, x.clone(), None, false)).collect(), 1)
            }
            Layer::Sum(row, shortcut) => {
                // The shortcut first, which the row's last convolution adds.
                let mut count = 0;
                row.visit(0, &mut |layer, _| {
                    count += usize::from(matches!(layer, Layer::Conv(_) | Layer::Norm { .. }))
                });
                let own: Vec<Slot> = (&mut *slots).take(count).collect();
                let shortcut = pass(shortcut, slots, x.clone(), None, false);
                pass(row, &mut own.into_iter(), x, Some(shortcut), layers.next_if_eq(&&Layer::Relu).is_some())
            }
        };
    }
    let sum = match residual {
        Some(residual) => x + residual,
        None => x,
    };
    if rectified { relu(sum) } else { sum }
}

/// Weight and bias of `conv` with the normalisation and the factor that follow it.
fn folded(conv: &Conv2d, norm: Option<&BatchNorm>, scale: f64) -> (Tensor<4>, Tensor<1>) {
    let weight = conv.weight.val();
    let [channels, ..] = weight.dims();
    let bias = conv.bias.as_ref().map_or_else(|| Tensor::zeros([channels], &weight.device()), |bias| bias.val());
    let (factor, bias) = match norm {
        Some(norm) => {
            let factor = norm.weight.val() / (norm.running_var.get() + norm.epsilon).sqrt();
            (factor.clone() * scale, ((bias - norm.running_mean.get()) * factor + norm.bias.val()) * scale)
        }
        None => (bias.ones_like() * scale, bias * scale),
    };
    (weight * factor.reshape([channels, 1, 1, 1]), bias)
}
