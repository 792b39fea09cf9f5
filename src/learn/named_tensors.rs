//! The tensors of a network by name and in PyTorch's order, to and from safetensors files. An
//! encoder trained here loads into torchvision's ResNet of the same width, and the other way round.

use super::walk::{TensorFiller, TensorPath, TensorVisitor, fill, visit};
use burn::module::{Module, Param};
use burn::tensor::{Tensor, Transaction};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::fmt;

/// The [columns, rows] transpose of a row-major [rows, columns] matrix.
pub fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns).map(|i| values[(i % rows) * columns + i / rows]).collect()
}

/// Why weights could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WeightsError {
    /// The device did not give its values.
    Device {
        detail: String,
    },
    /// Not a safetensors file, or a damaged one.
    Unreadable {
        detail: String,
    },
    /// The network has a tensor of this name, the file has not.
    Missing {
        name: String,
    },
    Shape {
        name: String,
        expected: Vec<usize>,
        found: Vec<usize>,
    },
    /// Stored in a type other than 32-bit floats.
    Type {
        name: String,
        found: String,
    },
}

impl fmt::Display for WeightsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device { detail } => write!(f, "the device did not give the weights: {detail}"),
            Self::Unreadable { detail } => write!(f, "not a readable safetensors file: {detail}"),
            Self::Missing { name } => write!(f, "the file has no tensor {name}"),
            Self::Shape { name, expected, found } => write!(f, "{name} has shape {found:?}, expected {expected:?}"),
            Self::Type { name, found } => write!(f, "{name} is stored as {found}, expected F32"),
        }
    }
}

impl std::error::Error for WeightsError {}

/// One tensor of a network in PyTorch's order: a linear weight is [out, in].
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// All tensors of `module`, running statistics too, in the order of its parts.
/// The values are read in one go, asynchronously.
pub async fn tensors<M: Module>(module: &M) -> Result<Vec<NamedTensor>, WeightsError> {
    let mut collect = Collect::default();
    visit(module, &mut collect);
    let Collect { entries, transaction } = collect;
    let data = transaction.execute_async().await.map_err(|e| WeightsError::Device { detail: format!("{e:?}") })?;
    entries
        .into_iter()
        .zip(data)
        .map(|((name, shape, transposed), data)| {
            let data = data.convert::<f32>();
            let values = data.try_to_vec().map_err(|e| WeightsError::Device { detail: format!("{e:?}") })?;
            Ok(match transposed {
                false => NamedTensor { name, shape, values },
                true => NamedTensor {
                    values: transpose(&values, shape[0], shape[1]),
                    shape: vec![shape[1], shape[0]],
                    name,
                },
            })
        })
        .collect()
}

#[derive(Default)]
struct Collect {
    /// Name, shape as burn has it, whether PyTorch stores the transpose.
    entries: Vec<(String, Vec<usize>, bool)>,
    transaction: Transaction,
}

impl TensorVisitor for Collect {
    fn tensor<const D: usize>(&mut self, path: &TensorPath, param: &Param<Tensor<D>>) {
        let tensor = param.val().inner();
        self.entries.push((path.name.clone(), tensor.dims().to_vec(), path.is_transposed::<D>()));
        self.transaction = std::mem::take(&mut self.transaction).register(tensor);
    }
}

/// `module` as a safetensors file.
pub async fn to_safetensors<M: Module>(module: &M) -> Result<Vec<u8>, WeightsError> {
    pack(&tensors(module).await?)
}

/// Tensors as a safetensors file, 32-bit floats.
pub fn pack(tensors: &[NamedTensor]) -> Result<Vec<u8>, WeightsError> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let unreadable = |e: safetensors::SafeTensorError| WeightsError::Unreadable { detail: e.to_string() };
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(t, bytes)| Ok((t.name.as_str(), TensorView::new(Dtype::F32, t.shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    safetensors::serialize(views, None).map_err(unreadable)
}

/// `module` with the tensors of a safetensors file. Names that the module does not have
/// (a classifier, counters of batches) are ignored.
pub fn from_safetensors<M: Module>(module: M, bytes: &[u8]) -> Result<M, WeightsError> {
    let unreadable = |detail| WeightsError::Unreadable { detail };
    let file = SafeTensors::deserialize(bytes).map_err(|e| unreadable(e.to_string()))?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        // Counters are whole numbers; a tensor of the network is not.
        let values = match view.dtype() {
            Dtype::F32 => view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::I64 => continue,
            other => return Err(WeightsError::Type { name: name.to_owned(), found: format!("{other:?}") }),
        };
        tensors.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), values });
    }
    load(module, tensors)
}

/// `module` with every one of its tensors replaced by the one of its name; other names are ignored.
pub fn load<M: Module>(module: M, tensors: Vec<NamedTensor>) -> Result<M, WeightsError> {
    fill(module, &mut Replace(tensors.into_iter().map(|t| (t.name.clone(), t)).collect()))
}

struct Replace(HashMap<String, NamedTensor>);

impl TensorFiller for Replace {
    type Error = WeightsError;

    fn values<const D: usize>(
        &mut self,
        path: &TensorPath,
        param: &Param<Tensor<D>>,
    ) -> Result<Option<Vec<f32>>, WeightsError> {
        let name = path.name.clone();
        let shape: [usize; D] = param.lazy_shape().dims();
        let mut expected = shape.to_vec();
        if path.is_transposed::<D>() {
            expected.reverse();
        }
        let Some(NamedTensor { values, shape: found, .. }) = self.0.remove(&name) else {
            return Err(WeightsError::Missing { name });
        };
        if found != expected {
            return Err(WeightsError::Shape { name, expected, found });
        }
        Ok(Some(if path.is_transposed::<D>() { transpose(&values, expected[0], expected[1]) } else { values }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
    use crate::core::rng::Rng;
    use crate::learn::encoder::Encoder;
    use crate::learn::simclr::{SimClr, initial_encoder};
    use burn::tensor::{Device, TensorData, read_sync};

    fn model(seed: u64, width: usize) -> SimClr {
        let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, width);
        SimClr::new(&encoder, &HeadConfig::new(2, 32), seed, &Device::flex().autodiff())
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
        let names: Vec<String> =
            read_sync(tensors(&model(1, 8).encoder)).unwrap().into_iter().map(|t| t.name).collect();
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
        let values: Vec<f32> =
            (0..images * 3 * size * size).map(|i| ((i * 31 + salt * 17) % 97) as f32 / 96.0).collect();
        Tensor::from_data(TensorData::new(values, [images, 3, size, size]), &Device::flex())
    }

    /// The first numbers of h of `pattern(2, size, 9)`. PyTorch 1.13 computed them from the files of
    /// [`to_safetensors`], loaded by the Python file of a run's archive
    /// (`core/run/archive/load_encoder.py`); the wide one in torchvision 0.14's own resnet18.
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
}
