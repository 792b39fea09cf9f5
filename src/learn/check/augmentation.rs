//! Image operations through the batch function that training calls.

use super::{Array, numbers, unusable};
use crate::core::augment::{self, ColorOp, Crop, Jitter, ViewParams, ops::from_bytes};
use crate::core::config::AugmentConfig;
use crate::core::error::Fault;
use crate::core::sample::sample_set;
use crate::learn::augment::{OutputShape, apply_shaped, normalize, views};
use crate::learn::store::ByteStore;
use crate::learn::trainer::view_pair;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;

/// An operation of augment.json with its parameters: `{ "hue": { "factor": 0.1 } }`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    ResizedCrop { top: u32, left: u32, height: u32, width: u32, size: [usize; 2], interpolation: String },
    HorizontalFlip {},
    Brightness { factor: f32 },
    Contrast { factor: f32 },
    Saturation { factor: f32 },
    Hue { factor: f32 },
    Grayscale {},
    GaussianBlur { kernel_size: usize, sigma: f32 },
    Normalize { mean: [f32; 3], std: [f32; 3] },
}

/// Three images: the second is the operation's result; around it another
/// picture, 1 − v² of the same, that is left alone (but normalised, as that is
/// done to whole batches).
pub async fn apply(op: &Op, image: &Array, device: &Device) -> Result<Vec<f32>, Fault> {
    let [channels, height, width] = image.dims()?;
    if channels != 3 {
        return Err(unusable("an image has three channels"));
    }
    let other: Vec<f32> = image.values.iter().map(|v| 1.0 - v * v).collect();
    let batch = [&other[..], &image.values[..], &other[..]].concat();
    let batch = Tensor::<4>::from_data(TensorData::new(batch, [3, 3, height, width]), device);
    if let Op::Normalize { mean, std } = *op {
        return numbers(normalize(batch, mean, std)).await;
    }
    let plain = whole(height, width);
    let (view, out) = view(op, plain, OutputShape { height, width, kernel: 3 })?;
    numbers(apply_shaped(batch, &[plain, view, plain], out)).await
}

fn whole(height: usize, width: usize) -> ViewParams {
    let crop = Crop { top: 0, left: 0, height: height as u32, width: width as u32 };
    ViewParams { crop, ..ViewParams::identity(height) }
}

/// `plain` with the operation, and the shape of what it gives.
fn view(op: &Op, plain: ViewParams, shape: OutputShape) -> Result<(ViewParams, OutputShape), Fault> {
    let (mut view, mut out) = (plain, shape);
    match *op {
        Op::ResizedCrop { top, left, height, width, size, ref interpolation } => {
            if interpolation != "bilinear" {
                return Err(unusable("crops are bilinear"));
            }
            view.crop = Crop { top, left, height, width };
            [out.height, out.width] = size;
        }
        Op::HorizontalFlip {} => view.flip = true,
        Op::Brightness { factor } => view.jitter = Some(jitter(ColorOp::Brightness, factor)),
        Op::Contrast { factor } => view.jitter = Some(jitter(ColorOp::Contrast, factor)),
        Op::Saturation { factor } => view.jitter = Some(jitter(ColorOp::Saturation, factor)),
        Op::Hue { factor } => view.jitter = Some(jitter(ColorOp::Hue, factor)),
        Op::Grayscale {} => view.gray = true,
        Op::GaussianBlur { kernel_size, sigma } => {
            view.blur_sigma = Some(sigma);
            out.kernel = kernel_size;
        }
        Op::Normalize { .. } => return Err(unusable("normalize is no part of a view")),
    }
    Ok((view, out))
}

/// Jitter with one operation at a factor, the others at identity.
fn jitter(op: ColorOp, value: f32) -> Jitter {
    let mut jitter = Jitter {
        order: [ColorOp::Saturation, ColorOp::Hue, ColorOp::Contrast, ColorOp::Brightness],
        brightness: 1.0,
        contrast: 1.0,
        saturation: 1.0,
        hue: 0.0,
    };
    match op {
        ColorOp::Brightness => jitter.brightness = value,
        ColorOp::Contrast => jitter.contrast = value,
        ColorOp::Saturation => jitter.saturation = value,
        ColorOp::Hue => jitter.hue = value,
    }
    jitter
}

/// Two random views of each of 32 images of the sample set, by the device from
/// bytes and by `core`.
pub async fn chain(seed: u64, size: usize, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
    let all = AugmentConfig { blur_probability: 0.5, jitter_strength: 1.0, ..AugmentConfig::preset(size) };
    let set = sample_set(seed, 4, size);
    let indices: Vec<u32> = (0..32).collect();
    let params: Vec<_> = indices.iter().map(|&i| view_pair(&all, size, seed, 1, i)).collect();
    // Chunks of seven images, so that a batch is gathered from several.
    let store = ByteStore::new(&set, device, 7 * set.stride());
    let made = numbers(views(&store, &indices, &params)).await?;
    let by_core = |which: usize| {
        let (set, params) = (&set, &params);
        indices
            .iter()
            .flat_map(move |&i| augment::apply(&from_bytes(set.image(i as usize)), size, &params[i as usize][which]))
    };
    Ok(vec![made, by_core(0).chain(by_core(1)).collect()])
}
