//! Cases of golden files and other comparisons, computed by the code that
//! training calls. Native tests and the worker in a browser ask the same
//! questions, so that every device is held to the same values.

mod array;
mod augmentation;
mod convolution;
mod encoder;
mod lars;
mod network;
pub mod steps;

pub use array::Array;
pub use augmentation::Op;

use super::nt_xent::nt_xent;
use crate::core::config::Optimizer;
use crate::core::error::Fault;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;

/// One question. Field names are those of the golden files.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// Answer: loss [1]; its gradient over z_a and z_b [2N, D].
    NtXent { temperature: f32, z_a: Array, z_b: Array },
    /// Answer: for each step all tensors, the adapted before the excluded.
    Lars(lars::Lars),
    /// One operation on one image [3, H, W], the second of three in a batch.
    /// Answer: the three images as the operation leaves them.
    Image { op: Op, image: Array },
    /// Answer: the output; the gradients over input and weight.
    Convolution(convolution::Convolution),
    /// Features of an encoder with known weights. Answer: [B, F].
    Encoder(encoder::Known),
    /// A whole network at its initial weights. Answer: the loss of fixed views;
    /// its gradient over each parameter.
    Network(network::Network),
    /// Random full chains of augmentation on images of `size` pixels, from bytes
    /// in the store. Answer: the views of the device; the same by `core`.
    Chain { seed: u64, size: usize },
    /// Training at the peak rate from the first step, with [`steps::config`].
    /// Answer: the loss of each step.
    Steps { count: usize, optimizer: Optimizer },
}

/// Computes a case on `device`, which is without autodiff. Numbers are flat, in
/// row-major order.
///
/// # Errors
/// [`Fault::Internal`] where the case cannot be used or the device gives no
/// values.
pub async fn answer(case: Case, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
    match case {
        Case::NtXent { temperature, z_a, z_b } => loss_and_gradient(temperature, &z_a, &z_b, device).await,
        Case::Lars(case) => case.answer(device).await,
        Case::Image { op, image } => Ok(vec![augmentation::apply(&op, &image, device).await?]),
        Case::Convolution(case) => case.answer(device).await,
        Case::Encoder(case) => Ok(vec![case.features(device).await?]),
        Case::Network(case) => case.answer(device).await,
        Case::Chain { seed, size } => augmentation::chain(seed, size, device).await,
        Case::Steps { count, optimizer } => Ok(vec![steps::losses(count, optimizer, device).await?]),
    }
}

async fn loss_and_gradient(
    temperature: f32,
    z_a: &Array,
    z_b: &Array,
    device: &Device,
) -> Result<Vec<Vec<f32>>, Fault> {
    let [n, d] = z_a.dims()?;
    if z_b.dims()? != [n, d] {
        return Err(unusable("z_a and z_b differ in shape"));
    }
    let z = TensorData::new([&z_a.values[..], &z_b.values[..]].concat(), [2 * n, d]);
    let z = Tensor::<2>::from_data(z, &device.clone().autodiff()).require_grad();
    let loss = nt_xent(z.clone(), temperature).loss;
    let gradient = z.grad(&loss.backward()).ok_or_else(|| unusable("the loss has no gradient"))?;
    Ok(vec![numbers(loss.inner()).await?, numbers(gradient).await?])
}

/// The values of a tensor.
async fn numbers<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Fault> {
    let internal = |e| Fault::Internal { detail: format!("values could not be read: {e:?}") };
    let data = tensor.into_data_async().await.map_err(internal)?;
    Ok(data.iter::<f32>().collect())
}

fn unusable(why: &str) -> Fault {
    Fault::Internal { detail: format!("the case cannot be used: {why}") }
}
