//! Preset and all settings, in groups; what few people change is folded away.

use super::field::{FieldInput, Invalid};
use super::preview::Preview;
use super::weights::Weights;
use crate::app::client::Client;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::state::Store;
use crate::app::text::{pretrain as text, settings};
use crate::core::config::RunConfig;
use crate::core::config::bounds::Field;
use crate::core::config::preset::{DEFAULT_BATCH, Preset};
use crate::protocol::Request;
use leptos::prelude::*;

const MAIN: [Field; 4] = [Field::Epochs, Field::Batch, Field::Temperature, Field::ImageSize];
const ENCODER: [Field; 7] =
    [Field::Encoder, Field::Start, Field::Trained, Field::Width, Field::Stem, Field::HeadLayers, Field::HeadOutput];
const AUGMENT: [Field; 9] = [
    Field::Crop,
    Field::CropMinArea,
    Field::FlipProbability,
    Field::JitterProbability,
    Field::JitterStrength,
    Field::GrayProbability,
    Field::BlurProbability,
    Field::BlurSigmaMin,
    Field::BlurSigmaMax,
];
const OPTIMISER: [Field; 8] = [
    Field::Optimizer,
    Field::PeakRate,
    Field::Warmup,
    Field::WeightDecay,
    Field::Momentum,
    Field::TrustCoefficient,
    Field::Chunk,
    Field::Seed,
];

fn inputs(fields: &'static [Field]) -> impl IntoView {
    view! {
        <div class="fields">
            {fields.iter().map(|&field| view! { <FieldInput field=field /> }).collect_view()}
        </div>
    }
}

#[component]
pub fn Settings() -> impl IntoView {
    let store = Store::get();
    let locked = memo(move || store.run_open());
    view! {
        <section class="stack settings" aria-labelledby="settings-title">
            <h2 id="settings-title">{text::SETTINGS}</h2>
            <Show when=move || locked.get()>
                <p class="muted">{text::LOCKED}</p>
            </Show>
            <fieldset class="stack" disabled=locked>
                <legend class="visually-hidden">{text::SETTINGS}</legend>
                <Presets />
                <div class="card">
                    <h3>{text::GROUP_MAIN}</h3>
                    {inputs(&MAIN)}
                    <WrongSize />
                </div>
                <Preview />
                <details class="card">
                    <summary>{text::GROUP_AUGMENT}</summary>
                    {inputs(&AUGMENT)}
                </details>
                <details class="card">
                    <summary>{text::GROUP_ENCODER}</summary>
                    {inputs(&ENCODER)}
                    <Weights />
                </details>
                <details class="card">
                    <summary>{text::GROUP_OPTIMISER}</summary>
                    {inputs(&OPTIMISER)}
                </details>
            </fieldset>
            <p class="muted small">{text::LINK}</p>
        </section>
    }
}

#[component]
fn Presets() -> impl IntoView {
    let store = Store::get();
    let invalid: Invalid = expect_context();
    let suited = move |preset: Preset| {
        let size = store.config.with(|c| c.image_size);
        store
            .dataset
            .with(|d| d.as_ref().map(|report| report.preset(preset)))
            .unwrap_or_else(|| RunConfig::named(preset, size, 2 * DEFAULT_BATCH))
    };
    let choose = move |preset: Preset| {
        let config = untrack(|| suited(preset));
        invalid.clear();
        store.preset.set(preset);
        store.touched.set(false);
        store.config.set(config);
    };
    // None as soon as anything was changed, so that its preset can be chosen again.
    let chosen = memo(move || match store.touched.get() || invalid.any() {
        true => store.config.with(|c| Preset::of(c, suited)).filter(|_| !invalid.any()),
        false => Some(store.preset.get()),
    });
    view! {
        <fieldset class="presets">
            <legend>
                <h3>{text::PRESET}</h3>
            </legend>
            <div>
                {Preset::ALL
                    .map(|preset| {
                        let words = settings::preset(preset);
                        view! {
                            <label class="preset">
                                <input
                                    type="radio"
                                    name="preset"
                                    prop:checked=move || chosen.get() == Some(preset)
                                    on:change=act(move |_| choose(preset))
                                />
                                <span class="preset-name">{words.label}</span>
                                <span class="preset-help">{words.help}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
            <p class="muted small presets-note">
                {live(move || chosen.get().is_none().then(|| text::changed(settings::preset(store.preset.get()).label)))}
            </p>
        </fieldset>
    }
}

/// Offers to read the images again where they have another size than wanted.
#[component]
fn WrongSize() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let differ = memo(move || {
        let have = store.dataset.with(|d| d.as_ref().map(|d| d.size))?;
        let want = store.config.with(|c| c.image_size);
        (have != want).then_some((have, want))
    });
    let busy = memo(move || store.import.with(Option::is_some));
    move || {
        differ.get().map(|(have, want)| {
            let resize =
                move |_| client.send(Request::Resize { size: want as u32, seed: store.split_seed.get_untracked() });
            view! {
                <div class="notice warn">
                    <p>{text::resize(have, want)}</p>
                    <button type="button" disabled=busy on:click=act(resize)>
                        {text::resize_to(want)}
                    </button>
                </div>
            }
        })
    }
}
