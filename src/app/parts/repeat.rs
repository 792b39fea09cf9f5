//! Runs of equal settings with several seeds: the choice of how many, on Pre-train and beside the values of a sweep.

use crate::app::client::{Client, Task};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::queue as text;
use crate::app::{parts::notice::FaultAlert, parts::widgets::Button, router::Link, state::Store};
use crate::core::{config::RunConfig, run::queue::QueueChange, run::sweep::Sweep};
use crate::protocol::Request;
use leptos::prelude::*;

/// Numbers of seeds to choose from.
const SEEDS: [usize; 6] = [1, 2, 3, 5, 10, 20];

/// The number of seeds, of [`SEEDS`] those of `least` at least.
#[component]
pub fn SeedsSelect(seeds: RwSignal<usize>, least: usize) -> impl IntoView {
    let option = |n: usize| view! { <option value=n selected=move || seeds.get() == n>{text::seeds(n)}</option> };
    let choose = move |e| {
        if let Ok(n) = event_target_value(&e).parse() {
            seeds.set(n);
        }
    };
    view! {
        <label>
            {text::REPEAT}
            <select on:change=act(choose)>
                {SEEDS.into_iter().filter(|n| *n >= least).map(option).collect_view()}
            </select>
        </label>
    }
}

/// Adds the settings of the page to the queue with several seeds.
#[component]
pub fn Repeat() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let task = Task::default();
    let (seeds, added) = (RwSignal::new(3), RwSignal::new(false));
    let plan = memo(move || {
        let sweep = Sweep { base: store.own_settings(), axes: Vec::new(), scale_rate: false, seeds: seeds.get() };
        sweep.plan().unwrap_or_default().runs.into_iter().map(|run| run.config).collect::<Vec<_>>()
    });
    let add = move |_| {
        added.set(false);
        let change = QueueChange::Add(plan.get_untracked());
        client.run(task, Request::ChangeQueue(change), Vec::new(), move |_| {
            added.try_set(true);
        });
    };
    let said = move || plan.with(|plan| Some(text::repeated(plan.first()?.seed, plan.last()?.seed)));
    view! {
        <section class="card" aria-labelledby="repeat-title">
            <h2 id="repeat-title">{text::REPEAT_TITLE}</h2>
            <p class="muted">{text::REPEAT_HELP}</p>
            <div class="inline">
                <SeedsSelect seeds=seeds least=2 />
                <Button
                    label=move || text::add_runs(plan.with(Vec::len))
                    disabled=derive(move || plan.with(Vec::is_empty))
                    press=act(add)
                />
            </div>
            <p class="muted small">{live(said)} " " {live(move || plan.with(|plan| time_of(store, plan)))}</p>
            <div role="status">
                <Show when=move || added.get()>
                    <p class="small">{text::REPEAT_ADDED} " " <Link to="/runs">{text::QUEUE}</Link></p>
                </Show>
            </div>
            <FaultAlert fault=task.failed />
        </section>
    }
}

/// How long the runs of a plan take together on this device, of those that were timed.
pub fn time_of(store: Store, configs: &[RunConfig]) -> Option<String> {
    let estimate = store.estimate.get()?;
    let training = store.dataset.with(|d| d.as_ref().map(|d| d.training_images()))?;
    let timed = |config: &&RunConfig| estimate.holds(config, &estimate.backend);
    let one = |config: &RunConfig| estimate.epoch_milliseconds(config, training) * f64::from(config.epochs);
    let times: Vec<f64> = configs.iter().filter(timed).map(one).collect();
    (!times.is_empty()).then(|| text::together(times.iter().sum(), configs.len() - times.len()))
}
