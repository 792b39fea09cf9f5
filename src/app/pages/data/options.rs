//! How images are read: side in pixels and seed of the split.

use super::import::Importer;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::state::Store;
use crate::app::text::data as text;
use crate::core::config::IMAGE_SIZES;
use leptos::prelude::*;

/// Size and seed. They hold for the next import; for what is loaded a button
/// reads the files again, so that trying values in the list costs nothing.
#[component]
pub fn Options() -> impl IntoView {
    let store = Store::get();
    let importer = expect_context::<Importer>();
    let differs = memo(move || {
        let size = store.dataset.with(|d| d.as_ref().map(|d| d.size));
        size.is_some_and(|size| size != importer.size.get() || importer.seed() != Some(store.split_seed.get()))
    });
    let sizes = IMAGE_SIZES
        .map(|size| {
            view! {
                <option value=size.to_string() selected=move || importer.size.get() == size>
                    {text::pixels(size)}
                </option>
            }
        })
        .collect_view();
    let bad = memo(move || importer.seed().is_none());
    view! {
        <div class="data-options" role="group" aria-label=text::OPTIONS>
            <div class="field">
                <label for="size">{text::SIZE}</label>
                <select
                    id="size"
                    aria-describedby="size-help"
                    on:change=act(move |event| {
                        if let Ok(size) = event_target_value(&event).parse() {
                            importer.size.set(size);
                        }
                    })
                >
                    {sizes}
                </select>
                <p class="muted small" id="size-help">{text::SIZE_HELP}</p>
            </div>
            <div class="field">
                <label for="split-seed">{text::SEED}</label>
                <input
                    id="split-seed"
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    aria-describedby="seed-help"
                    aria-invalid=move || bad.get().to_string()
                    prop:value=move || importer.seed_text.get()
                    on:input=act(move |event| importer.seed_text.set(event_target_value(&event)))
                />
                <p class="muted small" id="seed-help">
                    {live(move || if bad.get() { text::SEED_BAD } else { text::SEED_HELP })}
                </p>
            </div>
        </div>
        <Show when=move || differs.get() && importer.seed().is_some()>
            <p class="data-again">
                <button
                    type="button"
                    disabled=move || !importer.allowed()
                    on:click=act(move |_| importer.again())
                >
                    {live(move || text::read_again(importer.size.get(), importer.seed().unwrap_or_default()))}
                </button>
                <span class="muted small">{text::READ_AGAIN_HELP}</span>
            </p>
        </Show>
    }
}
