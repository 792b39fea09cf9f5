//! Published weights into an encoder, from a file's bytes.

use super::named_tensors::{NamedTensor, load as put};
use super::{encoder::Encoder, walk::list};
use crate::core::imagenet::ImageNetEncoder;
use crate::core::weights_file::recognise::{plain_name, recognise};
use crate::core::weights_file::{Fingerprint, Header, Number, WeightsFault, WeightsFile, not_a_float};
use burn::module::Module;
use burn::tensor::Device;
use safetensors::tensor::{Dtype, SafeTensors};
use std::collections::HashMap;

/// A safetensors file.
pub struct SafetensorsFile<'a> {
    headers: Vec<Header>,
    file: SafeTensors<'a>,
}

impl<'a> SafetensorsFile<'a> {
    /// Reads its header.
    ///
    /// # Errors
    /// [`WeightsFault::Damaged`] where it is not one, or cut off.
    pub fn open(bytes: &'a [u8]) -> Result<Self, WeightsFault> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| WeightsFault::Damaged { detail: format!("not a readable safetensors file ({e})") })?;
        let header = |(name, view): (&str, safetensors::tensor::TensorView)| Header {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            number: number(view.dtype()),
        };
        Ok(Self { headers: file.iter().map(header).collect(), file })
    }
}

impl WeightsFile for SafetensorsFile<'_> {
    fn tensors(&self) -> &[Header] {
        &self.headers
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        let header = &self.headers[index];
        let view = self.file.tensor(&header.name).map_err(|e| WeightsFault::Damaged { detail: e.to_string() })?;
        match header.number.bytes() {
            Some(_) => Ok(header.number.widen(view.data())),
            None => Err(not_a_float(header)),
        }
    }
}

/// How safetensors stores numbers of a type.
pub fn number(dtype: Dtype) -> Number {
    match dtype {
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        Dtype::F32 => Number::F32,
        Dtype::F64 => Number::F64,
        other => Number::Other(format!("{other:?}")),
    }
}

/// An encoder with the weights of a file.
pub struct Loaded {
    pub which: ImageNetEncoder,
    pub encoder: Encoder,
    /// See [`Fingerprint`].
    pub fingerprint: String,
}

/// The encoder that a file is of, with its weights, on `device`: which one, its tensors tell.
/// Input is normalised as its published weights want it.
///
/// Beside the file's bytes this takes four bytes a parameter, and as many on the device.
///
/// # Errors
/// [`WeightsFault`], as [`recognise`] and [`WeightsFile::read`] have it.
pub fn load(file: &mut dyn WeightsFile, device: &Device) -> Result<Loaded, WeightsFault> {
    let headers: Vec<Header> =
        file.tensors().iter().map(|t| Header { name: plain_name(&t.name).to_owned(), ..t.clone() }).collect();
    // Listed on the CPU: hundreds of small tensors that only `device` would be busy with.
    let listed = |which| (which, tensors(&Encoder::imagenet(which, &Device::flex())));
    let known: Vec<_> = ImageNetEncoder::all().map(listed).collect();
    let which = recognise(&headers, &known)?;
    let place: HashMap<&str, usize> = headers.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
    let wanted = known.iter().filter(|network| network.0 == which).flat_map(|network| &network.1);
    let mut fingerprint = Fingerprint::default();
    let values = wanted.map(|(name, shape)| {
        let values = file.read(place[name.as_str()])?;
        fingerprint.tensor(name, &values);
        Ok(NamedTensor { name: name.clone(), shape: shape.clone(), values })
    });
    let values = values.collect::<Result<Vec<_>, WeightsFault>>()?;
    // Names and shapes were compared above.
    let encoder =
        put(Encoder::imagenet(which, device), values).map_err(|e| WeightsFault::Damaged { detail: e.to_string() })?;
    Ok(Loaded { which, encoder, fingerprint: fingerprint.finish() })
}

/// Names and shapes of a network's tensors.
pub fn tensors<M: Module>(network: &M) -> Vec<(String, Vec<usize>)> {
    list(network).into_iter().map(|tensor| (tensor.name, tensor.shape)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::architecture::resnet::{Block, layers};
    use crate::core::architecture::{Architecture, Normalisation, Stem};
    use crate::core::{config::EncoderConfig, weights_file::WrongShape};
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

    fn resnet(block: Block, blocks: [usize; 4], width: usize) -> Listed {
        let stages = layers(block, blocks, width, Stem::ImageNet);
        listed(tensors(&Encoder::of(stages, Normalisation::NONE, &Device::flex())))
    }

    #[test]
    fn every_network_is_recognised_among_all() {
        let device = Device::flex();
        let known: Vec<_> =
            ImageNetEncoder::all().map(|which| (which, tensors(&Encoder::imagenet(which, &device)))).collect();
        for (which, own) in &known {
            let parameters = own.iter().filter(|(name, _)| !name.contains(".running_"));
            let count: usize = parameters.map(|(_, shape)| shape.iter().product::<usize>()).sum();
            assert_eq!(count, which.weights().parameters, "{which:?}");

            let mut file = listed(own.clone()).0;
            let classifier = if *which == ImageNetEncoder::of(Architecture::Vgg19).unwrap() {
                "classifier.6.weight"
            } else {
                "fc.weight"
            };
            file.push(header(classifier, &[1000, EncoderConfig::with_weights(*which).features()]));
            file.push(Header { number: Number::Other("I64".into()), ..header("bn1.num_batches_tracked", &[]) });
            assert_eq!(recognise(&file, &known), Ok(*which));
        }
    }

    #[test]
    fn relatives_are_not_taken_for_a_network_whose_tensors_they_all_have() {
        let unfit = |block, blocks| match fault(resnet(block, blocks, 64)) {
            WeightsFault::Unfit { seems, nearest, unknown, .. } => (seems.unwrap_or_default(), nearest, unknown),
            other => panic!("{other:?}"),
        };
        let (seems, nearest, unknown) = unfit(Block::Bottleneck, [3, 8, 36, 3]);
        assert_eq!((seems.as_str(), nearest), ("ResNet-152", ImageNetEncoder::of(Architecture::ResNet101).unwrap()));
        assert_eq!(unknown[0], "layer2.4.conv1.weight");
        let (seems, nearest, _) = unfit(Block::Basic, [3, 4, 6, 3]);
        assert_eq!((seems.as_str(), nearest), ("ResNet-34", ImageNetEncoder::of(Architecture::ResNet18).unwrap()));
        let first = ["conv1.weight", "bn1.weight", "bn1.bias"].map(str::to_owned).to_vec();
        let narrow = Some("ResNet-18 of width 8".to_owned());
        assert_eq!(
            fault(resnet(Block::Basic, [2, 2, 2, 2], 8)),
            WeightsFault::UnknownNetwork { seems: narrow, tensors: 100, first }
        );
    }

    #[test]
    fn missing_tensors_and_wrong_shapes_are_named() {
        let mut file = resnet(Block::Bottleneck, [3, 4, 6, 3], 64);
        file.0.retain(|t| t.name != "layer2.1.bn2.weight");
        file.0.iter_mut().filter(|t| t.name == "conv1.weight").for_each(|t| t.shape = vec![64, 1, 7, 7]);
        let wrong =
            vec![WrongShape { name: "conv1.weight".into(), expected: vec![64, 3, 7, 7], found: vec![64, 1, 7, 7] }];
        assert_eq!(
            fault(file),
            WeightsFault::Unfit {
                seems: Some("ResNet-50".into()),
                nearest: ImageNetEncoder::of(Architecture::ResNet50).unwrap(),
                missing: vec!["layer2.1.bn2.weight".into()],
                wrong,
                unknown: Vec::new(),
            }
        );
        let mut file = resnet(Block::Basic, [2, 2, 2, 2], 64);
        file.0[0].number = Number::Other("I8".into());
        assert_eq!(fault(file), WeightsFault::Type { name: "conv1.weight".into(), found: "I8".into() });
    }

    /// One small number in each of the float types, as a file of a whole ResNet-18 with a classifier.
    #[test]
    fn half_precision_and_a_prefix_are_no_hindrance() {
        let wanted = tensors(&Encoder::imagenet(ImageNetEncoder::of(Architecture::ResNet18).unwrap(), &Device::flex()));
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
        let views = stored
            .iter()
            .map(|(name, dtype, shape, bytes)| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
        let bytes = safetensors::serialize(views, None).unwrap();
        let Loaded { which, encoder, .. } = load(&mut SafetensorsFile::open(&bytes).unwrap(), &Device::flex()).unwrap();
        assert_eq!(which, ImageNetEncoder::of(Architecture::ResNet18).unwrap());
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
}
