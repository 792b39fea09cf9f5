//! Encoders with another library's weights by name.

use super::{numbers, unusable};
use crate::core::error::Fault;
use crate::core::imagenet::Normalisation;
use crate::learn::encoder::Encoder;
use crate::learn::published::{Loaded, SafetensorsFile, load};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::serialize;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;

/// A case of encoders.json.
#[derive(Clone, Debug, Deserialize)]
pub struct Known {
    name: String,
    salt: u64,
    gain: f64,
    /// Names and shapes.
    tensors: Vec<(String, Vec<usize>)>,
    /// Shape.
    input: Vec<usize>,
}

impl Known {
    /// Features of the case's input, [B, F]: the weights go through a safetensors file, as
    /// published ones do.
    pub async fn features(&self, device: &Device) -> Result<Vec<f32>, Fault> {
        let bytes = self.file()?;
        let loaded = SafetensorsFile::open(&bytes).and_then(|mut file| load(&mut file, device));
        let Loaded { which, encoder, .. } = loaded.map_err(|e| unusable(&format!("{e:?}")))?;
        drop(bytes);
        if !self.name.starts_with(which.published_as().1) {
            return Err(unusable(&format!("{} taken for {}", self.name, which.name())));
        }
        // The case's input is what the first layer sees.
        let Encoder::ImageNet(network) = encoder.valid() else { return Err(unusable("not a published network")) };
        let network = network.with_normalisation(Normalisation::NONE);
        let shape: [usize; 4] = self.input.clone().try_into().map_err(|_| unusable("input has four dimensions"))?;
        let input: Vec<f32> =
            unit("input", self.salt, shape.iter().product()).map(|u| (2.0 * u - 1.0) as f32).collect();
        numbers(network.forward(Tensor::from_data(TensorData::new(input, shape), device))).await
    }

    /// The case's tensors as a safetensors file.
    fn file(&self) -> Result<Vec<u8>, Fault> {
        let bytes: Vec<Vec<u8>> = self.tensors.iter().map(|(name, shape)| self.fill(name, shape)).collect();
        let views = self.tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(|e| unusable(&e.to_string()))?;
            Ok((name.as_str(), view))
        });
        let views = views.collect::<Result<Vec<_>, Fault>>()?;
        serialize(views, None).map_err(|e| unusable(&e.to_string()))
    }

    /// The file's rule for weights, little-endian.
    fn fill(&self, name: &str, shape: &[usize]) -> Vec<u8> {
        let scale = (self.gain / shape.iter().skip(1).product::<usize>() as f64).sqrt();
        let rule = |u: f64| match name.rsplit('.').next() {
            Some("running_var") => 0.5 + u,
            Some("running_mean" | "bias") => 0.2 * (u - 0.5),
            _ if shape.len() == 1 => 0.75 + 0.5 * u,
            _ => (2.0 * u - 1.0) * scale,
        };
        unit(name, self.salt, shape.iter().product()).flat_map(|u| (rule(u) as f32).to_le_bytes()).collect()
    }
}

/// The file's generator: numbers in [0, 1) keyed by name.
fn unit(name: &str, salt: u64, count: usize) -> impl Iterator<Item = f64> {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let split_mix = |x: u64| {
        let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let start = hash.wrapping_add(salt);
    (0..count as u64).map(move |i| (split_mix(start.wrapping_add(i)) >> 40) as f64 / f64::from(1 << 24))
}
