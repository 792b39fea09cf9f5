//! The NT-Xent lesson's state, as its address holds it.

use super::matrix::{Cosines, PAIRS};
use super::play::{MOST_IMAGES, Play};
use super::query::{Link, Place};
use super::temperature;
use super::views::VIEWS;
use crate::core::error::ConfigFault;
use crate::core::query::Query;

/// Steps of the lesson.
pub const STEPS: usize = 9;
/// Greatest number of a draw of views.
pub const DRAWS: u32 = 9999;

/// Everything a visitor can set in the lesson. [`Default`] is as it begins: the
/// worked example at τ = 1.
#[derive(Clone, Debug, PartialEq)]
pub struct NtXentState {
    pub place: Place,
    /// Temperature.
    pub tau: f64,
    /// The view whose row is shown, in the order of [`VIEWS`].
    pub anchor: usize,
    pub cosines: Cosines,
    /// Which views are drawn from the two images, from 1.
    pub draw: u32,
    /// The points of the gradient's step: on the circle, or of the worked example.
    pub play: Play,
}

impl Default for NtXentState {
    fn default() -> Self {
        Self { place: Place::Step(0), tau: 1.0, anchor: 0, cosines: Cosines::default(), draw: 1, play: Play::circle() }
    }
}

impl NtXentState {
    /// Reads a link; what it does not name is as the lesson begins, except the
    /// step, which is `step`.
    ///
    /// Returns also what was wrong with it; the rest is taken.
    pub fn from_query(text: &str, step: usize) -> (Self, Vec<ConfigFault>) {
        let mut query = Query::parse(text);
        let start = Self { place: Place::Step(step), ..Self::default() };
        let mut state = Self {
            place: Place::read(&mut query, STEPS).unwrap_or(start.place),
            tau: query.real("tau", temperature::RANGE).unwrap_or(start.tau),
            anchor: query.one_of("anchor", &VIEWS).unwrap_or(start.anchor),
            draw: query.whole("draw", (1, DRAWS)).unwrap_or(start.draw),
            ..start.clone()
        };
        for (i, k) in PAIRS {
            if let Some(cosine) = query.real(&pair_key(i, k), (-1.0, 1.0)) {
                state.cosines.set(i, k, cosine);
            }
        }
        let (classes, circle) = (query.text("classes"), query.text("circle"));
        if let Some(points) = query.text("example") {
            let found = Play::from_example(&points);
            state.play =
                query.noting("example", points, found, || "4 vectors of 4 numbers".into()).unwrap_or(state.play);
        } else if circle.is_some() || classes.is_some() {
            let points = circle.unwrap_or_else(|| start.play.points_text());
            let found = Play::from_circle(&points, classes.as_deref());
            let accepts =
                || format!("2 angles for each of 2 to {MOST_IMAGES} images; a letter from A to H for each in classes");
            state.play = query.noting("circle", points, found, accepts).unwrap_or(state.play);
        }
        (state, query.finish())
    }

    /// `step=4&tau=0.5&anchor=x1j&x1i.x2i=0.9`: the step, and what differs from
    /// the lesson's beginning.
    pub fn to_query(&self) -> String {
        let start = Self::default();
        let mut link = Link::to(self.place)
            .with(self.tau != start.tau, "tau", self.tau)
            .with(self.anchor != start.anchor, "anchor", VIEWS[self.anchor])
            .with(self.draw != start.draw, "draw", self.draw);
        for (i, k) in PAIRS {
            let cosine = self.cosines.get(i, k);
            link = link.with(cosine != start.cosines.get(i, k), &pair_key(i, k), cosine);
        }
        let (play, at) = (&self.play, self.play.points_text());
        if play.dim() == 2 {
            link.with(at != start.play.points_text(), "circle", at)
                .with(play.classes() != start.play.classes(), "classes", play.classes_text())
                .finish()
        } else {
            link.with(true, "example", at).finish()
        }
    }
}

fn pair_key(i: usize, k: usize) -> String {
    format!("{}.{}", VIEWS[i], VIEWS[k])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::rng::Rng;

    fn any(rng: &mut Rng) -> NtXentState {
        let mut state = NtXentState {
            place: if rng.chance(0.1) { Place::All } else { Place::Step(rng.below(STEPS)) },
            tau: temperature::at(rng.below(temperature::LAST as usize + 1) as u32),
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
            state.play = Play::example();
        } else {
            while rng.chance(0.5) && state.play.add(rng.below(3)) {}
            state.play.set_angle(rng.below(4), f64::from(rng.uniform(0.0, 6.0)));
        }
        // What a link holds of it, which is not every digit.
        let (points, classes) = (state.play.points_text(), state.play.classes_text());
        let circle = Play::from_circle(&points, Some(&classes));
        state.play = circle.or_else(|| Play::from_example(&points)).unwrap();
        state
    }

    #[test]
    fn links_lose_nothing_and_need_no_escaping() {
        let mut rng = Rng::new(5);
        for _ in 0..500 {
            let state = any(&mut rng);
            let link = state.to_query();
            assert!(link.bytes().all(|b| b.is_ascii_alphanumeric() || b"=&._-".contains(&b)), "{link}");
            assert_eq!(NtXentState::from_query(&link, 3), (state, Vec::new()), "{link}");
        }
    }

    #[test]
    fn a_link_names_only_what_differs() {
        assert_eq!(NtXentState::default().to_query(), "step=1");
        let mut state = NtXentState { place: Place::Step(3), tau: 0.5, anchor: 2, ..NtXentState::default() };
        state.cosines.set(1, 0, 0.9);
        assert_eq!(state.to_query(), "step=4&tau=0.5&anchor=x1j&x1i.x2i=0.9");
        assert_eq!(NtXentState::from_query("?tau=0.1", 6).0.place, Place::Step(6), "the step of the last visit");
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_taken() {
        let (state, faults) =
            NtXentState::from_query("step=4&tau=9&anchor=x3&x1i.x2i=1.5&x1i.x1j=-0.5&tua=1&circle=1_2_3", 0);
        assert_eq!((state.place, state.tau, state.anchor), (Place::Step(3), 1.0, 0));
        assert_eq!((state.cosines.get(0, 1), state.cosines.get(0, 2)), (0.63, -0.5));
        let mut fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["anchor", "circle", "tau", "tua", "x1i.x2i"]);
    }
}
