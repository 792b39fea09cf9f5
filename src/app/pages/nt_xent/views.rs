//! Step 1: two sample images, two views of each, by the augmentation that trains.

use super::similarities::counts;
use super::state::State;
use crate::app::parts::picture::Picture;
use crate::app::reactive::{act, derive, live};
use crate::app::text::nt_xent as text;
use crate::core::augment::{ViewParams, apply};
use crate::core::config::AugmentConfig;
use crate::core::dataset::Split;
use crate::core::lesson::VIEWS;
use crate::core::lesson::address::DRAWS;
use crate::core::report::Picture as Pixels;
use crate::core::rng::Rng;
use crate::core::sample;
use leptos::prelude::*;
use std::sync::LazyLock;

const SIZE: usize = 48;
/// The first image of two classes of the sample set, planar RGB.
static IMAGES: LazyLock<[Vec<f32>; 2]> = LazyLock::new(|| {
    [0, 4].map(|class| sample::image(7, class, 0, SIZE).iter().map(|&b| f32::from(b) / 255.0).collect())
});

fn pixels(planar: &[f32]) -> Pixels {
    let area = SIZE * SIZE;
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
    let rgba = (0..area).flat_map(|p| [byte(planar[p]), byte(planar[area + p]), byte(planar[2 * area + p]), 255]);
    Pixels { index: 0, size: SIZE as u32, rgba: rgba.collect(), name: String::new(), label: None, split: Split::Train }
}

/// What was drawn for a view, in words.
fn described(view: &ViewParams) -> String {
    let area = f64::from(view.crop.width * view.crop.height) / (SIZE * SIZE) as f64;
    let mut words = vec![text::crop(area)];
    if view.flip {
        words.push(text::FLIPPED.into());
    }
    if view.jitter.is_some() {
        words.push(text::JITTERED.into());
    }
    if view.gray {
        words.push(text::GRAY.into());
    }
    words.join(", ")
}

/// A view, and how it was made.
#[derive(Clone, PartialEq)]
pub struct View {
    params: ViewParams,
    pixels: Pixels,
}

/// Two of each image.
pub type Views = [[View; 2]; 2];

/// Both views of both images, as a draw has them.
pub fn drawn(draw: u32) -> Views {
    let config = AugmentConfig::preset(SIZE);
    [0, 1].map(|image| {
        [0, 1].map(|which| {
            let params = ViewParams::draw(&config, SIZE, &mut Rng::for_view(0, draw, image as u32, which));
            View { params, pixels: pixels(&apply(&IMAGES[image], SIZE, &params)) }
        })
    })
}

pub fn views(state: State) -> AnyView {
    let rows = IMAGES.iter().enumerate().map(|(image, planar)| {
        let original = pixels(planar);
        let view = |which: usize| {
            let drawn = derive(move || state.views.with(|all| all[image][which].pixels.clone()));
            let words = move || state.views.with(|all| described(&all[image][which].params));
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
