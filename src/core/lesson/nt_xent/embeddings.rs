//! The embeddings of the gradient's step: a batch of unit vectors that a visitor moves, and its form in a link.

use super::{cosines::Cosines, views::VIEW_COUNT};
use crate::core::float::{dot, norm, normalize_rows};
use std::f64::consts::TAU;

/// Most images on the circle.
pub const MOST_IMAGES: usize = 8;

/// Precision in a link: angles in degrees and coordinates are rounded to this many parts of 1.
const PARTS: f64 = 1e4;

/// What one view is to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Two views of one image: pulled together.
    Positive,
    /// Views of images of different classes: pushed apart.
    Negative,
    /// Views of different images of one class: pushed apart as well, since NT-Xent knows no classes.
    FalseNegative,
}

/// A batch of 2N unit vectors, views ordered a₀ … a_{N−1}, b₀ … b_{N−1}.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// `[2N][dim]`.
    points: Vec<f64>,
    dim: usize,
    /// Class of each of the N images; the loss never reads it.
    classes: Vec<usize>,
}

impl Embeddings {
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

    /// The lesson's start: two images on the circle, with views far enough apart to see both pull and push.
    pub fn circle() -> Self {
        let degrees = [(20.0_f64, 120.0_f64), (75.0, 200.0)];
        Self::from_angles(&degrees.map(|(a, b)| (a.to_radians(), b.to_radians())), &[0, 1])
            .unwrap_or_else(Self::example)
    }

    /// The worked example's four views, in four dimensions.
    pub fn example() -> Self {
        Self::new(&Cosines::default().embedding().unwrap_or_default(), VIEW_COUNT)
    }

    /// Where "Start again" leads from here: the circle from a circle, else the worked example.
    pub fn start(&self) -> Self {
        if self.is_circle() { Self::circle() } else { Self::example() }
    }

    /// Two angles for each image in radians, `(view i, view j)`, with classes.
    /// Returns `None` unless there are 1 to [`MOST_IMAGES`] images and as many classes.
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

    /// The first views' points and the second views', `[N][dim]` each.
    pub fn halves(&self) -> (&[f64], &[f64]) {
        self.points.split_at(self.images() * self.dim)
    }

    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Whether the points lie on a circle, which has room for more images.
    pub fn is_circle(&self) -> bool {
        self.dim == 2
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

    pub fn relation(&self, a: usize, b: usize) -> Relation {
        let ((a, _), (b, _)) = (self.image(a), self.image(b));
        match a == b {
            true => Relation::Positive,
            false if self.classes[a] == self.classes[b] => Relation::FalseNegative,
            false => Relation::Negative,
        }
    }

    /// Angle of a view on the circle in radians, 0 to 2π.
    pub fn angle(&self, view: usize) -> f64 {
        let point = self.point(view);
        point[1].atan2(point[0]).rem_euclid(TAU)
    }

    /// Puts a view at a vector, which is brought to length 1. A zero vector changes nothing.
    pub fn put(&mut self, view: usize, at: &[f64]) {
        let length = norm(at);
        if length > 1e-9 && length.is_finite() {
            let own = &mut self.points[view * self.dim..(view + 1) * self.dim];
            own.iter_mut().zip(at).for_each(|(own, at)| *own = at / length);
        }
    }

    /// Moves all points, `[2N][dim]`, and scales each to length 1.
    pub fn put_all(&mut self, points: &[f64]) {
        self.points = normalize_rows(points, self.dim).0;
    }

    /// Adds an image of `class` to the circle, near the last image of that class
    /// or, if it is the first one, in the widest gap. False if there is no room.
    pub fn add(&mut self, class: usize) -> bool {
        let n = self.images();
        if n >= MOST_IMAGES || !self.is_circle() {
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

    /// Adds an image of the first class without images. The letters that a link
    /// can hold suffice, whatever classes were removed or came with a link.
    pub fn add_new(&mut self) -> bool {
        let class = (0..MOST_IMAGES).find(|class| !self.classes.contains(class)).unwrap_or_default();
        self.add(class)
    }

    /// Removes the last image; false where only two are left.
    pub fn remove(&mut self) -> bool {
        let n = self.images();
        if n <= 2 || !self.is_circle() {
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

    /// Mean cosine over the pairs of views in this relation; `None` if there are no such pairs.
    pub fn mean_cosine(&self, relation: Relation) -> Option<f64> {
        let views = self.views();
        let pairs = (0..views).flat_map(|i| (i + 1..views).map(move |k| (i, k)));
        let cosines =
            pairs.filter(|&(i, k)| self.relation(i, k) == relation).map(|(i, k)| dot(self.point(i), self.point(k)));
        let (sum, count) = cosines.fold((0.0, 0), |(sum, count), c| (sum + c, count + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// Angles in degrees on the circle, coordinates elsewhere: `20_75_120_200`.
    pub fn points_text(&self) -> String {
        let write = |x: f64| ((x * PARTS).round() / PARTS + 0.0).to_string();
        let numbers: Vec<String> = match self.is_circle() {
            true => (0..self.views()).map(|view| write(self.angle(view).to_degrees())).collect(),
            false => self.points.iter().map(|&x| write(x)).collect(),
        };
        numbers.join("_")
    }

    /// Each image's class as a letter: `ABA`.
    pub fn classes_text(&self) -> String {
        self.classes.iter().map(|&class| class_letter(class)).collect()
    }

    /// Reads [`Self::points_text`] of a circle, with classes as in
    /// [`Self::classes_text`]; without them, each image has a class of its own.
    pub fn from_circle(points: &str, classes: Option<&str>) -> Option<Self> {
        let angles = numbers(points)?;
        let n = angles.len() / 2;
        let classes: Vec<usize> = match classes {
            Some(letters) => letters.chars().map(class_of).collect::<Option<_>>()?,
            None => (0..n).collect(),
        };
        let pairs = (0..n).map(|i| (angles[i].to_radians(), angles[i + n].to_radians())).collect::<Vec<_>>();
        (n > 1 && angles.len() == 2 * n).then(|| Self::from_angles(&pairs, &classes))?
    }

    /// Reads [`Self::points_text`] of four views in four dimensions.
    pub fn from_example(points: &str) -> Option<Self> {
        let rows = numbers(points)?;
        let fits = rows.len() == VIEW_COUNT * VIEW_COUNT
            && rows.chunks_exact(VIEW_COUNT).all(|row| (0.5..2.0).contains(&norm(row)));
        fits.then(|| Self::new(&rows, VIEW_COUNT))
    }
}

/// A class's letter, from A.
pub fn class_letter(class: usize) -> char {
    char::from(b'A' + class as u8 % 26)
}

fn class_of(letter: char) -> Option<usize> {
    ('A'..='H').position(|c| c == letter)
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split('_').map(|n| n.parse().ok().filter(|x: &f64| x.is_finite())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::float::near;

    #[test]
    fn images_come_and_go() {
        let mut embeddings = Embeddings::circle();
        let angles: Vec<f64> = (0..4).map(|v| embeddings.angle(v)).collect();
        assert_eq!(embeddings.mean_cosine(Relation::FalseNegative), None);
        while embeddings.add(embeddings.images() / 2) {}
        assert_eq!(
            (embeddings.images(), embeddings.views(), embeddings.classes()),
            (MOST_IMAGES, 16, [0, 1, 1, 1, 2, 2, 3, 3].as_slice())
        );
        // The first two images stayed, at their new places in the order.
        for (view, kept) in [(0, 0), (1, 1), (8, 2), (9, 3)] {
            near(embeddings.angle(view), angles[kept], 1e-12);
        }
        while embeddings.remove() {}
        assert_eq!(embeddings.images(), 2);
        (0..4).for_each(|v| near(embeddings.angle(v), angles[v], 1e-12));
        assert!(
            Embeddings::from_angles(&[], &[]).is_none() && Embeddings::from_angles(&[(0.0, f64::NAN)], &[0]).is_none()
        );
    }

    #[test]
    fn links_hold_points_and_classes() {
        let mut embeddings = Embeddings::circle();
        assert_eq!((embeddings.points_text(), embeddings.classes_text()), ("20_75_120_200".into(), "AB".into()));
        embeddings.add(0);
        let (points, classes) = (embeddings.points_text(), embeddings.classes_text());
        assert_eq!(classes, "ABA");
        let again = Embeddings::from_circle(&points, Some(&classes)).unwrap();
        assert_eq!((again.points_text(), again.classes()), (points, embeddings.classes()));
        embeddings.points().iter().zip(again.points()).for_each(|(a, b)| near(*a, *b, 1e-6));

        let example = Embeddings::example();
        let again = Embeddings::from_example(&example.points_text()).unwrap();
        example.points().iter().zip(again.points()).for_each(|(a, b)| near(*a, *b, 1e-4));

        for wrong in ["", "1_2", "1_2_3", "1_2_3_x", "1_2_3_inf"] {
            assert_eq!(Embeddings::from_circle(wrong, None), None, "{wrong}");
        }
        assert_eq!(Embeddings::from_circle("1_2_3_4", Some("ABC")), None);
        assert_eq!(Embeddings::from_circle("1_2_3_4", Some("A!")), None);
        assert_eq!(Embeddings::from_example(&["0"; 16].join("_")), None);
    }

    #[test]
    fn a_new_class_is_one_that_a_link_can_hold() {
        let mut embeddings = Embeddings::from_circle("10_50_90_130", Some("AH")).unwrap();
        for classes in ["AHB", "AHBC", "AHBCD", "AHBCDE", "AHBCDEF", "AHBCDEFG"] {
            assert!(embeddings.add_new());
            assert_eq!(embeddings.classes_text(), classes);
            assert!(Embeddings::from_circle(&embeddings.points_text(), Some(classes)).is_some(), "{classes}");
        }
        assert!(!embeddings.add_new());
    }
}
