//! Embeddings that the lesson moves: who pulls and pushes whom, gradient
//! descent, and what becomes of alignment and uniformity.

use crate::core::diagnostics::{alignment, uniformity};
use crate::core::float::{dot, norm, normalize_rows};
use crate::core::nt_xent::{Similarities, gradients};
use std::f64::consts::TAU;

/// Most images on the circle.
pub const MOST_IMAGES: usize = 8;

/// What one view is to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Two views of one image: pulled together.
    Positive,
    /// Views of images of different classes: pushed apart.
    Negative,
    /// Views of different images of one class: pushed apart as well, since
    /// NT-Xent knows no classes.
    FalseNegative,
}

/// What one view does to another in a step of gradient descent.
#[derive(Clone, Debug, PartialEq)]
pub struct Force {
    pub on: usize,
    pub from: usize,
    pub relation: Relation,
    /// `[dim]`, tangent to the sphere at `on`: the part of −∂L/∂z_on that the
    /// pair's two similarities (in either one's row) make.
    pub along: Vec<f64>,
    /// Its length, above 0 towards `from` and below 0 away from it.
    pub towards: f64,
}

/// A batch of 2N unit vectors, views ordered a₀ … a_{N−1}, b₀ … b_{N−1}.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// `[2N][dim]`.
    points: Vec<f64>,
    dim: usize,
    /// Class of each of the N images; the loss never reads it.
    classes: Vec<usize>,
}

impl Play {
    /// Unit vectors `[2N][dim]`, each image of a class of its own.
    ///
    /// # Panics
    /// If `points` is not 2N rows of `dim`, N ≥ 1.
    pub fn new(points: &[f64], dim: usize) -> Self {
        let points = normalize_rows(points, dim).0;
        let views = points.len() / dim;
        assert!(views > 0 && views.is_multiple_of(2), "two views an image");
        Self { points, dim, classes: (0..views / 2).collect() }
    }

    /// The lesson's start: two images on the circle, with views far enough
    /// apart to see both pull and push.
    pub fn circle() -> Self {
        let mut play = Self::new(&[1.0, 0.0, 1.0, 0.0], 2);
        play.add(1);
        for (view, degrees) in [(0, 20.0), (1, 75.0), (2, 120.0), (3, 200.0)] {
            play.set_angle(view, f64::to_radians(degrees));
        }
        play
    }

    /// Two angles for each image in radians, `(view i, view j)`, with classes.
    ///
    /// None unless there are 1 to [`MOST_IMAGES`] images and as many classes.
    pub fn from_angles(angles: &[(f64, f64)], classes: &[usize]) -> Option<Self> {
        let n = angles.len();
        let finite = angles.iter().all(|(a, b)| a.is_finite() && b.is_finite());
        if !(1..=MOST_IMAGES).contains(&n) || classes.len() != n || !finite {
            return None;
        }
        let both = angles.iter().map(|a| a.0).chain(angles.iter().map(|a| a.1));
        let points: Vec<f64> = both.flat_map(|a| [a.cos(), a.sin()]).collect();
        Some(Self { points, dim: 2, classes: classes.to_vec() })
    }

    /// N.
    pub fn images(&self) -> usize {
        self.classes.len()
    }

    /// 2N.
    pub fn views(&self) -> usize {
        2 * self.images()
    }

    /// `[dim]`, of length 1.
    pub fn point(&self, view: usize) -> &[f64] {
        &self.points[view * self.dim..(view + 1) * self.dim]
    }

    /// All of them, `[2N][dim]`.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Image and place (0 or 1) of a view.
    pub fn image(&self, view: usize) -> (usize, usize) {
        (view % self.images(), view / self.images())
    }

    pub fn class(&self, image: usize) -> usize {
        self.classes[image]
    }

    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// Angle of a view on the circle in radians, 0 to 2π.
    pub fn angle(&self, view: usize) -> f64 {
        let point = self.point(view);
        point[1].atan2(point[0]).rem_euclid(TAU)
    }

    /// Puts a view elsewhere on the circle. Only of two-dimensional batches.
    pub fn set_angle(&mut self, view: usize, angle: f64) {
        if self.dim == 2 && angle.is_finite() {
            self.points[2 * view..2 * view + 2].copy_from_slice(&[angle.cos(), angle.sin()]);
        }
    }

    /// Puts a view at a vector, which is brought to length 1; nothing changes if
    /// it has none.
    pub fn put(&mut self, view: usize, at: &[f64]) {
        let length = norm(at);
        if length > 1e-9 && length.is_finite() {
            let own = &mut self.points[view * self.dim..(view + 1) * self.dim];
            own.iter_mut().zip(at).for_each(|(own, at)| *own = at / length);
        }
    }

    /// Adds an image of `class` to the circle, near the last image of that class
    /// or, if it is the first one, in the widest gap. False if there is no room.
    pub fn add(&mut self, class: usize) -> bool {
        let n = self.images();
        if n >= MOST_IMAGES || self.dim != 2 {
            return false;
        }
        let kin = self.classes.iter().rposition(|&c| c == class);
        let (a, b) = match kin {
            Some(image) => (self.angle(image) + 0.3, self.angle(image + n) + 0.3),
            None => {
                let middle = self.widest_gap();
                (middle - 0.3, middle + 0.3)
            }
        };
        self.points.splice(2 * n..2 * n, [a.cos(), a.sin()]);
        self.points.extend([b.cos(), b.sin()]);
        self.classes.push(class);
        true
    }

    /// Takes the last image away; false where only two are left.
    pub fn remove(&mut self) -> bool {
        let n = self.images();
        if n <= 2 || self.dim != 2 {
            return false;
        }
        self.points.truncate(2 * (2 * n - 1));
        self.points.drain(2 * (n - 1)..2 * n);
        self.classes.pop();
        true
    }

    fn widest_gap(&self) -> f64 {
        let mut angles: Vec<f64> = (0..self.views()).map(|view| self.angle(view)).collect();
        angles.sort_by(f64::total_cmp);
        let next = |k: usize| angles.get(k + 1).copied().unwrap_or(angles[0] + TAU);
        let gaps = (0..angles.len()).map(|k| (next(k) - angles[k], angles[k]));
        gaps.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0.0, |(gap, from)| from + gap / 2.0)
    }

    pub fn relation(&self, a: usize, b: usize) -> Relation {
        let ((a, _), (b, _)) = (self.image(a), self.image(b));
        match a == b {
            true => Relation::Positive,
            false if self.classes[a] == self.classes[b] => Relation::FalseNegative,
            false => Relation::Negative,
        }
    }

    fn halves(&self) -> (&[f64], &[f64]) {
        self.points.split_at(self.images() * self.dim)
    }

    pub fn similarities(&self) -> Similarities {
        let (a, b) = self.halves();
        Similarities::of(a, b, self.dim)
    }

    /// ∂L/∂z, `[2N][dim]`; tangent to the sphere, as only directions count.
    pub fn gradient(&self, tau: f64) -> Vec<f64> {
        let (a, b) = self.halves();
        let mut found = gradients(a, b, self.dim, tau);
        found.a.append(&mut found.b);
        found.a
    }

    /// Every pair's force on each of its two views; those on one view sum to
    /// −∂L/∂z there.
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
        let towards = -slope.signum() * dot(&along, &along).sqrt();
        Force { on, from, relation: self.relation(on, from), along, towards }
    }

    /// One step of gradient descent with learning rate `rate`, and back onto the
    /// sphere.
    pub fn descend(&mut self, tau: f64, rate: f64) {
        let moved: Vec<f64> = self.points.iter().zip(self.gradient(tau)).map(|(x, g)| x - rate * g).collect();
        self.points = normalize_rows(&moved, self.dim).0;
    }

    /// Mean squared distance of the two views of an image.
    pub fn alignment(&self) -> f64 {
        let (a, b) = self.halves();
        alignment(a, b, self.dim)
    }

    /// ln mean exp(−2 · squared distance) over all pairs of views.
    pub fn uniformity(&self) -> f64 {
        uniformity(&self.points, self.dim)
    }

    /// Mean cosine over the pairs of views in this relation; none if there are
    /// no such pairs.
    pub fn mean_cosine(&self, relation: Relation) -> Option<f64> {
        let views = self.views();
        let pairs = (0..views).flat_map(|i| (i + 1..views).map(move |k| (i, k)));
        let cosines =
            pairs.filter(|&(i, k)| self.relation(i, k) == relation).map(|(i, k)| dot(self.point(i), self.point(k)));
        let (sum, count) = cosines.fold((0.0, 0), |(sum, count), c| (sum + c, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    }
}
