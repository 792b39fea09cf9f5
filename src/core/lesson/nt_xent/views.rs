//! The worked example's four views, and the sample images that its first step draws them from.

use crate::core::{
    augment::ViewParams, augment::ops::apply, config::AugmentConfig, dataset::Split, report::Picture, rng::Rng, sample,
};
use std::sync::LazyLock;

/// Names of the views in the order of the matrix: first views (i) of both images, then second views (j).
pub const VIEWS: [&str; 4] = ["x1i", "x2i", "x1j", "x2j"];

/// Number of views.
pub const VIEW_COUNT: usize = VIEWS.len();
/// Number of images, which is also the number of positive pairs.
pub const IMAGES: usize = VIEW_COUNT / 2;
/// Number of each view's negatives.
pub const NEGATIVES: usize = VIEW_COUNT - 2;

/// Side of an image in pixels.
const SIZE: usize = 48;

/// The first image of two classes of the sample set, planar RGB, `[2][3 * SIZE * SIZE]`.
static ORIGINALS: LazyLock<[Vec<f32>; 2]> = LazyLock::new(|| {
    [0, 4].map(|class| sample::image(7, class, 0, SIZE).iter().map(|&b| f32::from(b) / 255.0).collect())
});

/// One view and the random parameters that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleView {
    pub params: ViewParams,
    pub picture: Picture,
}

impl SampleView {
    /// Area of the crop as a part of the image's area.
    pub fn crop_area(&self) -> f64 {
        f64::from(self.params.crop.width * self.params.crop.height) / (SIZE * SIZE) as f64
    }
}

/// Two views of each image: `[image][view]`.
pub type SampleViews = [[SampleView; 2]; 2];

/// Both images before augmentation.
pub fn originals() -> [Picture; 2] {
    [0, 1].map(|image| picture(&ORIGINALS[image]))
}

/// Both views of both images. Draws of another number give other views.
pub fn draw_views(draw: u32) -> SampleViews {
    let config = AugmentConfig::preset(SIZE);
    [0, 1].map(|image| {
        [0, 1].map(|view| {
            let params = ViewParams::draw(&config, SIZE, &mut Rng::for_view(0, draw, image as u32, view));
            SampleView { params, picture: picture(&apply(&ORIGINALS[image], SIZE, &params)) }
        })
    })
}

/// Planar RGB from 0 to 1 as a picture for the screen.
fn picture(planar: &[f32]) -> Picture {
    let area = SIZE * SIZE;
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
    let rgba = (0..area).flat_map(|p| [byte(planar[p]), byte(planar[area + p]), byte(planar[2 * area + p]), 255]);
    Picture { index: 0, size: SIZE as u32, rgba: rgba.collect(), name: String::new(), label: None, split: Split::Train }
}
