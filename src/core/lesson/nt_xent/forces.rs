//! The gradient of the loss on [`Embeddings`], taken apart into pulls and pushes; and gradient descent.

use super::embeddings::{Embeddings, Relation};
use crate::core::diagnostics::{alignment, uniformity};
use crate::core::float::{dot, norm};
use crate::core::nt_xent::{Similarities, gradients};

/// A step of gradient descent that moves no point farther than this has converged.
pub const STILL: f64 = 1e-4;
/// Most steps of one run of gradient descent.
pub const MOST_STEPS: usize = 5000;

/// The force of one view on another in a step of gradient descent.
#[derive(Clone, Debug, PartialEq)]
pub struct Force {
    pub on: usize,
    pub from: usize,
    pub relation: Relation,
    /// `[dim]`, tangent to the sphere at `on`: the part of −∂L/∂z_on that comes
    /// from the pair's two similarities, one in either view's row.
    pub along: Vec<f64>,
}

impl Embeddings {
    pub fn similarities(&self) -> Similarities {
        let (a, b) = self.halves();
        Similarities::of(a, b, self.dim())
    }

    /// ∂L/∂z, `[2N][dim]`; tangent to the sphere, as only directions count.
    pub fn gradient(&self, tau: f64) -> Vec<f64> {
        let (a, b) = self.halves();
        let mut found = gradients(a, b, self.dim(), tau);
        found.a.append(&mut found.b);
        found.a
    }

    /// Every pair's force on each of its two views. The forces on one view sum to −∂L/∂z there.
    pub fn forces(&self, tau: f64) -> Vec<Force> {
        let views = self.views();
        let by_cosine = self.similarities().by_cosine(tau);
        let pairs = (0..views).flat_map(|on| (0..views).filter(move |&from| from != on).map(move |from| (on, from)));
        pairs
            .map(|(on, from)| self.force(on, from, by_cosine[on * views + from] + by_cosine[from * views + on]))
            .collect()
    }

    /// `slope` is the loss's derivative by the pair's cosine.
    fn force(&self, on: usize, from: usize, slope: f64) -> Force {
        let (own, other) = (self.point(on), self.point(from));
        let cosine = dot(own, other);
        let along: Vec<f64> = own.iter().zip(other).map(|(x, y)| -slope * (y - cosine * x)).collect();
        Force { on, from, relation: self.relation(on, from), along }
    }

    /// An upper bound of the length of a pair's force, 1/(Nτ).
    pub fn longest_force(&self, tau: f64) -> f64 {
        1.0 / (self.images() as f64 * tau)
    }

    /// Sum of the forces of one relation on `view`, `[dim]`.
    pub fn total_force(&self, forces: &[Force], view: usize, relation: Relation) -> Vec<f64> {
        let mut sum = vec![0.0; self.dim()];
        for force in forces.iter().filter(|f| f.on == view && f.relation == relation) {
            sum.iter_mut().zip(&force.along).for_each(|(s, a)| *s += a);
        }
        sum
    }

    /// Length of [`Self::total_force`].
    pub fn force_length(&self, forces: &[Force], view: usize, relation: Relation) -> f64 {
        norm(&self.total_force(forces, view, relation))
    }

    /// One step of gradient descent with learning rate `rate`, and back onto the sphere.
    pub fn descend(&mut self, tau: f64, rate: f64) {
        let moved: Vec<f64> = self.points().iter().zip(self.gradient(tau)).map(|(x, g)| x - rate * g).collect();
        self.put_all(&moved);
    }

    /// A step of gradient descent with learning rate τ, halved until the loss does not rise. Returns the distance that
    /// the farthest point moved: 0 where no step lowers the loss.
    pub fn step(&mut self, tau: f64) -> f64 {
        let before = self.similarities().loss(tau);
        for halvings in 0..30 {
            let mut next = self.clone();
            next.descend(tau, tau * 0.5_f64.powi(halvings));
            if next.similarities().loss(tau) <= before {
                let moved = self.points().iter().zip(next.points()).map(|(a, b)| a - b).collect::<Vec<_>>();
                *self = next;
                return moved.chunks_exact(self.dim()).map(norm).fold(0.0, f64::max);
            }
        }
        0.0
    }

    /// Mean squared distance of the two views of an image.
    pub fn alignment(&self) -> f64 {
        let (a, b) = self.halves();
        alignment(a, b, self.dim())
    }

    /// ln mean exp(−2 · squared distance) over all pairs of views.
    pub fn uniformity(&self) -> f64 {
        uniformity(self.points(), self.dim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{float::near, lesson::nt_xent::cosines::Cosines, lesson::nt_xent::views::VIEW_COUNT, rng::Rng};

    /// A batch on the circle with `images` images.
    fn scattered(images: usize) -> Embeddings {
        let mut rng = Rng::new(images as u64);
        let angles: Vec<(f64, f64)> =
            (0..images).map(|_| (f64::from(rng.uniform(0.0, 6.0)), f64::from(rng.uniform(0.0, 6.0)))).collect();
        Embeddings::from_angles(&angles, &(0..images).map(|i| i / 2).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn forces_are_the_slope_of_the_loss_along_the_circle() {
        for (images, tau) in [(2, 1.0), (3, 0.1), (8, 0.5)] {
            let embeddings = scattered(images);
            let (forces, gradient) = (embeddings.forces(tau), embeddings.gradient(tau));
            assert_eq!(forces.len(), embeddings.views() * (embeddings.views() - 1));
            for view in 0..embeddings.views() {
                let theta = embeddings.angle(view);
                let loss = |by: f64| {
                    let mut moved = embeddings.clone();
                    moved.put(view, &[(theta + by).cos(), (theta + by).sin()]);
                    moved.similarities().loss(tau)
                };
                let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
                let tangent = [-theta.sin(), theta.cos()];
                near(dot(&gradient[2 * view..2 * view + 2], &tangent), slope, 1e-8);
                let sum: f64 = forces.iter().filter(|f| f.on == view).map(|f| dot(&f.along, &tangent)).sum();
                near(sum, -slope, 1e-8);
            }
        }
    }

    #[test]
    fn positives_pull_and_negatives_push_whatever_their_class() {
        let embeddings = scattered(4);
        for force in embeddings.forces(0.5) {
            let (own, other) = (embeddings.point(force.on), embeddings.point(force.from));
            let nearer = dot(&force.along, other);
            match force.relation {
                Relation::Positive => assert!(nearer >= 0.0),
                Relation::Negative | Relation::FalseNegative => assert!(nearer <= 0.0),
            }
            near(dot(&force.along, own), 0.0, 1e-12);
        }
        assert_eq!(
            (embeddings.relation(0, 4), embeddings.relation(0, 1), embeddings.relation(0, 2)),
            (Relation::Positive, Relation::FalseNegative, Relation::Negative)
        );
        // The loss knows no classes: the same points of four classes are pushed the same.
        let classless = Embeddings::new(embeddings.points(), 2);
        let (with, without) = (embeddings.gradient(0.5), classless.gradient(0.5));
        with.iter().zip(&without).for_each(|(a, b)| near(*a, *b, 1e-14));
    }

    #[test]
    fn descent_lowers_the_loss_and_ends_with_pairs_together_and_images_apart() {
        for mut embeddings in
            [Embeddings::circle(), Embeddings::new(&Cosines::default().embedding().unwrap(), VIEW_COUNT)]
        {
            let (start, aligned) = (embeddings.similarities().loss(0.5), embeddings.alignment());
            let mut before = start;
            for _ in 0..400 {
                embeddings.descend(0.5, 0.5);
                let loss = embeddings.similarities().loss(0.5);
                assert!(loss <= before + 1e-12);
                before = loss;
            }
            assert!(before < start && embeddings.alignment() < aligned);
            near(before, crate::core::nt_xent::floor(2, 0.5), 1e-3);
            near(dot(embeddings.point(0), embeddings.point(2)), 1.0, 1e-2);
            near(dot(embeddings.point(0), embeddings.point(1)), -1.0, 1e-2);
            embeddings.points().chunks_exact(embeddings.dim()).for_each(|z| near(dot(z, z), 1.0, 1e-12));
        }
    }

    #[test]
    fn images_of_one_class_start_near_and_are_pushed_apart() {
        let mut embeddings = Embeddings::circle();
        assert!(embeddings.add(0));
        let near_before = embeddings.mean_cosine(Relation::FalseNegative).unwrap();
        (0..200).for_each(|_| embeddings.descend(0.5, 0.5));
        assert!(embeddings.mean_cosine(Relation::FalseNegative).unwrap() < near_before - 0.5);
    }

    #[test]
    fn a_run_lowers_the_loss_at_every_temperature_and_ends() {
        let mut full = Embeddings::circle();
        while full.add(full.images() / 2) {}
        for (start, tau) in [Embeddings::circle(), Embeddings::example(), full]
            .iter()
            .flat_map(|p| [0.01, 0.1, 0.5, 1.0, 5.0].map(|t| (p, t)))
        {
            let (mut embeddings, mut loss) = (start.clone(), start.similarities().loss(tau));
            let ended = (0..MOST_STEPS).find(|_| {
                let moved = embeddings.step(tau);
                let now = embeddings.similarities().loss(tau);
                assert!(now <= loss, "{now} after {loss} at τ = {tau}");
                loss = now;
                moved < STILL
            });
            assert!(ended.is_some() && loss < start.similarities().loss(tau));
        }
    }

    #[test]
    fn pulls_sum_to_the_gradient() {
        let mut embeddings = Embeddings::circle();
        embeddings.add(1);
        let (forces, gradient) = (embeddings.forces(0.5), embeddings.gradient(0.5));
        for view in 0..embeddings.views() {
            let all = [Relation::Positive, Relation::Negative, Relation::FalseNegative]
                .map(|r| embeddings.total_force(&forces, view, r));
            for d in 0..2 {
                near(all.iter().map(|p| p[d]).sum(), -gradient[2 * view + d], 1e-12);
            }
            near(embeddings.force_length(&forces, view, Relation::Positive), norm(&all[0]), 1e-15);
        }
    }
}
