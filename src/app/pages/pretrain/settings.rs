//! Preset and all settings, in groups; what few people change is folded away.

use super::{
    fit::Fit,
    presets::{Presets, Recipes},
    preview::Preview,
    weights::Weights,
};
use crate::app::parts::setting_field::{RefusedValues, SettingsForm};
use crate::app::parts::{notice::Warning, widgets::Button};
use crate::app::reactive::{Show, act, memo};
use crate::app::text::pretrain as text;
use crate::app::text::settings::{self, Words};
use crate::app::{client::Client, state::Store};
use crate::core::{config::RunConfig, config::pretrain_settings::RunSetting};
use crate::protocol::{ImageSource, Request};
use leptos::prelude::*;

/// Ids of the settings of encoder and weights, and of the start among them.
pub const ENCODER_SETTINGS: &str = "encoder-settings";
pub const START_SETTING: &str = "set-start";

/// The form that the fields of the settings share.
fn form(store: Store, refused: RefusedValues) -> SettingsForm<RunConfig> {
    let change = move |(mut config, setting): (RunConfig, RunSetting)| {
        config.follow_rules(&store.config.get_untracked());
        config.settle(setting);
        store.take_settings(config);
    };
    let suited = move || store.preset.get().config(&store.facts());
    SettingsForm {
        prefix: "set",
        config: store.config.into(),
        default: memo(suited).into(),
        change: Callback::new(change),
        refused,
    }
}

#[component]
pub fn Settings() -> impl IntoView {
    let store = Store::get();
    let locked = memo(move || store.run_open());
    let form = form(store, expect_context());
    let inputs = move |rows: &'static [Words<RunConfig>]| {
        view! { <div class="fields">{rows.iter().map(|words| form.field(words, None)).collect_view()}</div> }
    };
    view! {
        <section class="stack settings" aria-labelledby="settings-title">
            <h2 id="settings-title">{text::SETTINGS}</h2>
            <Show when=move || locked.get()><p class="muted">{text::LOCKED}</p></Show>
            <fieldset class="stack" disabled=locked>
                <Presets />
            </fieldset>
            <Recipes />
            <fieldset class="stack" disabled=locked>
                <legend class="visually-hidden">{text::SETTINGS}</legend>
                <Fit />
                <div class="card">
                    <h3>{text::GROUP_MAIN}</h3>
                    {inputs(&settings::MAIN)}
                    <WrongSize />
                </div>
                <Preview />
                <details class="card">
                    <summary>{text::GROUP_AUGMENT}</summary>
                    {inputs(&settings::AUGMENTATION)}
                </details>
                <details class="card" id=ENCODER_SETTINGS>
                    <summary>{text::GROUP_ENCODER}</summary>
                    {inputs(&settings::ENCODER)}
                    <Weights />
                </details>
                <details class="card">
                    <summary>{text::GROUP_OPTIMISER}</summary>
                    {inputs(&settings::OPTIMISER)}
                </details>
            </fieldset>
            <p class="muted small">{text::LINK}</p>
        </section>
    }
}

/// Offers to read the images again if they have another size than the settings want.
#[component]
fn WrongSize() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let differ = memo(move || {
        let have = store.dataset.with(|d| d.as_ref().map(|d| d.size))?;
        let want = store.config.with(|c| c.image_size);
        (have != want).then_some((have, want))
    });
    let busy = memo(move || store.import.with(Option::is_some));
    move || {
        differ.get().map(|(have, want)| {
            let resize = move |_| {
                let (size, seed) = (want as u32, store.split_seed.get_untracked());
                client.send(Request::Load { source: ImageSource::Again, size, seed });
            };
            let button = view! { <Button label=text::resize_to(want) disabled=busy press=act(resize) /> };
            view! { <Warning words=text::resize(have, want)>{button}</Warning> }
        })
    }
}
