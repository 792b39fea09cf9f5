//! Colour jitter and grayscale of a whole batch, each image with its own
//! factors in its own order.
//!
//! Brightness, contrast and saturation are all x ← clamp(f·x + (1 − f)·ref)
//! with ref = 0, the mean of the grayscale, and the grayscale; grayscale itself
//! is f = 0 with the grayscale as ref. So each image's order falls into up to
//! three such blends, the hue, up to three more, and one for grayscale; blend k
//! of all images is one step, in which images without a k-th blend have f = 1.

use crate::core::augment::ops::LUMA;
use crate::core::augment::{ColorOp, Jitter, ViewParams};
use burn::tensor::{Tensor, TensorData};

/// x ← clamp(factor·x + gray·grayscale(x) + mean·mean(grayscale(x))).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Blend {
    factor: f32,
    gray: f32,
    mean: f32,
}

impl Blend {
    const NONE: Self = Self { factor: 1.0, gray: 0.0, mean: 0.0 };
    const GRAYSCALE: Self = Self { factor: 0.0, gray: 1.0, mean: 0.0 };

    /// The blend that an operation is; none for hue.
    fn of(op: ColorOp, jitter: &Jitter) -> Option<Self> {
        match op {
            ColorOp::Brightness => Some(Self { factor: jitter.brightness, ..Self::NONE }),
            ColorOp::Contrast => Some(Self { factor: jitter.contrast, mean: 1.0 - jitter.contrast, gray: 0.0 }),
            ColorOp::Saturation => Some(Self { factor: jitter.saturation, gray: 1.0 - jitter.saturation, mean: 0.0 }),
            ColorOp::Hue => None,
        }
    }
}

/// Blends before the hue, after it, and the one for grayscale.
const SLOTS: usize = 7;
const AFTER_HUE: usize = 3;
const GRAY_SLOT: usize = 6;

/// One image's way through the slots, and its turn of hue.
#[derive(Clone, Copy, Debug)]
struct Plan {
    blends: [Blend; SLOTS],
    turn: f32,
}

impl Plan {
    fn of(params: &ViewParams) -> Self {
        let mut plan = Self { blends: [Blend::NONE; SLOTS], turn: 0.0 };
        if let Some(jitter) = &params.jitter {
            let mut slot = 0;
            for op in jitter.order {
                match Blend::of(op, jitter) {
                    Some(blend) => {
                        plan.blends[slot] = blend;
                        slot += 1;
                    }
                    None => {
                        plan.turn = jitter.hue;
                        slot = AFTER_HUE;
                    }
                }
            }
        }
        if params.gray {
            plan.blends[GRAY_SLOT] = Blend::GRAYSCALE;
        }
        plan
    }
}

/// Red, green and blue, each [B, 1, H, W].
type Planes = [Tensor<4>; 3];

/// Jitter, then grayscale, where drawn: [B, 3, H, W] in [0, 1] to the same.
pub fn jitter_and_gray(images: Tensor<4>, params: &[ViewParams]) -> Tensor<4> {
    if params.iter().all(|p| p.jitter.is_none() && !p.gray) {
        return images;
    }
    let plans: Vec<Plan> = params.iter().map(Plan::of).collect();
    // All numbers of the batch in one upload: [4 · slots, B, 1, 1].
    let mut numbers = Vec::with_capacity((3 * SLOTS + 1) * plans.len());
    for slot in 0..SLOTS {
        for field in [|b: &Blend| b.factor, |b: &Blend| b.gray, |b: &Blend| b.mean] {
            numbers.extend(plans.iter().map(|plan| field(&plan.blends[slot])));
        }
    }
    numbers.extend(plans.iter().map(|plan| plan.turn));
    let b = plans.len();
    let numbers = Tensor::<2>::from_data(TensorData::new(numbers, [3 * SLOTS + 1, b]), &images.device());
    let number = |row: usize| numbers.clone().narrow(0, row, 1).reshape([b, 1, 1, 1]);

    let mut planes: Planes = [0, 1, 2].map(|c| images.clone().narrow(1, c, 1));
    drop(images);
    for slot in 0..SLOTS {
        if slot == AFTER_HUE && plans.iter().any(|plan| plan.turn != 0.0) {
            planes = hue(planes, number(3 * SLOTS));
        }
        let here = || plans.iter().map(|plan| plan.blends[slot]);
        if here().any(|blend| blend != Blend::NONE) {
            let gray = here().any(|blend| blend.gray != 0.0).then(|| number(3 * slot + 1));
            let mean = here().any(|blend| blend.mean != 0.0).then(|| number(3 * slot + 2));
            planes = blend(planes, number(3 * slot), gray, mean);
        }
    }
    Tensor::cat(planes.to_vec(), 1)
}

/// One slot; the coefficients are [B, 1, 1, 1], none where all are 0.
fn blend(planes: Planes, factor: Tensor<4>, gray: Option<Tensor<4>>, mean: Option<Tensor<4>>) -> Planes {
    let mut rest = None;
    if gray.is_some() || mean.is_some() {
        let luma = grayscale(&planes);
        let average = mean.map(|m| luma.clone().mean_dims(&[2, 3]).mul(m));
        rest = match (gray, average) {
            (Some(g), Some(a)) => Some(luma.mul(g).add(a)),
            (Some(g), None) => Some(luma.mul(g)),
            (None, average) => average,
        };
    }
    planes.map(|plane| {
        let scaled = plane.mul(factor.clone());
        match &rest {
            Some(rest) => scaled.add(rest.clone()),
            None => scaled,
        }
        .clamp(0.0, 1.0)
    })
}

fn grayscale([r, g, b]: &Planes) -> Tensor<4> {
    r.clone().mul_scalar(LUMA[0]).add(g.clone().mul_scalar(LUMA[1])).add(b.clone().mul_scalar(LUMA[2]))
}

/// Turns the hue by `turn` [B, 1, 1, 1], in parts of a whole turn: to hue and
/// chroma and back (Smith 1978), without branches.
fn hue([r, g, b]: Planes, turn: Tensor<4>) -> Planes {
    let max = r.clone().max_pair(g.clone()).max_pair(b.clone());
    let min = r.clone().min_pair(g.clone()).min_pair(b.clone());
    let chroma = max.clone().sub(min.clone());
    // Where the chroma is 0 the differences are too, and any hue gives gray.
    let inverse = chroma.clone().clamp_min(1e-12).recip();
    let is_red = max.clone().equal(r.clone());
    let is_green = max.equal(g.clone());
    let blue = r.clone().sub(g.clone()).mul(inverse.clone()).add_scalar(4.0);
    let green = b.clone().sub(r).mul(inverse.clone()).add_scalar(2.0);
    let red = g.sub(b).mul(inverse);
    let sixths = blue.mask_where(is_green, green).mask_where(is_red, red).add(turn.mul_scalar(6.0));
    let sixths = sixths.clone().sub(sixths.div_scalar(6.0).floor().mul_scalar(6.0));
    // How much of the chroma each channel has, by the distance from its sector.
    let away = |center: f32| sixths.clone().sub_scalar(center).abs();
    let parts = [away(3.0).sub_scalar(1.0), away(2.0).neg().add_scalar(2.0), away(4.0).neg().add_scalar(2.0)];
    parts.map(|part| part.clamp(0.0, 1.0).mul(chroma.clone()).add(min.clone()))
}
