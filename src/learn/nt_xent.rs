//! NT-Xent (Chen et al. 2020, equation 1) on the device.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use std::ops::Range;

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
    /// [`Similarities::contrastive_accuracy`]: a tie is a miss, so a collapse
    /// reads 0. [1], no graph.
    ///
    /// [`Similarities::contrastive_accuracy`]: crate::core::nt_xent::Similarities::contrastive_accuracy
    pub contrastive_accuracy: Tensor<1>,
    /// Mean over dimensions of the standard deviation (divisor 2N − 1) of
    /// normalised z: about 1/√D when healthy, 0 when collapsed. [1], no graph.
    pub std: Tensor<1>,
}

impl NtXent {
    /// All three, [3], without a graph.
    pub fn measured(self) -> Tensor<1> {
        Tensor::cat(vec![self.loss.inner(), self.contrastive_accuracy, self.std], 0)
    }
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

/// [`nt_xent_with`] for one batch.
pub fn nt_xent(z: Tensor<2>, temperature: f32) -> NtXent {
    let masks = Masks::new(z.dims()[0], &z.device());
    nt_xent_with(z, temperature, &masks)
}

/// NT-Xent of `z` [2N, D], where rows i and i + N are a positive pair.
///
/// ℓᵢ = −ln(exp(sᵢₚ) / Σ_{k≠i} exp(sᵢₖ)) with s = cosine / τ, computed as
/// ln(1 + Σ over the negatives of exp(sᵢₖ − sᵢₚ)): differences to the positive
/// keep their digits when the loss is near 0, where log-sum-exp minus the
/// positive has lost them, and the greatest is taken out first, so nothing
/// overflows at any τ.
pub fn nt_xent_with(z: Tensor<2>, temperature: f32, masks: &Masks) -> NtXent {
    let Anchors { losses, nearest_negative, unit } = anchors(z, temperature, masks);
    let contrastive_accuracy = nearest_negative.inner().lower_scalar(0).float().mean();
    let std = unit.inner().var(0).sqrt().mean();
    NtXent { loss: losses.mean(), contrastive_accuracy, std }
}

/// The loss of `z` [2N, D], each anchor's ℓ, [2N], and the gradient of the loss
/// by z, [2N, D]: what [`nt_xent_with`] computes, for a person to look at.
pub fn nt_xent_parts(z: Tensor<2>, temperature: f32) -> (Tensor<1>, Tensor<1>, Tensor<2>) {
    let masks = Masks::new(z.dims()[0], &z.device());
    let z = z.autodiff().require_grad();
    let losses = anchors(z.clone(), temperature, &masks).losses;
    let loss = losses.clone().mean();
    let gradients = loss.backward();
    let gradient = z.grad(&gradients).unwrap_or_else(|| z.clone().inner().zeros_like());
    (loss.inner(), losses.inner().squeeze_dim(1), gradient)
}

/// What [`NtXent::measured`] gives of `z` [2N, D], and the gradient of the loss by z, [2N, D], of at
/// most `at_once` anchors at a time: the similarities of a large batch are larger than all else of
/// it (2N = 8 192: 256 MB, and the graph keeps several of them). The loss is a mean over anchors, so
/// its gradient is the mean of theirs.
pub fn nt_xent_gradient(z: Tensor<2>, temperature: f32, at_once: usize) -> (Tensor<1>, Tensor<2>) {
    let [rows, _] = z.dims();
    let device = z.device();
    let std = normalise_rows(z.clone()).var(0).sqrt().mean();
    let z = Tensor::<2>::from_inner(z).require_grad();
    let mut sums: Option<[Tensor<1>; 2]> = None;
    let mut gradient = z.clone().inner().zeros_like();
    for start in (0..rows).step_by(at_once.max(1)) {
        let masks = Masks::of(start..rows.min(start + at_once.max(1)), rows, &device);
        let Anchors { losses, nearest_negative, .. } = anchors(z.clone(), temperature, &masks);
        let loss = losses.sum() / rows as f32;
        if let Some(part) = z.grad(&loss.backward()) {
            gradient = gradient + part;
        }
        let part = [loss.inner(), nearest_negative.inner().lower_scalar(0).float().sum() / rows as f32];
        sums = Some(match sums {
            Some([loss, hits]) => [loss + part[0].clone(), hits + part[1].clone()],
            None => part,
        });
    }
    let measured = sums.into_iter().flatten().chain([std]).collect();
    (Tensor::cat(measured, 0), gradient)
}

/// Before the mean; [R, …] for R anchors.
struct Anchors {
    /// ℓ; [R, 1].
    losses: Tensor<2>,
    /// Greatest of sᵢₖ − sᵢₚ over the negatives; [R, 1].
    nearest_negative: Tensor<2>,
    /// Normalised z; [2N, D].
    unit: Tensor<2>,
}

fn anchors(z: Tensor<2>, temperature: f32, masks: &Masks) -> Anchors {
    let unit = normalise_rows(z);
    let own = match masks.is_whole() {
        true => unit.clone(),
        false => unit.clone().slice([masks.anchors.clone()]),
    };
    let similarity = own.matmul(unit.clone().transpose()) / temperature;
    let to_positive = similarity.clone().mask_fill(masks.not_positive.clone(), 0).sum_dim(1);
    let difference = (similarity - to_positive).mask_fill(masks.no_negative.clone(), MASKED);

    let nearest_negative = difference.clone().detach().max_dim(1);
    // m = max(0, greatest difference) is a constant: d/dm of the whole is 0.
    let m = nearest_negative.clone().clamp_min(0);
    let sum = (difference - m.clone()).exp().sum_dim(1);
    let losses = m.clone() + (m.neg().exp() - 1.0 + sum).log1p();
    Anchors { losses, nearest_negative, unit }
}

/// Who is what to whom in a batch of 2N embeddings, for R anchors of it; the same for every
/// batch of a run.
#[derive(Clone, Debug)]
pub struct Masks {
    anchors: Range<usize>,
    /// All but each anchor's positive; [R, 2N].
    not_positive: Tensor<2, Bool>,
    /// Each anchor itself and its positive; [R, 2N].
    no_negative: Tensor<2, Bool>,
}

impl Masks {
    /// For all of `rows` = 2N embeddings on `device`.
    pub fn new(rows: usize, device: &Device) -> Self {
        Self::of(0..rows, rows, device)
    }

    /// For some of them.
    fn of(anchors: Range<usize>, rows: usize, device: &Device) -> Self {
        let device = device.clone().inner();
        let numbers =
            |values: Vec<i32>, shape: [usize; 2]| Tensor::<2, Int>::from_data(TensorData::new(values, shape), &device);
        let all = numbers((0..rows as i32).collect(), [1, rows]);
        let one_each = |of: &dyn Fn(usize) -> usize| {
            numbers(anchors.clone().map(|anchor| of(anchor) as i32).collect(), [anchors.len(), 1])
        };
        let itself = all.clone().equal(one_each(&|anchor| anchor));
        let positive = all.equal(one_each(&|anchor| (anchor + rows / 2) % rows));
        Self { anchors, not_positive: positive.clone().bool_not(), no_negative: itself.bool_or(positive) }
    }

    /// 2N.
    pub fn rows(&self) -> usize {
        self.not_positive.dims()[1]
    }

    fn is_whole(&self) -> bool {
        self.anchors.len() == self.rows()
    }
}

#[cfg(test)]
mod tests;
