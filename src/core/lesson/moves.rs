//! What a visitor does to the points of [`Play`], and their form in a link.

use super::matrix::{Cosines, N};
use super::plane::Plane;
use super::play::{Force, MOST_IMAGES, Play, Relation};
use crate::core::float::{dot, norm};

/// Farthest that a point moves in a step that counts as standing still.
pub const STILL: f64 = 1e-4;
/// Most steps of one run of gradient descent.
pub const MOST_STEPS: usize = 5000;

/// Angles in a link are in degrees; both they and coordinates have so many
/// parts to 1.
const PARTS: f64 = 1e4;

impl Play {
    /// The worked example's four views, in four dimensions.
    pub fn example() -> Self {
        Self::new(&Cosines::default().embedding().unwrap_or_default(), N)
    }

    /// The plane to look from: the circle's own, or the one on which the
    /// worked example spreads the most.
    pub fn plane(&self) -> Plane {
        match self.dim() {
            2 => Plane::flat(),
            dim => Plane::principal(Self::example().points(), dim),
        }
    }

    /// A step of gradient descent with learning rate τ, halved until the loss
    /// does not rise. Returns how far the farthest point moved: 0 where no step
    /// lowers the loss.
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

    /// Moves `view` so that its shadow on `plane` lies at (x, y), or as near as
    /// a unit vector's can; what is perpendicular to the plane keeps its direction.
    pub fn drag(&mut self, view: usize, plane: &Plane, (x, y): (f64, f64)) {
        let flat = plane.lift((x, y));
        let (own, old) = (self.point(view).to_vec(), plane.lift(plane.shadow(self.point(view))));
        let rest: Vec<f64> = own.iter().zip(&old).map(|(o, f)| o - f).collect();
        let (height, length) = ((1.0 - dot(&flat, &flat)).max(0.0).sqrt(), norm(&rest));
        let scale = if length > 1e-9 { height / length } else { 0.0 };
        let moved: Vec<f64> = flat.iter().zip(&rest).map(|(f, r)| f + scale * r).collect();
        self.put(view, &moved);
    }

    /// Turns `view` about the plane's centre, by an angle in radians.
    pub fn turn(&mut self, view: usize, plane: &Plane, by: f64) {
        let ((x, y), (sin, cos)) = (plane.shadow(self.point(view)), by.sin_cos());
        self.drag(view, plane, (x * cos - y * sin, x * sin + y * cos));
    }

    /// Adds an image of the first class that has none: the letters that a link
    /// may hold suffice, whatever classes were removed or came with a link.
    pub fn add_new(&mut self) -> bool {
        let class = (0..MOST_IMAGES).find(|class| !self.classes().contains(class)).unwrap_or_default();
        self.add(class)
    }

    /// Length of [`Self::pull`].
    pub fn pulled(&self, forces: &[Force], view: usize, relation: Relation) -> f64 {
        norm(&self.pull(forces, view, relation))
    }

    /// Sum of the forces of one relation on `view`, `[dim]`.
    pub fn pull(&self, forces: &[Force], view: usize, relation: Relation) -> Vec<f64> {
        let mut sum = vec![0.0; self.dim()];
        for force in forces.iter().filter(|f| f.on == view && f.relation == relation) {
            sum.iter_mut().zip(&force.along).for_each(|(s, a)| *s += a);
        }
        sum
    }

    /// Angles in degrees on the circle, coordinates elsewhere: `20_75_120_200`.
    pub fn points_text(&self) -> String {
        let write = |x: f64| ((x * PARTS).round() / PARTS + 0.0).to_string();
        let numbers: Vec<String> = match self.dim() {
            2 => (0..self.views()).map(|view| write(self.angle(view).to_degrees())).collect(),
            _ => self.points().iter().map(|&x| write(x)).collect(),
        };
        numbers.join("_")
    }

    /// Each image's class as a letter: `ABA`.
    pub fn classes_text(&self) -> String {
        self.classes().iter().map(|&class| letter(class)).collect()
    }

    /// Reads [`Self::points_text`] of a circle, with classes as in
    /// [`Self::classes_text`]; without them, each image is of its own.
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
        let fits = rows.len() == N * N && rows.chunks_exact(N).all(|row| (0.5..2.0).contains(&norm(row)));
        fits.then(|| Self::new(&rows, N))
    }
}

/// A class's letter, from A.
pub fn letter(class: usize) -> char {
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

    fn near(a: f64, b: f64, by: f64) {
        assert!((a - b).abs() <= by, "{a} is not {b}");
    }

    #[test]
    fn a_run_lowers_the_loss_at_every_temperature_and_ends() {
        let mut full = Play::circle();
        while full.add(full.images() / 2) {}
        for (start, tau) in
            [Play::circle(), Play::example(), full].iter().flat_map(|p| [0.01, 0.1, 0.5, 1.0, 5.0].map(|t| (p, t)))
        {
            let (mut play, mut loss) = (start.clone(), start.similarities().loss(tau));
            let ended = (0..MOST_STEPS).find(|_| {
                let moved = play.step(tau);
                let now = play.similarities().loss(tau);
                assert!(now <= loss, "{now} after {loss} at τ = {tau}");
                loss = now;
                moved < STILL
            });
            assert!(ended.is_some() && loss < start.similarities().loss(tau));
        }
    }

    #[test]
    fn a_dragged_point_lies_under_the_finger_and_stays_a_unit_vector() {
        for mut play in [Play::circle(), Play::example()] {
            let plane = play.plane();
            play.drag(1, &plane, (0.3, -0.4));
            let ((x, y), z) = (plane.shadow(play.point(1)), play.point(1));
            near(dot(z, z), 1.0, 1e-12);
            let r = if play.dim() == 2 { 2.0 } else { 1.0 };
            near(x, 0.3 * r, 1e-9);
            near(y, -0.4 * r, 1e-9);
            play.turn(1, &plane, std::f64::consts::FRAC_PI_2);
            near(plane.shadow(play.point(1)).0, 0.4 * r, 1e-9);
            // Beyond the edge: the edge. At the centre, on the circle: nowhere to go.
            play.drag(1, &plane, (0.0, 3.0));
            near(plane.shadow(play.point(1)).1, 1.0, 1e-9);
            play.drag(1, &plane, (0.0, 0.0));
            near(dot(play.point(1), play.point(1)), 1.0, 1e-12);
        }
    }

    #[test]
    fn links_hold_points_and_classes() {
        let mut play = Play::circle();
        assert_eq!((play.points_text(), play.classes_text()), ("20_75_120_200".into(), "AB".into()));
        play.add(0);
        let (points, classes) = (play.points_text(), play.classes_text());
        assert_eq!(classes, "ABA");
        let again = Play::from_circle(&points, Some(&classes)).unwrap();
        assert_eq!((again.points_text(), again.classes()), (points, play.classes()));
        play.points().iter().zip(again.points()).for_each(|(a, b)| near(*a, *b, 1e-6));

        let example = Play::example();
        let again = Play::from_example(&example.points_text()).unwrap();
        example.points().iter().zip(again.points()).for_each(|(a, b)| near(*a, *b, 1e-4));

        for wrong in ["", "1_2", "1_2_3", "1_2_3_x", "1_2_3_inf"] {
            assert_eq!(Play::from_circle(wrong, None), None, "{wrong}");
        }
        assert_eq!(Play::from_circle("1_2_3_4", Some("ABC")), None);
        assert_eq!(Play::from_circle("1_2_3_4", Some("A!")), None);
        assert_eq!(Play::from_example(&["0"; 16].join("_")), None);
    }

    #[test]
    fn a_new_class_is_one_that_a_link_can_hold() {
        let mut play = Play::from_circle("10_50_90_130", Some("AH")).unwrap();
        for classes in ["AHB", "AHBC", "AHBCD", "AHBCDE", "AHBCDEF", "AHBCDEFG"] {
            assert!(play.add_new());
            assert_eq!(play.classes_text(), classes);
            assert!(Play::from_circle(&play.points_text(), Some(classes)).is_some(), "{classes}");
        }
        assert!(!play.add_new());
    }

    #[test]
    fn pulls_sum_to_the_gradient() {
        let mut play = Play::circle();
        play.add(1);
        let (forces, gradient) = (play.forces(0.5), play.gradient(0.5));
        for view in 0..play.views() {
            let all =
                [Relation::Positive, Relation::Negative, Relation::FalseNegative].map(|r| play.pull(&forces, view, r));
            for d in 0..2 {
                near(all.iter().map(|p| p[d]).sum(), -gradient[2 * view + d], 1e-12);
            }
            near(play.pulled(&forces, view, Relation::Positive), norm(&all[0]), 1e-15);
        }
    }
}
