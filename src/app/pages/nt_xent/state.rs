//! The values that a visitor sets, in signals, and the controls of several steps.

use crate::app::parts::lesson::controls::{SliderRange, slider};
use crate::app::parts::lesson::draw::digits;
use crate::app::parts::lesson::visit::{Lesson, Visit};
use crate::app::parts::widgets::choice;
use crate::app::reactive::{act, memo};
use crate::app::text::nt_xent as text;
use crate::core::lesson::nt_xent::anchor::{AnchorRow, LAST_TAU_POSITION, tau_at, tau_position};
use crate::core::lesson::nt_xent::views::{SampleViews, VIEWS, draw_views};
use crate::core::{
    error::ConfigFault, lesson::nt_xent::NtXentState, lesson::nt_xent::cosines::Cosines,
    lesson::nt_xent::embeddings::Embeddings, nt_xent::Similarities,
};
use leptos::prelude::*;

/// Positions of the temperature's slider.
pub const TAU_POSITIONS: SliderRange = SliderRange { min: 0.0, max: LAST_TAU_POSITION as f64, step: 1.0 };

/// `Copy`; every number of the lesson follows these.
#[derive(Clone, Copy)]
pub struct NtXentSignals {
    pub visit: Visit,
    pub tau: RwSignal<f64>,
    pub anchor: RwSignal<usize>,
    pub cosines: RwSignal<Cosines>,
    pub draw: RwSignal<u32>,
    /// The views of that draw: computed when they are first seen, and kept.
    pub views: Memo<SampleViews>,
    pub embeddings: RwSignal<Embeddings>,
}

impl NtXentSignals {
    /// From the address, which follows the state from then on. Returns also the faults of the address.
    pub fn open(lesson: &'static Lesson) -> (Self, Vec<ConfigFault>) {
        let (visit, start, faults) = Visit::open::<NtXentState>(lesson);
        let draw = RwSignal::new(start.draw);
        let state = Self {
            visit,
            tau: RwSignal::new(start.tau),
            anchor: RwSignal::new(start.anchor),
            cosines: RwSignal::new(start.cosines),
            draw,
            views: memo(move || draw_views(draw.get())),
            embeddings: RwSignal::new(start.embeddings),
        };
        visit.follow(move || NtXentState {
            tau: state.tau.get(),
            anchor: state.anchor.get(),
            cosines: state.cosines.get(),
            draw: state.draw.get(),
            embeddings: state.embeddings.get(),
        });
        (state, faults)
    }

    pub fn similarities(self) -> Similarities {
        self.cosines.with(Cosines::similarities)
    }

    /// The chosen anchor's row.
    pub fn row(self) -> AnchorRow {
        AnchorRow::new(&self.similarities(), self.anchor.get(), self.tau.get())
    }

    /// Position of the temperature's slider; not tracked.
    pub fn tau_position(self) -> f64 {
        f64::from(tau_position(self.tau.get_untracked()))
    }

    pub fn set_tau_position(self, position: f64) {
        self.tau.set(tau_at(position as u32));
    }
}

/// The temperature; and the anchor, if `group` names its radio buttons. On the
/// page of all steps each step needs a group of its own.
pub fn controls(state: NtXentSignals, group: Option<&'static str>) -> AnyView {
    let anchors = VIEWS.into_iter().enumerate().map(|(i, name)| (i, name, ""));
    let quick = [1.0, 0.5, 0.1].map(|tau| {
        view! {
            <button aria-pressed=move || (state.tau.get() == tau).to_string() on:click=act(move |_| state.tau.set(tau))>
                {text::tau_is(tau)}
            </button>
        }
    });
    view! {
        {group.map(|group| choice(text::ANCHOR, group, anchors, move || state.anchor.get(), move |i| state.anchor.set(i)))}
        {slider(
            text::TAU,
            None,
            TAU_POSITIONS,
            move || f64::from(tau_position(state.tau.get())),
            move || state.tau.get().to_string(),
            move |position| state.set_tau_position(position),
            Some(view! { <div class="lesson-quick">{quick.collect_view()}</div> }.into_any()),
        )}
    }
    .into_any()
}

/// The batch's loss at the present values.
pub fn batch_now(state: NtXentSignals) -> AnyView {
    let loss = move || text::loss_at(&six(state.similarities().loss(state.tau.get())), state.tau.get());
    view! { <p class="lesson-result"><strong>{text::NOW}": "</strong>{loss}</p> }.into_any()
}

/// Six decimals: the precision to which the worked example is known.
pub fn six(x: f64) -> String {
    digits(x, 6)
}

/// A button that resets the similarities to the worked example's and calls `then`.
pub fn reset(state: NtXentSignals, then: impl Fn() + Send + Sync + 'static) -> AnyView {
    let back = move |_| {
        state.cosines.set(Cosines::default());
        then();
    };
    view! {
        <div class="actions">
            <button on:click=act(back)>{text::RESET}</button>
        </div>
    }
    .into_any()
}
