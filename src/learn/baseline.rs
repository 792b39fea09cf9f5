//! The encoder at step 0, the baseline of every evaluation. It has seen no image, so its running
//! statistics mean nothing; here they are estimated from training images.

use super::encoder::{Encoder, MOMENTUM};
use super::{features::Stopped, store::ByteStore};
use crate::core::rng::Rng;
use burn::module::Module;
use burn::tensor::Tensor;

/// A network with batch normalisation, whose running statistics can be estimated.
pub trait Normalised: Module {
    /// Sets the part of the new batch in the running statistics.
    fn set_momentum(&mut self, momentum: f64);

    /// `images` [B, 3, S, S] through all layers that normalise.
    fn pass(&self, images: Tensor<4>);
}

impl Normalised for Encoder {
    fn set_momentum(&mut self, momentum: f64) {
        self.set_momentum(momentum);
    }

    fn pass(&self, images: Tensor<4>) {
        let _ = self.forward(images);
    }
}

/// Images that statistics are estimated from, at most.
const MOST_IMAGES: usize = 2048;

/// How many of `training` images [`with_statistics`] reads: full batches only.
pub fn images_read(training: usize, batch: usize) -> usize {
    let batch = batch.clamp(1, training.max(1));
    training.min(MOST_IMAGES) / batch * batch
}

/// `initial` with batch-norm statistics of the training images `train`, drawn by `seed` in random order: a data set
/// lies in order of classes, and a batch of one class has less variance than the set.
///
/// `initial` is on the plain device, as the store; `pause` as in [`features`](super::features::features).
///
/// # Errors
/// [`Stopped::OnRequest`] where `pause` says so.
///
/// # Panics
/// If `train` is empty.
pub async fn with_statistics<M: Normalised>(
    initial: &M,
    store: &ByteStore,
    train: &[u32],
    batch: usize,
    seed: u64,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<M, Stopped> {
    let mut images = train.to_vec();
    Rng::stream(seed, "statistics").shuffle(&mut images);
    images.truncate(images_read(train.len(), batch));
    let mut estimator = BatchNormEstimator::new(initial);
    let parts = images.chunks(batch.clamp(1, train.len()));
    let total = parts.len();
    for (done, part) in (1..).zip(parts) {
        estimator.add(store.gather(part));
        // Nothing is read here, so on a GPU this is ahead of the work itself.
        if !pause(done as f32 / total as f32).await {
            return Err(Stopped::OnRequest);
        }
    }
    Ok(estimator.finish())
}

/// Re-estimates running statistics as the plain average over batches, instead of whatever they were. Weights stay.
///
/// For encoders that never trained: their running mean 0 and variance 1 say nothing about the images. One pass is
/// enough, because in training mode every layer sees its input normalised by the batch itself. A batch at a time, so
/// that a caller can yield in between.
#[derive(Debug)]
pub struct BatchNormEstimator<M> {
    network: M,
    batches: usize,
}

impl<M: Normalised> BatchNormEstimator<M> {
    /// Works on a copy of `network`.
    pub fn new(network: &M) -> Self {
        // Buffers of its own (`valid`), on the autodiff device, where batch
        // statistics are used (`train`), without a graph (`no_grad`).
        Self { network: network.valid().train().no_grad(), batches: 0 }
    }

    /// `batch` [B, 3, S, S], on the network's device; all of one size B.
    pub fn add(&mut self, batch: Tensor<4>) {
        self.batches += 1;
        self.network.set_momentum(1.0 / self.batches as f64);
        self.network.pass(Tensor::from_inner(batch.inner()));
    }

    /// The network, for evaluation (plain device).
    pub fn finish(mut self) -> M {
        self.network.set_momentum(MOMENTUM);
        self.network.set_require_grad(true).valid()
    }
}

/// [`BatchNormEstimator`] over all of `batches` at once.
pub fn reestimate_batch_norm<M: Normalised>(network: &M, batches: impl IntoIterator<Item = Tensor<4>>) -> M {
    let mut estimator = BatchNormEstimator::new(network);
    batches.into_iter().for_each(|batch| estimator.add(batch));
    estimator.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, Stem};
    use crate::core::dataset::Dataset;
    use crate::learn::{block_on::block_on, features::features, simclr::initial_encoder};
    use burn::tensor::Device;

    const CLASSES: usize = 4;
    const EACH: usize = 64;

    /// Classes one after the other, told apart by their brightness.
    fn in_order() -> Dataset {
        let (size, mut rng) = (16, Rng::new(8));
        let mut set = Dataset { size, ..Dataset::default() };
        for class in (0..CLASSES).flat_map(|class| [class; EACH]) {
            set.pixels.extend((0..3 * size * size).map(|_| (20 + class * 60 + rng.below(50)) as u8));
        }
        set
    }

    #[test]
    fn statistics_are_of_the_set_and_not_of_single_classes() {
        let device = Device::flex();
        let config = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8);
        let initial = initial_encoder(&config, 1, &device.clone().autodiff()).valid();
        let store = ByteStore::new(&in_order(), &device, usize::MAX);
        let all: Vec<u32> = (0..(CLASSES * EACH) as u32).collect();
        let h = |encoder: &Encoder| block_on(features(encoder, &store, &all, 64, &mut async |_| true)).unwrap().values;
        // The whole set as one batch is what the estimate is of.
        let want = h(&reestimate_batch_norm(&initial, [store.gather(&all)]));
        let error = |encoder: &Encoder| {
            let off: f32 = h(encoder).iter().zip(&want).map(|(a, b)| (a - b).abs()).sum();
            off / want.iter().map(|v| v.abs()).sum::<f32>()
        };
        let ordered = reestimate_batch_norm(&initial, all.chunks(EACH).map(|part| store.gather(part)));
        let got = block_on(with_statistics(&initial, &store, &all, EACH, 5, &mut async |_| true)).unwrap();
        let (got, ordered) = (error(&got), error(&ordered));
        assert!(got < 0.1 && ordered > 5.0 * got, "{got}, in order {ordered}");
    }

    #[test]
    fn full_batches_only_and_a_limit() {
        assert_eq!(images_read(300, 128), 256);
        assert_eq!(images_read(50, 128), 50);
        assert_eq!(images_read(10_000, 100), 2_000);
    }
}
