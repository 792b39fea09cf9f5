//! "Fit into … minutes": shorter settings, what they give up, and a button that takes them.

use crate::app::parts::{estimate::expected, widgets::Button};
use crate::app::reactive::{act, live, memo};
use crate::app::state::Store;
use crate::app::text::{pretrain as text, runs, settings};
use crate::core::config::{RunConfig, pretrain_settings::differing};
use crate::core::run_time::fit_into;
use leptos::prelude::*;

#[component]
pub fn Fit() -> impl IntoView {
    let store = Store::get();
    let minutes = RwSignal::new(10.0_f64);
    // The shorter settings, if any fit, with their milliseconds.
    let fitted = memo(move || {
        let train = store.dataset.with(|d| d.as_ref().map(|d| d.training_images()))?;
        let config = store.config.get();
        expected(store, &config)?;
        let epoch = |config: &RunConfig| {
            expected(store, config).map_or(f64::INFINITY, |(estimate, _)| estimate.epoch_milliseconds(config, train))
        };
        let fitted = fit_into(&config, minutes.get() * 60_000.0, epoch);
        Some(fitted.map(|fitted| (fitted, f64::from(fitted.epochs) * epoch(&fitted))))
    });
    let set = move |event| {
        if let Some(typed) = event_target_value(&event).parse().ok().filter(|typed: &f64| *typed > 0.0) {
            minutes.set(typed);
        }
    };
    let proposal = move || {
        let Some((fitted, milliseconds)) = fitted.get()? else {
            return Some(view! { <p>{text::FITS_NOT}</p> }.into_any());
        };
        let now = store.config.get();
        if fitted == now {
            return Some(view! { <p>{text::fits(milliseconds)}</p> }.into_any());
        }
        let change = |setting| {
            let [before, after] = [&now, &fitted].map(|config: &RunConfig| runs::value(setting, config));
            view! { <li>{text::becomes(settings::label(setting), &before, &after)}</li> }
        };
        let changes = differing([&now, &fitted].into_iter()).into_iter().map(change).collect_view();
        let take = act(move |_| store.take_settings(fitted));
        Some(
            view! {
                <p>{text::would_fit(milliseconds)}</p>
                <ul>{changes}</ul>
                <p class="muted small">{text::gives_up(fitted.encoder != now.encoder)}</p>
                <div class="actions"><Button label=text::FIT_TAKE press=take /></div>
            }
            .into_any(),
        )
    };
    view! {
        <div class="card" role="group" aria-label=text::FIT_TITLE>
            <label class="fit">
                {text::FIT}
                <input type="number" min="1" step="any" prop:value=move || minutes.get().to_string() on:input=act(set) />
                {text::MINUTES}
            </label>
            <div role="status">{live(proposal)}</div>
        </div>
    }
}
