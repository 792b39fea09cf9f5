//! A training run frozen between two steps: the weights, the running statistics
//! and what the optimiser keeps for each of them. A safetensors file of the
//! program's own: tensors lie as burn has them, named `model.…` and
//! `optimizer.SLOT.…`; [`export`](super::export) writes files for other programs.

use super::export::WeightsError;
use super::init::Path;
use super::optim::Optimizer;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData, Transaction};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};
use std::collections::HashMap;

/// Keys of the file's header: the number of steps, and what its writer noted.
const STEPS: &str = "steps";
const NOTE: &str = "note";

/// Weights and optimiser as they were after some step. The tensors are still on
/// the device: taking a snapshot costs nothing, and training may go on while
/// [`Snapshot::into_bytes`] reads them.
pub struct Snapshot {
    tensors: Vec<(String, Vec<usize>)>,
    /// Those tensors in order, some at a time, with the bytes of each group.
    groups: Vec<(Transaction, usize)>,
    steps: u32,
    note: Option<String>,
}

/// Bytes that are read from the device at once, but at least one tensor: beside the file itself, so
/// many are in memory.
const GROUP: usize = 32 << 20;
const FLOAT: usize = 4;

impl Snapshot {
    /// Of `module` and `optimizer` after `steps` steps.
    pub fn new<M: Module>(module: &M, optimizer: &Optimizer, steps: u32) -> Self {
        let snapshot = Self { steps, ..Self::nothing() };
        let mut collect = Collect { path: Path::default(), optimizer, snapshot };
        module.visit(&mut collect);
        collect.snapshot
    }

    /// Of no weights, for a note alone.
    pub fn nothing() -> Self {
        Self { tensors: Vec::new(), groups: Vec::new(), steps: 0, note: None }
    }

    /// Puts words of the caller's beside it, for [`note`] to read.
    pub fn with_note(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// Steps done when it was taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Reads everything and returns the file.
    ///
    /// # Errors
    /// [`WeightsError::Device`] where the device fails.
    pub async fn into_bytes(self) -> Result<Vec<u8>, WeightsError> {
        let failed = |detail: String| WeightsError::Device { detail };
        let mut file = self.header().map_err(failed)?;
        for (group, _) in self.groups {
            for data in group.execute_async().await.map_err(|e| failed(format!("{e:?}")))? {
                file.extend_from_slice(data.convert_dtype(DType::F32).as_bytes());
            }
        }
        Ok(file)
    }

    /// The file up to the first tensor's numbers, with room for all.
    fn header(&self) -> Result<Vec<u8>, String> {
        let mut noted = HashMap::from([(STEPS.to_owned(), self.steps.to_string())]);
        noted.extend(self.note.clone().map(|note| (NOTE.to_owned(), note)));
        let mut end = 0;
        let place = |(name, shape): &(String, Vec<usize>)| {
            let start = end;
            end += FLOAT * shape.iter().product::<usize>();
            (name.clone(), TensorInfo { dtype: Dtype::F32, shape: shape.clone(), data_offsets: (start, end) })
        };
        let tensors = self.tensors.iter().map(place).collect();
        let metadata = Metadata::new(Some(noted), tensors).map_err(|e| e.to_string())?;
        let mut json = serde_json::to_vec(&metadata).map_err(|e| e.to_string())?;
        json.resize(json.len().next_multiple_of(8), b' ');
        let mut file = Vec::with_capacity(8 + json.len() + end);
        file.extend((json.len() as u64).to_le_bytes());
        file.extend(json);
        Ok(file)
    }
}

struct Collect<'a> {
    path: Path,
    optimizer: &'a Optimizer,
    snapshot: Snapshot,
}

impl Collect<'_> {
    fn push<const D: usize>(&mut self, name: String, tensor: Tensor<D>) {
        let Snapshot { tensors, groups, .. } = &mut self.snapshot;
        let bytes = FLOAT * tensor.dims().iter().product::<usize>();
        tensors.push((name, tensor.dims().to_vec()));
        let (group, before) = groups.pop_if(|(_, before)| *before + bytes <= GROUP).unwrap_or_default();
        groups.push((group.register(tensor), before + bytes));
    }
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, tensor) = (self.path.name(), param.val().inner());
        for (slot, state) in self.optimizer.state(param.id, tensor.clone()) {
            self.push(format!("optimizer.{slot}.{name}"), state);
        }
        self.push(format!("model.{name}"), tensor);
    }
}

/// Steps that had been done when the file's [`Snapshot`] was taken.
///
/// # Errors
/// [`WeightsError::Unreadable`] where it is no such file.
pub fn steps(bytes: &[u8]) -> Result<u32, WeightsError> {
    let steps = in_header(bytes, STEPS)?.and_then(|steps| steps.parse().ok());
    steps.ok_or_else(|| WeightsError::Unreadable { detail: "its header names no number of steps".to_owned() })
}

/// What [`Snapshot::with_note`] put into the file, or none.
///
/// # Errors
/// [`WeightsError::Unreadable`] where it is no such file.
pub fn note(bytes: &[u8]) -> Result<Option<String>, WeightsError> {
    in_header(bytes, NOTE)
}

fn in_header(bytes: &[u8], key: &str) -> Result<Option<String>, WeightsError> {
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|e| WeightsError::Unreadable { detail: e.to_string() })?;
    Ok(header.metadata().as_ref().and_then(|all| all.get(key).cloned()))
}

/// `module` and `optimizer` as a [`Snapshot`] of the same shapes had them, and
/// the steps done by then.
///
/// # Errors
/// The file is not one, or of another network: the first tensor that is wrong.
pub fn restore<M: Module>(module: M, optimizer: &mut Optimizer, bytes: &[u8]) -> Result<(M, u32), WeightsError> {
    let unreadable = |detail: String| WeightsError::Unreadable { detail };
    let file = SafeTensors::deserialize(bytes).map_err(|e| unreadable(e.to_string()))?;
    let steps = steps(bytes)?;
    let mut replace = Replace { path: Path::default(), file, optimizer, steps, error: None };
    let module = module.map(&mut replace);
    match replace.error {
        None => Ok((module, steps)),
        Some(error) => Err(error),
    }
}

struct Replace<'a> {
    path: Path,
    file: SafeTensors<'a>,
    optimizer: &'a mut Optimizer,
    steps: u32,
    error: Option<WeightsError>,
}

impl Replace<'_> {
    /// A tensor of the file; none where it has none of this name.
    fn values(&self, name: &str, expected: &[usize]) -> Result<Option<Vec<f32>>, WeightsError> {
        let Ok(view) = self.file.tensor(name) else { return Ok(None) };
        if view.shape() != expected {
            let (expected, found) = (expected.to_vec(), view.shape().to_vec());
            return Err(WeightsError::Shape { name: name.to_owned(), expected, found });
        }
        if view.dtype() != Dtype::F32 {
            return Err(WeightsError::Type { name: name.to_owned(), found: format!("{:?}", view.dtype()) });
        }
        Ok(Some(view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()))
    }

    fn one<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Result<Param<Tensor<D>>, WeightsError> {
        let name = self.path.name();
        let shape: [usize; D] = param.lazy_shape().dims();
        let device = param.lazy_device();
        let model = format!("model.{name}");
        let values = self.values(&model, &shape)?.ok_or(WeightsError::Missing { name: model })?;
        let mut slots = Vec::new();
        for slot in self.optimizer.slots() {
            let state = self.values(&format!("optimizer.{slot}.{name}"), &shape)?;
            slots.extend(state.map(|v| Tensor::<D>::from_data(TensorData::new(v, shape), &device.clone().inner())));
        }
        // Before its first step a parameter has none, running statistics never have.
        if slots.len() == self.optimizer.slots().len() {
            self.optimizer.set_state(param.id, slots, self.steps);
        }
        let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
        Ok(Param::initialized(param.id, tensor).set_require_grad(true))
    }
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let kept = param.clone();
        self.one(param).unwrap_or_else(|error| {
            self.error = Some(error);
            kept
        })
    }
}

#[cfg(test)]
mod tests;
