//! What is said of a new image: class probabilities, and the images that are most
//! like it by the encoder's features.

use super::features::Features;

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
    use crate::core::rng::Rng;

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
