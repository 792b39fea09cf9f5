//! The queue of runs: what comes next, how it is started and stopped, and a form that adds runs with
//! several values of a few settings.

use super::{page::Page, panel::SettingSelect};
use crate::app::parts::repeat::{SeedsSelect, time_of};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::{fault::one_field, queue as text, settings};
use crate::app::{parts::unfinished::why_not, parts::widgets::Button};
use crate::core::config::pretrain_settings::{RunSetting, SEED, SETTINGS, TEMPERATURE, differing, from_key, setting};
use crate::core::error::{Fault, StorageFault};
use crate::core::run::queue::{Entry, EntryState, QueueChange, QueueReport, QueueState};
use crate::core::run::sweep::{Axis, Plan, Sweep, SweepFault};
use crate::core::{config::RunConfig, config::setting::Value, run::unfinished::UnfinishedRun};
use crate::protocol::Request;
use leptos::prelude::*;

#[component]
pub fn QueueCard() -> impl IntoView {
    let page = Page::get();
    let queue = page.store.stored_runs.queue;
    let read = move |f: fn(&QueueReport) -> usize| queue.with(|report| report.as_ref().map_or(0, f));
    let all = memo(move || read(|report| report.queue.counts().all()));
    let over = memo(move || read(|report| report.queue.counts().over()));
    let unfinished = memo(move || queue.with(|report| report.as_ref().is_some_and(QueueReport::unfinished)));
    let state = memo(move || queue.with(|report| report.as_ref().map(|r| r.state).unwrap_or_default()));
    let task = page.queue;
    let send = move |request: Request| page.client.run(task, request, Vec::new(), |_| ());
    let rows = move || {
        queue.with(|report| {
            let Some(report) = report else { return Vec::new() };
            let settings = differing(report.queue.entries().iter().map(|entry| &entry.config));
            let entries = report.queue.entries().iter().enumerate();
            entries
                .map(|(place, entry)| {
                    let line = text::settings_line(&settings, &entry.config);
                    view! { <Row line=line entry=entry.clone() place=place state=report.state send=Callback::new(send) /> }
                })
                .collect()
        })
    };
    // A queue that has begun needs the images that it began on.
    let needs = move || {
        queue.with(|report| {
            let report = report.as_ref()?;
            let size = report.queue.entries().first().map_or(0, |entry| entry.config.image_size);
            Some(UnfinishedRun::of_images(size, report.data.as_ref()?))
        })
    };
    let resting = move || state.get() == QueueState::Resting;
    view! {
        <section class="card" aria-labelledby="queue-title">
            <h2 id="queue-title">{text::QUEUE}</h2>
            <p class="muted">{text::QUEUE_HELP}</p>
            <Show when=move || all.get() != 0 fallback=|| view! { <p>{text::QUEUE_EMPTY}</p> }>
                <p role="status">{live(move || text::queue_state(state.get(), over.get(), all.get()))}</p>
                <ol class="plain">{rows}</ol>
            </Show>
            {why_not(task.failed, needs)}
            <Show when=move || task.failed.with(|f| matches!(f, Some(Fault::Storage(StorageFault::Damaged { .. }))))>
                <div class="actions">
                    <Button
                        label=text::QUEUE_CLEAR_DAMAGED
                        press=act(move |_| send(Request::ChangeQueue(QueueChange::ClearDamaged)))
                    />
                </div>
            </Show>
            <Show when=move || all.get() != 0>
                <div class="actions">
                    <Show when=move || resting() && unfinished.get()>
                        <Button
                            label=text::QUEUE_START
                            kind="primary"
                            press=act(move |_| send(Request::StartQueue))
                        />
                    </Show>
                    <Show when=move || state.get() == QueueState::Going>
                        <Button label=text::QUEUE_STOP press=act(move |_| send(Request::ChangeQueue(QueueChange::Stop))) />
                    </Show>
                    <Show when=move || over.get() != 0>
                        <Button
                            label=text::QUEUE_CLEAR
                            press=act(move |_| send(Request::ChangeQueue(QueueChange::ClearOver)))
                        />
                    </Show>
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Row(line: String, entry: Entry, place: usize, state: QueueState, send: Callback<Request>) -> impl IntoView {
    let id = entry.id;
    let button = |label: &'static str, change: QueueChange| {
        let send = move |_| send.run(Request::ChangeQueue(change.clone()));
        view! { <Button label=label kind="quiet" about=line.as_str() press=act(send) /> }
    };
    let waiting = entry.state == EntryState::Waiting;
    let cut_off = state == QueueState::Resting && matches!(entry.state, EntryState::Running(_));
    let again = matches!(entry.state, EntryState::Skipped | EntryState::Failed(_));
    let at_work = matches!(entry.state, EntryState::Running(_)) && !cut_off;
    view! {
        <li>
            <span>
                {line.clone()} {text::then(entry.then.len())} <br />
                <span class="muted small">{text::entry(&entry.state, state)}</span>
            </span>
            <span class="row-actions">
                {(waiting && place > 0).then(|| button(text::UP, QueueChange::Move { id, place: place - 1 }))}
                {waiting.then(|| button(text::DOWN, QueueChange::Move { id, place: place + 1 }))}
                {(waiting || cut_off).then(|| button(text::SKIP, QueueChange::Skip(id)))}
                {again.then(|| button(text::AGAIN, QueueChange::Again(id)))}
                {(!at_work).then(|| button(text::REMOVE, QueueChange::Remove(id)))}
            </span>
        </li>
    }
}

/// A setting and the values that a person typed for it.
#[derive(Clone, PartialEq)]
struct TypedAxis {
    id: u32,
    setting: RunSetting,
    values: String,
}

/// Values to try first.
fn suggested(setting: RunSetting, config: &RunConfig) -> String {
    if let Some(all) = setting.bounds.all_values() {
        return all.join(", ");
    }
    match (setting.key, setting.get(config)) {
        ("temperature", _) => "0.1, 0.5".into(),
        ("flip" | "blur", _) => "0, 0.5".into(),
        ("jitter", _) => "0, 0.8".into(),
        ("gray", _) => "0, 0.2".into(),
        ("batch", Value::Whole(n)) => format!("{}, {n}", (n / 2).max(2)),
        ("seed", Value::Whole(n)) => format!("{n}, {}", n + 1),
        (_, value) => value.to_string(),
    }
}

#[component]
pub fn SweepForm() -> impl IntoView {
    let page = Page::get();
    let store = page.store;
    let first = TypedAxis { id: 0, setting: TEMPERATURE, values: "0.1, 0.5".into() };
    let lines = RwSignal::new(vec![first]);
    let (scale_rate, seeds) = (RwSignal::new(true), RwSignal::new(1));
    let plan = memo(move || {
        let axes = lines.with(|lines| {
            let axis = |line: &TypedAxis| Axis {
                field: line.setting.key.to_owned(),
                values: line.values.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect(),
            };
            lines.iter().map(axis).collect()
        });
        Sweep { base: store.own_settings(), axes, scale_rate: scale_rate.get(), seeds: seeds.get() }.plan()
    });
    let varied = memo(move || {
        let seed = (seeds.get() > 1).then_some(SEED);
        lines.with(|lines| lines.iter().map(|line| line.setting).chain(seed).collect::<Vec<_>>())
    });
    let add = move |_| {
        let config = store.config.get_untracked();
        lines.update(|lines| {
            let free = ["head_output", "batch", "crop", "encoder"].map(setting).into_iter().chain(&SETTINGS);
            let free = free.into_iter().find(|setting| lines.iter().all(|line| line.setting != *setting));
            if let Some(setting) = free {
                let id = lines.iter().map(|line| line.id + 1).max().unwrap_or(0);
                lines.push(TypedAxis { id, setting, values: suggested(setting, &config) });
            }
        });
    };
    let queue_them = move |_| {
        if let Ok(plan) = plan.get_untracked() {
            let configs = plan.runs.into_iter().map(|run| run.config).collect();
            page.send(Request::ChangeQueue(QueueChange::Add(configs)));
        }
    };
    let runs = memo(move || plan.with(|plan| plan.as_ref().map_or(0, |plan| plan.runs.len())));
    view! {
        <section class="card" aria-labelledby="sweep-title">
            <h2 id="sweep-title">{text::SWEEP}</h2>
            <p class="muted">{text::SWEEP_HELP}</p>
            <For each=move || lines.with(|l| l.iter().map(|line| line.id).collect::<Vec<_>>()) key=|id| *id let:id>
                <AxisLine id=id lines=lines />
            </For>
            <div class="actions"><Button label=text::SWEEP_ADD press=act(add) /></div>
            <div class="inline"><SeedsSelect seeds=seeds least=1 /></div>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=scale_rate
                    on:change=act(move |e| scale_rate.set(event_target_checked(&e)))
                />
                {text::SCALE_RATE}
            </label>
            {live(move || match plan.get() {
                Ok(plan) => planned(page, &varied.get(), plan).into_any(),
                Err(SweepFault::TooMany { runs, most }) => {
                    view! { <p class="field-fault">{text::too_many(runs, most)}</p> }.into_any()
                }
                Err(SweepFault::Settings(faults)) => {
                    let words = faults.iter().map(one_field).collect::<Vec<_>>().join(" ");
                    view! { <p class="field-fault">{words}</p> }.into_any()
                }
            })}
            <div class="actions">
                <Button
                    label=move || text::add_runs(runs.get())
                    kind="primary"
                    disabled=derive(move || runs.get() == 0)
                    press=act(queue_them)
                />
            </div>
        </section>
    }
}

#[component]
fn AxisLine(id: u32, lines: RwSignal<Vec<TypedAxis>>) -> impl IntoView {
    let store = Page::get().store;
    let change = move |f: &dyn Fn(&mut TypedAxis)| {
        lines.update(|lines| lines.iter_mut().filter(|line| line.id == id).for_each(f));
    };
    let read = move || lines.with(|lines| lines.iter().find(|line| line.id == id).cloned());
    let setting = memo(move || read().map_or(TEMPERATURE, |line| line.setting));
    let values = memo(move || read().map(|line| line.values).unwrap_or_default());
    let choose = move |key: String| {
        if let Some(setting) = from_key(&key) {
            let values = store.config.with_untracked(|config| suggested(setting, config));
            change(&|line| (line.setting, line.values) = (setting, values.clone()));
        }
    };
    view! {
        <div class="inline">
            <SettingSelect label=text::LIKE_SETTING setting=setting choose=choose />
            <label>
                {text::SWEEP_VALUES}
                <input
                    type="text"
                    prop:value=values
                    aria-describedby=format!("axis-{id}")
                    on:input=act(move |e| {
                        let typed = event_target_value(&e);
                        change(&|line| line.values.clone_from(&typed));
                    })
                />
            </label>
            <Button
                label=text::REMOVE
                press=act(move |_| lines.update(|lines| lines.retain(|line| line.id != id)))
            />
            <p class="muted small whole" id=format!("axis-{id}")>{live(move || text::accepted(setting.get()))}</p>
        </div>
    }
}

/// The runs of the sweep, the combinations left out, and how long all takes, if that was timed.
fn planned(page: Page, varied: &[RunSetting], plan: Plan) -> impl IntoView + use<> {
    let line = |config: &RunConfig| text::settings_line(varied, config);
    let runs = plan.runs.iter().map(|run| view! { <li>{line(&run.config)}</li> }).collect_view();
    let refused = plan.refused.iter().map(|refused| {
        let settings = refused.settings.iter().map(|(setting, value)| format!("{} {value}", settings::label(setting)));
        let why = refused.faults.iter().map(one_field).collect::<Vec<_>>().join(" ");
        view! { <li class="muted">{text::refused(&settings.collect::<Vec<_>>().join(", "), &why)}</li> }
    });
    let refused = refused.collect_view();
    let duplicates = (plan.duplicates > 0).then(|| view! { <p class="muted">{text::duplicates(plan.duplicates)}</p> });
    let configs: Vec<RunConfig> = plan.runs.iter().map(|run| run.config).collect();
    let time = move || time_of(page.store, &configs);
    view! {
        <h3>{text::PLANNED}</h3>
        <ul class="planned">{runs} {refused}</ul>
        {duplicates}
        <p class="muted">{time}</p>
    }
}
