//! Image operations against torchvision's results: every case of augment.json
//! goes through the batch function that training calls, beside images that are
//! left alone, with all other operations at identity.
#![cfg(feature = "learn")]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

mod golden;

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;
use simclr_lab::core::augment::{ColorOp, Crop, Jitter, ViewParams};
use simclr_lab::learn::augment::{OutputShape, apply_shaped, normalize};

/// [3][H][W] of JSON numbers, flattened, with its height and width.
fn image(value: &Value) -> (Vec<f32>, usize, usize) {
    let shape = golden::tensor(value).1;
    (golden::floats(value), shape[1], shape[2])
}

fn number(params: &Value, key: &str) -> f32 {
    golden::number(&params[key]) as f32
}

fn whole(height: usize, width: usize) -> ViewParams {
    let crop = Crop { top: 0, left: 0, height: height as u32, width: width as u32 };
    ViewParams { crop, ..ViewParams::identity(height) }
}

/// Jitter with one operation at a factor, the others at identity.
fn jitter(op: ColorOp, value: f32) -> Option<Jitter> {
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
    Some(jitter)
}

fn channels(params: &Value, key: &str) -> [f32; 3] {
    [0, 1, 2].map(|c| golden::number(&params[key][c]) as f32)
}

/// Applies a case's operation to its image as the second of three; the first
/// and the last are other pictures, left alone, and must come back as they were
/// where the output has their size.
fn run(op: &str, params: &Value, input: &[f32], height: usize, width: usize) -> Vec<f32> {
    let device = Device::flex();
    let other: Vec<f32> = input.iter().map(|v| 1.0 - v * v).collect();
    let batch = [&other[..], input, &other[..]].concat();
    let batch = Tensor::<4>::from_data(TensorData::new(batch, [3, 3, height, width]), &device);
    if op == "normalize" {
        let all: Vec<f32> =
            normalize(batch, channels(params, "mean"), channels(params, "std")).into_data().try_to_vec().unwrap();
        return all[input.len()..2 * input.len()].to_vec();
    }
    let plain = whole(height, width);
    let mut out = OutputShape { height, width, kernel: 3 };
    let mut view = plain;
    match op {
        "resized_crop" => {
            assert_eq!(params["interpolation"], "bilinear", "interpolation of {params}");
            let whole = |key| number(params, key) as u32;
            view.crop = Crop { top: whole("top"), left: whole("left"), height: whole("height"), width: whole("width") };
            let size = |i: usize| golden::integer(&params["size"][i]);
            (out.height, out.width) = (size(0), size(1));
        }
        "horizontal_flip" => view.flip = true,
        "brightness" => view.jitter = jitter(ColorOp::Brightness, number(params, "factor")),
        "contrast" => view.jitter = jitter(ColorOp::Contrast, number(params, "factor")),
        "saturation" => view.jitter = jitter(ColorOp::Saturation, number(params, "factor")),
        "hue" => view.jitter = jitter(ColorOp::Hue, number(params, "factor")),
        "grayscale" => view.gray = true,
        "gaussian_blur" => {
            view.blur_sigma = Some(number(params, "sigma"));
            out.kernel = number(params, "kernel_size") as usize;
        }
        _ => panic!("no operation named {op}"),
    }
    let all: Vec<f32> = apply_shaped(batch, &[plain, view, plain], out).into_data().try_to_vec().unwrap();
    let one = 3 * out.height * out.width;
    assert_eq!(all.len(), 3 * one);
    if one == input.len() {
        for kept in [&all[..one], &all[2 * one..]] {
            let worst = kept.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst <= 1e-5, "{op} {params}: a neighbour changed by {worst}");
        }
    }
    all[one..2 * one].to_vec()
}

#[test]
fn every_operation_equals_torchvision() {
    let file = golden::read("augment.json");
    for case in golden::cases(&file) {
        let (op, params) = (case["op"].as_str().expect("op"), &case["params"]);
        let (input, height, width) = image(&file[case["on"].as_str().expect("on")]);
        let (want, ..) = image(&case["result"]);
        let got = run(op, params, &input, height, width);
        assert_eq!(got.len(), want.len(), "{op} {params}");
        let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let tolerance = if op == "hue" { 2e-3 } else { 1e-4 };
        assert!(worst <= tolerance, "{op} {params}: off by {worst}");
    }
}
