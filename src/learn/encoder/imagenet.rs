//! The networks that are published with ImageNet weights, with what their input is
//! normalised by.

use super::block::Kind;
use super::inception::{self, InceptionResNetV2};
use super::norm::BatchNorm;
use super::resnet::{self, RESNET18, RESNET50, RESNET101, ResNet};
use super::vgg::{self, Vgg19};
use crate::core::config::Stem;
use crate::core::imagenet::{ImageNetEncoder, Normalisation};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

/// Channels of the first stage of a published ResNet.
const WIDTH: usize = 64;

/// A network and the normalisation before it. The names of its tensors are the
/// network's own: this type adds nothing to them.
#[derive(Module, Debug)]
pub struct ImageNet {
    network: Network,
    #[module(skip)]
    normalisation: Normalisation,
}

#[expect(clippy::large_enum_variant, reason = "few exist at a time, and burn has no boxed modules")]
#[derive(Module, Debug)]
enum Network {
    ResNet(ResNet),
    Vgg19(Vgg19),
    InceptionResNetV2(InceptionResNetV2),
}

impl ImageNet {
    /// The network with unspecified weights, and its published weights' normalisation.
    pub fn new(which: ImageNetEncoder, device: &Device) -> Self {
        let resnet = |kind, blocks| Network::ResNet(ResNet::new(kind, blocks, WIDTH, Stem::ImageNet, device));
        let network = match which {
            ImageNetEncoder::ResNet18 => resnet(Kind::Basic, RESNET18),
            ImageNetEncoder::ResNet50 => resnet(Kind::Bottleneck, RESNET50),
            ImageNetEncoder::ResNet101 => resnet(Kind::Bottleneck, RESNET101),
            ImageNetEncoder::Vgg19 => Network::Vgg19(Vgg19::new(device)),
            ImageNetEncoder::InceptionResNetV2 => Network::InceptionResNetV2(InceptionResNetV2::new(device)),
        };
        Self { network, normalisation: which.normalisation() }
    }

    /// With another normalisation: weights that were trained on plain values, such as
    /// this program's own, want [`Normalisation::NONE`].
    pub fn with_normalisation(self, normalisation: Normalisation) -> Self {
        Self { normalisation, ..self }
    }

    /// `x` [B, 3, S, S], values in [0, 1] and S at least [`ImageNetEncoder::min_size`], to
    /// h [B, F].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = normalise(x, &self.normalisation);
        match &self.network {
            Network::ResNet(net) => net.forward(x),
            Network::Vgg19(net) => net.forward(x),
            Network::InceptionResNetV2(net) => net.forward(x),
        }
    }

    pub(super) fn stages(&self) -> usize {
        match self.network {
            Network::ResNet(_) => resnet::STAGES,
            Network::Vgg19(_) => vgg::STAGES,
            Network::InceptionResNetV2(_) => inception::STAGES,
        }
    }

    pub(super) fn freeze_but_last(self, trained: usize) -> Self {
        let network = match self.network {
            Network::ResNet(net) => Network::ResNet(net.freeze_but_last(trained)),
            Network::Vgg19(net) => Network::Vgg19(net.freeze_but_last(trained)),
            Network::InceptionResNetV2(net) => Network::InceptionResNetV2(net.freeze_but_last(trained)),
        };
        Self { network, ..self }
    }

    pub(super) fn norms(&mut self) -> Vec<&mut BatchNorm> {
        match &mut self.network {
            Network::ResNet(net) => net.norms(),
            Network::Vgg19(_) => Vec::new(),
            Network::InceptionResNetV2(net) => net.norms(),
        }
    }
}

/// (`x` − mean) / std by channel; `x` [B, 3, H, W].
fn normalise(x: Tensor<4>, by: &Normalisation) -> Tensor<4> {
    if *by == Normalisation::NONE {
        return x;
    }
    let device = x.device();
    let channels = |values: [f32; 3]| Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 1]), &device);
    (x - channels(by.mean)) / channels(by.std)
}
