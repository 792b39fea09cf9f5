//! Fine-tuning: the encoder with a classifier on few labels, beside its baselines.

mod chart;
mod form;
mod progress;
mod result;
mod settings;

use crate::app::parts::requirements::{Missing, missing};
use crate::app::reactive::{Show, live, memo};
use crate::app::state::Store;
use crate::app::text::fine_tune as text;
use form::Form;
use leptos::prelude::*;

/// The page `/fine-tune`. Results stay in sight whatever is missing for new ones.
#[component]
pub fn FineTune() -> impl IntoView {
    let store = Store::get();
    provide_context(Form::new(store));
    let lacks = memo(move || missing(store));
    let begun = memo(move || store.stored_runs.fine_tuning.with(Option::is_some));
    let any = memo(move || store.stored_runs.fine_tuned.with(|all| !all.is_empty()));
    let waits = move |lacks: Missing| {
        lacks.view([text::NO_IMAGES, text::NO_LABELS, text::NO_ENCODER, text::TRAINING], &text::WHAT_LIST)
    };
    view! {
        <div class="evaluate fine-tune">
            <div class="page-head">
                <h1>{text::TITLE}</h1>
                <p class="lead">{text::INTRO}</p>
            </div>
            {live(move || match lacks.get() {
                Some(lacks) => waits(lacks),
                None => {
                    view! {
                        <Show when=move || begun.get()>
                            <progress::Progress />
                        </Show>
                        <settings::Settings />
                    }
                        .into_any()
                }
            })}
            <Show when=move || lacks.get().is_none() || any.get()>
                <chart::FractionChart />
            </Show>
            <Show when=move || any.get()>
                <result::Outcome />
            </Show>
        </div>
    }
}
