//! k nearest neighbours on normalised features, the quickest judgement of an encoder (Wu et al. 2018, arXiv
//! 1805.01978): a query's classes get Σ exp(cos / T) over its k nearest images of the bank.

use super::features::{Features, Stopped, features};
use super::{encoder::Encoder, store::ByteStore};
use crate::core::dataset::{Dataset, Split};
use crate::core::rng::Rng;
use burn::tensor::{Device, Tensor, TensorData};

/// T of the votes.
pub const TEMPERATURE: f32 = 0.1;
/// Most neighbours that vote.
pub const MAX_K: usize = 200;
/// Queries whose cosines are held at a time.
const QUERIES: usize = 256;

/// Neighbours that vote: [`MAX_K`], or the whole bank where it has fewer images.
pub fn neighbours(bank: usize) -> usize {
    bank.clamp(1, MAX_K)
}

/// Class of each query by the votes of its `k` nearest of the bank; the lowest class where votes are equal. Equally
/// near images share the votes that are left for them, so that a query of zeros, to which all are equally near, gets
/// the most frequent class. A row of zeros in the bank has no direction and no vote. On the CPU, whatever the training
/// device.
///
/// `pause` as in [`features`].
///
/// # Panics
/// If the bank is empty or has another number of labels or of dimensions.
pub async fn classify(
    bank: &Features,
    labels: &[usize],
    queries: &Features,
    k: usize,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<Vec<usize>, Stopped> {
    assert!(!labels.is_empty() && bank.rows() == labels.len(), "one label a row of the bank");
    let n = labels.len();
    let k = k.clamp(1, n);
    let classes = labels.iter().max().map_or(0, |m| m + 1);
    let device = Device::flex();
    let unit = unit_rows(bank, 0..n);
    let votes: Vec<bool> = unit.chunks_exact(bank.dim.max(1)).map(|row| row.iter().any(|v| *v != 0.0)).collect();
    let transposed = Tensor::<2>::from_data(TensorData::new(unit, [n, bank.dim]), &device).transpose();
    let mut found = Vec::with_capacity(queries.rows());
    for start in (0..queries.rows()).step_by(QUERIES) {
        assert_eq!(bank.dim, queries.dim, "features of one encoder");
        let end = (start + QUERIES).min(queries.rows());
        let rows = TensorData::new(unit_rows(queries, start..end), [end - start, queries.dim]);
        let mut cosines =
            super::features::read(Tensor::<2>::from_data(rows, &device).matmul(transposed.clone())).await?;
        found.extend(cosines.chunks_exact_mut(n).map(|row| {
            row.iter_mut()
                .zip(&votes)
                .filter(|(_, votes)| !**votes)
                .for_each(|(cosine, _)| *cosine = f32::NEG_INFINITY);
            vote(row, labels, k, classes)
        }));
        if !pause(end as f32 / queries.rows() as f32).await {
            return Err(Stopped::OnRequest);
        }
    }
    Ok(found)
}

/// The class with the most votes among the `k` largest cosines.
fn vote(cosines: &[f32], labels: &[usize], k: usize, classes: usize) -> usize {
    let mut sorted = cosines.to_vec();
    let least = *sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1;
    let count = |keep: &dyn Fn(f32) -> bool| cosines.iter().filter(|cosine| keep(**cosine)).count();
    let share = (k - count(&|c| c > least)) as f64 / count(&|c| c == least) as f64;
    let mut votes = vec![0.0_f64; classes];
    for (&cosine, &label) in cosines.iter().zip(labels).filter(|(cosine, _)| **cosine >= least) {
        votes[label] += f64::from(cosine / TEMPERATURE).exp() * if cosine == least { share } else { 1.0 };
    }
    (0..classes).fold(0, |best, class| if votes[class] > votes[best] { class } else { best })
}

/// Rows of length 1; a zero row stays zero.
fn unit_rows(features: &Features, rows: std::ops::Range<usize>) -> Vec<f32> {
    let mut values = features.values[rows.start * features.dim..rows.end * features.dim].to_vec();
    for row in values.chunks_exact_mut(features.dim.max(1)) {
        let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|v| *v /= norm);
        }
    }
    values
}

/// Part of `found` that equals `truth`.
pub fn accuracy(found: &[usize], truth: &[usize]) -> f32 {
    let right = found.iter().zip(truth).filter(|(a, b)| a == b).count();
    right as f32 / truth.len().max(1) as f32
}

/// Which images the per-epoch kNN looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    bank: Vec<u32>,
    bank_labels: Vec<usize>,
    queries: Vec<u32>,
    truth: Vec<usize>,
}

impl Probe {
    /// Labelled training images as bank and labelled images of `judged` as queries, at most `max_bank` and
    /// `max_queries`, drawn by `seed`. `None` if either is empty.
    pub fn new(dataset: &Dataset, judged: Split, max_bank: usize, max_queries: usize, seed: u64) -> Option<Self> {
        let (bank, bank_labels) = sample(dataset, Split::Train, max_bank, seed);
        let (queries, truth) = sample(dataset, judged, max_queries, seed);
        (!bank.is_empty() && !queries.is_empty()).then_some(Self { bank, bank_labels, queries, truth })
    }

    /// Images whose features [`Probe::accuracy`] computes.
    pub fn images(&self) -> usize {
        self.bank.len() + self.queries.len()
    }

    /// kNN accuracy of an encoder (see [`features`] for what it must be).
    pub async fn accuracy(
        &self,
        encoder: &Encoder,
        store: &ByteStore,
        batch: usize,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<f32, Stopped> {
        // One pass over both, so that there is one incomplete batch at most.
        let all: Vec<u32> = self.bank.iter().chain(&self.queries).copied().collect();
        let h = features(encoder, store, &all, batch, pause).await?;
        let (bank, queries) = h.values.split_at(self.bank.len() * h.dim);
        let [bank, queries] = [bank, queries].map(|v| Features { values: v.to_vec(), dim: h.dim });
        let k = neighbours(self.bank_labels.len());
        let found = classify(&bank, &self.bank_labels, &queries, k, &mut async |_| pause(1.0).await).await?;
        Ok(accuracy(&found, &self.truth))
    }
}

/// Up to `most` labelled images of a split, in the data set's order.
fn sample(dataset: &Dataset, split: Split, most: usize, seed: u64) -> (Vec<u32>, Vec<usize>) {
    let (indices, labels) = dataset.labelled(split);
    let mut chosen: Vec<usize> = (0..indices.len()).collect();
    if chosen.len() > most {
        Rng::stream(seed, "knn").shuffle(&mut chosen);
        chosen.truncate(most);
        chosen.sort_unstable();
    }
    chosen.into_iter().map(|i| (indices[i] as u32, labels[i])).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::block_on::block_on;

    fn random(rows: usize, dim: usize, rng: &mut Rng) -> Features {
        Features { values: (0..rows * dim).map(|_| rng.normal()).collect(), dim }
    }

    /// Every pair, every sort, in f64.
    fn brute_force(bank: &Features, labels: &[usize], query: &[f32], k: usize) -> usize {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum::<f64>();
        let cos = |row: &[f32]| dot(row, query) / (dot(row, row) * dot(query, query)).sqrt();
        let mut all: Vec<(f64, usize)> = (0..bank.rows()).map(|i| (cos(bank.row(i)), labels[i])).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut votes = [0.0; 8];
        all[..k].iter().for_each(|(c, l)| votes[*l] += (c / 0.1).exp());
        (0..8).max_by(|&a, &b| votes[a].total_cmp(&votes[b])).unwrap()
    }

    #[test]
    fn votes_equal_the_brute_force() {
        let mut rng = Rng::new(1);
        let (bank, queries) = (random(301, 9, &mut rng), random(270, 9, &mut rng));
        let labels: Vec<usize> = (0..301).map(|_| rng.below(8)).collect();
        for k in [1, 5, 40, 301, 999] {
            let found = block_on(classify(&bank, &labels, &queries, k, &mut async |_| true)).unwrap();
            let want: Vec<usize> = (0..270).map(|q| brute_force(&bank, &labels, queries.row(q), k.min(301))).collect();
            assert_eq!(found, want, "k = {k}");
        }
    }

    #[test]
    fn k_is_200_clamped_to_the_bank() {
        assert_eq!([0, 4, 60, 200, 5000].map(neighbours), [1, 4, 60, 200, 200]);
    }

    #[test]
    fn zero_rows_and_ties_do_not_vote_for_the_first_classes() {
        let found = |bank: &[[f32; 2]], labels: &[usize], query: [f32; 2], k: usize| {
            let bank = Features { values: bank.concat(), dim: 2 };
            let query = Features { values: query.to_vec(), dim: 2 };
            block_on(classify(&bank, labels, &query, k, &mut async |_| true)).unwrap()[0]
        };
        let bank = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 1.0], [2.0, 1.0]];
        // A query of zeros: the most frequent class, not that of the first rows.
        assert_eq!(found(&bank, &[0, 0, 1, 1, 1], [0.0, 0.0], 2), 1);
        // Two rows of zeros outvote nobody, though their cosine is above -1.
        assert_eq!(found(&[[0.0, 0.0], [0.0, 0.0], [-1.0, 0.0]], &[0, 0, 1], [1.0, 0.0], 3), 1);
        // Three equally near share one vote; two of them are of class 1.
        assert_eq!(found(&[[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 1.0]], &[0, 1, 1, 0], [1.0, 0.0], 1), 1);
        assert_eq!(found(&[[0.0, 0.0]; 3], &[2, 1, 1], [1.0, 0.0], 2), 0, "nobody votes");
    }

    #[test]
    fn a_stop_is_obeyed() {
        let mut rng = Rng::new(2);
        let bank = random(10, 3, &mut rng);
        let stopped = block_on(classify(&bank, &[0; 10], &bank, 3, &mut async |_| false));
        assert_eq!(stopped, Err(Stopped::OnRequest));
    }
}
