//! The method's chart: x → augmentation → views → encoder → h → projection head
//! → z → NT-Xent, and what h is judged by.

use super::node::{Pair, Stage};
use super::status;
use crate::app::client::Client;
use crate::app::parts::widgets::Picture;
use crate::app::reactive::memo;
use crate::app::state::Store;
use crate::app::text::home as text;
use crate::protocol::{Event, Request};
use leptos::prelude::*;

#[component]
pub fn Flow() -> impl IntoView {
    let store = Store::get();
    let views = store.example;
    keep_example(store, Client::get());
    let view_of = move |which: usize, label: &'static str| {
        ViewFn::from(move || {
            views.get().map(|v| view! { <Picture pixels=v[which].clone() alt=label.to_owned() /> }).into_any()
        })
    };
    let running = memo(move || matches!(store.run.get(), crate::core::report::RunState::Running(_)));
    view! {
        <section class="flow-section" aria-labelledby="flow-title">
            <div class="page-head">
                <h2 id="flow-title">{text::CHART}</h2>
                <p class="muted">{text::CHART_HELP}</p>
            </div>
            <ol class="flow" class:running=running>
                <Stage place="x" href="/data" symbol="x" label=text::IMAGES status=status::images inside=view_of(0, text::EXAMPLE) />
                <Stage place="t" href="/pretrain" symbol="t" label=text::AUGMENTATION status=status::augmentation />
                <Pair
                    place="two-views"
                    href="/pretrain"
                    symbols=["x₁", "x₂"]
                    labels=text::VIEW
                    status=status::views
                    inside=view_of(1, text::VIEW[0])
                    inside_second=view_of(2, text::VIEW[1])
                />
                <Stage place="f" href="/pretrain" symbol="f" label=text::ENCODER status=status::encoder />
                <Pair place="h" href="/evaluate" symbols=["h₁", "h₂"] labels=text::FEATURES status=status::features />
                <Stage place="g" href="/pretrain" symbol="g" label=text::HEAD status=status::head />
                <Pair place="z" href="/pretrain" symbols=["z₁", "z₂"] labels=text::EMBEDDINGS status=status::embeddings />
                <Stage place="loss" href="/pretrain" symbol="ℓ" label=text::LOSS status=status::loss />
                <Stage place="linear" href="/evaluate" symbol="h →" label=text::LINEAR status=status::linear />
                <Stage place="tune" href="/fine-tune" symbol="f, h" label=text::FINE_TUNING status=status::fine_tuning />
                <Stage place="scores" href="/evaluate" symbol="P R F₁" label=text::SCORES status=status::scores />
            </ol>
            <p class="kept muted small">{text::KEPT}</p>
        </section>
    }
}

/// Both views of one image of the set, as training makes them: asked for again
/// where the set or the settings of views have changed since.
fn keep_example(store: Store, client: Client) {
    let wanted = memo(move || {
        let index = store.dataset.with(|d| d.as_ref().map(example))?;
        // Of the run, while it has a say.
        let config = store.run_config.get().filter(|_| store.run_open()).unwrap_or_else(|| store.config.get());
        Some((index, config.augment, config.seed))
    });
    Effect::new(move || {
        let Some(key) = wanted.get() else { return };
        if store.example_of.get_value() == Some(key) && store.example.with_untracked(Option::is_some) {
            return;
        }
        let (index, augment, seed) = key;
        client.ask(Request::Preview { indices: vec![index], augment, seed, epoch: 1 }, move |answer| {
            // Without a picture the chart says as much as before: no message.
            if let Ok(Event::Views(mut all)) = answer {
                store.example.set(all.pop());
                store.example_of.set_value(Some(key));
            }
        });
    });
}

fn example(report: &crate::core::report::DatasetReport) -> u32 {
    report.classes.iter().find_map(|c| c.thumbnails.first().copied()).unwrap_or(0)
}
