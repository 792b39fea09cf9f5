//! One anchor's part of the loss with every intermediate number, for a lesson
//! that writes the arithmetic out; and the lesson's temperatures.
//!
//! The tutorial that the lesson follows prints some of the formulas wrongly. [`LossFormula`] computes them as printed,
//! from the same similarities, so that the wrong value stands beside the right one at every temperature.

use super::views::VIEW_COUNT;
use crate::core::nt_xent::Similarities;

/// Least and greatest temperature of the lesson.
pub const TAU_RANGE: (f64, f64) = (0.01, 5.0);

/// Last position of the temperature's slider. Positions 0 to this one cover
/// [`TAU_RANGE`] in equal ratios, 20 to a factor of ten.
pub const LAST_TAU_POSITION: u32 = 54;

/// τ at a slider's position, to two leading digits: 0.1, 0.2, 0.5, 1, 2 and 5 are among them.
pub fn tau_at(position: u32) -> f64 {
    let tau = TAU_RANGE.0 * 10_f64.powf(f64::from(position.min(LAST_TAU_POSITION)) / 20.0);
    // Through text, so that 0.1 is exactly the literal 0.1.
    format!("{tau:.1e}").parse().unwrap_or(tau)
}

/// The slider's position nearest to `tau`.
pub fn tau_position(tau: f64) -> u32 {
    ((tau.clamp(TAU_RANGE.0, TAU_RANGE.1) / TAU_RANGE.0).log10() * 20.0).round() as u32
}

/// One of the 2N − 1 views that an anchor is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnchorCandidate {
    /// The two views that are compared. The first is the anchor, except where
    /// [`LossFormula::SwappedNegatives`] reads another anchor's row.
    pub pair: (usize, usize),
    /// Cosine of the two views' embeddings.
    pub cosine: f64,
    /// cosine / τ.
    pub logit: f64,
    /// exp(logit): up to 10⁴³ at τ = 0.01, so shown in powers of ten there.
    pub exp: f64,
    /// exp / sum.
    pub probability: f64,
}

/// One anchor's part of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct AnchorRow {
    pub anchor: usize,
    /// The positive, then the 2N − 2 negatives in rising order.
    pub candidates: Vec<AnchorCandidate>,
    /// Sum of all candidates' exps.
    pub sum: f64,
    /// −ln of the positive's probability, in nats.
    pub loss: f64,
}

impl AnchorRow {
    /// The row of `anchor` at temperature `tau`.
    pub fn new(similarities: &Similarities, anchor: usize, tau: f64) -> Self {
        let taken = similarities.anchor(anchor, tau);
        let probabilities = similarities.probabilities(tau);
        let of = |k: usize| {
            let cosine = similarities.cosine(anchor, k);
            let logit = cosine / tau;
            let probability = probabilities[anchor * similarities.views() + k];
            AnchorCandidate { pair: (anchor, k), cosine, logit, exp: logit.exp(), probability }
        };
        let candidates: Vec<AnchorCandidate> = std::iter::once(taken.positive).chain(taken.negatives).map(of).collect();
        let sum = candidates.iter().map(|c| c.exp).sum();
        Self { anchor, candidates, sum, loss: taken.loss }
    }

    /// Every anchor's row.
    pub fn all(similarities: &Similarities, tau: f64) -> Vec<Self> {
        (0..similarities.views()).map(|i| Self::new(similarities, i, tau)).collect()
    }

    /// The positive.
    pub fn positive(&self) -> &AnchorCandidate {
        &self.candidates[0]
    }

    /// The negatives in rising order.
    pub fn negatives(&self) -> &[AnchorCandidate] {
        &self.candidates[1..]
    }

    /// The negatives' exps over the positive's: p = 1/(1 + odds), which keeps its digits where p is near 1.
    pub fn odds(&self) -> f64 {
        self.loss.exp_m1()
    }

    /// ∂ℓ/∂cosine of candidate `n`: (p − 1)/τ for the positive, which is the first candidate, and p/τ for a negative.
    pub fn slope(&self, n: usize, tau: f64) -> f64 {
        let above = if n == 0 { (-self.loss).exp_m1() } else { self.candidates[n].probability };
        above / tau
    }

    /// Each negative's part of the push on the anchor, in the row's order, summing to 1: the softmax over the negatives
    /// alone (Wang and Liu 2021). The lower τ, the more of the push comes from the most similar negative.
    pub fn push_shares(&self) -> Vec<f64> {
        let most = self.negatives().iter().map(|c| c.logit).fold(f64::NEG_INFINITY, f64::max);
        let exps: Vec<f64> = self.negatives().iter().map(|c| (c.logit - most).exp()).collect();
        let sum: f64 = exps.iter().sum();
        exps.iter().map(|e| e / sum).collect()
    }
}

/// The batch's loss: the mean of its rows' losses.
pub fn mean_loss(rows: &[AnchorRow]) -> f64 {
    rows.iter().map(|row| row.loss).sum::<f64>() / rows.len().max(1) as f64
}

/// A way to compute the loss; all but the first are errors of the tutorial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossFormula {
    Right,
    /// exp(s)/τ in place of exp(s/τ): τ cancels.
    TauOutside,
    /// The anchors x2i and x1j with each other's negatives.
    SwappedNegatives,
    /// The sum over (2k − 1, 2k) read with the matrix in the order x1i, x2i,
    /// x1j, x2j: neighbours as pairs, so that x1i's positive is x2i.
    LiteralOrder,
}

impl LossFormula {
    /// The row of `anchor` of the worked example's four views.
    ///
    /// # Panics
    /// If there are not four views.
    pub fn row(self, similarities: &Similarities, anchor: usize, tau: f64) -> AnchorRow {
        assert_eq!(similarities.views(), VIEW_COUNT, "the tutorial's errors are about four views");
        let pairs = self.pairs(anchor);
        // A matrix whose row 0 holds the three values: view 0 with its positive 2 and its negatives 1 and 3. Nothing else
        // of the matrix is read.
        let mut matrix = vec![0.0; VIEW_COUNT * VIEW_COUNT];
        for (place, (i, k)) in [2, 1, 3].into_iter().zip(pairs) {
            matrix[place] = similarities.cosine(i, k);
        }
        let inside = if self == Self::TauOutside { 1.0 } else { tau };
        let mut row = AnchorRow::new(&Similarities::from_matrix(matrix), 0, inside);
        row.anchor = anchor;
        for (candidate, pair) in row.candidates.iter_mut().zip(pairs) {
            let exp = if self == Self::TauOutside { candidate.exp / tau } else { candidate.exp };
            *candidate = AnchorCandidate { pair, exp, ..*candidate };
        }
        row.sum = row.candidates.iter().map(|c| c.exp).sum();
        row
    }

    /// Every anchor's row.
    ///
    /// # Panics
    /// As [`Self::row`].
    pub fn rows(self, similarities: &Similarities, tau: f64) -> Vec<AnchorRow> {
        (0..VIEW_COUNT).map(|i| self.row(similarities, i, tau)).collect()
    }

    /// The similarities (row, column) that this formula reads for `anchor`, the positive's first.
    fn pairs(self, anchor: usize) -> [(usize, usize); 3] {
        let positive = |i: usize| (i + VIEW_COUNT / 2) % VIEW_COUNT;
        let from = |row: usize, first: usize| {
            let mut others = (0..VIEW_COUNT).filter(move |&k| k != row && k != first).map(move |k| (row, k));
            [others.next(), others.next()].map(Option::unwrap_or_default)
        };
        let own = positive(anchor);
        let (first, [a, b]) = match (self, anchor) {
            (Self::SwappedNegatives, 1 | 2) => ((anchor, own), from(3 - anchor, positive(3 - anchor))),
            // 0 with 1, 2 with 3.
            (Self::LiteralOrder, _) => ((anchor, anchor ^ 1), from(anchor, anchor ^ 1)),
            _ => ((anchor, own), from(anchor, own)),
        };
        [first, a, b]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{float::near, lesson::nt_xent::cosines::Cosines};

    /// To the last digit printed.
    const PRINTED: f64 = 6e-7;

    #[test]
    fn every_anchor_at_every_temperature() {
        // Probability and loss of x1i, x2i, x1j, x2j, and the batch.
        let table = [
            (1.0, [(0.356920, 1.030245), (0.376754, 0.976162), (0.359333, 1.023505), (0.372011, 0.988831)], 1.004686),
            (0.5, [(0.380932, 0.965135), (0.422152, 0.862391), (0.386133, 0.951574), (0.412184, 0.886287)], 0.916347),
            (0.1, [(0.573663, 0.555712), (0.766201, 0.266310), (0.609603, 0.494947), (0.723624, 0.323483)], 0.410113),
        ];
        let negatives = [[0.63, 0.70], [0.63, 0.67], [0.67, 0.64], [0.70, 0.64]];
        for (tau, want, batch) in table {
            let rows = AnchorRow::all(&Cosines::default().similarities(), tau);
            near(mean_loss(&rows), batch, PRINTED);
            for (row, (probability, loss)) in rows.iter().zip(want) {
                near(row.positive().probability, probability, PRINTED);
                near(row.loss, loss, PRINTED);
                assert_eq!(row.negatives().iter().map(|c| c.cosine).collect::<Vec<_>>(), negatives[row.anchor]);
                for c in &row.candidates {
                    assert_eq!(c.logit, c.cosine / tau);
                    assert_eq!(c.pair.0, row.anchor);
                    // The arithmetic that is written out gives what the loss uses.
                    near(c.exp / row.sum, c.probability, 1e-14);
                }
                near(-row.positive().probability.ln(), row.loss, 1e-14);
                near(1.0 / (1.0 + row.odds()), row.positive().probability, 1e-14);
                near(row.slope(0, tau), (row.positive().probability - 1.0) / tau, 1e-13);
                near(row.slope(2, tau), row.negatives()[1].probability / tau, 1e-14);
                near(row.candidates.iter().map(|c| c.probability).sum(), 1.0, 1e-14);
            }
        }
    }

    #[test]
    fn wrong_formulas_give_their_known_values() {
        let similarities = Cosines::default().similarities();
        let loss = |formula: LossFormula, tau| mean_loss(&formula.rows(&similarities, tau));
        for tau in [0.01, 0.1, 0.5, 1.0, 5.0] {
            assert_eq!(LossFormula::Right.rows(&similarities, tau), AnchorRow::all(&similarities, tau));
            // τ outside exp cancels.
            near(loss(LossFormula::TauOutside, tau), 1.004686, PRINTED);
        }
        // Each exp really stands over τ.
        let outside = LossFormula::TauOutside.row(&similarities, 0, 0.5);
        near(outside.positive().exp, 0.77_f64.exp() / 0.5, 1e-12);
        near(outside.positive().exp / outside.sum, outside.positive().probability, 1e-14);

        for (tau, want) in [(1.0, 1.004666), (0.5, 0.916265), (0.1, 0.408584)] {
            near(loss(LossFormula::SwappedNegatives, tau), want, PRINTED);
        }
        let [x1i, x2i, x1j, x2j] = [0, 1, 2, 3].map(|i| LossFormula::SwappedNegatives.row(&similarities, i, 1.0));
        assert_eq!(
            (x1i.candidates, x2j.loss),
            (AnchorRow::new(&similarities, 0, 1.0).candidates, AnchorRow::new(&similarities, 3, 1.0).loss)
        );
        assert_eq!(
            x2i.candidates.iter().map(|c| (c.pair, c.cosine)).collect::<Vec<_>>(),
            [((1, 3), 0.84), ((2, 1), 0.67), ((2, 3), 0.64)]
        );
        assert_eq!(
            x1j.candidates.iter().map(|c| (c.pair, c.cosine)).collect::<Vec<_>>(),
            [((2, 0), 0.77), ((1, 0), 0.63), ((1, 2), 0.67)]
        );
        near(x2i.loss, 0.979226, PRINTED);
        near(x1j.loss, 1.020361, PRINTED);

        for (tau, want) in [(1.0, 1.174686), (0.5, 1.256347), (0.1, 2.110113)] {
            near(loss(LossFormula::LiteralOrder, tau), want, PRINTED);
        }
        assert_eq!(LossFormula::LiteralOrder.row(&similarities, 0, 1.0).positive().cosine, 0.63);
        assert_eq!(LossFormula::LiteralOrder.row(&similarities, 3, 1.0).positive().pair, (3, 2));
    }

    #[test]
    fn the_slider_passes_the_temperatures_that_people_use() {
        let all: Vec<f64> = (0..=LAST_TAU_POSITION).map(tau_at).collect();
        assert!(all.is_sorted_by(|a, b| a < b));
        assert_eq!((all[0], all[LAST_TAU_POSITION as usize]), TAU_RANGE);
        for tau in [0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0] {
            assert_eq!(tau_at(tau_position(tau)), tau);
        }
        assert!((0..=LAST_TAU_POSITION).all(|p| tau_position(tau_at(p)) == p));
        assert_eq!((tau_position(0.0), tau_position(9.0)), (0, LAST_TAU_POSITION));
    }

    #[test]
    fn the_colder_the_more_the_nearest_negative_dominates() {
        let similarities = Cosines::default().similarities();
        let nearest = |tau| AnchorRow::new(&similarities, 0, tau).push_shares()[1];
        assert!(nearest(5.0) < 0.51 && nearest(0.1) > 0.6 && nearest(0.01) > 0.999);
        // The same as the negatives' probabilities over their sum.
        let row = AnchorRow::new(&similarities, 2, 0.5);
        let rest: f64 = row.negatives().iter().map(|c| c.probability).sum();
        row.push_shares().iter().zip(row.negatives()).for_each(|(s, c)| near(*s, c.probability / rest, 1e-14));
    }
}
