//! What a visitor has set, in signals.

use crate::app::parts::lesson::{Frame, Lesson, search};
use crate::app::reactive::memo;
use crate::core::error::ConfigFault;
use crate::core::lesson::address::NtXentState;
use crate::core::lesson::matrix::Cosines;
use crate::core::lesson::play::Play;
use crate::core::lesson::row::Row;
use crate::core::lesson::views::{SampleViews, draw_views};
use crate::core::nt_xent::Similarities;
use leptos::prelude::*;

/// `Copy`; every number of the lesson follows these.
#[derive(Clone, Copy)]
pub struct State {
    pub frame: Frame,
    pub tau: RwSignal<f64>,
    pub anchor: RwSignal<usize>,
    pub cosines: RwSignal<Cosines>,
    pub draw: RwSignal<u32>,
    /// The views of that draw: made when they are first seen, and not again for each look at them.
    pub views: Memo<SampleViews>,
    pub play: RwSignal<Play>,
}

impl State {
    /// From the address, which comes first, and what was kept of an earlier
    /// visit; with what was wrong with the address. Both follow from then on.
    pub fn open(lesson: &'static Lesson) -> (Self, Vec<ConfigFault>) {
        let frame = Frame::open(lesson);
        let (start, faults) = NtXentState::from_query(&search(), frame.progress.with_untracked(|p| p.step));
        frame.place.set(start.place);
        let draw = RwSignal::new(start.draw);
        let state = Self {
            frame,
            tau: RwSignal::new(start.tau),
            anchor: RwSignal::new(start.anchor),
            cosines: RwSignal::new(start.cosines),
            draw,
            views: memo(move || draw_views(draw.get())),
            play: RwSignal::new(start.play),
        };
        frame.follow(move || state.link());
        (state, faults)
    }

    fn link(&self) -> String {
        let (place, tau, anchor) = (self.frame.place.get(), self.tau.get(), self.anchor.get());
        let (cosines, draw, play) = (self.cosines.get(), self.draw.get(), self.play.get());
        NtXentState { place, tau, anchor, cosines, draw, play }.to_query()
    }

    pub fn similarities(self) -> Similarities {
        self.cosines.with(Cosines::similarities)
    }

    /// The chosen anchor's row.
    pub fn row(self) -> Row {
        Row::new(&self.similarities(), self.anchor.get(), self.tau.get())
    }
}
