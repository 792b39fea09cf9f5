//! Encoders f: image → h. A new one has a file of its own here, a variant and a line in `Network`,
//! and a row in `core::architecture`.

mod conv4;
mod inception;
mod layers;
mod resnet;
mod vgg;

pub use layers::{MOMENTUM, normalise};
pub use resnet::ResNet;

use crate::core::architecture::{Architecture, Family, Normalisation, PUBLISHED_WIDTH, Stem};
use crate::core::{config::EncoderConfig, imagenet::ImageNetEncoder};
use crate::learn::walk::freeze;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use conv4::ConvNet4;
use inception::InceptionResNetV2;
use layers::BatchNorm;
use vgg::Vgg;

/// One of the program's encoders, with the normalisation of its input.
///
/// On an autodiff device it trains (batch statistics); its [`Module::valid`] copy, on the plain device, evaluates
/// (running statistics). The names of its tensors are the network's own: this type adds nothing to them.
#[derive(Module, Debug)]
pub struct Encoder {
    network: Network,
    #[module(skip)]
    architecture: Architecture,
    #[module(skip)]
    normalisation: Normalisation,
}

#[expect(clippy::large_enum_variant, reason = "few exist at a time, and burn has no boxed modules")]
#[derive(Module, Debug)]
enum Network {
    ConvNet4(ConvNet4),
    ResNet(ResNet),
    Vgg(Vgg),
    InceptionResNetV2(InceptionResNetV2),
}

impl Network {
    fn new(family: Family, width: usize, stem: Stem, device: &Device) -> Self {
        match family {
            Family::ConvNet4 => Self::ConvNet4(ConvNet4::new(width, device)),
            Family::ResNet { block, blocks } => Self::ResNet(ResNet::new(block, blocks, width, stem, device)),
            Family::Vgg { convolutions } => Self::Vgg(Vgg::new(convolutions, device)),
            Family::InceptionResNetV2 => Self::InceptionResNetV2(InceptionResNetV2::new(device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Self::ConvNet4(net) => net.forward(x),
            Self::ResNet(net) => net.forward(x),
            Self::Vgg(net) => net.forward(x),
            Self::InceptionResNetV2(net) => net.forward(x),
        }
    }
}

impl Encoder {
    /// The network of `config` with unspecified weights: draw them with [`init::draw`](super::init::draw) or load them
    /// with [`named_tensors::load`](super::named_tensors::load).
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        match config.published() {
            Some(which) => Self::imagenet(which, device),
            None => Self::build(config.architecture, config.width, config.stem, Normalisation::NONE, device),
        }
    }

    /// A network that is published with ImageNet weights, and their normalisation; the weights are
    /// unspecified: draw them, or read a file of them with [`published::load`](super::published::load).
    pub fn imagenet(which: ImageNetEncoder, device: &Device) -> Self {
        Self::build(which.architecture(), PUBLISHED_WIDTH, Stem::ImageNet, which.weights().normalisation, device)
    }

    fn build(
        architecture: Architecture,
        width: usize,
        stem: Stem,
        normalisation: Normalisation,
        device: &Device,
    ) -> Self {
        let network = Network::new(architecture.facts().family, width, stem, device);
        Self { network, architecture, normalisation }
    }

    /// With another normalisation: weights that were trained on plain values, such as
    /// this program's own, want [`Normalisation::NONE`].
    pub fn with_normalisation(self, normalisation: Normalisation) -> Self {
        Self { normalisation, ..self }
    }

    /// `x` [B, 3, S, S], values in [0, 1], S at least `PublishedWeights::min_image_size` for a published
    /// network, to h [B, F].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.network.forward(normalise(x, &self.normalisation))
    }

    /// Stages that [`Encoder::freeze_but_last`] counts, the stem the first.
    pub fn stages(&self) -> usize {
        self.architecture.facts().stages.len()
    }

    /// Freezes all but the last `trained` stages: their weights stay, and their
    /// normalisation uses the running statistics.
    pub fn freeze_but_last(self, trained: usize) -> Self {
        let stages = self.architecture.facts().stages;
        let frozen = &stages[..stages.len().saturating_sub(trained)];
        let is_frozen = |name: &str| frozen.iter().copied().flatten().any(|part| name.starts_with(part));
        Self { network: freeze(self.network, &is_frozen), ..self }
    }

    /// All of its normalisation layers.
    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        match &mut self.network {
            Network::ConvNet4(net) => net.norms(),
            Network::ResNet(net) => net.norms(),
            Network::Vgg(_) => Vec::new(),
            Network::InceptionResNetV2(net) => net.norms(),
        }
    }
}

#[cfg(test)]
mod tests;
