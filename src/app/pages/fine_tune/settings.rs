//! Settings, each with what it means and accepts, and the buttons that start.

use super::form::Form;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{fine_tune as text, settings};
use crate::core::config::bounds::{Bounds, Value};
use crate::core::run::fine_tune::{BATCH, EPOCHS, FRACTIONS, FineTuneConfig, RATE, TrainedLayers, default_rate};
use leptos::prelude::*;

#[component]
pub fn Settings() -> impl IntoView {
    let form: Form = expect_context();
    let locked = memo(move || form.under_way());
    let ready = memo(move || form.ready());
    let baselines = memo(move || form.missing(form.config().contestants()[1..].to_vec()));
    let curve = memo(move || form.missing(form.config().curve()));
    let all = memo(move || [vec![form.config()], baselines.get(), curve.get()].concat());
    let lacks_room = [
        memo(move || form.too_much(&[form.config()]).is_some()),
        memo(move || baselines.with(|list| form.too_much(list).is_some())),
        memo(move || curve.with(|list| form.too_much(list).is_some())),
    ];
    let wrong = memo(move || form.invalid.with(|all| !all.is_empty()));
    view! {
        <section class="card" aria-labelledby="tune-settings">
            <h2 id="tune-settings">{text::SETTINGS}</h2>
            <fieldset class="fields" disabled=locked>
                <legend class="visually-hidden">{text::SETTINGS}</legend>
                <Fraction />
                <Layers />
                <Number
                    key="epochs"
                    label=text::EPOCHS
                    help=text::EPOCHS_HELP
                    bounds=EPOCHS
                    get=|c| Value::Whole(c.epochs.into())
                    set=|c, v| {
                        if let Value::Whole(v) = v {
                            c.epochs = v as u32;
                        }
                    }
                />
                <Number
                    key="batch"
                    label=text::BATCH
                    help=text::BATCH_HELP
                    bounds=BATCH
                    get=|c| Value::Whole(c.batch as u64)
                    set=|c, v| {
                        if let Value::Whole(v) = v {
                            *c = c.with_batch(v as usize);
                        }
                    }
                />
                <Number
                    key="rate"
                    label=text::RATE
                    help=text::RATE_HELP
                    bounds=RATE
                    get=|c| Value::Real(c.peak_rate)
                    set=|c, v| {
                        if let Value::Real(v) = v {
                            c.peak_rate = v;
                        }
                    }
                />
            </fieldset>
            <Show when=move || wrong.get()>
                <p class="small field-fault">{text::INVALID}</p>
            </Show>
            <TooMuch all=all />
            <div class="tune-starts">
                <p>
                    <button
                        type="button"
                        class="primary"
                        disabled=move || !ready.get() || lacks_room[0].get()
                        on:click=act(move |_| form.start(vec![untrack(|| form.config())]))
                    >
                        {text::START}
                    </button>
                </p>
                <div>
                    <button
                        type="button"
                        aria-describedby="baselines-help"
                        disabled=move || !ready.get() || lacks_room[1].get() || baselines.with(Vec::is_empty)
                        on:click=act(move |_| form.start(baselines.get_untracked()))
                    >
                        {text::BASELINES}
                    </button>
                    <p class="muted small" id="baselines-help">
                        {live(move || if baselines.with(Vec::is_empty) { text::ALL_THERE } else { text::BASELINES_HELP })}
                    </p>
                </div>
                <div>
                    <button
                        type="button"
                        aria-describedby="curve-help"
                        disabled=move || !ready.get() || lacks_room[2].get() || curve.with(Vec::is_empty)
                        on:click=act(move |_| form.start(curve.get_untracked()))
                    >
                        {text::CURVE}
                    </button>
                    <p class="muted small" id="curve-help">{live(move || text::curve_help(curve.with(Vec::len)))}</p>
                </div>
            </div>
        </section>
    }
}

/// What of the three has no room on this device, and a batch with which all have.
#[component]
fn TooMuch(all: Memo<Vec<FineTuneConfig>>) -> impl IntoView {
    let form: Form = expect_context();
    live(move || {
        let all = all.get();
        let (need, limit) = form.too_much(&all)?;
        let take = form.fitting_batch(&all).map(|fits| {
            view! {
                <button type="button" on:click=act(move |_| form.change(|c| *c = c.with_batch(fits)))>
                    {text::use_batch(fits)}
                </button>
            }
        });
        Some(view! {
            <div class="notice warn">
                <p>{text::too_much(need, limit)}</p>
                {take}
            </div>
        })
    })
}

#[component]
fn Fraction() -> impl IntoView {
    let form: Form = expect_context();
    let options = move || {
        let now = form.config.with(|c| c.fraction);
        FRACTIONS
            .map(|percent| {
                let words = text::fraction(percent, form.labels(percent));
                view! { <option value=percent.to_string() selected=percent == now>{words}</option> }
            })
            .collect_view()
    };
    let change = move |event: leptos::ev::Event| {
        let chosen = event_target_value(&event).parse().unwrap_or(10);
        form.change(|c| c.fraction = chosen);
    };
    view! {
        <div class="field">
            <div class="field-head">
                <label for="tune-labels">{text::FRACTION}</label>
            </div>
            <select id="tune-labels" aria-describedby="tune-labels-help" on:change=act(change)>
                {live(options)}
            </select>
            <p class="field-help" id="tune-labels-help">{text::FRACTION_HELP}</p>
        </div>
    }
}

#[component]
fn Layers() -> impl IntoView {
    let form: Form = expect_context();
    // 0 stands for all.
    let options = move || {
        let (now, stages) = (form.config.with(|c| c.trained), form.stages());
        let choice = |last: u8| if last == 0 { TrainedLayers::All } else { TrainedLayers::Last(last) };
        (0..stages)
            .map(|last| {
                let words = text::layers(choice(last), stages);
                view! { <option value=last.to_string() selected=choice(last) == now>{words}</option> }
            })
            .collect_view()
    };
    let change = move |event: leptos::ev::Event| {
        let last = event_target_value(&event).parse().unwrap_or(0);
        form.change(|c| c.trained = if last == 0 { TrainedLayers::All } else { TrainedLayers::Last(last) });
    };
    view! {
        <div class="field">
            <div class="field-head">
                <label for="tune-layers">{text::LAYERS}</label>
            </div>
            <select id="tune-layers" aria-describedby="tune-layers-help" on:change=act(change)>
                {live(options)}
            </select>
            <p class="field-help" id="tune-layers-help">{text::LAYERS_HELP}</p>
        </div>
    }
}

#[component]
fn Number(
    key: &'static str,
    label: &'static str,
    help: &'static str,
    bounds: Bounds,
    get: fn(&FineTuneConfig) -> Value,
    set: fn(&mut FineTuneConfig, Value),
) -> impl IntoView {
    let form: Form = expect_context();
    let id = format!("tune-{key}");
    let help_id = format!("{id}-help");
    let value = memo(move || form.config.with(|c| get(c).to_string()));
    let bad = memo(move || form.invalid.with(|all| all.contains(&key)));
    let change = move |event: leptos::ev::Event| {
        let typed = bounds.parse(&event_target_value(&event));
        form.invalid.update(|all| {
            all.retain(|k| *k != key);
            if typed.is_none() {
                all.push(key);
            }
        });
        if let Some(value) = typed {
            form.change(|c| set(c, value));
        }
    };
    let recipe = move || {
        let recipe =
            FineTuneConfig::recipe(crate::core::run::fine_tune::TuningStart::Pretrained, TrainedLayers::All, 10, 0);
        let peak_rate = default_rate(form.config.with(|c| c.batch));
        get(&FineTuneConfig { peak_rate, ..recipe }).to_string()
    };
    view! {
        <div class="field">
            <div class="field-head">
                <label for=id.clone()>{label}</label>
            </div>
            <input
                type="number"
                id=id
                step=if key == "rate" { "any" } else { "1" }
                aria-describedby=help_id.clone()
                aria-invalid=move || bad.get().then_some("true")
                prop:value=value
                on:change=act(change)
            />
            <p class="field-help" id=help_id>
                {help} " "
                {live(move || {
                    let words = settings::bounds(&bounds, &recipe());
                    if bad.get() {
                        view! {
                            <strong class="field-fault" role="alert">
                                {words}
                            </strong>
                        }
                            .into_any()
                    } else {
                        words.into_any()
                    }
                })}
            </p>
        </div>
    }
}
