//! What the tutorial that the lesson follows prints, computed as printed. Each
//! is wrong in its own way, and each is recomputed from the same similarities,
//! so that it stays beside the right value wherever τ and the matrix go.

use super::matrix::N;
use super::row::{Candidate, Row};
use crate::core::nt_xent::Similarities;

/// A way to compute the loss; all but the first are the tutorial's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Right,
    /// exp(s)/τ in place of exp(s/τ): τ cancels.
    TauOutside,
    /// The anchors x2i and x1j with each other's negatives.
    SwappedNegatives,
    /// The sum over (2k − 1, 2k) read with the matrix in the order x1i, x2i,
    /// x1j, x2j: neighbours as pairs, so that x1i's positive is x2i.
    LiteralOrder,
    /// log in place of −log.
    Sign,
}

/// Which similarities (row, column) stand in the place of `anchor`'s own, its
/// positive first.
fn pairs(variant: Variant, anchor: usize) -> [(usize, usize); 3] {
    let positive = |i: usize| (i + N / 2) % N;
    let from = |row: usize, first: usize| {
        let mut others = (0..N).filter(move |&k| k != row && k != first).map(move |k| (row, k));
        [others.next(), others.next()].map(Option::unwrap_or_default)
    };
    let own = positive(anchor);
    let ((first, second), [a, b]) = match (variant, anchor) {
        (Variant::SwappedNegatives, 1 | 2) => ((anchor, own), from(3 - anchor, positive(3 - anchor))),
        // 0 with 1, 2 with 3.
        (Variant::LiteralOrder, _) => ((anchor, anchor ^ 1), from(anchor, anchor ^ 1)),
        _ => ((anchor, own), from(anchor, own)),
    };
    [(first, second), a, b]
}

/// The row of `anchor` of the worked example's four views, by `variant`.
///
/// # Panics
/// If there are not four views.
pub fn row(variant: Variant, similarities: &Similarities, anchor: usize, tau: f64) -> Row {
    assert_eq!(similarities.views(), N, "the slips are the worked example's");
    let pairs = pairs(variant, anchor);
    // The three values as one anchor's row, which is all that is read of this matrix: view 0 with its positive 2 and its
    // negatives 1 and 3.
    let mut matrix = vec![0.0; N * N];
    for (place, (i, k)) in [2, 1, 3].into_iter().zip(pairs) {
        matrix[place] = similarities.cosine(i, k);
    }
    let inside = if variant == Variant::TauOutside { 1.0 } else { tau };
    let mut row = Row::new(&Similarities::from_matrix(matrix), 0, inside);
    row.anchor = anchor;
    for (candidate, pair) in row.candidates.iter_mut().zip(pairs) {
        let exp = if variant == Variant::TauOutside { candidate.exp / tau } else { candidate.exp };
        *candidate = Candidate { pair, exp, ..*candidate };
    }
    row.sum = row.candidates.iter().map(|c| c.exp).sum();
    if variant == Variant::Sign {
        row.loss = -row.loss;
    }
    row
}

/// Every anchor's row by `variant`.
///
/// # Panics
/// As [`row`].
pub fn rows(variant: Variant, similarities: &Similarities, tau: f64) -> Vec<Row> {
    (0..N).map(|i| row(variant, similarities, i, tau)).collect()
}
