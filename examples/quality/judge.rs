//! kNN and linear evaluation of one encoder, by the code that the page uses.

use simclr_lab::core::dataset::{Dataset, Split};
use simclr_lab::learn::encoder::Encoder;
use simclr_lab::learn::features::{Features, features};
use simclr_lab::learn::knn::{MAX_K, accuracy, classify};
use simclr_lab::learn::linear_evaluation::{Labelled, Problem, train};
use simclr_lab::learn::store::ByteStore;

pub use simclr_lab::learn::block_on::block_on;

/// Images a forward pass.
const BATCH: usize = 250;

fn split(encoder: &Encoder, set: &Dataset, store: &ByteStore, split: Split) -> (Features, Vec<usize>) {
    let (indices, labels) = set.labelled(split);
    let indices: Vec<u32> = indices.iter().map(|&i| i as u32).collect();
    let h = block_on(features(encoder, store, &indices, BATCH, &mut async |_| true)).expect("features");
    (h, labels)
}

/// Test accuracy by kNN (k = 200, T = 0.1) and by linear evaluation, in words. There is no validation split, so nothing is
/// chosen: the rate is 0.1, and the last epoch counts.
pub fn judge(encoder: &Encoder, set: &Dataset, store: &ByteStore, seed: u64) -> String {
    let (bank, bank_labels) = split(encoder, set, store, Split::Train);
    let (queries, truth) = split(encoder, set, store, Split::Test);
    let found = block_on(classify(&bank, &bank_labels, &queries, MAX_K, &mut async |_| true)).expect("votes");
    let none = Features { values: Vec::new(), dim: bank.dim };
    let problem = Problem {
        train: Labelled { rows: &bank, labels: &bank_labels },
        validation: Labelled { rows: &none, labels: &[] },
        test: Labelled { rows: &queries, labels: &truth },
        classes: set.classes.len(),
    };
    let linear = block_on(train(&problem, seed, &mut async |_| true)).expect("a classifier");
    format!(
        "linear {:.1} % (rate {}, {} epochs), kNN {:.1} %",
        100.0 * linear.test.accuracy,
        linear.chosen_rate,
        linear.epochs,
        100.0 * accuracy(&found, &truth)
    )
}
