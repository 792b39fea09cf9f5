//! A training run between two steps: the weights, the running statistics and the optimiser's state for each of them. A
//! safetensors file of the program's own: tensors lie as burn has them, named `model.…` and `optimizer.SLOT.…`;
//! [`named_tensors`](super::named_tensors) writes files for other programs.

use super::walk::{TensorFiller, TensorPath, TensorVisitor, fill, visit};
use super::{named_tensors::WeightsError, optim::Optimizer};
use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor, TensorData, Transaction};
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};
use std::collections::HashMap;

/// Keys of the file's header: the number of steps, and the writer's note.
const STEPS: &str = "steps";
const NOTE: &str = "note";

/// Weights and optimiser as they were after some step. The tensors are still on the device: taking a snapshot costs
/// nothing, and training may go on while [`Snapshot::into_bytes`] reads them.
pub struct Snapshot {
    tensors: Vec<(String, Vec<usize>)>,
    /// Those tensors in order, some at a time, with the bytes of each group.
    groups: Vec<(Transaction, usize)>,
    steps: u32,
    note: Option<String>,
}

/// Bytes that are read from the device at once, but at least one tensor. They are in memory together with the file.
const GROUP: usize = 32 << 20;
const FLOAT: usize = 4;

impl Snapshot {
    /// Of `module` and `optimizer` after `steps` steps.
    pub fn new<M: Module>(module: &M, optimizer: &Optimizer, steps: u32) -> Self {
        let snapshot = Self { steps, ..Self::nothing() };
        let mut collect = Collect { optimizer, snapshot };
        visit(module, &mut collect);
        collect.snapshot
    }

    /// Without weights, for a file that holds only a note.
    pub fn nothing() -> Self {
        Self { tensors: Vec::new(), groups: Vec::new(), steps: 0, note: None }
    }

    /// With a note of the caller in the file's header, for [`note`] to read.
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

impl TensorVisitor for Collect<'_> {
    fn tensor<const D: usize>(&mut self, path: &TensorPath, param: &Param<Tensor<D>>) {
        let (name, tensor) = (&path.name, param.val().inner());
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

/// The note of [`Snapshot::with_note`], if the file has one.
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

/// `module` and `optimizer` as a [`Snapshot`] of the same shapes had them, and the steps done by then.
///
/// # Errors
/// The file is not one, or of another network: the first tensor that is wrong.
pub fn restore<M: Module>(module: M, optimizer: &mut Optimizer, bytes: &[u8]) -> Result<(M, u32), WeightsError> {
    let unreadable = |detail: String| WeightsError::Unreadable { detail };
    let file = SafeTensors::deserialize(bytes).map_err(|e| unreadable(e.to_string()))?;
    let steps = steps(bytes)?;
    let module = fill(module, &mut Replace { file, optimizer, steps })?;
    Ok((module, steps))
}

struct Replace<'a> {
    file: SafeTensors<'a>,
    optimizer: &'a mut Optimizer,
    steps: u32,
}

impl Replace<'_> {
    /// A tensor of the file, or `None` if the file has no tensor of this name.
    fn tensor(&self, name: &str, expected: &[usize]) -> Result<Option<Vec<f32>>, WeightsError> {
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
}

impl TensorFiller for Replace<'_> {
    type Error = WeightsError;

    fn values<const D: usize>(
        &mut self,
        path: &TensorPath,
        param: &Param<Tensor<D>>,
    ) -> Result<Option<Vec<f32>>, WeightsError> {
        let shape: [usize; D] = param.lazy_shape().dims();
        let model = format!("model.{}", path.name);
        let values = self.tensor(&model, &shape)?.ok_or(WeightsError::Missing { name: model })?;
        let device = param.lazy_device().inner();
        let mut slots = Vec::new();
        for slot in self.optimizer.slots() {
            let state = self.tensor(&format!("optimizer.{slot}.{}", path.name), &shape)?;
            slots.extend(state.map(|v| Tensor::<D>::from_data(TensorData::new(v, shape), &device)));
        }
        // Before its first step a parameter has no state; running statistics never have any.
        if slots.len() == self.optimizer.slots().len() {
            self.optimizer.set_state(param.id, slots, self.steps);
        }
        Ok(Some(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{
        self, Architecture, AugmentConfig, EncoderConfig, HeadConfig, OptimizerConfig, RunConfig, Stem,
    };
    use crate::core::{dataset::Dataset, error::Fault, rng::Rng};
    use crate::learn::{store::ByteStore, trainer::Trainer, training::Training};
    use burn::tensor::{Device, read_sync};

    const IMAGES: usize = 40;

    fn config(optimizer: config::Optimizer) -> RunConfig {
        let base = RunConfig::default();
        RunConfig {
            image_size: 16,
            encoder: EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8),
            augment: AugmentConfig { blur_probability: 0.0, ..base.augment },
            optimizer: OptimizerConfig { weight_decay: 0.01, ..OptimizerConfig::preset(optimizer, 16) },
            batch: 16,
            epochs: 6,
            ..base
        }
    }

    fn store() -> ByteStore {
        let mut rng = Rng::new(8);
        let pixels = (0..IMAGES * 3 * 256).map(|_| rng.below(256) as u8).collect();
        ByteStore::new(&Dataset { size: 16, pixels, ..Dataset::default() }, &Device::flex(), usize::MAX)
    }

    fn start(config: &RunConfig) -> Trainer {
        Trainer::new(config, store(), &(0..IMAGES).collect::<Vec<_>>(), &Device::flex()).unwrap()
    }

    fn resume(config: &RunConfig, bytes: &[u8]) -> Result<Trainer, Fault> {
        Trainer::resume(config, store(), &(0..IMAGES).collect::<Vec<_>>(), &Device::flex(), bytes)
    }

    /// Losses of `steps` steps.
    fn go(trainer: &mut Trainer, steps: usize) -> Vec<f32> {
        (0..steps).for_each(|_| trainer.step());
        read_sync(trainer.read()).unwrap().iter().map(|r| r.loss).collect()
    }

    /// Largest difference: threads add up in any order, so equal runs differ by rounding.
    fn apart(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    /// A run of 5 steps, frozen, and what would have followed: in the middle of an epoch.
    fn frozen(config: &RunConfig) -> (Vec<u8>, Vec<f32>) {
        let mut trainer = start(config);
        go(&mut trainer, 5);
        let snapshot = trainer.snapshot();
        // The snapshot is of now, although it is read later.
        let after = go(&mut trainer, 6);
        (read_sync(snapshot.into_bytes()).unwrap(), after)
    }

    #[test]
    fn a_run_goes_on_as_if_it_had_not_stopped() {
        let normalised = HeadConfig { batch_norm: true, ..HeadConfig::new(2, 32) };
        for (optimizer, head, chunk) in [
            (config::Optimizer::Lars, HeadConfig::new(2, 128), 8),
            (config::Optimizer::Sgd, normalised, 0),
            (config::Optimizer::AdamW, HeadConfig::new(2, 128), 0),
        ] {
            let config = RunConfig { head, chunk, ..config(optimizer) };
            let (bytes, expected) = frozen(&config);
            let mut resumed = resume(&config, &bytes).unwrap();
            assert_eq!((resumed.steps(), resumed.epoch()), (5, 3));
            let apart = apart(&go(&mut resumed, 6), &expected);
            assert!(apart < 1e-4, "{optimizer:?}: {apart}");
        }
    }

    #[test]
    fn without_the_optimisers_state_it_would_not() {
        for optimizer in [config::Optimizer::Lars, config::Optimizer::Sgd, config::Optimizer::AdamW] {
            let config = config(optimizer);
            let (bytes, expected) = frozen(&config);
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let model: Vec<_> = file.iter().filter(|(name, _)| name.starts_with("model.")).collect();
            let header = HashMap::from([(STEPS.to_owned(), "5".to_owned())]);
            let bytes = safetensors::serialize(model, Some(header)).unwrap();
            let apart = apart(&go(&mut resume(&config, &bytes).unwrap(), 6), &expected);
            assert!(apart > 1e-3, "{optimizer:?}: {apart}");
        }
    }

    #[test]
    fn foreign_and_broken_files_are_refused() {
        let config = config(config::Optimizer::Lars);
        let (bytes, _) = frozen(&config);
        let said = |config: &RunConfig, bytes: &[u8]| match resume(config, bytes) {
            Err(Fault::Internal { detail }) => detail,
            other => panic!("{:?}", other.map(|t| t.steps())),
        };
        assert!(said(&config, &bytes[..bytes.len() / 2]).contains("not a readable safetensors file"));
        assert!(said(&config, b"").contains("not a readable safetensors file"));
        let mut wider = config;
        wider.encoder.width = 16;
        assert!(
            said(&wider, &bytes).contains("model.encoder.conv1.weight has shape [8, 3, 3, 3], expected [16, 3, 3, 3]")
        );
        let mut other = config;
        other.encoder.architecture = Architecture::ResNet10;
        assert!(said(&other, &bytes).contains("layer1"));
        // An encoder's own file has no steps.
        let encoder = read_sync(crate::learn::named_tensors::to_safetensors(&start(&config).encoder())).unwrap();
        assert!(said(&config, &encoder).contains("no number of steps"));
    }
}
