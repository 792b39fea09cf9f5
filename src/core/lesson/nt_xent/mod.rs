//! The arithmetic of the NT-Xent lesson, on top of [`nt_xent`](crate::core::nt_xent):
//! nothing here computes the loss a second time, it only takes the loss apart.
//!
//! | module | holds |
//! |---|---|
//! | [`views`] | step 1: the four views and the sample images that they are drawn from |
//! | [`cosines`] | steps 2 and 3: the worked example's similarities, editable; whether unit vectors have them |
//! | [`anchor`] | steps 4 to 7: one anchor's logits, softmax and loss; the tutorial's wrong formulas; temperatures |
//! | [`embeddings`] | step 8: embeddings that a visitor moves |
//! | [`forces`] | step 8: pulls, pushes and gradient descent |
//! | [`projection`] | step 8: a plane to look at embeddings of more dimensions |
//! | [`device`] | step 9: a batch for the training code to compute |
//!
//! Here: the values that a visitor can set, as the lesson's address holds them.

pub mod anchor;
pub mod cosines;
pub mod device;
pub mod embeddings;
pub mod forces;
pub mod projection;
pub mod views;

use super::position::{LessonState, LinkWriter};
use crate::core::query::Query;
use anchor::TAU_RANGE;
use cosines::{Cosines, PAIRS};
use embeddings::{Embeddings, MOST_IMAGES};
use views::VIEWS;

/// Largest number of a draw of views.
pub const DRAWS: u32 = 9999;

/// Every value that a visitor can set in the lesson. [`Default`] is its start: the worked example at τ = 1.
#[derive(Clone, Debug, PartialEq)]
pub struct NtXentState {
    /// Temperature.
    pub tau: f64,
    /// The view whose row is shown, in the order of [`VIEWS`].
    pub anchor: usize,
    pub cosines: Cosines,
    /// Number of the draw of views from the two images, from 1.
    pub draw: u32,
    /// The points of the gradient's step: on the circle, or of the worked example.
    pub embeddings: Embeddings,
}

impl Default for NtXentState {
    fn default() -> Self {
        Self { tau: 1.0, anchor: 0, cosines: Cosines::default(), draw: 1, embeddings: Embeddings::circle() }
    }
}

impl LessonState for NtXentState {
    fn read(query: &mut Query) -> Self {
        let start = Self::default();
        let mut state = Self {
            tau: query.real("tau", TAU_RANGE).unwrap_or(start.tau),
            anchor: query.one_of("anchor", &VIEWS).unwrap_or(start.anchor),
            draw: query.whole("draw", (1, DRAWS)).unwrap_or(start.draw),
            ..start
        };
        for (i, k) in PAIRS {
            if let Some(cosine) = query.real(&pair_key(i, k), (-1.0, 1.0)) {
                state.cosines.set(i, k, cosine);
            }
        }
        let (classes, circle) = (query.text("classes"), query.text("circle"));
        let found = if let Some(points) = query.text("example") {
            let found = Embeddings::from_example(&points);
            query.noting("example", points, found, || "4 vectors of 4 numbers".into())
        } else if circle.is_some() || classes.is_some() {
            let points = circle.unwrap_or_else(|| state.embeddings.points_text());
            let found = Embeddings::from_circle(&points, classes.as_deref());
            let accepts =
                || format!("2 angles for each of 2 to {MOST_IMAGES} images; a letter from A to H for each in classes");
            query.noting("circle", points, found, accepts)
        } else {
            None
        };
        state.embeddings = found.unwrap_or(state.embeddings);
        state
    }

    /// `tau=0.5&anchor=x1j&x1i.x2i=0.9`.
    fn write(&self, link: &mut LinkWriter) {
        let start = Self::default();
        link.add(self.tau != start.tau, "tau", self.tau);
        link.add(self.anchor != start.anchor, "anchor", VIEWS[self.anchor]);
        link.add(self.draw != start.draw, "draw", self.draw);
        for (i, k) in PAIRS {
            let cosine = self.cosines.get(i, k);
            link.add(cosine != start.cosines.get(i, k), &pair_key(i, k), cosine);
        }
        let (points, classes) = (self.embeddings.points_text(), self.embeddings.classes_text());
        if self.embeddings.is_circle() {
            link.add(points != start.embeddings.points_text(), "circle", points);
            link.add(classes != start.embeddings.classes_text(), "classes", classes);
        } else {
            link.add(true, "example", points);
        }
    }
}

fn pair_key(i: usize, k: usize) -> String {
    format!("{}.{}", VIEWS[i], VIEWS[k])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::lesson::position::{LessonLink, LessonPosition};
    use crate::core::rng::Rng;
    use anchor::{LAST_TAU_POSITION, tau_at};

    type Link = LessonLink<NtXentState>;

    const STEPS: usize = 9;

    fn random_link(rng: &mut Rng) -> Link {
        let position = if rng.chance(0.1) { LessonPosition::All } else { LessonPosition::Step(rng.below(STEPS)) };
        let mut state = NtXentState {
            tau: tau_at(rng.below(LAST_TAU_POSITION as usize + 1) as u32),
            anchor: rng.below(4),
            draw: 1 + rng.below(50) as u32,
            ..NtXentState::default()
        };
        for (i, k) in PAIRS {
            if rng.chance(0.4) {
                state.cosines.set(i, k, f64::from(rng.uniform(-1.0, 1.0)));
            }
        }
        if rng.chance(0.2) {
            state.embeddings = Embeddings::example();
        } else {
            while rng.chance(0.5) && state.embeddings.add(rng.below(3)) {}
            let angle = f64::from(rng.uniform(0.0, 6.0));
            state.embeddings.put(rng.below(4), &[angle.cos(), angle.sin()]);
        }
        // Rounded as a link rounds it.
        let (points, classes) = (state.embeddings.points_text(), state.embeddings.classes_text());
        let circle = Embeddings::from_circle(&points, Some(&classes));
        state.embeddings = circle.or_else(|| Embeddings::from_example(&points)).unwrap();
        Link { position, state }
    }

    #[test]
    fn links_lose_nothing_and_need_no_escaping() {
        let mut rng = Rng::new(5);
        for _ in 0..500 {
            let link = random_link(&mut rng);
            let text = link.to_query();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=&._-".contains(&b)), "{text}");
            assert_eq!(Link::parse(&text, STEPS, 3), (link, Vec::new()), "{text}");
        }
    }

    #[test]
    fn a_link_names_only_what_differs() {
        let mut link = Link { position: LessonPosition::Step(0), state: NtXentState::default() };
        assert_eq!(link.to_query(), "step=1");
        link.position = LessonPosition::Step(3);
        (link.state.tau, link.state.anchor) = (0.5, 2);
        link.state.cosines.set(1, 0, 0.9);
        assert_eq!(link.to_query(), "step=4&tau=0.5&anchor=x1j&x1i.x2i=0.9");
        assert_eq!(Link::parse("?tau=0.1", STEPS, 6).0.position, LessonPosition::Step(6), "the step of the last visit");
    }

    #[test]
    fn wrong_values_are_named_and_the_others_are_taken() {
        let text = "step=4&tau=9&anchor=x3&x1i.x2i=1.5&x1i.x1j=-0.5&tua=1&circle=1_2_3";
        let (Link { position, state }, faults) = Link::parse(text, STEPS, 0);
        assert_eq!((position, state.tau, state.anchor), (LessonPosition::Step(3), 1.0, 0));
        assert_eq!((state.cosines.get(0, 1), state.cosines.get(0, 2)), (0.63, -0.5));
        let mut fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["anchor", "circle", "tau", "tua", "x1i.x2i"]);
    }
}
