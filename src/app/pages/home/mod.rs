//! The landing page: what this is, the first step, and the method's own chart, live.

mod status;

use crate::app::parts::widgets::{Button, Picture};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::router::{Link, Router};
use crate::app::text::home as text;
use crate::app::{client::Client, parts::unfinished::Unfinished, state::Store};
use crate::core::report::{DatasetReport, RunState};
use crate::core::sample::IMAGES_PER_CLASS;
use crate::protocol::{Event, ImageSource, Request};
use leptos::prelude::*;
use status::Status;

#[component]
pub fn Home() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    // Nothing is downloaded: the images that come next then wait for no start.
    Effect::new(move |_| {
        if store.offline.kept.get() > 0.0 {
            client.wake();
        }
    });
    view! {
        <div class="hero">
            <h1>{text::TITLE}</h1>
            <p class="lead">{text::LEAD}</p>
            <NextStep />
        </div>
        <Unfinished />
        <Flow />
    }
}

/// The next step to take, and an alternative.
#[component]
fn NextStep() -> impl IntoView {
    let store = Store::get();
    let loaded = memo(move || store.dataset.with(Option::is_some));
    view! {
        <Show when=move || loaded.get() fallback=FirstStep>
            <div class="actions">
                {live(move || {
                    let (href, label) = match store.run.get() {
                        RunState::Idle | RunState::Failed => ("/pretrain", text::GO_PRETRAIN),
                        RunState::Running(_) | RunState::Paused => ("/pretrain", text::GO_WATCH),
                        RunState::Cancelled | RunState::Finished => ("/evaluate", text::GO_EVALUATE),
                    };
                    view! { <Link to=href attr:class="button primary">{label}</Link> }
                })} <Link to="/data" attr:class="button">
                    {text::GO_IMAGES}
                </Link>
            </div>
        </Show>
    }
}

#[component]
fn FirstStep() -> impl IntoView {
    let (store, client, router) = (Store::get(), Client::get(), Router::get());
    let busy = memo(move || store.import.with(Option::is_some));
    let use_sample = move |_| {
        let source = ImageSource::Sample { images_per_class: IMAGES_PER_CLASS as u32 };
        let size = store.config.with_untracked(|c| c.image_size) as u32;
        client.send(Request::Load { source, size, seed: store.split_seed.get_untracked() });
        router.go("/data");
    };
    view! {
        <div class="actions">
            <Button label=text::USE_SAMPLE kind="primary" disabled=busy press=act(use_sample) />
            <Link to="/data" attr:class="button">{text::USE_OWN}</Link>
            <Link to="/lesson/nt-xent" attr:class="button quiet">{text::LEARN}</Link>
        </div>
        <p class="muted small">{text::FIRST_NOTE}</p>
    }
}

/// The method's chart: x → augmentation → views → encoder → h → projection head → z →
/// NT-Xent, and what h is evaluated by.
#[component]
fn Flow() -> impl IntoView {
    let store = Store::get();
    let views = store.example;
    fetch_example(store, Client::get());
    let picture = move |which: usize, label: &'static str| {
        ViewFn::from(move || {
            views.get().map(|v| view! { <Picture pixels=v[which].clone() alt=label.to_owned() /> }).into_any()
        })
    };
    let running = memo(move || matches!(store.run.get(), RunState::Running(_)));
    view! {
        <section class="flow-section" aria-labelledby="flow-title">
            <div class="page-head">
                <h2 id="flow-title">{text::CHART}</h2>
                <p class="muted">{text::CHART_HELP}</p>
            </div>
            <ol class="flow" class:running=running>
                <Stage place="x" href="/data" symbol="x" label=text::IMAGES status=status::images inside=picture(0, text::EXAMPLE) />
                <Stage place="t" href="/pretrain" symbol="t" label=text::AUGMENTATION status=status::augmentation />
                <Pair
                    place="two-views"
                    href="/pretrain"
                    symbols=["x₁", "x₂"]
                    labels=text::VIEW
                    status=status::views
                    inside=[1, 2].map(|i| picture(i, text::VIEW[i - 1]))
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
            <p class="muted small flow-note">{text::CHART_NOTE}</p>
        </section>
    }
}

/// Fetches both views of one image of the set, as training makes them, and again when the
/// set or the settings of the views have changed.
fn fetch_example(store: Store, client: Client) {
    let wanted = memo(move || {
        let index = store.dataset.with(|d| d.as_ref().map(example))?;
        // The run's settings while it is open.
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
            // Without a picture the chart still says everything: no message.
            if let Ok(Event::Views(mut all)) = answer {
                store.example.set(all.pop());
                store.example_of.set_value(Some(key));
            }
        });
    });
}

fn example(report: &DatasetReport) -> u32 {
    report.classes.iter().find_map(|c| c.thumbnails.first().copied()).unwrap_or(0)
}

/// A stage of the method: symbol, name and status; a click opens `href`.
#[component]
fn Stage(
    place: &'static str,
    href: &'static str,
    symbol: &'static str,
    label: &'static str,
    status: fn(Store) -> Status,
    /// A picture.
    #[prop(optional)]
    inside: ViewFn,
) -> impl IntoView {
    let store = Store::get();
    let status = memo(move || status(store));
    let kind = memo(move || status.with(Status::class));
    let part = memo(move || match status.get() {
        Status::Busy(_, part) => part.map(|p| (p * 100.0).floor()),
        _ => None,
    });
    view! {
        <li class=format!("step {place}")>
            <Link to=href attr:class=move || format!("node {}", kind.get())>
                <span class="symbol" aria-hidden="true">{symbol}</span>
                <span class="label">{label}</span>
                {status_words(status)}
                <span class="inside">{move || inside.run()}</span>
                <span
                    class="node-bar"
                    aria-hidden="true"
                    class:shown=move || part.get().is_some()
                    style:--part=move || format!("{}%", part.get().unwrap_or(0.0))
                ></span>
            </Link>
        </li>
    }
}

/// A value that flows between stages, once for each of the two views.
#[component]
fn Pair(
    place: &'static str,
    href: &'static str,
    symbols: [&'static str; 2],
    labels: [&'static str; 2],
    status: fn(Store) -> Status,
    /// A picture in each.
    #[prop(optional)]
    inside: [ViewFn; 2],
) -> impl IntoView {
    let store = Store::get();
    let status = memo(move || status(store));
    let kind = memo(move || status.with(Status::class));
    let values = symbols.into_iter().zip(labels).zip(inside).map(|((symbol, label), inside)| {
        view! {
            <Link to=href attr:class=move || format!("value {}", kind.get())>
                <span class="inside">{move || inside.run()}</span>
                <span class="symbol" aria-hidden="true">{symbol}</span>
                <span class="visually-hidden">{label} " "</span>
                {status_words(status)}
            </Link>
        }
    });
    view! { <li class=format!("step pair {place}")>{values.collect_view()}</li> }
}

fn status_words(status: Memo<Status>) -> impl IntoView {
    view! {
        <span class="status">
            <span class="dot" aria-hidden="true"></span>
            {live(move || status.with(|s| s.words().to_owned()))}
        </span>
    }
}
