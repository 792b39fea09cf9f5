//! Single operations: the loss, the optimiser, convolutions, and image operations through the batch
//! function that training calls.

use super::array::{Array, unusable};
use crate::core::augment::ops::{self, from_bytes};
use crate::core::augment::{ColorOp, Crop, Jitter, ViewParams};
use crate::core::{architecture::Normalisation, config::AugmentConfig, error::Fault, sample::sample_set};
use crate::learn::augment::{OutputShape, apply_shaped, views};
use crate::learn::lars::{Lars, LarsConfig};
use crate::learn::{
    conv::convolution, encoder::normalise, features::read, nt_xent::nt_xent, store::ByteStore, trainer::view_pair,
};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;
use std::collections::HashMap;

/// The loss of two sets of embeddings, and its gradient over both.
pub async fn nt_xent_gradient(
    temperature: f32,
    z_a: &Array,
    z_b: &Array,
    device: &Device,
) -> Result<Vec<Vec<f32>>, Fault> {
    let [n, d] = z_a.dims()?;
    if z_b.dims()? != [n, d] {
        return Err(unusable("z_a and z_b differ in shape"));
    }
    let z = TensorData::new([&z_a.values[..], &z_b.values[..]].concat(), [2 * n, d]);
    let z = Tensor::<2>::from_data(z, &device.clone().autodiff()).require_grad();
    let loss = nt_xent(z.clone(), temperature).loss;
    let gradient = z.grad(&loss.backward()).ok_or_else(|| unusable("the loss has no gradient"))?;
    Ok(vec![read(loss.inner()).await?, read(gradient).await?])
}

/// A case of lars.json.
#[derive(Clone, Debug, Deserialize)]
pub struct LarsSteps {
    /// One a step.
    lr: Vec<f32>,
    momentum: f32,
    weight_decay: f32,
    trust_coefficient: f32,
    /// Names of tensors with two dimensions.
    adapted: Vec<String>,
    /// Names of tensors with one dimension.
    excluded: Vec<String>,
    init: HashMap<String, Array>,
    /// One set a step.
    grads: Vec<HashMap<String, Array>>,
}

#[derive(Module, Debug)]
struct Parameters {
    matrices: Vec<Param<Tensor<2>>>,
    vectors: Vec<Param<Tensor<1>>>,
}

impl LarsSteps {
    /// For each step all tensors, the adapted before the excluded.
    pub async fn answer(&self, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
        let trained = device.clone().autodiff();
        let mut module = Parameters {
            matrices: parameters(&self.adapted, &self.init, &trained)?,
            vectors: parameters(&self.excluded, &self.init, &trained)?,
        };
        let mut lars = Lars::new(LarsConfig {
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            trust_coefficient: self.trust_coefficient,
        });
        let mut after = Vec::new();
        if self.grads.len() != self.lr.len() {
            return Err(unusable("not one set of gradients a step"));
        }
        for (&rate, grads) in self.lr.iter().zip(&self.grads) {
            let mut gradients = GradientsParams::new();
            for (name, p) in self.adapted.iter().zip(&module.matrices) {
                gradients.register(p.id, find::<2>(grads, name, device)?);
            }
            for (name, p) in self.excluded.iter().zip(&module.vectors) {
                gradients.register(p.id, find::<1>(grads, name, device)?);
            }
            module = lars.step(rate, module, gradients);
            for p in &module.matrices {
                after.push(read(p.val().inner()).await?);
            }
            for p in &module.vectors {
                after.push(read(p.val().inner()).await?);
            }
        }
        Ok(after)
    }
}

fn parameters<const D: usize>(
    names: &[String],
    from: &HashMap<String, Array>,
    device: &Device,
) -> Result<Vec<Param<Tensor<D>>>, Fault> {
    names.iter().map(|name| Ok(Param::from_tensor(find(from, name, device)?))).collect()
}

fn find<const D: usize>(tensors: &HashMap<String, Array>, name: &str, device: &Device) -> Result<Tensor<D>, Fault> {
    tensors.get(name).ok_or_else(|| unusable(&format!("no tensor {name}")))?.tensor(device)
}

/// Sizes of a convolution that keeps the size at stride 1.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Convolution {
    /// B, C, H, W.
    pub input: [usize; 4],
    /// O.
    pub channels: usize,
    /// K and K′.
    pub kernel: [usize; 2],
    pub stride: usize,
}

impl Convolution {
    /// The output; the gradients of its sum, weighted, over input and weight.
    pub async fn answer(self, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
        let device = device.clone().autodiff();
        let x = ramp(self.input, &device).require_grad();
        let [high, wide] = self.kernel;
        let weight = ramp([self.channels, self.input[1], high, wide], &device).require_grad();
        let y = convolution(x.clone(), weight.clone(), self.stride, [high / 2, wide / 2]);
        let gradients = (y.clone() * ramp(y.dims(), &device)).sum().backward();
        let missing = || unusable("a convolution has no gradient");
        let of_x = x.grad(&gradients).ok_or_else(missing)?;
        let of_weight = weight.grad(&gradients).ok_or_else(missing)?;
        Ok(vec![read(y.inner()).await?, read(of_x).await?, read(of_weight).await?])
    }
}

/// Numbers between −1 and 1 without a period that a size could share.
fn ramp(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

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

/// Three images: the second is the operation's result; around it another picture, 1 − v² of the same, that is left
/// alone (but normalised, as that is done to whole batches).
pub async fn image_operation(op: &Op, image: &Array, device: &Device) -> Result<Vec<f32>, Fault> {
    let [channels, height, width] = image.dims()?;
    if channels != 3 {
        return Err(unusable("an image has three channels"));
    }
    let other: Vec<f32> = image.values.iter().map(|v| 1.0 - v * v).collect();
    let batch = [&other[..], &image.values[..], &other[..]].concat();
    let batch = Tensor::<4>::from_data(TensorData::new(batch, [3, 3, height, width]), device);
    if let Op::Normalize { mean, std } = *op {
        return read(normalise(batch, &Normalisation { mean, std })).await;
    }
    let plain = whole(height, width);
    let (view, out) = view(op, plain, OutputShape { height, width, kernel: 3 })?;
    read(apply_shaped(batch, &[plain, view, plain], out)).await
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

/// Two random views of each of 32 images of the sample set, by the device from bytes and by `core`.
pub async fn random_chain(seed: u64, size: usize, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
    let all = AugmentConfig { blur_probability: 0.5, jitter_strength: 1.0, ..AugmentConfig::preset(size) };
    let set = sample_set(seed, 4, size);
    let indices: Vec<u32> = (0..32).collect();
    let params: Vec<_> = indices.iter().map(|&i| view_pair(&all, size, seed, 1, i)).collect();
    // Chunks of seven images, so that a batch is gathered from several.
    let store = ByteStore::new(&set, device, 7 * set.stride());
    let made = read(views(&store, &indices, &params)).await?;
    let by_core = |which: usize| {
        let (set, params) = (&set, &params);
        indices
            .iter()
            .flat_map(move |&i| ops::apply(&from_bytes(set.image(i as usize)), size, &params[i as usize][which]))
    };
    Ok(vec![made, by_core(0).chain(by_core(1)).collect()])
}
