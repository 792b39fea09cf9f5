//! The choice of a preset, what each sets for the images at hand, and why.

use crate::app::parts::estimate::expected;
use crate::app::parts::setting_field::RefusedValues;
use crate::app::parts::widgets::{Table, choice, heads};
use crate::app::reactive::{live, memo};
use crate::app::state::Store;
use crate::app::text::{pretrain as text, runs, settings, units::count, units::duration};
use crate::core::config::preset::{ImageFacts, ImageKind, Preset};
use crate::core::config::{RunConfig, pretrain_settings::IMAGE_SIZE, pretrain_settings::differing};
use leptos::prelude::*;

#[component]
pub fn Presets() -> impl IntoView {
    let store = Store::get();
    let refused: RefusedValues = expect_context();
    let choose = move |preset: Option<Preset>| {
        let Some(preset) = preset else { return };
        refused.clear();
        store.take_preset(preset, untrack(|| preset.config(&store.facts())));
    };
    // `None` as soon as a setting was changed, so that the preset can be chosen again.
    let chosen = memo(move || match store.touched.get() || refused.any() {
        true => store.config.with(|c| Preset::of(c, &store.facts())).filter(|_| !refused.any()),
        false => Some(store.preset.get()),
    });
    let options = Preset::ALL.map(|preset| {
        let [name, help] = settings::preset(preset);
        (Some(preset), name, help)
    });
    view! {
        {choice(text::PRESET, "preset", options, move || chosen.get(), choose)}
        <p class="muted small presets-note">
            {live(move || chosen.get().is_none().then(|| text::changed(settings::preset(store.preset.get())[0])))}
        </p>
    }
}

/// What the presets set, folded away; to be read also while settings cannot change.
#[component]
pub fn Recipes() -> impl IntoView {
    let store = Store::get();
    view! {
        <details class="card">
            <summary>{settings::PRESETS}</summary>
            {live(move || recipes(store))}
        </details>
    }
}

/// What the presets set for the images at hand, and why.
fn recipes(store: Store) -> impl IntoView {
    let images = store.facts();
    let all = Preset::ALL.map(|preset| preset.config(&images));
    // Whatever a preset sets differently for any images.
    let others = [ImageFacts { kind: ImageKind::SampleSet, ..ImageFacts::new(32, 8) }, ImageFacts::new(96, 8)];
    let others = others.map(|images| Preset::Balanced.config(&images));
    let rows = differing(all.iter().chain(&others)).into_iter().filter(|setting| *setting != IMAGE_SIZE);
    let row = |name: &'static str, cell: &dyn Fn(&RunConfig) -> String| {
        let cells = all.iter().map(|config| view! { <td>{cell(config)}</td> }).collect_view();
        view! { <tr><th scope="row">{name}</th>{cells}</tr> }.into_any()
    };
    let takes = |config: &RunConfig| {
        let (estimate, _) = expected(store, config)?;
        let epoch = estimate.epoch_milliseconds(config, images.training_images);
        Some(duration(f64::from(config.epochs) * epoch / 1000.0))
    };
    let mut body: Vec<AnyView> = vec![
        row(text::TOTAL_TIME, &|config| takes(config).unwrap_or_else(|| text::UNTIMED.to_owned())),
        row(text::STEPS, &|config| count(config.total_steps(images.training_images) as usize)),
    ];
    body.extend(rows.map(|setting| row(settings::label(setting), &|config| runs::value(setting, config))));
    let head = heads("", std::iter::once(text::SETTING).chain(Preset::ALL.map(|preset| settings::preset(preset)[0])));
    view! {
        <p>{settings::images(&images, store.dataset.with(Option::is_some))}</p>
        <Table class="scores" label=text::PRESET head=head>{body}</Table>
        <ul>{settings::WHY.map(|(name, why)| view! { <li><strong>{name}</strong> " " {why}</li> }).collect_view()}</ul>
    }
}
