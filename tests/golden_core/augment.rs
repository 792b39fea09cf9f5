//! Image operations: 1e-4 absolute, hue 2e-3.

use crate::golden::{cases, close, floats, indices, integer, number, read, tensor, wide};
use serde_json::Value;
use simclr_lab::core::augment::{Crop, ops};

fn crop(params: &Value) -> Crop {
    let pixel = |key: &str| integer(&params[key]) as u32;
    Crop { top: pixel("top"), left: pixel("left"), height: pixel("height"), width: pixel("width") }
}

fn rgb(value: &Value) -> [f32; 3] {
    floats(value).try_into().expect("three channels")
}

#[test]
fn image_operations() {
    let file = read("augment.json");
    for (index, case) in cases(&file).iter().enumerate() {
        let op = case["op"].as_str().expect("op");
        let (image, shape) = tensor(&file[case["on"].as_str().expect("on")]);
        let mut image: Vec<f32> = image.iter().map(|&v| v as f32).collect();
        let (h, w) = (shape[1], shape[2]);
        let params = &case["params"];
        let factor = || number(&params["factor"]) as f32;
        match op {
            "resized_crop" => {
                assert_eq!(params["interpolation"].as_str().unwrap_or("bilinear"), "bilinear", "case {index}");
                let size = indices(&params["size"]);
                image = ops::resized_crop(&image, h, w, crop(params), size[0], size[1]);
            }
            "horizontal_flip" => ops::hflip(&mut image, w),
            "brightness" => ops::brightness(&mut image, factor()),
            "contrast" => ops::contrast(&mut image, factor()),
            "saturation" => ops::saturation(&mut image, factor()),
            "hue" => ops::hue(&mut image, factor()),
            "grayscale" => ops::grayscale(&mut image),
            "gaussian_blur" => {
                let (kernel, sigma) = (integer(&params["kernel_size"]), number(&params["sigma"]) as f32);
                image = ops::gaussian_blur(&image, h, w, kernel, sigma);
            }
            "normalize" => ops::normalize(&mut image, rgb(&params["mean"]), rgb(&params["std"])),
            other => panic!("case {index}: no operation `{other}` here"),
        }
        let tolerance = if op == "hue" { 2e-3 } else { 1e-4 };
        close(&format!("case {index} {op} {params}"), &wide(&image), &tensor(&case["result"]).0, tolerance);
    }
}
