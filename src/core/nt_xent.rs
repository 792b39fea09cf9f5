//! NT-Xent, the normalised temperature-scaled cross entropy (Chen et al. 2020, equation 1): ℓ(i, j) = −ln [ exp(s_ij/τ)
//! / Σ_{k≠i} exp(s_ik/τ) ] with s the cosine, and the loss its mean over all 2N anchors.
//!
//! Computed as ℓ = softplus(u), u = ln Σ_{k negative} exp((s_k − s_positive)/τ),
//! which overflows at no τ and keeps its digits where the loss is near 0.
//!
//! Views are ordered a₀ … a_{N−1}, b₀ … b_{N−1}: view i's positive is i ± N.
//! Only position makes a pair: images of one class are negatives of each other.

use super::float::{Float, dot, normalize_rows};

/// Cosine similarities of 2N views with each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Similarities<F = f64> {
    /// Row-major `[2N][2N]`; the diagonal is never read.
    cosines: Vec<F>,
    views: usize,
}

/// One anchor's part of the loss, as a lesson shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor<F = f64> {
    /// Index of the positive.
    pub positive: usize,
    /// Indices of the 2N − 2 negatives, rising.
    pub negatives: Vec<usize>,
    /// Softmax over the 2N − 1 candidates at the positive: exp(−loss).
    pub probability: F,
    /// ℓ in nats, never negative.
    pub loss: F,
}

/// The loss and its derivatives by the embeddings, before normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients<F = f64> {
    pub loss: F,
    /// `[N][D]`, as the embeddings.
    pub a: Vec<F>,
    pub b: Vec<F>,
}

impl<F: Float> Similarities<F> {
    /// From embeddings of both views, `[N][dim]` each, not normalised. A zero row has cosine 0 with everything.
    ///
    /// # Panics
    /// If the two differ in length, are empty or not made of rows of `dim`.
    pub fn of(z_a: &[F], z_b: &[F], dim: usize) -> Self {
        Self::of_unit(&both(z_a, z_b, dim).0, dim)
    }

    fn of_unit(unit: &[F], dim: usize) -> Self {
        let rows = || unit.chunks_exact(dim);
        let cosines = rows().flat_map(|a| rows().map(move |b| dot(a, b))).collect();
        Self { cosines, views: unit.len() / dim }
    }

    /// From a symmetric matrix `[2N][2N]` of cosines in the order a₀ … a_{N−1}, b₀ … b_{N−1}.
    ///
    /// # Panics
    /// If the matrix is not square, or its side is odd or 0.
    pub fn from_matrix(cosines: Vec<F>) -> Self {
        let views = cosines.len().isqrt();
        assert!(views * views == cosines.len() && views > 0 && views.is_multiple_of(2), "a matrix of 2N rows");
        Self { cosines, views }
    }

    /// 2N.
    pub fn views(&self) -> usize {
        self.views
    }

    /// Cosine of two views.
    pub fn cosine(&self, i: usize, k: usize) -> F {
        self.cosines[i * self.views + k]
    }

    /// Index of view `i`'s positive.
    pub fn positive(&self, i: usize) -> usize {
        (i + self.views / 2) % self.views
    }

    fn negatives(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let positive = self.positive(i);
        (0..self.views).filter(move |&k| k != i && k != positive)
    }

    /// u of anchor `i`; −∞ where there is no negative (N = 1).
    fn log_odds(&self, i: usize, tau: F) -> F {
        let s = self.cosine(i, self.positive(i));
        let shifted = |k| (self.cosine(i, k) - s) / tau;
        let most = self.negatives(i).map(shifted).fold(F::NEG_INFINITY, F::max);
        if most == F::NEG_INFINITY {
            return most;
        }
        self.negatives(i).map(|k| (shifted(k) - most).exp()).sum::<F>().ln() + most
    }

    /// ℓ of every anchor, `[2N]`, in nats.
    ///
    /// `tau` is the temperature, above 0.
    pub fn losses(&self, tau: F) -> Vec<F> {
        (0..self.views).map(|i| softplus(self.log_odds(i, tau))).collect()
    }

    /// The batch's loss: the mean over all 2N anchors.
    pub fn loss(&self, tau: F) -> F {
        self.losses(tau).into_iter().sum::<F>() / F::of(self.views as f64)
    }

    /// Everything about one anchor.
    pub fn anchor(&self, i: usize, tau: F) -> Anchor<F> {
        let loss = softplus(self.log_odds(i, tau));
        Anchor { positive: self.positive(i), negatives: self.negatives(i).collect(), probability: (-loss).exp(), loss }
    }

    /// Softmax over the candidates k ≠ i of every anchor i: row-major `[2N][2N]`, rows sum to 1, the diagonal is 0.
    pub fn probabilities(&self, tau: F) -> Vec<F> {
        let mut out = vec![F::ZERO; self.cosines.len()];
        for (i, row) in out.chunks_exact_mut(self.views).enumerate() {
            let positive = self.positive(i);
            let loss = softplus(self.log_odds(i, tau));
            let s = self.cosine(i, positive);
            for (k, p) in row.iter_mut().enumerate().filter(|(k, _)| *k != i) {
                *p = ((self.cosine(i, k) - s) / tau - loss).exp();
            }
        }
        out
    }

    /// Part of the anchors whose positive is nearer than every negative: top-1 among all 2N − 1 candidates. A tie
    /// counts as a miss, so that collapsed embeddings score 0, and so does NaN. The definition that the device code is
    /// tested against.
    pub fn contrastive_accuracy(&self) -> f64 {
        let hit = |i: &usize| {
            let s = self.cosine(*i, self.positive(*i));
            self.negatives(*i).all(|k| self.cosine(*i, k) < s)
        };
        (0..self.views).filter(hit).count() as f64 / self.views as f64
    }

    /// dL/dcosine, row-major `[2N][2N]`: (p_ik − [k is i's positive]) / (2N τ).
    /// Entry (i, k) is the part of anchor i's own loss; (k, i) holds the other.
    pub fn by_cosine(&self, tau: F) -> Vec<F> {
        let scale = F::ONE / (F::of(self.views as f64) * tau);
        let mut out = self.probabilities(tau);
        for (i, row) in out.chunks_exact_mut(self.views).enumerate() {
            // p − 1 at the positive, from u itself: no digits are lost near 0.
            row[self.positive(i)] = -sigmoid(self.log_odds(i, tau));
            row.iter_mut().for_each(|g| *g = *g * scale);
        }
        out
    }
}

/// The loss and its gradients for embeddings `[N][dim]` of both views, not normalised; a zero row gets a zero gradient.
///
/// # Panics
/// As [`Similarities::of`].
pub fn gradients<F: Float>(z_a: &[F], z_b: &[F], dim: usize, tau: F) -> Gradients<F> {
    let (unit, lengths) = both(z_a, z_b, dim);
    let similarities = Similarities::of_unit(&unit, dim);
    let views = similarities.views;
    let by_cosine = similarities.by_cosine(tau);
    let mut grad = vec![F::ZERO; unit.len()];
    for (i, out) in grad.chunks_exact_mut(dim).enumerate().filter(|(i, _)| lengths[*i] != F::ZERO) {
        for (k, other) in unit.chunks_exact(dim).enumerate() {
            // Each cosine stands in the matrix twice.
            let weight = by_cosine[i * views + k] + by_cosine[k * views + i];
            out.iter_mut().zip(other).for_each(|(g, &x)| *g += weight * x);
        }
        // Through the normalisation: only what is perpendicular to z remains.
        let own = &unit[i * dim..(i + 1) * dim];
        let along = dot(out, own);
        out.iter_mut().zip(own).for_each(|(g, &x)| *g = (*g - along * x) / lengths[i]);
    }
    let b = grad.split_off(z_a.len());
    Gradients { loss: similarities.loss(tau), a: grad, b }
}

/// The loss where every similarity is equal: ln(2N − 1) for N images.
pub fn chance(n: usize) -> f64 {
    ((2 * n).max(2) as f64 - 1.0).ln()
}

/// The least loss that N images allow at temperature `tau`, with embeddings of
/// N − 1 dimensions or more: positives equal, images at the corners of a simplex.
pub fn floor(n: usize, tau: f64) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let n = n as f64;
    ((2.0 * n - 2.0) * (-(1.0 + 1.0 / (n - 1.0)) / tau).exp()).ln_1p()
}

/// Both views one after the other, rows of length 1, and the lengths before.
fn both<F: Float>(z_a: &[F], z_b: &[F], dim: usize) -> (Vec<F>, Vec<F>) {
    assert!(!z_a.is_empty() && z_a.len() == z_b.len(), "two equal, filled batches");
    let (mut unit, mut lengths) = normalize_rows(z_a, dim);
    let (b, b_lengths) = normalize_rows(z_b, dim);
    unit.extend(b);
    lengths.extend(b_lengths);
    (unit, lengths)
}

/// ln(1 + eˣ) without overflow.
fn softplus<F: Float>(x: F) -> F {
    let tail = (-x.abs()).exp().ln_1p();
    // Not max(x, 0): that would turn NaN into a fine loss of ln 2.
    if x < F::ZERO { tail } else { x + tail }
}

/// 1 / (1 + e⁻ˣ) without overflow.
fn sigmoid<F: Float>(x: F) -> F {
    let e = (-x.abs()).exp();
    if x < F::ZERO { e / (F::ONE + e) } else { F::ONE / (F::ONE + e) }
}

#[cfg(test)]
mod tests;
