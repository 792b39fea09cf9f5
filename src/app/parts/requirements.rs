//! What a page requires, where to get it, and what the page gives then.

use crate::app::text::evaluate as text;
use crate::app::{router::Link, state::Store};
use leptos::prelude::*;

/// A card that says what the page requires and why, with a link to it and a list of what the page gives.
pub fn view(
    title: &'static str,
    why: &'static str,
    href: &'static str,
    go: &'static str,
    gives: &'static [&'static str],
) -> AnyView {
    view! {
        <section class="card requirement" aria-labelledby="requirement-title">
            <h2 id="requirement-title">{title}</h2>
            <p>{why}</p>
            <p><Link to=href attr:class="button primary">{go}</Link></p>
            <h3>{text::WHAT_YOU_GET}</h3>
            <ul>{gives.iter().map(|what| view! { <li>{*what}</li> }).collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// What a page is missing that works with a pre-trained encoder and labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Missing {
    Images,
    Labels,
    Encoder,
    /// The end of the run under way, or a pause.
    Run,
}

/// Steps of pre-training behind the encoder at hand.
pub fn steps(store: Store) -> u32 {
    store.steps.with(|steps| steps.newest().map_or(0, |s| s.step))
}

/// The first requirement that is missing.
pub fn missing(store: Store) -> Option<Missing> {
    match store.dataset.with(|set| set.as_ref().map(|set| set.can_evaluate())) {
        None => Some(Missing::Images),
        Some(false) => Some(Missing::Labels),
        Some(true) if store.run.get().is_running() => Some(Missing::Run),
        Some(true) if !store.has_encoder() => Some(Missing::Encoder),
        Some(true) => None,
    }
}

impl Missing {
    /// The card of a missing requirement; `why` is in the order of the variants.
    pub fn view(self, why: [&'static str; 4], gives: &'static [&'static str]) -> AnyView {
        let (title, href, go) = match self {
            Self::Images => (text::WAITING_FOR_IMAGES, "/data", text::GO_IMAGES),
            Self::Labels => (text::WAITING_FOR_LABELS, "/data", text::GO_LABELS),
            Self::Encoder => (text::WAITING_FOR_ENCODER, "/pretrain", text::GO_TRAIN),
            Self::Run => (text::WAITING_FOR_RUN, "/pretrain", text::SEE_TRAINING),
        };
        view(title, why[self as usize], href, go, gives)
    }
}
