//! The velocities out and in, by the names of the parameters they belong to.

use super::Lars;
use crate::learn::export::{NamedTensor, WeightsError};
use crate::learn::init::Path;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData, Transaction};
use std::collections::HashMap;

impl Lars {
    /// v of every parameter of `module` that has taken a step, in the order of
    /// the module's parts; of the parameters' names and of burn's shapes (a
    /// linear weight is [in, out]). Read in one go, asynchronously.
    ///
    /// # Errors
    /// [`WeightsError::Device`] where the device gives no values.
    pub async fn state<M: Module>(&self, module: &M) -> Result<Vec<NamedTensor>, WeightsError> {
        let mut collect = Collect {
            velocities: &self.velocities,
            path: Path::default(),
            found: Vec::new(),
            transaction: Transaction::default(),
        };
        module.visit(&mut collect);
        let Collect { found, transaction, .. } = collect;
        let device = |e: String| WeightsError::Device { detail: e };
        let data = transaction.execute_async().await.map_err(|e| device(format!("{e:?}")))?;
        let named = |((name, shape), data): ((String, Vec<usize>), TensorData)| {
            let values = data.convert::<f32>().try_to_vec().map_err(|e| device(format!("{e:?}")))?;
            Ok(NamedTensor { name, shape, values })
        };
        found.into_iter().zip(data).map(named).collect()
    }

    /// Takes up what [`Lars::state`] gave of an equal network. Parameters that
    /// `state` does not name have taken no step.
    ///
    /// # Errors
    /// Where a name or shape is not `module`'s; nothing has changed then.
    pub fn load_state<M: Module>(&mut self, module: &M, state: Vec<NamedTensor>) -> Result<(), WeightsError> {
        let state = state.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let mut place = Place { state, path: Path::default(), velocities: GradientsParams::new(), error: None };
        module.visit(&mut place);
        if let Some(name) = place.state.into_keys().min() {
            let detail = format!("{name} is no parameter of this network");
            place.error.get_or_insert(WeightsError::Unreadable { detail });
        }
        match place.error {
            Some(error) => Err(error),
            None => {
                self.velocities = place.velocities;
                self.ratios = None;
                Ok(())
            }
        }
    }
}

struct Collect<'a> {
    velocities: &'a GradientsParams,
    path: Path,
    /// Names and shapes.
    found: Vec<(String, Vec<usize>)>,
    transaction: Transaction,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(v) = self.velocities.get::<D>(param.id) else { return };
        self.found.push((self.path.name(), v.dims().to_vec()));
        self.transaction = std::mem::take(&mut self.transaction).register(v);
    }
}

struct Place {
    /// Those that are not placed yet, by name.
    state: HashMap<String, NamedTensor>,
    path: Path,
    velocities: GradientsParams,
    error: Option<WeightsError>,
}

impl ModuleVisitor for Place {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(NamedTensor { name, shape, values }) = self.state.remove(&self.path.name()) else { return };
        let expected: [usize; D] = param.lazy_shape().dims();
        if shape != expected {
            self.error.get_or_insert(WeightsError::Shape { name, expected: expected.to_vec(), found: shape });
            return;
        }
        let v = Tensor::<D>::from_data(TensorData::new(values, expected), &param.lazy_device().inner());
        self.velocities.register(param.id, v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Optimizer as Rule, OptimizerConfig, Stem};
    use crate::learn::bench::mulberry;
    use crate::learn::block_on::block_on;
    use crate::learn::export::{load, tensors};
    use crate::learn::optim::Optimizer;
    use crate::learn::step::{Learner, SimClr};
    use burn::tensor::Device;

    const NETWORK: EncoderConfig = EncoderConfig { architecture: Architecture::ConvNet4, stem: Stem::Small, width: 4 };

    fn learner(seed: u64) -> Learner {
        let head = HeadConfig { layers: 2, output: 32 };
        let model = SimClr::new(&NETWORK, &head, seed, &Device::flex().autodiff());
        Learner::new(model, Optimizer::new(&OptimizerConfig::preset(Rule::Lars, 8)), 0.5)
    }

    fn lars(learner: &mut Learner) -> &mut Lars {
        match &mut learner.optimizer {
            Optimizer::Lars(lars) => lars,
            Optimizer::Burn(_) => panic!("LARS was asked for"),
        }
    }

    fn step(learner: &mut Learner, seed: u32) -> f32 {
        let views = TensorData::new(mulberry(seed, 16 * 3 * 256), [16, 3, 16, 16]);
        let measured = learner.step(Tensor::from_data(views, &Device::flex()), 0.5);
        measured.into_data().try_to_vec::<f32>().unwrap()[0]
    }

    #[test]
    fn a_network_with_its_velocities_goes_on_as_it_would_have() {
        let mut first = learner(1);
        for seed in 0..3 {
            step(&mut first, seed);
        }
        let weights = block_on(tensors(&first.model)).unwrap();
        let model = first.model.clone();
        let state = block_on(lars(&mut first).state(&model)).unwrap();
        // One for every parameter; running statistics are none.
        let parameters = weights.iter().filter(|t| !t.name.contains("running_"));
        assert_eq!(state.iter().map(|v| &v.name).collect::<Vec<_>>(), parameters.map(|t| &t.name).collect::<Vec<_>>());
        assert!(state.iter().any(|v| v.shape.len() == 4) && state.iter().all(|v| v.values.iter().any(|&x| x != 0.0)));

        let mut second = learner(2);
        second.model = load(second.model, weights).unwrap();
        let model = second.model.clone();
        lars(&mut second).load_state(&model, state).unwrap();
        let wanted: Vec<f32> = (3..6).map(|seed| step(&mut first, seed)).collect();
        assert_eq!((3..6).map(|seed| step(&mut second, seed)).collect::<Vec<f32>>(), wanted);
    }

    #[test]
    fn a_state_of_another_network_is_refused_and_changes_nothing() {
        let mut learner = learner(1);
        step(&mut learner, 0);
        let model = learner.model.clone();
        let lars = lars(&mut learner);
        let state = block_on(lars.state(&model)).unwrap();
        let mut misnamed = state.clone();
        misnamed[0].name = "elsewhere".into();
        let error = lars.load_state(&model, misnamed).unwrap_err().to_string();
        assert!(error.contains("elsewhere is no parameter"), "{error}");
        let mut reshaped = state.clone();
        reshaped[0].shape.reverse();
        assert!(matches!(lars.load_state(&model, reshaped), Err(WeightsError::Shape { .. })));
        assert_eq!(block_on(lars.state(&model)).unwrap(), state);
    }
}
