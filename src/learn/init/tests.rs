use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
use crate::learn::export::{NamedTensor, tensors};
use crate::learn::step::SimClr;
use burn::tensor::{Device, read_sync};

fn weights(architecture: Architecture, seed: u64, device: &Device) -> Vec<NamedTensor> {
    let encoder = EncoderConfig::random(architecture, Stem::Small, 16);
    read_sync(tensors(&SimClr::new(&encoder, &HeadConfig { layers: 2, output: 64 }, seed, device))).unwrap()
}

fn named<'a>(all: &'a [NamedTensor], name: &str) -> &'a NamedTensor {
    all.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("no tensor {name}"))
}

/// Largest entry and variance.
fn spread(t: &NamedTensor) -> (f32, f32) {
    let largest = t.values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    (largest, t.values.iter().map(|v| v * v).sum::<f32>() / t.values.len() as f32)
}

#[test]
fn weights_are_uniform_within_one_over_the_root_of_fan_in() {
    let all = weights(Architecture::ResNet10, 4, &Device::flex());
    for (name, fan_in) in [
        ("encoder.layer4.0.conv2.weight", 128.0 * 9.0),
        ("encoder.layer2.0.downsample.0.weight", 16.0),
        ("head.layers.0.weight", 128.0),
        ("head.layers.0.bias", 128.0f32),
    ] {
        let (largest, variance) = spread(named(&all, name));
        let bound = 1.0 / fan_in.sqrt();
        assert!(largest <= bound && largest > 0.95 * bound, "{name}: {largest} for {bound}");
        assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.25, "{name}: variance {variance}");
    }
    assert!(named(&all, "encoder.bn1.weight").values.iter().all(|v| *v == 1.0));
    assert!(named(&all, "encoder.bn1.bias").values.iter().all(|v| *v == 0.0));
    assert_eq!(named(&all, "head.layers.1.weight").shape, [64, 128], "PyTorch's [out, in]");
}

#[test]
fn weights_depend_on_seed_and_name_alone() {
    let plain = weights(Architecture::ResNet10, 4, &Device::flex());
    assert_eq!(plain, weights(Architecture::ResNet10, 4, &Device::flex().autodiff()));
    // More layers leave the weights of the others alone.
    let deeper = weights(Architecture::ResNet18, 4, &Device::flex());
    for name in ["encoder.layer3.0.conv1.weight", "head.layers.1.bias"] {
        assert_eq!(named(&plain, name), named(&deeper, name));
        assert_ne!(named(&plain, name), named(&weights(Architecture::ResNet10, 5, &Device::flex()), name));
    }
    assert_ne!(
        named(&plain, "encoder.layer1.0.conv1.weight").values,
        named(&plain, "encoder.layer1.0.conv2.weight").values
    );
}
