//! Features h of stored images, in evaluation mode and without augmentation, and what they say of a
//! new image: class probabilities, and the images that are most like it.

use super::{encoder::Encoder, store::ByteStore};
use crate::core::error::Fault;
use burn::tensor::{Device, Tensor, TensorData};

/// Why long work ended without a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// The pause callback said so.
    OnRequest,
    Failed(Fault),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<Stopped> for Fault {
    fn from(cause: Stopped) -> Self {
        match cause {
            Stopped::Failed(fault) => fault,
            Stopped::OnRequest => Self::Stopped,
        }
    }
}

/// Reads a tensor, row-major. Asynchronous, because WebGPU has no other way.
///
/// # Errors
/// Where the device fails: [`Fault::OutOfMemory`] or [`Fault::Internal`] (it may be lost).
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Fault> {
    let data = tensor.into_data_async().await.map_err(|e| Fault::of_device(e.to_string()))?;
    data.convert::<f32>().try_to_vec().map_err(|e| Fault::of_device(format!("{e:?}")))
}

/// Rows that a layer gets at a time.
const ROWS_AT_ONCE: usize = 1024;

/// Features of images: [rows, dim], row-major, one row an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    pub values: Vec<f32>,
    pub dim: usize,
}

impl Features {
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dim..(index + 1) * self.dim]
    }

    /// What `layer` makes of the rows on `device`, some at a time.
    ///
    /// # Errors
    /// As [`read`].
    pub async fn through(&self, layer: impl Fn(Tensor<2>) -> Tensor<2>, device: &Device) -> Result<Self, Fault> {
        let mut out = Self::default();
        for part in self.values.chunks(ROWS_AT_ONCE * self.dim.max(1)) {
            let rows = TensorData::new(part.to_vec(), [part.len() / self.dim, self.dim]);
            let rows = layer(Tensor::from_data(rows, device));
            out.dim = rows.dims()[1];
            out.values.extend(read(rows).await?);
        }
        Ok(out)
    }
}

/// Features of the named images, `batch` at a time.
///
/// The store must be on `encoder`'s plain device.
/// After each batch `pause` gets the part done (0 to 1); it may wait, and ends the work by returning false.
pub async fn features(
    encoder: &Encoder,
    store: &ByteStore,
    indices: &[u32],
    batch: usize,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<Features, Stopped> {
    let encoder = encoder.evaluated();
    outputs(|images| encoder.forward(images), store, indices, batch, pause).await
}

/// [`features`] of any network: `forward` maps [B, 3, S, S] to [B, dim].
///
/// # Errors
/// [`Fault::OutputsNotFinite`] where a value is no finite number: a verdict on it would be none.
pub async fn outputs(
    forward: impl Fn(Tensor<4>) -> Tensor<2>,
    store: &ByteStore,
    indices: &[u32],
    batch: usize,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<Features, Stopped> {
    let mut all = Features::default();
    let take = &mut |rows: &[f32], dim| {
        all.dim = dim;
        all.values.extend_from_slice(rows);
        Ok(())
    };
    each_batch(forward, store, indices, batch, take, pause).await?;
    Ok(all)
}

/// [`outputs`] of one batch after the other: `take` gets the rows of each and their length. None is kept.
///
/// # Errors
/// Also what `take` says.
pub async fn each_batch(
    forward: impl Fn(Tensor<4>) -> Tensor<2>,
    store: &ByteStore,
    indices: &[u32],
    batch: usize,
    take: &mut impl FnMut(&[f32], usize) -> Result<(), Fault>,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<(), Stopped> {
    let batch = batch.clamp(1, indices.len().max(1));
    let mut done = 0;
    for part in indices.chunks(batch) {
        // The last batch is filled up: another shape would cost a GPU new kernels.
        let mut padded = part.to_vec();
        padded.resize(batch, part[0]);
        let rows = forward(store.gather(&padded));
        let dim = rows.dims()[1];
        let rows = read(rows).await?;
        if rows.iter().any(|v| !v.is_finite()) {
            return Err(Fault::OutputsNotFinite.into());
        }
        take(&rows[..part.len() * dim], dim)?;
        done += part.len();
        if !pause(done as f32 / indices.len() as f32).await {
            return Err(Stopped::OnRequest);
        }
    }
    Ok(())
}

/// Features of some images, each computed once.
#[derive(Clone, Debug, Default)]
pub struct KnownFeatures {
    /// In ascending order.
    images: Vec<u32>,
    rows: Features,
}

impl KnownFeatures {
    /// `rows` of `images`, one an image, in ascending order of the images.
    pub fn new(images: Vec<u32>, rows: Features) -> Self {
        Self { images, rows }
    }

    /// Those of `images`, in their order; `None` where one is not known.
    pub fn of(&self, images: &[u32]) -> Option<Features> {
        let mut values = Vec::with_capacity(images.len() * self.rows.dim);
        for image in images {
            values.extend_from_slice(self.rows.row(self.images.binary_search(image).ok()?));
        }
        Some(Features { values, dim: self.rows.dim })
    }
}

/// Probabilities of each row of logits.
pub fn probabilities(logits: &Features) -> Vec<Vec<f32>> {
    (0..logits.rows())
        .map(|i| {
            let row = logits.row(i);
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exps: Vec<f32> = row.iter().map(|v| (v - most).exp()).collect();
            let sum: f32 = exps.iter().sum();
            exps.into_iter().map(|e| e / sum).collect()
        })
        .collect()
}

/// The `k` rows of `bank` with the largest cosine to `query`, the nearest first; the
/// earlier of equals. A row of zeros has cosine 0.
///
/// # Panics
/// If `query` has another length than the rows of the bank.
pub fn nearest(bank: &Features, query: &[f32], k: usize) -> Vec<(usize, f32)> {
    assert!(bank.rows() == 0 || query.len() == bank.dim, "features of one encoder");
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let length = dot(query, query).sqrt();
    let cosine = |row: &[f32]| {
        let norms = length * dot(row, row).sqrt();
        if norms > 0.0 { dot(row, query) / norms } else { 0.0 }
    };
    let mut all: Vec<(usize, f32)> = (0..bank.rows()).map(|i| (i, cosine(bank.row(i)))).collect();
    let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if k < all.len() {
        all.select_nth_unstable_by(k, order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{dataset::Dataset, rng::Rng};
    use crate::learn::block_on::block_on;
    use burn::tensor::Device;

    #[test]
    fn outputs_that_are_no_numbers_are_not_judged() {
        let set = Dataset { size: 16, pixels: vec![0; 3 * 256], ..Dataset::default() };
        let store = ByteStore::new(&set, &Device::flex(), usize::MAX);
        let of = |value: f32| {
            let forward = |x: Tensor<4>| x.mean_dim(3).mean_dim(2).reshape([1, 3]).add_scalar(value);
            block_on(outputs(forward, &store, &[0], 1, &mut async |_| true))
        };
        assert_eq!(of(1.0).map(|h| h.values), Ok(vec![1.0; 3]));
        for bad in [f32::NAN, f32::INFINITY] {
            assert_eq!(of(bad), Err(Stopped::Failed(Fault::OutputsNotFinite)));
        }
    }

    #[test]
    fn known_features_are_those_of_the_images_asked_for() {
        let known = KnownFeatures::new(vec![2, 5, 9], Features { values: vec![0.2, 0.0, 0.5, 0.0, 0.9, 1.0], dim: 2 });
        assert_eq!(known.of(&[9, 2]), Some(Features { values: vec![0.9, 1.0, 0.2, 0.0], dim: 2 }));
        assert_eq!(known.of(&[9, 3]), None);
        assert_eq!(KnownFeatures::default().of(&[1]), None);
    }

    #[test]
    fn probabilities_sum_to_one_and_survive_large_logits() {
        let logits = Features { values: vec![0.0, 0.0, 1000.0, 1000.0 - 2.0_f32.ln(), f32::MIN, 0.0], dim: 2 };
        let got = probabilities(&logits);
        assert_eq!(got[0], [0.5, 0.5]);
        assert!((got[1][0] - 2.0 / 3.0).abs() < 1e-4 && (got[1][1] - 1.0 / 3.0).abs() < 1e-4, "{got:?}");
        assert_eq!(got[2], [0.0, 1.0]);
    }

    #[test]
    fn neighbours_equal_those_of_a_full_sort() {
        let mut rng = Rng::new(4);
        let mut bank = Features { values: (0..200 * 7).map(|_| rng.normal()).collect(), dim: 7 };
        bank.values[7 * 50..7 * 51].fill(0.0);
        // The query's own direction, at another length, is the nearest: cosine 1.
        let query: Vec<f32> = bank.row(33).iter().map(|v| 3.0 * v).collect();
        let got = nearest(&bank, &query, 5);
        assert_eq!(got[0].0, 33);
        assert!((got[0].1 - 1.0).abs() < 1e-5);
        let all = nearest(&bank, &query, 1000);
        assert_eq!(all.len(), 200);
        assert_eq!(got, all[..5]);
        assert!(all.is_sorted_by(|a, b| a.1 >= b.1) && all.contains(&(50, 0.0)));
        let norm = |v: &[f32]| v.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
        for &(i, cosine) in &got {
            let dot: f64 = bank.row(i).iter().zip(&query).map(|(a, b)| f64::from(a * b)).sum();
            assert!((f64::from(cosine) - dot / (norm(bank.row(i)) * norm(&query))).abs() < 1e-5);
        }
        assert!(nearest(&Features::default(), &query, 5).is_empty());
    }
}
