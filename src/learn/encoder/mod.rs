//! Encoders f: image → h. [`Encoder`] is the seam: whatever joins gets a
//! variant here and a module of its own, and nothing else changes.

mod block;
mod buffer;
mod conv4;
mod imagenet;
mod inception;
mod layers;
mod norm;
mod resnet;
mod vgg;

pub use block::Kind;
pub use buffer::Buffer;
pub use conv4::ConvNet4;
pub use imagenet::ImageNet;
pub use norm::BatchNorm;
pub use resnet::ResNet;

use crate::core::config::{Architecture, EncoderConfig};
use crate::core::imagenet::ImageNetEncoder;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

/// Any of the program's encoders.
///
/// On an autodiff device it trains (batch statistics); its [`Module::valid`]
/// copy, on the plain device, evaluates (running statistics).
#[expect(clippy::large_enum_variant, reason = "few exist at a time, and burn has no boxed modules")]
#[derive(Module, Debug)]
pub enum Encoder {
    ConvNet4(ConvNet4),
    ResNet(ResNet),
    ImageNet(ImageNet),
}

impl Encoder {
    /// The network of `config` with unspecified weights: draw them with
    /// [`init::draw`](super::init::draw) or load them with
    /// [`named_tensors::load`](super::named_tensors::load).
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        if let Some(which) = config.published() {
            return Self::imagenet(which, device);
        }
        let resnet = |blocks| Self::ResNet(ResNet::new(Kind::Basic, blocks, config.width, config.stem, device));
        match config.architecture {
            Architecture::ConvNet4 => Self::ConvNet4(ConvNet4::new(config.width, device)),
            Architecture::ResNet10 => resnet(resnet::RESNET10),
            // The larger ones are always published ones: see above.
            Architecture::ResNet18
            | Architecture::ResNet50
            | Architecture::ResNet101
            | Architecture::Vgg19
            | Architecture::InceptionResNetV2 => resnet(resnet::RESNET18),
        }
    }

    /// A network that is published with ImageNet weights; here they are unspecified: draw
    /// them, or read a file of them with [`published::load`](super::published::load).
    pub fn imagenet(which: ImageNetEncoder, device: &Device) -> Self {
        Self::ImageNet(ImageNet::new(which, device))
    }

    /// `x` [B, 3, S, S], values in [0, 1], to h [B, F].
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        match self {
            Self::ConvNet4(net) => net.forward(x),
            Self::ResNet(net) => net.forward(x),
            Self::ImageNet(net) => net.forward(x),
        }
    }

    /// Stages that [`Encoder::freeze_but_last`] counts, the stem the first.
    pub fn stages(&self) -> usize {
        match self {
            Self::ConvNet4(_) => conv4::STAGES,
            Self::ResNet(_) => resnet::STAGES,
            Self::ImageNet(net) => net.stages(),
        }
    }

    /// Freezes all but the last `trained` stages: their weights stay, and their
    /// normalisation uses the running statistics.
    pub fn freeze_but_last(self, trained: usize) -> Self {
        match self {
            Self::ConvNet4(net) => Self::ConvNet4(net.freeze_but_last(trained)),
            Self::ResNet(net) => Self::ResNet(net.freeze_but_last(trained)),
            Self::ImageNet(net) => Self::ImageNet(net.freeze_but_last(trained)),
        }
    }

    fn norms(&mut self) -> Vec<&mut BatchNorm> {
        match self {
            Self::ConvNet4(net) => net.norms(),
            Self::ResNet(net) => net.norms(),
            Self::ImageNet(net) => net.norms(),
        }
    }
}

/// Re-estimates running statistics as the plain average over batches, instead
/// of whatever they were. Weights stay.
///
/// For encoders that never trained: their running mean 0 and variance 1 say
/// nothing about the images. One pass is enough, because in training mode every
/// layer sees its input normalised by the batch itself. A batch at a time, so
/// that a caller can yield in between.
#[derive(Debug)]
pub struct BatchNormEstimator {
    encoder: Encoder,
    batches: usize,
}

impl BatchNormEstimator {
    /// Works on a copy of `encoder`.
    pub fn new(encoder: &Encoder) -> Self {
        // Buffers of its own (`valid`), on the autodiff device, where batch
        // statistics are used (`train`), without a graph (`no_grad`).
        Self { encoder: encoder.valid().train().no_grad(), batches: 0 }
    }

    /// `batch` [B, 3, S, S], on the encoder's device; all of one size B.
    pub fn add(&mut self, batch: Tensor<4>) {
        self.batches += 1;
        let part = 1.0 / self.batches as f64;
        self.encoder.norms().into_iter().for_each(|norm| norm.momentum = part);
        let _ = self.encoder.forward(Tensor::from_inner(batch.inner()));
    }

    /// The encoder, for evaluation (plain device).
    pub fn finish(mut self) -> Encoder {
        self.encoder.norms().into_iter().for_each(|norm| norm.momentum = norm::MOMENTUM);
        self.encoder.set_require_grad(true).valid()
    }
}

/// [`BatchNormEstimator`] over all of `batches` at once.
pub fn reestimate_batch_norm(encoder: &Encoder, batches: impl IntoIterator<Item = Tensor<4>>) -> Encoder {
    let mut estimator = BatchNormEstimator::new(encoder);
    batches.into_iter().for_each(|batch| estimator.add(batch));
    estimator.finish()
}

#[cfg(test)]
mod tests;
