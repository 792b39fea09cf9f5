//! Encoders f: image → h, built from their layers in `core::architecture`.

mod evaluated;
mod layers;

pub use evaluated::Evaluated;
pub use layers::{BatchNorm, MOMENTUM, momentum_after, normalise};

use crate::core::architecture::{Layer, Normalisation, Row};
use crate::core::{config::EncoderConfig, imagenet::ImageNetEncoder};
use crate::learn::branches::branched;
use crate::learn::pooling::{global_average, max_pool};
use burn::module::{Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, activation::relu};
use layers::{average_pool, conv, convolve};
use std::sync::Arc;

/// One of the program's encoders, with the normalisation of its input.
///
/// On an autodiff device it trains (batch statistics); its [`Module::valid`] copy, on the plain device, evaluates
/// (running statistics). Its tensors have the names of its layers: this type adds nothing to them.
#[derive(Clone, Debug)]
pub struct Encoder {
    stages: Arc<[Row]>,
    /// For each layer of `stages` that has tensors, in their order.
    parts: Vec<Part>,
    normalisation: Normalisation,
}

#[derive(Clone, Debug)]
struct Part {
    stage: usize,
    /// Of the layer.
    name: String,
    weights: Weights,
}

/// A layer that has tensors.
#[derive(Module, Debug)]
enum Weights {
    Conv(Conv2d),
    Norm(BatchNorm),
}

impl Weights {
    fn norm(&self) -> Option<&BatchNorm> {
        match self {
            Self::Norm(norm) => Some(norm),
            Self::Conv(_) => None,
        }
    }
}

impl Encoder {
    /// The network of `config` with unspecified weights: draw them with [`init::draw`](super::init::draw) or load them
    /// with [`named_tensors::load`](super::named_tensors::load).
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        let normalisation = config.published().map_or(Normalisation::NONE, |which| which.weights().normalisation);
        Self::of(config.stages(), normalisation, device)
    }

    /// A network that is published with ImageNet weights, and their normalisation; the weights are
    /// unspecified: draw them, or read a file of them with [`published::load`](super::published::load).
    pub fn imagenet(which: ImageNetEncoder, device: &Device) -> Self {
        Self::new(&EncoderConfig::with_weights(which), device)
    }

    pub(super) fn of(stages: Vec<Row>, normalisation: Normalisation, device: &Device) -> Self {
        let mut parts = Vec::new();
        for (stage, row) in stages.iter().enumerate() {
            row.visit(0, &mut |layer, _| {
                parts.extend(match layer {
                    Layer::Conv(of) => {
                        Some(Part { stage, name: of.name.clone(), weights: Weights::Conv(conv(of, device)) })
                    }
                    Layer::Norm { name, channels, epsilon } => {
                        let norm = BatchNorm::new(*channels, device).with_epsilon(*epsilon);
                        Some(Part { stage, name: name.clone(), weights: Weights::Norm(norm) })
                    }
                    _ => None,
                });
            });
        }
        Self { stages: stages.into(), parts, normalisation }
    }

    /// With another normalisation: weights that were trained on plain values, such as
    /// this program's own, want [`Normalisation::NONE`].
    pub fn with_normalisation(self, normalisation: Normalisation) -> Self {
        Self { normalisation, ..self }
    }

    /// `x` [B, 3, S, S], values in [0, 1], S at least `PublishedWeights::min_image_size` for a published
    /// network, to h [B, F].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let mut weights = self.parts.iter().map(|part| &part.weights);
        let x = normalise(x, &self.normalisation);
        global_average(self.stages.iter().fold(x, |x, stage| pass(&stage.layers, &mut weights, x)))
    }

    /// Stages that [`Encoder::freeze_but_last`] counts, the stem the first.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Freezes all but the last `trained` stages: their weights stay, and their
    /// normalisation uses the running statistics.
    pub fn freeze_but_last(self, trained: usize) -> Self {
        let first_trained = self.stages().saturating_sub(trained);
        self.map_parts(|part| if part.stage < first_trained { part.weights.freeze() } else { part.weights })
    }

    pub fn has_batch_norm(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.weights, Weights::Norm(_)))
    }

    /// Sets the part of the new batch in the running statistics.
    pub fn set_momentum(&mut self, momentum: f64) {
        self.norms().into_iter().for_each(|norm| norm.momentum = momentum);
    }

    /// All of its normalisation layers.
    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        let norm = |part| match part {
            &mut Part { weights: Weights::Norm(ref mut norm), .. } => Some(norm),
            _ => None,
        };
        self.parts.iter_mut().filter_map(norm).collect()
    }

    fn map_parts(self, mut change: impl FnMut(Part) -> Weights) -> Self {
        let changed = |part: Part| Part { stage: part.stage, name: part.name.clone(), weights: change(part) };
        Self { parts: self.parts.into_iter().map(changed).collect(), ..self }
    }
}

/// What `layers` make of `x`; their `weights` come in order.
fn pass(layers: &[Layer], weights: &mut dyn Iterator<Item = &'_ Weights>, x: Tensor<4>) -> Tensor<4> {
    let mut layers = layers.iter().peekable();
    let mut x = x;
    while let Some(layer) = layers.next() {
        let mut rectified = || layers.next_if_eq(&&Layer::Relu).is_some();
        x = match layer {
            Layer::Conv(_) | Layer::Norm { .. } => match weights.next() {
                Some(Weights::Conv(conv)) => convolve(conv, x),
                Some(Weights::Norm(norm)) => norm.forward(x, None, rectified()),
                None => unreachable!("each such layer has weights"),
            },
            Layer::Relu => relu(x),
            Layer::Scale(by) => x * *by,
            Layer::MaxPool { side, padding } => max_pool(x, *side, *padding),
            Layer::AveragePool => average_pool(x),
            Layer::Joined(rows) => {
                Tensor::cat(rows.iter().map(|row| pass(&row.layers, weights, x.clone())).collect(), 1)
            }
            Layer::Sum(row, shortcut) => {
                let [x, residual] = branched(x);
                match row.layers.split_last() {
                    // The last normalisation adds the shortcut too.
                    Some((Layer::Norm { .. }, before)) => {
                        let y = pass(before, weights, x);
                        let Some(Weights::Norm(norm)) = weights.next() else { unreachable!("a norm has weights") };
                        norm.forward(y, Some(pass(&shortcut.layers, weights, residual)), rectified())
                    }
                    _ => pass(&row.layers, weights, x) + pass(&shortcut.layers, weights, residual),
                }
            }
        };
    }
    x
}

impl Module for Encoder {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.parts.iter().fold(devices, |devices, part| part.weights.collect_devices(devices))
    }

    fn fork(self, device: &Device) -> Self {
        self.map_parts(|part| part.weights.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.map_parts(|part| part.weights.to_device(device))
    }

    fn train(self) -> Self {
        self.map_parts(|part| part.weights.train())
    }

    fn valid(&self) -> Self {
        self.clone().map_parts(|part| part.weights.valid())
    }

    fn materialize(self) -> Self {
        self.map_parts(|part| part.weights.materialize())
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        for Part { name, weights, .. } in &self.parts {
            visitor.enter_module(name, "Encoder");
            weights.visit(visitor);
            visitor.exit_module(name, "Encoder");
        }
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        self.map_parts(|Part { name, weights, .. }| {
            mapper.enter_module(&name, "Encoder");
            let weights = weights.map(mapper);
            mapper.exit_module(&name, "Encoder");
            weights
        })
    }
}

impl ModuleDisplayDefault for Encoder {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_formatted(&format!("Encoder of {} layers", self.parts.len())).optional()
    }
}

impl ModuleDisplay for Encoder {}

#[cfg(test)]
mod tests;
