//! Gradient caching (Gao et al. 2021, arXiv 2101.06983): the gradient of a contrastive loss over a
//! batch whose graph does not fit the memory at once.
//!
//! NT-Xent looks at all embeddings z together, but given ∂L/∂z each view's part of the gradient
//! by the weights θ is its own: ∂L/∂θ = Σᵢ (∂L/∂zᵢ)(∂zᵢ/∂θ). So z is computed without a graph, then
//! ∂L/∂z, and then, a chunk of views at a time, z again with a graph, which takes the cached part of
//! ∂L/∂z backwards. The result is the whole batch's gradient, with all its negatives (plain
//! accumulation over small batches has fewer), for one more forward pass. Views are made a chunk at a
//! time too, once for each pass, and the loss looks at some anchors at a time, so that of the whole
//! batch nothing larger than z is in memory.
//!
//! **Batch normalisation**: in training mode a chunk is normalised by its own statistics, not by
//! those of all 2N views. The gradient is then exactly that of the network so normalised, another
//! one than the whole batch's. Running statistics move once a chunk instead of once a step.

use super::nt_xent::nt_xent_gradient;
use super::simclr::SimClr;
use crate::core::cost::anchors_at_once;
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use std::ops::Range;

/// What one batch gives.
pub struct Cached {
    /// Loss, contrastive accuracy and std of z of the whole batch, [3], without a graph.
    pub measured: Tensor<1>,
    /// The loss's gradient by the weights of the model.
    pub gradients: GradientsParams,
}

/// Loss and gradient of `model`, on an autodiff device, for `rows` = 2N views [2N, 3, S, S], where rows
/// i and i + N are views of one image: of at most `chunk` views (at least 1) a graph is kept. `views`
/// makes some rows of them, the same whenever it is asked. Chunks are of equal size, as far as the
/// number of views allows, since a small rest would have statistics of its own.
pub fn cached_gradients(
    model: &SimClr,
    rows: usize,
    views: &dyn Fn(Range<usize>) -> Tensor<4>,
    chunk: usize,
    temperature: f32,
) -> Cached {
    let parts = parts(rows, chunk);
    let part = |part: &Range<usize>| Tensor::from_inner(views(part.clone()));

    // Running statistics of its own (`valid`), so that the second pass alone moves them; the same
    // normalisation as the second pass (`train`), without a graph (`no_grad`).
    let still = model.valid().train().no_grad();
    let z = Tensor::cat(parts.iter().map(|p| still.forward(part(p)).inner()).collect(), 0);
    drop(still);
    let (measured, by_z) = nt_xent_gradient(z, temperature, anchors_at_once(rows));

    let mut sum = GradientsAccumulator::new();
    for p in &parts {
        let cached = Tensor::from_inner(by_z.clone().slice([p.clone()]));
        // The gradient of this by θ is that of the loss through these rows.
        let through = (model.forward(part(p)) * cached).sum();
        sum.accumulate(model, GradientsParams::from_grads(through.backward(), model));
    }
    Cached { measured, gradients: sum.grads() }
}

/// The chunks of `rows` rows.
fn parts(rows: usize, chunk: usize) -> Vec<Range<usize>> {
    let count = rows.div_ceil(chunk.max(1)).max(1);
    let length = rows.div_ceil(count).max(1);
    (0..rows).step_by(length).map(|start| start..rows.min(start + length)).collect()
}

#[cfg(test)]
mod tests;
