//! Cases of golden files and other comparisons, computed by the code that training calls. Native tests and the worker
//! in a browser ask the same questions, so that every device is held to the same values.

mod array;
mod networks;
mod operations;

pub use array::Array;
pub use networks::{KnownEncoder, Network, steps_config};
pub use operations::{Convolution, LarsSteps, Op};

use crate::core::{config::Optimizer, error::Fault};
use burn::tensor::Device;
use networks::step_losses;
use operations::{image_operation, nt_xent_gradient, random_chain};
use serde::Deserialize;

/// One question. Field names are those of the golden files.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// Answer: loss `[1]`; its gradient over z_a and z_b [2N, D].
    NtXent { temperature: f32, z_a: Array, z_b: Array },
    /// Answer: for each step all tensors, the adapted before the excluded.
    Lars(LarsSteps),
    /// One operation on one image [3, H, W], the second of three in a batch.
    /// Answer: the three images as the operation leaves them.
    Image { op: Op, image: Array },
    /// Answer: the output; the gradients over input and weight.
    Convolution(Convolution),
    /// Features of an encoder with known weights. Answer: [B, F].
    Encoder(KnownEncoder),
    /// A whole network at its initial weights. Answer: the loss of fixed views; its gradient over each parameter.
    Network(Network),
    /// Random full chains of augmentation on images of `size` pixels, from bytes
    /// in the store. Answer: the views of the device; the same by `core`.
    Chain { seed: u64, size: usize },
    /// Training at the peak rate from the first step, with [`steps_config`]. Answer: the loss of each step.
    Steps { count: usize, optimizer: Optimizer },
}

/// Computes a case on `device`, which is without autodiff. Numbers are flat, in row-major order.
///
/// # Errors
/// [`Fault::Internal`] where the case cannot be used or the device gives no values.
pub async fn answer(case: Case, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
    match case {
        Case::NtXent { temperature, z_a, z_b } => nt_xent_gradient(temperature, &z_a, &z_b, device).await,
        Case::Lars(case) => case.answer(device).await,
        Case::Image { op, image } => Ok(vec![image_operation(&op, &image, device).await?]),
        Case::Convolution(case) => case.answer(device).await,
        Case::Encoder(case) => Ok(vec![case.features(device).await?]),
        Case::Network(case) => case.answer(device).await,
        Case::Chain { seed, size } => random_chain(seed, size, device).await,
        Case::Steps { count, optimizer } => Ok(vec![step_losses(count, optimizer, device).await?]),
    }
}
