//! Initial weights, drawn on the host from the run's seed: burn's initialisers
//! use each device's own generator, and two devices would start differently.

use crate::core::rng::Rng;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};

/// Names of the parts between a module and one of its tensors, as in
/// `layer1.0.conv1.weight`. Enum variants add nothing to a name, nor does what
/// only wraps a network.
#[derive(Default)]
pub(super) struct Path(Vec<(String, String)>);

impl Path {
    pub fn enter(&mut self, name: &str, container: &str) {
        self.0.push((name.to_owned(), container.to_owned()));
    }

    pub fn exit(&mut self) {
        self.0.pop();
    }

    /// All parts, joined by dots.
    pub fn name(&self) -> String {
        let unnamed = |container: &str| container.starts_with("Enum:") || container == "Struct:ImageNet";
        let parts = self.0.iter().filter(|(_, container)| !unnamed(container));
        parts.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".")
    }

    /// Type of the layer that holds the innermost part, e.g. `Linear`.
    pub fn layer(&self) -> &str {
        self.0.last().and_then(|(_, container)| container.strip_prefix("Struct:")).unwrap_or_default()
    }
}

/// The [columns, rows] transpose of a row-major [rows, columns] matrix.
pub(super) fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns).map(|i| values[(i % rows) * columns + i / rows]).collect()
}

/// Writes PyTorch's default distribution into every weight of `module`:
/// convolutions and linear layers U(±1/√fan_in), their biases the same,
/// normalisation 1 and 0 (they are made so and stay).
///
/// Every tensor has a stream of its own, keyed by `seed` and its path under
/// `root`, so that adding a layer changes no other one's weights. A linear
/// weight is drawn as [out, in], PyTorch's order, and stored transposed.
pub fn draw<M: Module>(module: M, seed: u64, root: &str) -> M {
    let mut path = Path::default();
    path.enter(root, "Struct:Root");
    module.map(&mut Draw { seed, path, fan_in: 1 })
}

struct Draw {
    seed: u64,
    path: Path,
    /// Of the weight met last: its bias follows.
    fan_in: usize,
}

impl ModuleMapper for Draw {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let shape: [usize; D] = param.lazy_shape().dims();
        match D {
            2 => self.fan_in = shape[0],
            3.. => self.fan_in = shape[1..].iter().product(),
            // A bias, met after its weight.
            _ if matches!(self.path.layer(), "Linear" | "Conv2d") => {}
            // Vectors of a normalisation keep 1 and 0.
            _ => return param,
        }
        let bound = 1.0 / (self.fan_in as f32).sqrt();
        let mut rng = Rng::stream(self.seed, &name);
        let count = shape.iter().product::<usize>();
        let values: Vec<f32> = (0..count).map(|_| rng.uniform(-bound, bound)).collect();
        let values = if D == 2 { transpose(&values, shape[1], shape[0]) } else { values };
        let tensor = Tensor::from_data(TensorData::new(values, shape), &param.lazy_device());
        Param::initialized(param.id, tensor).set_require_grad(true)
    }
}

#[cfg(test)]
mod tests;
