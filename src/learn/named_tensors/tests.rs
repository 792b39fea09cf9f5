use super::*;
use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
use crate::core::rng::Rng;
use crate::learn::encoder::Encoder;
use crate::learn::simclr::{SimClr, initial_encoder};
use burn::tensor::{Device, TensorData, read_sync};

fn model(seed: u64, width: usize) -> SimClr {
    let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, width);
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

/// Images whose values follow from their place.
fn pattern(images: usize, size: usize, salt: usize) -> Tensor<4> {
    let values: Vec<f32> = (0..images * 3 * size * size).map(|i| ((i * 31 + salt * 17) % 97) as f32 / 96.0).collect();
    Tensor::from_data(TensorData::new(values, [images, 3, size, size]), &Device::flex())
}

/// Of [`to_safetensors`]' files, loaded by the Python file that a run is taken home
/// with (`core/run/archive/load_encoder.py`) into PyTorch 1.13, the wide one into
/// torchvision 0.14's own resnet18: the first numbers of h of `pattern(2, size, 9)`.
const BY_PYTORCH: [(Architecture, Stem, usize, usize, [f32; 8]); 2] = [
    (
        Architecture::ResNet10,
        Stem::Small,
        16,
        32,
        [0.0051369, 0.0032016, 0.0613209, 0.1109099, 0.0, 0.0435036, 0.0636176, 0.0],
    ),
    (
        Architecture::ResNet18,
        Stem::ImageNet,
        64,
        64,
        [0.1635739, 0.0049428, 0.0922862, 0.0342042, 0.0196111, 0.1415606, 0.0, 0.1332323],
    ),
];

#[test]
fn features_are_those_that_pytorch_computes_from_the_file() {
    for (architecture, stem, width, size, expected) in BY_PYTORCH {
        let config = EncoderConfig::random(architecture, stem, width);
        let start = |seed| initial_encoder(&config, seed, &Device::flex().autodiff());
        let trained = start(7);
        // The running statistics move.
        for salt in 0..2 {
            let _ = trained.forward(pattern(8, size, salt).autodiff());
        }
        let bytes = read_sync(to_safetensors(&trained.valid())).unwrap();
        let read = from_safetensors(start(8), &bytes).unwrap();
        let h: Vec<f32> = read.valid().forward(pattern(2, size, 9)).into_data().try_to_vec().unwrap();
        let worst = h.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-6, "{architecture:?}: {worst}, {:?}", &h[..8]);
    }
}
