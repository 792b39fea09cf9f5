use super::*;
use crate::core::config::Stem;
use crate::core::weights_file::WrongShape;
use crate::learn::encoder::{Kind, ResNet};
use burn::tensor::read_sync;
use safetensors::tensor::TensorView;

/// A file that lists tensors and has no numbers.
struct Listed(Vec<Header>);

impl WeightsFile for Listed {
    fn tensors(&self) -> &[Header] {
        &self.0
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        Err(not_a_float(&self.0[index]))
    }
}

fn header(name: &str, shape: &[usize]) -> Header {
    Header { name: name.into(), shape: shape.to_vec(), number: Number::F32 }
}

fn listed(tensors: Vec<(String, Vec<usize>)>) -> Listed {
    Listed(tensors.iter().map(|(name, shape)| header(name, shape)).collect())
}

fn fault(mut file: Listed) -> WeightsFault {
    load(&mut file, &Device::flex()).map(|loaded| loaded.which).unwrap_err()
}

fn resnet(kind: Kind, blocks: [usize; 4], width: usize) -> Listed {
    listed(tensors(&ResNet::new(kind, blocks, width, Stem::ImageNet, &Device::flex())))
}

#[test]
fn every_network_is_recognised_among_all() {
    let device = Device::flex();
    let known = ImageNetEncoder::ALL.map(|which| (which, tensors(&Encoder::imagenet(which, &device))));
    for (which, own) in &known {
        let parameters = own.iter().filter(|(name, _)| !name.contains(".running_"));
        let count: usize = parameters.map(|(_, shape)| shape.iter().product::<usize>()).sum();
        assert_eq!(count, which.parameters(), "{which:?}");

        let mut file = listed(own.clone()).0;
        let classifier = if *which == ImageNetEncoder::Vgg19 { "classifier.6.weight" } else { "fc.weight" };
        file.push(header(classifier, &[1000, which.features()]));
        file.push(Header { number: Number::Other("I64".into()), ..header("bn1.num_batches_tracked", &[]) });
        assert_eq!(recognise(&file, &known), Ok(*which));
    }
}

#[test]
fn relatives_are_not_taken_for_a_network_whose_tensors_they_all_have() {
    let unfit = |kind, blocks| match fault(resnet(kind, blocks, 64)) {
        WeightsFault::Unfit { seems, nearest, unknown, .. } => (seems.unwrap_or_default(), nearest, unknown),
        other => panic!("{other:?}"),
    };
    let (seems, nearest, unknown) = unfit(Kind::Bottleneck, [3, 8, 36, 3]);
    assert_eq!((seems.as_str(), nearest), ("ResNet-152", ImageNetEncoder::ResNet101));
    assert_eq!(unknown[0], "layer2.4.conv1.weight");
    let (seems, nearest, _) = unfit(Kind::Basic, [3, 4, 6, 3]);
    assert_eq!((seems.as_str(), nearest), ("ResNet-34", ImageNetEncoder::ResNet18));
    let first = ["conv1.weight", "bn1.weight", "bn1.bias"].map(str::to_owned).to_vec();
    let narrow = Some("ResNet-18 of width 8".to_owned());
    assert_eq!(
        fault(resnet(Kind::Basic, [2, 2, 2, 2], 8)),
        WeightsFault::UnknownNetwork { seems: narrow, tensors: 100, first }
    );
}

#[test]
fn missing_tensors_and_wrong_shapes_are_named() {
    let mut file = resnet(Kind::Bottleneck, [3, 4, 6, 3], 64);
    file.0.retain(|t| t.name != "layer2.1.bn2.weight");
    file.0.iter_mut().filter(|t| t.name == "conv1.weight").for_each(|t| t.shape = vec![64, 1, 7, 7]);
    let wrong = vec![WrongShape { name: "conv1.weight".into(), expected: vec![64, 3, 7, 7], found: vec![64, 1, 7, 7] }];
    assert_eq!(
        fault(file),
        WeightsFault::Unfit {
            seems: Some("ResNet-50".into()),
            nearest: ImageNetEncoder::ResNet50,
            missing: vec!["layer2.1.bn2.weight".into()],
            wrong,
            unknown: Vec::new(),
        }
    );
    let mut file = resnet(Kind::Basic, [2, 2, 2, 2], 64);
    file.0[0].number = Number::Other("I8".into());
    assert_eq!(fault(file), WeightsFault::Type { name: "conv1.weight".into(), found: "I8".into() });
}

/// One small number in each of the float types, as a file of a whole ResNet-18 with a classifier.
#[test]
fn half_precision_and_a_prefix_are_no_hindrance() {
    let wanted = tensors(&Encoder::imagenet(ImageNetEncoder::ResNet18, &Device::flex()));
    // 0.5 in all four.
    let types = [
        (Dtype::F32, &[0, 0, 0, 0x3f][..]),
        (Dtype::F16, &[0, 0x38][..]),
        (Dtype::BF16, &[0, 0x3f][..]),
        (Dtype::F64, &[0, 0, 0, 0, 0, 0, 0xe0, 0x3f][..]),
    ];
    let stored: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = wanted
        .iter()
        .zip(types.iter().cycle())
        .map(|((name, shape), (dtype, half))| {
            (format!("module.{name}"), *dtype, shape.clone(), half.repeat(shape.iter().product()))
        })
        .collect();
    let views =
        stored.iter().map(|(name, dtype, shape, bytes)| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    let bytes = safetensors::serialize(views, None).unwrap();
    let Loaded { which, encoder, .. } = load(&mut SafetensorsFile::open(&bytes).unwrap(), &Device::flex()).unwrap();
    assert_eq!(which, ImageNetEncoder::ResNet18);
    let all = read_sync(crate::learn::named_tensors::tensors(&encoder)).unwrap();
    assert!(all.iter().flat_map(|tensor| &tensor.values).all(|v| *v == 0.5));
    assert_eq!(all.len(), wanted.len());
}

#[test]
fn a_cut_off_file_is_told() {
    let one = TensorView::new(Dtype::F32, vec![2], &[0; 8]).unwrap();
    let bytes = safetensors::serialize([("w", one)], None).unwrap();
    for length in 0..bytes.len() {
        assert!(matches!(SafetensorsFile::open(&bytes[..length]), Err(WeightsFault::Damaged { .. })), "{length}");
    }
}
