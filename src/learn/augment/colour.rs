//! Colour jitter and grayscale of a whole batch, each image with its own factors in its own order.
//!
//! Brightness, contrast and saturation are all blends x ← clamp(f·x + (1 − f)·ref). For brightness ref is 0, for contrast
//! the mean of the grayscale, for saturation the grayscale. Grayscale itself is the blend with f = 0 and the grayscale as
//! ref. So every image takes up to three blends, the hue, up to three more blends, and one for grayscale. Blend k of all
//! images is one step; an image that has no blend k takes f = 1.

use crate::core::augment::ops::LUMA;
use crate::core::augment::{ColorOp, Jitter, ViewParams};
use burn::tensor::{Device, Tensor, TensorData};

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

    /// An operation as a blend; `None` for hue, which is no blend.
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

/// The blend of one image in each slot, and its turn of hue.
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

/// Numbers of a plan on the device: factor, gray and mean of each slot, then the turn of hue. The turn is in sixths of a
/// whole one, because hue has six sectors.
const NUMBERS: usize = 3 * SLOTS + 1;
const TURN: usize = NUMBERS - 1;

impl Plan {
    fn numbers(&self) -> [f32; NUMBERS] {
        let mut all = [6.0 * self.turn; NUMBERS];
        for (Blend { factor, gray, mean }, three) in self.blends.iter().zip(all.as_chunks_mut().0) {
            *three = [*factor, *gray, *mean];
        }
        all
    }
}

/// The plans of a batch on the device. Make them before the batch's first operation: on a GPU every upload ends the
/// command buffer that is being recorded.
pub struct Coefficients {
    /// [`NUMBERS`] of [B, 1, 1].
    rows: Vec<Tensor<3>>,
    /// [1, 3, 1].
    luma: Tensor<3>,
    /// Whether any image is jittered, and any turned gray.
    jitters: bool,
    grays: bool,
}

impl Coefficients {
    /// None where no image is jittered or turned gray.
    pub fn new(params: &[ViewParams], device: &Device) -> Option<Self> {
        let jitters = params.iter().any(|p| p.jitter.is_some());
        let grays = params.iter().any(|p| p.gray);
        if !(jitters || grays) {
            return None;
        }
        let plans: Vec<[f32; NUMBERS]> = params.iter().map(|p| Plan::of(p).numbers()).collect();
        Some(Self {
            rows: rows(&plans, device),
            luma: Tensor::from_data(TensorData::new(LUMA.to_vec(), [1, 3, 1]), device),
            jitters,
            grays,
        })
    }

    /// Blend `slot` of all images; x [B, 3, pixels].
    fn blend(&self, x: Tensor<3>, slot: usize) -> Tensor<3> {
        let gray = x.clone().mul(self.luma.clone()).sum_dim(1);
        let mut rest = gray.clone().mul(self.rows[3 * slot + 1].clone());
        // The blend of grayscale has no part of the mean.
        if slot != GRAY_SLOT {
            rest = rest.add(gray.mean_dim(2).mul(self.rows[3 * slot + 2].clone()));
        }
        x.mul(self.rows[3 * slot].clone()).add(rest).clamp(0.0, 1.0)
    }
}

/// Values of one row after another, each [B, 1, 1] on the device.
///
/// One upload holds all rows where a slice of it is a view. On a GPU it is one where each row begins at a multiple of 256
/// bytes, as with 64 views. Elsewhere every slice would be a kernel, so each row has its own upload. All slices are made
/// here, because a slice between two operations ends what burn fuses.
pub fn rows<const K: usize>(plans: &[[f32; K]], device: &Device) -> Vec<Tensor<3>> {
    let images = plans.len();
    let row = |row: usize| plans.iter().map(move |numbers| numbers[row]);
    if (images * size_of::<f32>()).is_multiple_of(256) {
        let all = TensorData::new((0..K).flat_map(row).collect(), [K, images, 1]);
        let all = Tensor::<3>::from_data(all, device);
        return (0..K).map(|i| all.clone().narrow(0, i, 1).reshape([images, 1, 1])).collect();
    }
    let one = |i| Tensor::from_data(TensorData::new(row(i).collect(), [images, 1, 1]), device);
    (0..K).map(one).collect()
}

/// Jitter, then grayscale, as planned: [B, 3, H, W] in [0, 1] to the same.
///
/// If any image is jittered, all slots of jitter run. A GPU compiles its kernels for one sequence of operations, and would
/// compile others for every sequence that differs.
pub fn jitter_and_gray(images: Tensor<4>, coefficients: &Coefficients) -> Tensor<4> {
    let [b, _, height, width] = images.dims();
    let mut x = images.reshape([b, 3, height * width]);
    if coefficients.jitters {
        for slot in 0..GRAY_SLOT {
            if slot == AFTER_HUE {
                x = hue(x, coefficients.rows[TURN].clone());
            }
            x = coefficients.blend(x, slot);
        }
    }
    if coefficients.grays {
        x = coefficients.blend(x, GRAY_SLOT);
    }
    x.reshape([b, 3, height, width])
}

/// Turns the hue of [B, 3, pixels] by `turn` [B, 1, 1], in sixths of a whole turn. Computes hue and chroma and goes back
/// to RGB (Smith 1978), without branches.
fn hue(x: Tensor<3>, turn: Tensor<3>) -> Tensor<3> {
    let [r, g, b] = [0, 1, 2].map(|c| x.clone().narrow(1, c, 1));
    drop(x);
    let max = r.clone().max_pair(g.clone()).max_pair(b.clone());
    let min = r.clone().min_pair(g.clone()).min_pair(b.clone());
    let chroma = max.clone().sub(min.clone());
    // Where the chroma is 0, the differences are 0 too, and any hue gives gray.
    let inverse = chroma.clone().clamp_min(1e-12).recip();
    let is_red = max.clone().equal(r.clone());
    let is_green = max.equal(g.clone());
    let blue = r.clone().sub(g.clone()).mul(inverse.clone()).add_scalar(4.0);
    let green = b.clone().sub(r).mul(inverse.clone()).add_scalar(2.0);
    let red = g.sub(b).mul(inverse);
    let sixths = blue.mask_where(is_green, green).mask_where(is_red, red).add(turn);
    let sixths = sixths.clone().sub(sixths.div_scalar(6.0).floor().mul_scalar(6.0));
    // How much of the chroma each channel has, by the distance from its sector.
    let away = |center: f32| sixths.clone().sub_scalar(center).abs();
    let parts = [away(3.0).sub_scalar(1.0), away(2.0).neg().add_scalar(2.0), away(4.0).neg().add_scalar(2.0)];
    let channels = parts.map(|part| part.clamp(0.0, 1.0).mul(chroma.clone()).add(min.clone()));
    Tensor::cat(channels.to_vec(), 1)
}
