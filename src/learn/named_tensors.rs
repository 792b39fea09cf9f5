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
mod tests;
