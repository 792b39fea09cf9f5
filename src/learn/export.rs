//! Weights out and in, as safetensors with PyTorch's names and order: an
//! encoder trained here loads into torchvision's ResNet of the same width, and
//! the other way round.

use super::fine_tune::Classifier;
use super::init::{Path, transpose};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData, Transaction};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::fmt;

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
    module.visit(&mut collect);
    let Collect { entries, transaction, .. } = collect;
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

/// `module` as a safetensors file.
pub async fn to_safetensors<M: Module>(module: &M) -> Result<Vec<u8>, WeightsError> {
    pack(&tensors(module).await?)
}

/// An encoder with its classifier as one network, as torchvision names it: the
/// encoder's tensors without a prefix, then `fc`.
pub async fn classifier_to_safetensors(classifier: &Classifier) -> Result<Vec<u8>, WeightsError> {
    let mut tensors = tensors(classifier).await?;
    for tensor in &mut tensors {
        if let Some(name) = tensor.name.strip_prefix("encoder.") {
            tensor.name = name.to_owned();
        }
    }
    pack(&tensors)
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

/// `module` with the tensors of a safetensors file. Names that the module has
/// not (a classifier, counters of batches) are ignored.
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

/// `module` with every one of its tensors replaced by that of its name; names
/// that it has not are ignored.
pub fn load<M: Module>(module: M, tensors: Vec<NamedTensor>) -> Result<M, WeightsError> {
    let tensors = tensors.into_iter().map(|t| (t.name.clone(), t)).collect();
    let mut replace = Replace { tensors, path: Path::default(), error: None };
    let module = module.map(&mut replace);
    match replace.error {
        None => Ok(module),
        Some(error) => Err(error),
    }
}

/// Names of `module`'s tensors of more than one dimension that train, in the order of its
/// parts: those that LARS adapts.
pub fn layers<M: Module>(module: &M) -> Vec<String> {
    let mut layers = Layers::default();
    module.visit(&mut layers);
    layers.names
}

#[derive(Default)]
struct Layers {
    path: Path,
    names: Vec<String>,
}

impl ModuleVisitor for Layers {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D > 1 && param.is_require_grad() {
            self.names.push(self.path.name());
        }
    }
}

#[derive(Default)]
struct Collect {
    path: Path,
    /// Name, shape as stored, whether PyTorch stores the transpose.
    entries: Vec<(String, Vec<usize>, bool)>,
    transaction: Transaction,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val().inner();
        let transposed = D == 2 && self.path.layer() == "Linear";
        self.entries.push((self.path.name(), tensor.dims().to_vec(), transposed));
        self.transaction = std::mem::take(&mut self.transaction).register(tensor);
    }
}

struct Replace {
    tensors: HashMap<String, NamedTensor>,
    path: Path,
    error: Option<WeightsError>,
}

impl ModuleMapper for Replace {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let shape: [usize; D] = param.lazy_shape().dims();
        let transposed = D == 2 && self.path.layer() == "Linear";
        let mut expected = shape.to_vec();
        if transposed {
            expected.reverse();
        }
        let Some(NamedTensor { values, shape: found, .. }) = self.tensors.remove(&name) else {
            self.error.get_or_insert(WeightsError::Missing { name });
            return param;
        };
        if found != expected {
            self.error.get_or_insert(WeightsError::Shape { name, expected, found });
            return param;
        }
        let values = if transposed { transpose(&values, expected[0], expected[1]) } else { values };
        let tensor = Tensor::from_data(TensorData::new(values, shape), &param.lazy_device());
        Param::initialized(param.id, tensor).set_require_grad(true)
    }
}

#[cfg(test)]
mod tests;
