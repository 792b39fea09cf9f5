//! Two views of some images, redrawn as settings change.

use crate::app::client::Client;
use crate::app::parts::picture::Picture;
use crate::app::state::Store;
use crate::app::text::pretrain as text;
use crate::core::report::{DatasetReport, Picture as Pixels};
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use std::time::Duration;

/// Images shown.
const IMAGES: usize = 6;
/// Quiet time after a change before views are asked for.
const SETTLE: Duration = Duration::from_millis(120);

/// One image of each of the first classes, then more of them.
fn examples(report: &DatasetReport) -> Vec<u32> {
    let most = report.classes.iter().map(|c| c.thumbnails.len()).max().unwrap_or(0);
    let by_round = (0..most).flat_map(|i| report.classes.iter().filter_map(move |c| c.thumbnails.get(i)));
    let mut all: Vec<u32> = by_round.copied().take(IMAGES).collect();
    if all.is_empty() {
        all = (0..report.images.min(IMAGES) as u32).collect();
    }
    all
}

#[component]
pub fn Preview() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let views = RwSignal::new(Vec::<[Pixels; 3]>::new());
    // Another epoch draws other parameters, exactly as training would.
    let epoch = RwSignal::new(1_u32);
    let wanted = Memo::new(move |_| {
        let indices = store.dataset.with(|d| d.as_ref().map(examples))?;
        let (augment, seed) = store.config.with(|c| (c.augment, c.seed));
        Some((indices, augment, seed, epoch.get()))
    });
    let ask = move || {
        let Some(Some((indices, augment, seed, epoch))) = wanted.try_get_untracked() else { return };
        client.ask(Request::Preview { indices, augment, seed, epoch }, move |answer| match answer {
            Ok(Event::Views(drawn)) => drop(views.try_set(drawn)),
            Ok(_) => {}
            Err(fault) => store.notify(fault),
        });
    };
    let timer = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move || {
        if wanted.with(Option::is_none) {
            views.set(Vec::new());
            return;
        }
        if let Some(old) = timer.get_value() {
            old.clear();
        }
        timer.set_value(set_timeout_with_handle(ask, SETTLE).ok());
    });
    view! {
        <Show when=move || views.with(|v| !v.is_empty())>
            <section class="card preview" aria-labelledby="preview-title">
                <div class="card-head">
                    <div>
                        <h3 id="preview-title">{text::PREVIEW}</h3>
                        <p class="muted small">{text::PREVIEW_HELP}</p>
                    </div>
                    <button type="button" on:click=move |_| epoch.update(|e| *e = *e % 1000 + 1)>
                        {text::REDRAW}
                    </button>
                </div>
                <div class="views">
                    {[text::ORIGINAL, text::VIEWS[0], text::VIEWS[1]]
                        .map(|row| view! { <span aria-hidden="true">{row}</span> })
                        .collect_view()}
                    <For
                        each=move || 0..views.with(Vec::len)
                        key=|i| *i
                        children=move |i| view! { <Views views=views index=i /> }
                    />
                </div>
            </section>
        </Show>
    }
}

/// An image above its two views.
#[component]
fn Views(views: RwSignal<Vec<[Pixels; 3]>>, index: usize) -> impl IntoView {
    (0..3)
        .map(|which| {
            let pixels = Memo::new(move |old: Option<&Pixels>| {
                views.with(|v| v.get(index).map(|v| v[which].clone())).or_else(|| old.cloned()).unwrap_or(Pixels {
                    index: 0,
                    size: 1,
                    rgba: vec![0; 4],
                    name: String::new(),
                    label: None,
                    split: crate::core::dataset::Split::Train,
                })
            });
            let alt = Signal::derive(move || pixels.with(|p| text::view_alt(which, &p.name)));
            view! { <Picture pixels=pixels alt=alt /> }
        })
        .collect_view()
}
