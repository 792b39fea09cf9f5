//! One anchor's part of the loss with every number between, for a lesson that
//! writes the arithmetic out.

use crate::core::nt_xent::Similarities;

/// One of the 2N − 1 views that an anchor is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The two views whose similarity stands here. The first is the anchor,
    /// except in a slip that reads another anchor's row.
    pub pair: (usize, usize),
    /// Cosine of the two.
    pub cosine: f64,
    /// cosine / τ.
    pub logit: f64,
    /// exp(logit): at τ = 0.01 up to 10⁴³, so shown in powers of ten there.
    pub exp: f64,
    /// exp / sum.
    pub probability: f64,
}

/// One anchor's part of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub anchor: usize,
    /// The positive, then the 2N − 2 negatives in rising order.
    pub candidates: Vec<Candidate>,
    /// Of all exps.
    pub sum: f64,
    /// −ln of the positive's probability, in nats.
    pub loss: f64,
}

impl Row {
    /// The row of `anchor` at temperature `tau`.
    pub fn new(similarities: &Similarities, anchor: usize, tau: f64) -> Self {
        let taken = similarities.anchor(anchor, tau);
        let probabilities = similarities.probabilities(tau);
        let of = |k: usize| {
            let cosine = similarities.cosine(anchor, k);
            let logit = cosine / tau;
            let probability = probabilities[anchor * similarities.views() + k];
            Candidate { pair: (anchor, k), cosine, logit, exp: logit.exp(), probability }
        };
        let candidates: Vec<Candidate> = std::iter::once(taken.positive).chain(taken.negatives).map(of).collect();
        let sum = candidates.iter().map(|c| c.exp).sum();
        Self { anchor, candidates, sum, loss: taken.loss }
    }

    /// Every anchor's row.
    pub fn all(similarities: &Similarities, tau: f64) -> Vec<Self> {
        (0..similarities.views()).map(|i| Self::new(similarities, i, tau)).collect()
    }

    /// The positive.
    pub fn positive(&self) -> &Candidate {
        &self.candidates[0]
    }

    /// The negatives' exps over the positive's: p = 1/(1 + odds), which keeps
    /// its digits where p is near 1.
    pub fn odds(&self) -> f64 {
        self.loss.exp_m1()
    }

    /// Slope of ℓ by the cosine of candidate `n`: (p − 1)/τ of the positive,
    /// which is the first, and p/τ of a negative.
    pub fn slope(&self, n: usize, tau: f64) -> f64 {
        let above = if n == 0 { (-self.loss).exp_m1() } else { self.candidates[n].probability };
        above / tau
    }

    /// The negatives in rising order.
    pub fn negatives(&self) -> &[Candidate] {
        &self.candidates[1..]
    }
}

/// The batch's loss: the mean of its rows'.
pub fn mean_loss(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.loss).sum::<f64>() / rows.len().max(1) as f64
}
