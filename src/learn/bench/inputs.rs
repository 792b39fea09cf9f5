//! What is timed, and on what: the two settings, and the weights and input that every library in the
//! comparison starts from. Their JavaScript twin is tests/bench/peers/weights.mjs.

use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem};
use crate::core::dataset::{Dataset, Example, Split};
use crate::core::error::Fault;
use crate::learn::named_tensors::{WeightsError, load, tensors};
use crate::learn::simclr::SimClr;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// Side of the images in pixels.
pub const SIZE: usize = 32;
/// Batches in the set that the full step draws from.
pub const BATCHES: usize = 4;

/// A network and a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setting {
    /// ResNet-10 of width 16, N = 32.
    Tiny,
    /// ResNet-18 of width 64, N = 16.
    R18,
}

impl Setting {
    /// The run that the full step is a step of: the presets of 32-pixel images
    /// (crop, flip, jitter, grayscale; LARS), for longer than anybody times.
    pub fn config(self) -> RunConfig {
        let (architecture, width, batch) = match self {
            Self::Tiny => (Architecture::ResNet10, 16, 32),
            Self::R18 => (Architecture::ResNet18, 64, 16),
        };
        RunConfig {
            encoder: EncoderConfig::random(architecture, Stem::Small, width),
            head: HeadConfig::new(2, 128),
            optimizer: OptimizerConfig::preset(Optimizer::Lars, batch),
            batch,
            epochs: 1_000_000,
            ..RunConfig::preset(SIZE, BATCHES * batch)
        }
    }
}

/// The first matrix has this seed and one, the next one more, and so on.
const WEIGHT_SEED: u32 = 1000;
const VIEW_SEED: u32 = 7;

/// `count` numbers in [0, 1): mulberry32, counted by position, so that number i needs none of those before it.
pub fn mulberry(seed: u32, count: usize) -> Vec<f32> {
    let one = |i: u32| {
        let s = seed.wrapping_add((i + 1).wrapping_mul(0x6d2b_79f5));
        let t = (s ^ (s >> 15)).wrapping_mul(1 | s);
        let t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(61 | t)) ^ t;
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    };
    (0..count as u32).map(|i| one(i) as f32).collect()
}

/// Encoder and head with fixed weights: every convolution and matrix in order,
/// Kaiming-uniform (±√(6 / fan-in)); biases 0, normalisation 1 and 0.
///
/// # Errors
/// [`Fault::Internal`] where the device gives no values.
pub async fn fixed_weights(encoder: &EncoderConfig, head: &HeadConfig, device: &Device) -> Result<SimClr, Fault> {
    let internal = |e: WeightsError| Fault::Internal { detail: e.to_string() };
    let model = SimClr::new(encoder, head, 0, device);
    let mut weights = tensors(&model).await.map_err(internal)?;
    let mut seed = WEIGHT_SEED;
    for tensor in &mut weights {
        if tensor.shape.len() > 1 {
            seed += 1;
            let fan_in: usize = tensor.shape[1..].iter().product();
            let bound = (6.0 / fan_in as f64).sqrt();
            tensor.values = mulberry(seed, tensor.values.len());
            tensor.values.iter_mut().for_each(|v| *v = (f64::from(*v * 2.0 - 1.0) * bound) as f32);
        } else if tensor.name.starts_with("head.") {
            tensor.values.fill(0.0);
        }
    }
    load(model, weights).map_err(internal)
}

/// The fixed input, [views, 3, size, size] in [0, 1).
pub fn fixed_views(views: usize, size: usize, device: &Device) -> Tensor<4> {
    let shape = [views, 3, size, size];
    Tensor::from_data(TensorData::new(mulberry(VIEW_SEED, shape.iter().product()), shape), device)
}

/// Images of noise without labels: what is in them changes no time.
pub fn noise(images: usize) -> Dataset {
    let pixels = mulberry(5, images * 3 * SIZE * SIZE).iter().map(|v| (v * 256.0) as u8).collect();
    let example = |i: usize| Example { label: None, split: Split::Train, name: format!("noise {i}") };
    Dataset { size: SIZE, examples: (0..images).map(example).collect(), pixels, ..Dataset::default() }
}

/// Classes of [`labelled`].
const CLASSES: usize = 10;

/// Noise in equal classes: three in five to train on, one each for validation and test.
pub fn labelled(images: usize) -> Dataset {
    let mut set = noise(images);
    set.classes = (0..CLASSES).map(|class| format!("class {class}")).collect();
    let splits = [Split::Train, Split::Validation, Split::Train, Split::Test, Split::Train];
    for (i, example) in set.examples.iter_mut().enumerate() {
        example.label = Some((i % CLASSES) as u16);
        example.split = splits[i / CLASSES % splits.len()];
    }
    set
}

/// The first number of a tensor. Once it is here, everything that was enqueued
/// before it is done: a device works in order.
pub async fn first_value<const D: usize>(tensor: Tensor<D>) -> Result<f32, Fault> {
    let count: usize = tensor.dims().iter().product();
    let internal = |e| Fault::Internal { detail: format!("a value could not be read: {e:?}") };
    let data = tensor.reshape([count]).narrow(0, 0, 1).into_data_async().await.map_err(internal)?;
    data.iter::<f32>().next().ok_or_else(|| Fault::Internal { detail: "an empty tensor was read".into() })
}
