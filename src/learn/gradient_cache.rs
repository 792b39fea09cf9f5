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
//! Chunks of images in their order would give both views of an image the same companions, and with
//! them statistics by which the loss could tell pairs. So views are spread over the chunks at random.

use super::{nt_xent::nt_xent_gradient, simclr::SimClr};
use crate::core::{cost::anchors_at_once, rng::Rng};
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// What one batch gives.
pub struct Cached {
    /// Loss, contrastive accuracy and std of z of the whole batch, `[3]`, without a graph.
    pub measured: Tensor<1>,
    /// The loss's gradient by the weights of the model.
    pub gradients: GradientsParams,
}

/// The rows of 2N views in the order in which they go through the networks in chunks.
pub fn spread(rows: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    rng.shuffle(&mut order);
    order
}

/// Loss and gradient of `model`, on an autodiff device, for 2N views [2N, 3, S, S], where rows i and i + N are views of
/// one image: of at most `chunk` views (at least 1) a graph is kept. `order` holds every row once: chunks are cut from
/// it, of equal size as far as the number of views allows, since a small rest would have statistics of its own. `views`
/// makes the rows that it is given, the same whenever it is asked.
pub fn cached_gradients(
    model: &SimClr,
    order: &[usize],
    views: &dyn Fn(&[usize]) -> Tensor<4>,
    chunk: usize,
    temperature: f32,
) -> Cached {
    let rows = order.len();
    let part = |part: &[usize]| Tensor::from_inner(views(part));
    let mut places = vec![0; rows];
    order.iter().enumerate().for_each(|(place, &row)| places[row] = place);

    // Running statistics of its own (`valid`), so that the second pass alone moves them; the same
    // normalisation as the second pass (`train`), without a graph (`no_grad`).
    let still = model.valid().train().no_grad();
    let z = Tensor::cat(parts(order, chunk).map(|p| still.forward(part(p)).inner()).collect(), 0);
    drop(still);
    let z = some_rows(z, &places);
    let (measured, by_z) = nt_xent_gradient(z, temperature, anchors_at_once(rows));

    let mut sum = GradientsAccumulator::new();
    for p in parts(order, chunk) {
        let cached = Tensor::from_inner(some_rows(by_z.clone(), p));
        // The gradient of this by θ is that of the loss through these rows.
        let through = (model.forward(part(p)) * cached).sum();
        sum.accumulate(model, GradientsParams::from_grads(through.backward(), model));
    }
    Cached { measured, gradients: sum.grads() }
}

/// The chunks of some rows.
fn parts(order: &[usize], chunk: usize) -> std::slice::Chunks<'_, usize> {
    let count = order.len().div_ceil(chunk.max(1)).max(1);
    order.chunks(order.len().div_ceil(count).max(1))
}

/// `rows` of `x`, in their order.
pub fn some_rows<const D: usize>(x: Tensor<D>, rows: &[usize]) -> Tensor<D> {
    let indices: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let device: Device = x.device();
    x.select(0, Tensor::<1, Int>::from_data(TensorData::new(indices, [rows.len()]), (&device, DType::I32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{self, Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem};
    use crate::learn::{
        bench::fixed_views, block_on::block_on, learner::Learner, named_tensors::tensors, nt_xent::nt_xent,
        optim::Optimizer, walk::flat_gradients,
    };
    use std::{cell::RefCell, collections::BTreeSet};

    const ROWS: usize = 12;
    const TEMPERATURE: f32 = 0.5;

    fn model() -> SimClr {
        let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, 4);
        SimClr::new(&encoder, &HeadConfig::new(2, 32), 1, &Device::flex().autodiff())
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
        in_order(model, &(0..ROWS).collect::<Vec<_>>(), chunk)
    }

    fn in_order(model: &SimClr, order: &[usize], chunk: usize) -> Cached {
        cached_gradients(model, order, &|rows| some_rows(views(), rows), chunk, TEMPERATURE)
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

    /// Every gradient within 1e-4 of the largest of all. Kernels are chosen by the size of the batch too and round
    /// differently; z of all images, nearly parallel at first, make more of that, which a small gradient shows.
    fn close(got: &[Vec<f32>], want: &[Vec<f32>]) {
        assert_eq!(got.len(), want.len(), "parameters with a gradient");
        let most = |values: &[f32]| values.iter().fold(0f32, |most, v| most.max(v.abs()));
        let largest = want.iter().fold(0f32, |all, values| all.max(most(values)));
        for (i, (got, want)) in got.iter().zip(want).enumerate() {
            let off = got.iter().zip(want).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
            assert!(most(want) > 0.0 && off <= 1e-4 * largest, "parameter {i}: off by {off}, largest {largest}");
        }
    }

    #[test]
    fn chunks_give_the_gradient_of_the_whole_batch() {
        let model = without_batch_statistics();
        let (loss, want) = one_pass(&model);
        // Twelve convolutions with normalisation, two linear layers.
        assert_eq!(want.len(), 12 * 3 + 4);
        let order = spread(ROWS, &mut Rng::new(3));
        assert!(!order.is_sorted());
        for chunk in [1, 5, 6, ROWS] {
            for Cached { measured, gradients } in [cached(&model, chunk), in_order(&model, &order, chunk)] {
                assert!(
                    (measured.into_data().iter::<f32>().next().unwrap() - loss).abs() <= 1e-5 * loss,
                    "chunks of {chunk}"
                );
                close(&flat(&model, &gradients), &want);
            }
        }
    }

    /// Which rows go through the networks together, in both passes of a step of 8 images, 4 views at once.
    #[test]
    fn the_two_views_of_an_image_meet_other_images() {
        const IMAGES: usize = 8;
        let chunks = |seed| {
            let asked = RefCell::new(Vec::new());
            let mut learner = Learner::new(model(), Optimizer::sgd(0.9, 0.0, false), TEMPERATURE);
            learner.chunk = Some(4);
            let views = |rows: &[usize]| {
                asked.borrow_mut().push(rows.to_vec());
                fixed_views(rows.len(), 16, &Device::flex())
            };
            learner.step_by(2 * IMAGES, &views, &mut Rng::new(seed), 0.1);
            let asked = asked.into_inner();
            let (first, second) = asked.split_at(4);
            assert_eq!(first, second, "both passes see the same chunks");
            first.to_vec()
        };
        let one = chunks(1);
        let mut all = one.concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..2 * IMAGES), "every view once");
        assert_ne!(one, chunks(2));
        let images = |row: usize| {
            let chunk = one.iter().find(|chunk| chunk.contains(&row)).unwrap();
            chunk.iter().map(|r| r % IMAGES).collect::<BTreeSet<usize>>()
        };
        let apart: Vec<usize> =
            (0..IMAGES).filter(|&i| one.iter().all(|c| !(c.contains(&i) && c.contains(&(i + IMAGES))))).collect();
        assert!(apart.len() > IMAGES / 2 && apart.iter().all(|&i| images(i) != images(i + IMAGES)), "{one:?}");
    }

    /// So statistics tell nothing of pairs: the views of an image go together as often as any two.
    #[test]
    fn views_of_one_image_go_together_as_often_as_any() {
        let mut together = [0; 2];
        for seed in 0..2_000 {
            let order = spread(16, &mut Rng::new(seed));
            for (count, other) in together.iter_mut().zip([8, 1]) {
                *count += usize::from(parts(&order, 4).any(|c| c.contains(&0) && c.contains(&other)));
            }
        }
        // 3 of the 15 others share a chunk of four: 400 of 2 000, standard deviation 18.
        assert!(together.iter().all(|count| (330..470).contains(count)), "{together:?}");
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
        let optimizer = OptimizerConfig { weight_decay: 1e-4, ..OptimizerConfig::preset(config::Optimizer::Lars, 16) };
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
        let lengths = |rows, chunk| parts(&vec![0; rows], chunk).map(<[usize]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(12, 5), [4, 4, 4]);
        assert_eq!(lengths(7, 3), [3, 3, 1]);
        assert_eq!(lengths(6, 6), [6]);
        assert_eq!(lengths(3, 0), [1, 1, 1]);
    }
}
