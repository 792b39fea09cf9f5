//! Weights and input that every library in the comparison starts from; their
//! JavaScript twin is tests/bench/peers/weights.mjs.

use crate::core::config::{EncoderConfig, HeadConfig};
use crate::core::error::Fault;
use crate::learn::named_tensors::{load, tensors};
use crate::learn::simclr::SimClr;
use burn::tensor::{Device, Tensor, TensorData};

/// The first matrix has this seed and one, the next one more, and so on.
const WEIGHT_SEED: u32 = 1000;
const VIEW_SEED: u32 = 7;

/// `count` numbers in [0, 1): mulberry32, counted by position, so that number i
/// needs none of those before it.
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
    let internal = |e: crate::learn::named_tensors::WeightsError| Fault::Internal { detail: e.to_string() };
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
