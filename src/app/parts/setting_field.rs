//! A form of settings: each with label, control, help, and what is wrong with its value.

use crate::app::reactive::{act, derive, live, memo};
use crate::app::text::fault::setting_fault;
use crate::app::text::settings::{self, Words};
use crate::core::config::setting::{Bounds, Setting, Value};
use crate::core::error::ConfigFault;
use leptos::ev::Event;
use leptos::prelude::*;

/// Typed values that were not accepted; the settings keep the last good ones.
#[derive(Clone, Copy, Default)]
pub struct RefusedValues(RwSignal<Vec<ConfigFault>>);

impl RefusedValues {
    pub fn any(self) -> bool {
        self.0.with(|all| !all.is_empty())
    }

    pub fn clear(self) {
        self.0.update(Vec::clear);
    }

    fn of(self, key: &str) -> Option<ConfigFault> {
        self.0.with(|all| all.iter().find(|fault| fault.field == key).cloned())
    }

    fn note(self, key: &str, fault: Option<ConfigFault>) {
        self.0.update(|all| {
            all.retain(|other| other.field != key);
            all.extend(fault);
        });
    }
}

/// What the fields of one form share.
#[derive(Clone, Copy)]
pub struct SettingsForm<C: Send + Sync + 'static> {
    /// Begins the id of every field.
    pub prefix: &'static str,
    pub config: Signal<C>,
    /// The configuration with every setting at its default.
    pub default: Signal<C>,
    /// Takes over a configuration in which a person has changed one setting.
    pub change: Callback<(C, &'static Setting<C>)>,
    pub refused: RefusedValues,
}

/// Keys of the values to choose from, with their words.
pub type Options = Signal<Vec<(String, String)>>;

impl<C: Copy + Send + Sync + 'static> SettingsForm<C> {
    fn set(self, setting: &'static Setting<C>, text: &str) {
        let mut config = self.config.get_untracked();
        let result = setting.set_text(&mut config, text);
        if result.is_ok() {
            self.change.run((config, setting));
        }
        self.refused.note(setting.key, result.err());
    }

    /// The field of one setting. `options` are given where the words of its values depend on more than the value.
    pub fn field(self, words: &'static Words<C>, options: Option<Options>) -> AnyView {
        let bounds = memo(move || self.config.with(|c| words.setting.bounds_in(c)));
        let choices = move || {
            let all = bounds.get().all_values().unwrap_or_default();
            all.into_iter().map(|key| (key.clone(), settings::choice(&key).to_owned())).collect()
        };
        let listed = matches!(words.setting.bounds, Bounds::OneOf(_) | Bounds::Choice(_));
        let accepted = match options {
            Some(_) => Signal::stored(String::new()),
            None => derive(move || {
                let default = self.default.with(|c| words.setting.get(c)).to_string();
                bounds.with(|bounds| settings::bounds(bounds, &default))
            }),
        };
        let options = options.or_else(|| listed.then(|| derive(choices)));
        let setting = words.setting;
        let typed = memo(move || self.refused.of(setting.key));
        let fault = memo(move || typed.get().or_else(|| self.config.with(|c| setting.fault_in(c))));
        let field = Field {
            id: format!("{}-{}", self.prefix, setting.key),
            label: words.label,
            help: words.help,
            unused: words.unused,
            bounds,
            kind: setting.bounds,
            options,
            accepted,
            value: memo(move || self.config.with(|c| setting.get(c).to_string())),
            fault,
            refused: memo(move || typed.with(Option::is_some)),
            // Never closed while it has a fault to mend.
            closed: memo(move || !self.config.with(|c| setting.is_used(c)) && fault.with(Option::is_none)),
            set: Callback::new(move |text: String| self.set(setting, &text)),
        };
        field.view()
    }
}

/// A field, whatever the configuration that its setting is of.
struct Field {
    id: String,
    label: &'static str,
    help: &'static str,
    unused: &'static str,
    bounds: Memo<Bounds>,
    /// The setting's own bounds, which choose the control.
    kind: Bounds,
    options: Option<Options>,
    /// Bounds and default in words.
    accepted: Signal<String>,
    value: Memo<String>,
    fault: Memo<Option<ConfigFault>>,
    /// Whether the box shows a value that was not accepted.
    refused: Memo<bool>,
    closed: Memo<bool>,
    set: Callback<String>,
}

impl Field {
    fn view(self) -> AnyView {
        let Self { id, label, help, unused, bounds, kind, options, accepted, value, fault, refused, closed, set } =
            self;
        let help_id = format!("{id}-help");
        let change = move |event: Event| set.run(event_target_value(&event));
        // A box whose refused value was dropped shows the setting again, even if the setting did not change.
        let node = NodeRef::<leptos::html::Input>::new();
        Effect::new(move || {
            if !refused.get()
                && let Some(input) = node.get()
            {
                input.set_value(&value.get_untracked());
            }
        });
        let bad = move || fault.with(Option::is_some).then_some("true");
        let slides = slides(&kind);
        let control = match (options, kind) {
            (Some(options), _) => view! {
                <select
                    id=id.clone()
                    aria-describedby=help_id.clone()
                    aria-invalid=bad
                    disabled=closed
                    on:change=act(change)
                >
                    {live(move || {
                        let now = value.get();
                        let options = options.get().into_iter();
                        options
                            .map(|(key, words)| {
                                view! { <option value=key.clone() selected=key == now>{words}</option> }
                            })
                            .collect_view()
                    })}
                </select>
            }
            .into_any(),
            (None, Bounds::Switch) => view! {
                <input
                    type="checkbox"
                    id=id.clone()
                    aria-describedby=help_id.clone()
                    disabled=closed
                    prop:checked=move || value.get() == Value::Switch(true).to_string()
                    on:change=act(move |e| set.run(Value::Switch(event_target_checked(&e)).to_string()))
                />
            }
            .into_any(),
            (None, _) => {
                let limit = move |which: fn(&Bounds) -> String| move || bounds.with(which);
                view! {
                    <input
                        type=if slides { "range" } else { "number" }
                        node_ref=node
                        id=id.clone()
                        aria-describedby=help_id.clone()
                        aria-invalid=bad
                        disabled=closed
                        min=limit(|b| ends(b).0)
                        max=limit(|b| ends(b).1)
                        step=limit(step)
                        prop:value=value
                        on:input=act(move |e| {
                            if slides {
                                change(e);
                            }
                        })
                        on:change=act(change)
                    />
                }
                .into_any()
            }
        };
        let class = if kind == Bounds::Switch { "field switch" } else { "field" };
        view! {
            <div class=class class:unused=closed>
                <div class="field-head">
                    <label for=id>{label}</label>
                    {slides.then(|| view! { <output class="field-value">{value}</output> })}
                </div>
                {control}
                <p class="field-help" id=help_id>
                    {live(move || closed.get().then(|| view! { <strong>{unused} " "</strong> }))} {help} " "
                    {live(move || accepted.get())}
                    {live(move || {
                        fault
                            .get()
                            .map(|fault| {
                                view! {
                                    <strong class="field-fault" role="alert">
                                        " "
                                        {setting_fault(label, &fault)}
                                    </strong>
                                }
                            })
                    })}
                </p>
            </div>
        }
        .into_any()
    }
}

/// Whether a slider can move over the range in steps that a person can hit.
fn slides(bounds: &Bounds) -> bool {
    matches!(bounds, Bounds::Real { max, step, .. } if max / step <= 500.0 && *step >= 0.01)
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
