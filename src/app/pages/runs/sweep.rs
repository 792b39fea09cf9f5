//! Several values of a few settings, as runs for the queue.

use super::page::Page;
use super::panel::SettingSelect;
use crate::app::reactive::{act, live, memo};
use crate::app::text::fault::one_field;
use crate::app::text::{runs as text, settings};
use crate::core::config::RunConfig;
use crate::core::config::run_settings::{RunSetting, SETTINGS, TEMPERATURE, from_key, setting};
use crate::core::config::setting::Value;
use crate::core::run::queue::QueueChange;
use crate::core::run::sweep::{Axis, Plan, Sweep, SweepFault};
use crate::protocol::Request;
use leptos::prelude::*;

/// A setting and its values as typed.
#[derive(Clone, PartialEq)]
struct Line {
    id: u32,
    setting: RunSetting,
    values: String,
}

/// What one would try first.
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
    // The user's settings, not those of a run that the queue has begun.
    let base = move || store.stored_runs.own_config.get().unwrap_or_else(|| store.config.get());
    let first = Line { id: 0, setting: TEMPERATURE, values: "0.1, 0.5".into() };
    let lines = RwSignal::new(vec![first]);
    let scale_rate = RwSignal::new(true);
    let plan = memo(move || {
        let axes = lines.with(|lines| {
            let axis = |line: &Line| Axis {
                field: line.setting.key.to_owned(),
                values: line.values.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect(),
            };
            lines.iter().map(axis).collect()
        });
        Sweep { base: base(), axes, scale_rate: scale_rate.get() }.plan()
    });
    let varied = memo(move || lines.with(|lines| lines.iter().map(|line| line.setting).collect::<Vec<_>>()));
    let add = move |_| {
        let config = store.config.get_untracked();
        lines.update(|lines| {
            let free = ["head_output", "batch", "crop", "encoder"].map(setting).into_iter().chain(&SETTINGS);
            let free = free.into_iter().find(|setting| lines.iter().all(|line| line.setting != *setting));
            if let Some(setting) = free {
                let id = lines.iter().map(|line| line.id + 1).max().unwrap_or(0);
                lines.push(Line { id, setting, values: suggested(setting, &config) });
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
            <div class="actions">
                <button type="button" on:click=act(add)>
                    {text::SWEEP_ADD}
                </button>
            </div>
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
                <button type="button" class="primary" disabled=move || runs.get() == 0 on:click=act(queue_them)>
                    {live(move || text::add_runs(runs.get()))}
                </button>
            </div>
        </section>
    }
}

#[component]
fn AxisLine(id: u32, lines: RwSignal<Vec<Line>>) -> impl IntoView {
    let store = Page::get().store;
    let change = move |f: &dyn Fn(&mut Line)| {
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
            <button type="button" on:click=act(move |_| lines.update(|lines| lines.retain(|line| line.id != id)))>
                {text::SWEEP_REMOVE}
            </button>
            <p class="muted small whole" id=format!("axis-{id}")>
                {live(move || text::accepted(setting.get()))}
            </p>
        </div>
    }
}

/// The runs to come, those that are none, and how long it takes where that was timed.
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
    let time = move || {
        let estimate = page.store.estimate.get()?;
        let training = page.store.dataset.with(|d| d.as_ref().map(|d| d.training_images()))?;
        let timed = |config: &RunConfig| {
            let holds = estimate.holds(config, &estimate.backend);
            holds.then(|| estimate.epoch_milliseconds(config, training) * f64::from(config.epochs))
        };
        let times: Vec<f64> = plan.runs.iter().filter_map(|run| timed(&run.config)).collect();
        let unknown = plan.runs.len() - times.len();
        (!times.is_empty()).then(|| text::together(times.iter().sum(), unknown))
    };
    view! {
        <h3>{text::PLANNED}</h3>
        <ul class="planned">{runs} {refused}</ul>
        {duplicates}
        <p class="muted">{time}</p>
    }
}
