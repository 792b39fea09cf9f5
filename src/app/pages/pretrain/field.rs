//! One setting: label, control, help, and what is wrong with its value.

use crate::app::reactive::{act, live, memo};
use crate::app::state::Store;
use crate::app::text::{fault::one_field, settings};
use crate::core::config::bounds::{Bounds, Field, Value};
use crate::core::error::ConfigFault;
use leptos::ev::Event;
use leptos::prelude::*;

/// Values that were typed but not accepted; the settings keep the last good one.
#[derive(Clone, Copy)]
pub struct Invalid(RwSignal<Vec<ConfigFault>>);

impl Invalid {
    pub fn new() -> Self {
        Self(RwSignal::default())
    }

    pub fn any(self) -> bool {
        self.0.with(|all| !all.is_empty())
    }

    fn of(self, field: Field) -> Option<ConfigFault> {
        self.0.with(|all| all.iter().find(|f| f.field == field.key()).cloned())
    }

    fn note(self, field: Field, fault: Option<ConfigFault>) {
        self.0.update(|all| {
            all.retain(|f| f.field != field.key());
            all.extend(fault);
        });
    }

    pub fn clear(self) {
        self.0.update(Vec::clear);
    }
}

/// Puts `text` into the settings; what depends on the setting follows it.
fn set(store: Store, invalid: Invalid, field: Field, text: &str) {
    let old = store.config.get_untracked();
    let mut config = old;
    let result = field.set_text(&mut config, text);
    if result.is_ok() {
        config.follow_rate(&old);
        config.settle(field);
        store.touched.set(true);
        store.config.set(config);
    }
    invalid.note(field, result.err());
}

/// Ticks of a slider, or none for a range that one cannot slide over.
fn slides(bounds: &Bounds) -> bool {
    matches!(bounds, Bounds::Real { max, step, .. } if max / step <= 500.0 && *step >= 0.01)
}

#[component]
pub fn FieldInput(field: Field) -> impl IntoView {
    let store = Store::get();
    let invalid: Invalid = expect_context();
    let words = settings::of(field);
    let id = format!("set-{}", field.key());
    let help_id = format!("{id}-help");
    let value = memo(move || store.config.with(|c| field.get(c).to_string()));
    let bounds = memo(move || store.config.with(|c| field.bounds_in(c)));
    let change = move |event: Event| set(store, invalid, field, &event_target_value(&event));
    let fault = memo(move || {
        invalid.of(field).or_else(|| {
            let faults = store.config.with(|c| c.check().err())?;
            faults.into_iter().find(|f| f.field == field.key())
        })
    });
    // A box whose refused value was dropped shows the setting again, also where
    // that did not change.
    let node = NodeRef::<leptos::html::Input>::new();
    let refused = memo(move || invalid.of(field).is_some());
    Effect::new(move || {
        if !refused.get()
            && let Some(input) = node.get()
        {
            input.set_value(&value.get_untracked());
        }
    });
    let default = memo(move || {
        let preset = store.preset.get();
        let suited = store.dataset.with(|d| d.as_ref().map(|d| d.preset(preset)));
        field.get(&suited.unwrap_or_default()).to_string()
    });
    // Never shut while it has a fault to mend.
    let shut = memo(move || !store.config.with(|c| field.is_used(c)) && fault.with(Option::is_none));
    let idle = move || shut.get();
    let bad = move || fault.with(Option::is_some).then_some("true");
    let control = match field.bounds() {
        Bounds::Switch => view! {
            <input
                type="checkbox"
                id=id.clone()
                aria-describedby=help_id.clone()
                disabled=idle
                prop:checked=move || value.get() == Value::Switch(true).to_string()
                on:change=act(move |e| {
                    set(store, invalid, field, &Value::Switch(event_target_checked(&e)).to_string());
                })
            />
        }
        .into_any(),
        Bounds::OneOf(_) | Bounds::Choice(_) => view! {
            <select id=id.clone() aria-describedby=help_id.clone() aria-invalid=bad disabled=idle on:change=act(change)>
                {live(move || {
                    let now = value.get();
                    choices(&bounds.get())
                        .into_iter()
                        .map(|key| {
                            let label = settings::choice(&key).to_owned();
                            view! {
                                <option value=key.clone() selected=key == now>
                                    {label}
                                </option>
                            }
                        })
                        .collect_view()
                })}
            </select>
        }
        .into_any(),
        ref b @ (Bounds::Real { .. } | Bounds::Whole { .. }) => {
            let kind = if slides(b) { "range" } else { "number" };
            let limit = move |which: fn(&Bounds) -> String| move || bounds.with(which);
            view! {
                <input
                    type=kind
                    node_ref=node
                    id=id.clone()
                    aria-describedby=help_id.clone()
                    aria-invalid=bad
                    disabled=idle
                    min=limit(|b| ends(b).0)
                    max=limit(|b| ends(b).1)
                    step=limit(step)
                    prop:value=value
                    on:input=act(move |e| {
                        if kind == "range" {
                            change(e);
                        }
                    })
                    on:change=act(change)
                />
            }
            .into_any()
        }
    };
    let slid = slides(&field.bounds());
    let class = if field.bounds() == Bounds::Switch { "field switch" } else { "field" };
    view! {
        <div class=class class:unused=idle>
            <div class="field-head">
                <label for=id>{words.label}</label>
                {slid.then(|| view! { <output class="field-value">{value}</output> })}
            </div>
            {control}
            <p class="field-help" id=help_id>
                {live(move || idle().then(|| view! { <strong>{settings::unused(field)} " "</strong> }))} {words.help} " "
                {live(move || bounds.with(|b| settings::bounds(b, &default.get())))}
                {live(move || {
                    fault
                        .get()
                        .map(|f| {
                            view! {
                                <strong class="field-fault" role="alert">
                                    " "
                                    {one_field(&f)}
                                </strong>
                            }
                        })
                })}
            </p>
        </div>
    }
}

fn choices(bounds: &Bounds) -> Vec<String> {
    match bounds {
        Bounds::OneOf(all) => all.iter().map(u64::to_string).collect(),
        Bounds::Choice(all) => all.iter().map(|k| (*k).to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn ends(bounds: &Bounds) -> (String, String) {
    match bounds {
        Bounds::Whole { min, max } => (min.to_string(), max.to_string()),
        Bounds::Real { min, max, .. } => (min.to_string(), max.to_string()),
        _ => Default::default(),
    }
}

/// A slider moves in steps; a typed number may be any.
fn step(bounds: &Bounds) -> String {
    match bounds {
        Bounds::Whole { .. } => "1".into(),
        Bounds::Real { step, .. } if slides(bounds) => step.to_string(),
        _ => "any".into(),
    }
}
