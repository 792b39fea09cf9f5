//! NT-Xent (Chen et al. 2020, equation 1) on the device.

use burn::tensor::{Bool, Device, Int, Tensor};

/// Stands for "not a candidate" in a difference of logits: far below any real
/// one (cosines differ by at most 2, over τ ≥ 0.01 that is 200), and finite, so
/// that a batch of one pair, which has no negatives, gives loss 0 and not NaN.
/// It fits f16.
const MASKED: f32 = -30_000.0;

/// A row whose entries are all within this of 0 counts as zero: its reciprocal
/// is still an f32. (0 in f16.)
const TINY: f32 = 1e-30;

/// What one batch of embeddings gives; everything stays on the device.
#[derive(Clone, Debug)]
pub struct NtXent {
    /// Mean of ℓ over the 2N anchors; [1], with its graph.
    pub loss: Tensor<1>,
    /// Part of anchors whose positive is nearer than each of the 2N − 2
    /// negatives; a tie does not count, so a collapse reads 0. [1], no graph.
    pub contrastive_accuracy: Tensor<1>,
    /// Mean over dimensions of the standard deviation (divisor 2N − 1) of
    /// normalised z: about 1/√D when healthy, 0 when collapsed. [1], no graph.
    pub std: Tensor<1>,
}

/// Rows of `z` [B, D] over their length. A zero row stays zero, and its
/// gradient is zero.
pub fn normalise_rows(z: Tensor<2>) -> Tensor<2> {
    // Over the largest entry first, so that no square overflows or vanishes (in
    // f16, 300² does). A constant for the gradient: the result does not depend
    // on it. A zero row is multiplied by 0, which stops its gradient as well.
    let largest = z.clone().detach().max_abs_dim(1);
    let zero = largest.clone().lower_equal_scalar(TINY);
    let z = z * largest.mask_fill(zero.clone(), 1).recip().mask_fill(zero.clone(), 0);
    // √ has no slope at 0.
    let length = z.clone().powi_scalar(2).sum_dim(1).mask_fill(zero, 1).sqrt();
    z / length
}

/// NT-Xent of `z` [2N, D], where rows i and i + N are a positive pair.
///
/// ℓᵢ = −ln(exp(sᵢₚ) / Σ_{k≠i} exp(sᵢₖ)) with s = cosine / τ, computed as
/// ln(1 + Σ over the negatives of exp(sᵢₖ − sᵢₚ)): differences to the positive
/// keep their digits when the loss is near 0, where log-sum-exp minus the
/// positive has lost them, and the greatest is taken out first, so nothing
/// overflows at any τ.
pub fn nt_xent(z: Tensor<2>, temperature: f32) -> NtXent {
    let [rows, _] = z.dims();
    let device = z.device();
    let unit = normalise_rows(z);
    let similarity = unit.clone().matmul(unit.clone().transpose()) / temperature;
    let (positive, excluded) = masks(rows, &device);
    let to_positive = similarity.clone().mask_fill(positive.bool_not(), 0).sum_dim(1);
    let difference = (similarity - to_positive).mask_fill(excluded, MASKED);

    let nearest_negative = difference.clone().detach().max_dim(1);
    // m = max(0, greatest difference) is a constant: d/dm of the whole is 0.
    let m = nearest_negative.clone().clamp_min(0);
    let sum = (difference - m.clone()).exp().sum_dim(1);
    let loss = (m.clone() + (m.neg().exp() - 1.0 + sum).log1p()).mean();

    let contrastive_accuracy = nearest_negative.inner().lower_scalar(0).float().mean();
    let std = unit.inner().var(0).sqrt().mean();
    NtXent { loss, contrastive_accuracy, std }
}

/// Which entry of a row is its positive, and which are no negatives (the anchor
/// itself and the positive); both [2N, 2N].
fn masks(rows: usize, device: &Device) -> (Tensor<2, Bool>, Tensor<2, Bool>) {
    let device = device.clone().inner();
    let half = (rows / 2) as i64;
    let count = rows as i64;
    let column = Tensor::<1, Int>::arange(0..count, &device).reshape([1, rows]);
    let anchor = Tensor::<1, Int>::arange(0..count, &device).reshape([rows, 1]);
    let partner = Tensor::cat(
        vec![Tensor::<1, Int>::arange(half..count, &device), Tensor::<1, Int>::arange(0..half, &device)],
        0,
    )
    .reshape([rows, 1]);
    let positive = column.clone().expand([rows, rows]).equal(partner.expand([rows, rows]));
    let own = column.expand([rows, rows]).equal(anchor.expand([rows, rows]));
    let excluded = positive.clone().bool_or(own);
    (positive, excluded)
}

#[cfg(test)]
mod tests;
