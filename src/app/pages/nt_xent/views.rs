//! Step 1: two sample images, two views of each, by the augmentation that trains.

use super::similarities::counts;
use super::state::State;
use crate::app::parts::widgets::Picture;
use crate::app::reactive::{act, derive, live};
use crate::app::text::nt_xent as text;
use crate::core::lesson::address::DRAWS;
use crate::core::lesson::views::{SampleView, VIEWS, originals};
use leptos::prelude::*;

/// The augmentations of a view, in words.
fn described(view: &SampleView) -> String {
    let mut words = vec![text::crop(view.crop_area())];
    if view.params.flip {
        words.push(text::FLIPPED.into());
    }
    if view.params.jitter.is_some() {
        words.push(text::JITTERED.into());
    }
    if view.params.gray {
        words.push(text::GRAY.into());
    }
    words.join(", ")
}

pub fn views(state: State) -> AnyView {
    let rows = originals().into_iter().enumerate().map(|(image, original)| {
        let view = |which: usize| {
            let drawn = derive(move || state.views.with(|all| all[image][which].picture.clone()));
            let words = move || state.views.with(|all| described(&all[image][which]));
            let name = VIEWS[image + 2 * which];
            let alt = derive(move || text::view_alt(name, &words()));
            view! {
                <figure>
                    <Picture pixels=drawn alt=alt />
                    <figcaption>
                        <strong>{name}</strong>
                        " "
                        {live(words)}
                    </figcaption>
                </figure>
            }
            .into_any()
        };
        view! {
            <div class="lesson-views">
                <figure>
                    <Picture pixels=derive(move || original.clone()) alt=derive(move || text::image_alt(image)) />
                    <figcaption>{format!("{} {}", text::ORIGINAL, image + 1)}</figcaption>
                </figure>
                {view(0)}
                {view(1)}
            </div>
        }
    });
    view! {
        {rows.collect_view()}
        <p>{text::PAIRS}</p>
        {counts()}
        <div class="actions">
            <button on:click=act(move |_| state.draw.update(|d| *d = *d % DRAWS + 1))>{text::REDRAW}</button>
        </div>
    }
    .into_any()
}
