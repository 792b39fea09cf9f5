//! Encoders with the original library's weights by name. The file may hold
//! encoders that the program does not have yet; those are passed over.

use super::golden;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use simclr_lab::core::config::{Architecture, EncoderConfig, Stem};
use simclr_lab::learn::encoder::Encoder;
use simclr_lab::learn::export::{NamedTensor, load};

/// The file's generator: numbers in [0, 1) keyed by name.
fn unit(name: &str, salt: u64, count: usize) -> Vec<f64> {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let split_mix = |x: u64| {
        let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let start = hash.wrapping_add(salt);
    (0..count as u64).map(|i| (split_mix(start.wrapping_add(i)) >> 40) as f64 / f64::from(1 << 24)).collect()
}

/// The file's rule for weights.
fn fill(name: &str, shape: &[usize], salt: u64, gain: f64) -> NamedTensor {
    let scale = (gain / shape[1..].iter().product::<usize>() as f64).sqrt();
    let rule = |u: f64| match name.rsplit('.').next() {
        Some("running_var") => 0.5 + u,
        Some("running_mean" | "bias") => 0.2 * (u - 0.5),
        _ if shape.len() == 1 => 0.75 + 0.5 * u,
        _ => (2.0 * u - 1.0) * scale,
    };
    let values = unit(name, salt, shape.iter().product()).into_iter().map(|u| rule(u) as f32).collect();
    NamedTensor { name: name.to_owned(), shape: shape.to_vec(), values }
}

#[test]
fn features_of_known_encoders() {
    let mut seen = 0;
    for case in golden::cases(&golden::read("encoders.json")) {
        let name = case["name"].as_str().expect("a name");
        let architecture = match name {
            "resnet18" => Architecture::ResNet18,
            _ => continue,
        };
        seen += 1;
        let (salt, gain) = (golden::integer(&case["salt"]) as u64, golden::number(&case["gain"]));
        let tensors = case["tensors"].as_array().expect("tensors");
        let tensors =
            tensors.iter().map(|t| fill(t[0].as_str().expect("a name"), &golden::indices(&t[1]), salt, gain)).collect();
        let config = EncoderConfig { architecture, stem: Stem::ImageNet, width: 64 };
        let device = Device::flex();
        let encoder = load(Encoder::new(&config, &device), tensors).unwrap_or_else(|e| panic!("{name}: {e}")).valid();

        let shape = golden::indices(&case["input"]);
        let input: Vec<f32> =
            unit("input", salt, shape.iter().product()).into_iter().map(|u| (2.0 * u - 1.0) as f32).collect();
        let x = Tensor::<4>::from_data(TensorData::new(input, shape), &device);
        let got: Vec<f32> = encoder.forward(x).into_data().try_to_vec().expect("f32");
        let want = golden::tensor(&case["features"]).0;
        golden::close(name, &golden::wide(&got), &want, golden::largest(&want) * 1e-3);
    }
    assert!(seen > 0, "no encoder of the program is in encoders.json");
}
