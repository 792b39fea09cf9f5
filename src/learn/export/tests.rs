use super::*;
use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
use crate::core::rng::Rng;
use crate::learn::encoder::Encoder;
use crate::learn::step::SimClr;
use burn::tensor::{Device, read_sync};

fn model(seed: u64, width: usize) -> SimClr {
    let encoder = EncoderConfig { architecture: Architecture::ResNet10, stem: Stem::Small, width };
    SimClr::new(&encoder, &HeadConfig { layers: 2, output: 32 }, seed, &Device::flex().autodiff())
}

fn noise() -> Tensor<4> {
    let mut rng = Rng::new(1);
    let values: Vec<f32> = (0..2 * 3 * 64).map(|_| rng.unit()).collect();
    Tensor::from_data(TensorData::new(values, [2, 3, 8, 8]), &Device::flex())
}

fn h(encoder: &Encoder) -> Vec<f32> {
    encoder.valid().forward(noise()).into_data().try_to_vec().unwrap()
}

#[test]
fn an_encoder_travels_through_a_file() {
    let trained = model(1, 8);
    // A forward pass in training mode moves the running statistics.
    let _ = trained.forward(noise().autodiff());
    let bytes = read_sync(to_safetensors(&trained.encoder)).unwrap();
    let other = model(2, 8).encoder;
    assert_ne!(h(&other), h(&trained.encoder));
    let read = from_safetensors(other, &bytes).unwrap();
    assert_eq!(h(&read), h(&trained.encoder));
    // Linear weights too, which are stored transposed.
    let bytes = read_sync(to_safetensors(&trained)).unwrap();
    let all = from_safetensors(model(3, 8), &bytes).unwrap();
    assert_eq!(read_sync(tensors(&all)).unwrap(), read_sync(tensors(&trained)).unwrap());
}

#[test]
fn names_are_torchvisions() {
    let names: Vec<String> = read_sync(tensors(&model(1, 8).encoder)).unwrap().into_iter().map(|t| t.name).collect();
    for name in [
        "conv1.weight",
        "bn1.weight",
        "bn1.bias",
        "bn1.running_mean",
        "bn1.running_var",
        "layer1.0.conv1.weight",
        "layer2.0.downsample.0.weight",
        "layer2.0.downsample.1.running_var",
        "layer4.0.bn2.bias",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
}

#[test]
fn files_that_do_not_fit_are_told_apart() {
    let load = |bytes: &[u8]| from_safetensors(model(1, 8).encoder, bytes).err();
    assert!(matches!(load(b"no such file"), Some(WeightsError::Unreadable { .. })));
    let bytes = read_sync(to_safetensors(&model(1, 4).encoder)).unwrap();
    assert!(matches!(load(&bytes), Some(WeightsError::Shape { .. })));
    let bytes = read_sync(to_safetensors(&model(1, 8).head)).unwrap();
    assert!(matches!(load(&bytes), Some(WeightsError::Missing { .. })));
}
