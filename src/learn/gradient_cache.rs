//! Gradient caching (Gao et al. 2021, arXiv 2101.06983): the gradient of a contrastive loss over a
//! batch whose graph does not fit the memory at once.
//!
//! NT-Xent looks at all embeddings z together, but given ∂L/∂z each view's part of the gradient by the weights θ is its
//! own: ∂L/∂θ = Σᵢ (∂L/∂zᵢ)(∂zᵢ/∂θ). So z is computed without a graph, then ∂L/∂z, and then, a chunk of views at a
//! time, z again with a graph, which takes the cached part of ∂L/∂z backwards. The result is the whole batch's
//! gradient, with all its negatives (plain accumulation over small batches has fewer), for one more forward pass. Views
//! are made a chunk at a time too, once for each pass, and the loss looks at some anchors at a time, so that of the
//! whole batch nothing larger than z is in memory.
//!
//! **Batch normalisation**: in training mode a chunk is normalised by its own statistics, not by
//! those of all 2N views. The gradient is then exactly that of the network so normalised, another
//! one than the whole batch's. Running statistics move once a chunk instead of once a step.

use super::{nt_xent::nt_xent_gradient, simclr::SimClr};
use crate::core::cost::anchors_at_once;
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use std::ops::Range;

/// What one batch gives.
pub struct Cached {
    /// Loss, contrastive accuracy and std of z of the whole batch, `[3]`, without a graph.
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
mod tests {
    use super::*;
    use crate::core::config::{self, Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem};
    use crate::learn::{
        bench::fixed_views, block_on::block_on, learner::Learner, named_tensors::tensors, nt_xent::nt_xent,
        optim::Optimizer, walk::flat_gradients,
    };
    use burn::tensor::Device;

    const ROWS: usize = 12;
    const TEMPERATURE: f32 = 0.5;

    fn model() -> SimClr {
        let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, 4);
        SimClr::new(&encoder, &HeadConfig { layers: 2, output: 32 }, 1, &Device::flex().autodiff())
    }

    /// Normalisation in evaluation mode, weights that train.
    fn without_batch_statistics() -> SimClr {
        let model = model();
        SimClr { encoder: model.encoder.freeze().set_require_grad(true), head: model.head }
    }

    fn views() -> Tensor<4> {
        fixed_views(ROWS, 16, &Device::flex())
    }

    fn cached(model: &SimClr, chunk: usize) -> Cached {
        cached_gradients(model, ROWS, &|part| views().slice([part]), chunk, TEMPERATURE)
    }

    /// All gradients, in the order of the parameters.
    fn flat(model: &SimClr, gradients: &GradientsParams) -> Vec<Vec<f32>> {
        let all = flat_gradients(model, gradients).into_iter();
        all.map(|gradient| gradient.into_data().iter::<f32>().collect()).collect()
    }

    fn one_pass(model: &SimClr) -> (f32, Vec<Vec<f32>>) {
        let result = nt_xent(model.forward(views().autodiff()), TEMPERATURE);
        let gradients = GradientsParams::from_grads(result.loss.backward(), model);
        (result.loss.into_scalar::<f32>(), flat(model, &gradients))
    }

    /// Every gradient within 1e-4 of its largest entry.
    fn close(got: &[Vec<f32>], want: &[Vec<f32>]) {
        assert_eq!(got.len(), want.len(), "parameters with a gradient");
        for (i, (got, want)) in got.iter().zip(want).enumerate() {
            let largest = want.iter().fold(0f32, |most, v| most.max(v.abs()));
            let off = got.iter().zip(want).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
            assert!(largest > 0.0 && off <= 1e-4 * largest, "parameter {i}: off by {off}, largest {largest}");
        }
    }

    #[test]
    fn chunks_give_the_gradient_of_the_whole_batch() {
        let model = without_batch_statistics();
        let (loss, want) = one_pass(&model);
        // Twelve convolutions with normalisation, two linear layers.
        assert_eq!(want.len(), 12 * 3 + 4);
        for chunk in [1, 5, 6, ROWS] {
            let Cached { measured, gradients } = cached(&model, chunk);
            assert!(
                (measured.into_data().iter::<f32>().next().unwrap() - loss).abs() <= 1e-5 * loss,
                "chunks of {chunk}"
            );
            close(&flat(&model, &gradients), &want);
        }
    }

    /// Each half by its own statistics, in one graph.
    #[test]
    fn with_batch_statistics_it_is_the_gradient_of_chunks_that_are_normalised_by_themselves() {
        let model = model();
        let halves = [0, 6].map(|start| model.forward(views().narrow(0, start, 6).autodiff()));
        let loss = nt_xent(Tensor::cat(halves.to_vec(), 0), TEMPERATURE).loss;
        let want = flat(&model, &GradientsParams::from_grads(loss.backward(), &model));
        close(&flat(&model, &cached(&model, 6).gradients), &want);
        // Which is not that of the whole batch.
        let (_, whole) = one_pass(&model);
        let off = want.iter().flatten().zip(whole.iter().flatten()).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(off > 1e-3, "{off}");
    }

    #[test]
    fn running_statistics_move_once_a_chunk() {
        let statistics = |model: &SimClr| -> Vec<f32> {
            let all = block_on(tensors(model)).unwrap();
            all.into_iter().filter(|t| t.name.contains("running_")).flat_map(|t| t.values).collect()
        };
        let (chunked, twice) = (model(), model());
        let _ = cached(&chunked, 6);
        for start in [0, 6] {
            let _ = twice.forward(views().narrow(0, start, 6).autodiff());
        }
        assert_eq!(statistics(&chunked), statistics(&twice));
        assert_ne!(statistics(&chunked), statistics(&model()));
    }

    #[test]
    fn a_learner_that_works_in_chunks_goes_the_same_way() {
        let optimizer = OptimizerConfig {
            optimizer: config::Optimizer::Lars,
            peak_rate: 0.5,
            weight_decay: 1e-4,
            momentum: 0.9,
            trust_coefficient: 0.001,
            warmup: 0.0,
        };
        let run = |chunk| {
            let mut learner = Learner::new(without_batch_statistics(), Optimizer::new(&optimizer), TEMPERATURE);
            learner.chunk = chunk;
            let measured: Vec<f32> = (0..4)
                .flat_map(|_| learner.step(views(), 0.5).into_data().iter::<f32>().collect::<Vec<f32>>())
                .collect();
            (measured, learner)
        };
        let ((whole, _), (chunked, _)) = (run(None), run(Some(5)));
        assert_eq!(whole.len(), 4 * 3);
        for (a, b) in whole.iter().zip(&chunked) {
            assert!((a - b).abs() <= 1e-4 * a.abs().max(1e-2), "{whole:?}, in chunks {chunked:?}");
        }
        // And it learns: the loss falls.
        assert!(whole[9] < whole[0], "{whole:?}");
    }

    #[test]
    fn chunks_are_nearly_equal_and_cover_all() {
        assert_eq!(parts(12, 5), [0..4, 4..8, 8..12]);
        assert_eq!(parts(7, 3), [0..3, 3..6, 6..7]);
        assert_eq!(parts(6, 6), vec![0..6]);
        assert_eq!(parts(3, 0), [0..1, 1..2, 2..3]);
    }
}
