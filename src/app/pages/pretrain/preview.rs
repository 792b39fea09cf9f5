//! Two views of any images of the set, redrawn as settings change.

use crate::app::parts::widgets::{Button, Picture};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::pretrain as text;
use crate::app::{client::Client, state::Store};
use crate::core::dataset::folders::parts;
use crate::core::report::{DatasetReport, Picture as Pixels};
use crate::protocol::{Event, Request};
use leptos::prelude::*;
use std::time::Duration;

/// Number of images shown.
const IMAGES: usize = 6;
/// Time without a change after which views are requested.
const SETTLE: Duration = Duration::from_millis(120);

/// One image of each of the first classes, then more images of these classes.
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
    // The first image that the user has chosen to see, with those after it.
    let chosen = RwSignal::new(None::<usize>);
    let images = memo(move || store.dataset.with(|d| d.as_ref().map_or(0, |d| d.images)));
    let wanted = memo(move || {
        let (first, images) = (chosen.get(), images.get());
        let indices = store.dataset.with(|d| {
            d.as_ref().map(|report| match first.filter(|first| *first < images) {
                Some(first) => (first as u32..images.min(first + IMAGES) as u32).collect(),
                None => examples(report),
            })
        })?;
        let (augment, seed) = store.config.with(|c| (c.augment, c.seed));
        Some((indices, augment, seed, epoch.get()))
    });
    let ask = move || {
        let Some(Some(asked)) = wanted.try_get_untracked() else { return };
        let (indices, augment, seed, epoch) = asked.clone();
        client.ask_or_notify(Request::Preview { indices, augment, seed, epoch }, move |answer| {
            // Views of an older request are dropped.
            if let Some(Event::Views(drawn)) = answer
                && wanted.try_get_untracked().flatten().as_ref() == Some(&asked)
            {
                views.try_set(drawn);
            }
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
            <section class="card" aria-labelledby="preview-title">
                <div class="card-head">
                    <div>
                        <h3 id="preview-title">{text::PREVIEW}</h3>
                        <p class="muted small">{text::PREVIEW_HELP}</p>
                    </div>
                    <Button label=text::REDRAW press=act(move |_| epoch.update(|e| *e = *e % 1000 + 1)) />
                </div>
                <div class="views">
                    {[text::ORIGINAL, text::VIEWS[0], text::VIEWS[1]]
                        .map(|row| view! { <span aria-hidden="true">{row}</span> })
                        .collect_view()} <span></span>
                    <For
                        each=move || 0..views.with(Vec::len)
                        key=|i| *i
                        children=move |i| view! { <Views views=views index=i /> }
                    />
                </div>
                <Choice chosen=chosen images=images />
            </section>
        </Show>
    }
}

/// Chooses the images that are shown: by number, or the next or previous ones.
#[component]
fn Choice(chosen: RwSignal<Option<usize>>, images: Memo<usize>) -> impl IntoView {
    let go = move |first: usize| chosen.set(Some(first.min(images.get_untracked().saturating_sub(1))));
    let change = move |event: leptos::ev::Event| {
        // Text that is no number changes nothing.
        if let Ok(number) = event_target_value(&event).trim().parse::<usize>() {
            go(number.saturating_sub(1));
        }
    };
    view! {
        <div class="views-choice">
            <label>
                {text::IMAGE_NUMBER}
                <input
                    type="number"
                    min="1"
                    max=move || images.get().to_string()
                    prop:value=move || chosen.get().map(|first| (first + 1).to_string()).unwrap_or_default()
                    on:change=act(change)
                />
                <span class="muted">{live(move || text::of_images(images.get()))}</span>
            </label>
            <Button
                label=text::IMAGES_BEFORE
                disabled=derive(move || chosen.with(|c| c.is_none_or(|first| first == 0)))
                press=act(move |_| go(chosen.get_untracked().unwrap_or(0).saturating_sub(IMAGES)))
            />
            <Button
                label=text::IMAGES_AFTER
                disabled=derive(move || chosen.with(|c| c.is_some_and(|first| first + IMAGES >= images.get())))
                press=act(move |_| go(chosen.get_untracked().map_or(0, |first| first + IMAGES)))
            />
        </div>
    }
}

/// An image above its two views and its name.
#[component]
fn Views(views: RwSignal<Vec<[Pixels; 3]>>, index: usize) -> impl IntoView {
    let pictures = (0..3)
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
            let alt = derive(move || pixels.with(|p| text::view_alt(which, &p.name)));
            view! { <Picture pixels=pixels alt=alt /> }
        })
        .collect_view();
    let name = memo(move || views.with(|v| v.get(index).map(|v| v[0].name.clone()).unwrap_or_default()));
    // Folder and file name; the whole path shows on hovering.
    let end = move || {
        name.with(|n| {
            let parts = parts(n);
            parts[parts.len().saturating_sub(2)..].join("/")
        })
    };
    view! {
        {pictures}
        <span class="views-name" title=name>{end}</span>
    }
}
