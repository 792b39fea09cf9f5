//! Before a result: what evaluation waits for, or the button that starts it.

use crate::app::parts::requirements;
use crate::app::reactive::{act, memo};
use crate::app::state::Store;
use crate::app::text::evaluate as text;
use crate::core::report::Baseline;
use leptos::prelude::*;

/// What stands between now and a result.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    NoImages,
    /// No image has a label at all.
    NoLabels,
    /// Labels, but not in two classes of training and test images.
    FewLabels,
    NoEncoder,
    Training,
    /// Classifiers are trained on the encoder.
    Tuning,
    Ready,
    /// The same encoder was judged without the weights that it started from.
    Compare,
    /// The newest result is of the encoder as it is.
    Done,
    /// Training went on by so many steps since the newest result.
    Again(u32),
}

fn stage(store: Store) -> Stage {
    let labels = store.dataset.with(|set| set.as_ref().map(|set| (set.can_evaluate(), set.classes.is_empty())));
    let steps = store.steps.with(|steps| steps.newest().map_or(0, |s| s.step));
    match labels {
        None => Stage::NoImages,
        Some((false, true)) => Stage::NoLabels,
        Some((false, false)) => Stage::FewLabels,
        Some((true, _)) if store.run.get().is_running() => Stage::Training,
        Some((true, _)) if store.stored_runs.is_tuning() => Stage::Tuning,
        Some((true, _)) if !store.has_encoder() => Stage::NoEncoder,
        Some((true, _)) => match store.evaluation.with(|e| e.as_ref().map(|e| (e.steps, e.baseline))) {
            None => Stage::Ready,
            Some((before, _)) if before < steps => Stage::Again(steps - before),
            Some((_, Baseline::Missing)) => Stage::Compare,
            Some(_) => Stage::Done,
        },
    }
}

#[component]
pub fn Ready(start: Callback<()>) -> impl IntoView {
    let store = Store::get();
    let stage = memo(move || stage(store));
    let button = move |label: &'static str, help: String| {
        view! {
            <section class="card evaluate-start">
                <button type="button" class="primary" on:click=act(move |_| start.run(()))>
                    {label}
                </button>
                <p class="muted small">{help}</p>
            </section>
        }
        .into_any()
    };
    move || match stage.get() {
        Stage::NoImages => waits(text::WAITS_IMAGES, text::NO_IMAGES, "/data", text::GO_IMAGES),
        Stage::NoLabels => waits(text::WAITS_LABELS, text::NO_LABELS, "/data", text::GO_LABELS),
        Stage::FewLabels => waits(text::WAITS_LABELS, text::FEW_LABELS, "/data", text::GO_LABELS),
        Stage::NoEncoder => waits(text::WAITS_ENCODER, text::NO_ENCODER, "/pretrain", text::GO_TRAIN),
        Stage::Training => waits(text::WAITS_RUN, text::TRAINING, "/pretrain", text::SEE_TRAINING),
        Stage::Tuning => waits(text::WAITS_TUNING, text::TUNING, "/fine-tune", text::SEE_TUNING),
        Stage::Ready => button(text::BUTTON, store.run_config.with(|config| text::button_help(config.as_ref()))),
        Stage::Again(steps) => button(text::AGAIN, text::again_help(steps)),
        Stage::Compare => button(text::AGAIN, text::AGAIN_COMPARED.to_owned()),
        Stage::Done => ().into_any(),
    }
}

/// What is missing, where to get it, and what there will be then.
fn waits(title: &'static str, why: &'static str, href: &'static str, go: &'static str) -> AnyView {
    requirements::view(title, why, href, go, &text::WHAT_LIST)
}
