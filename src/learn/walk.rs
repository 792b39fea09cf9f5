//! One walk through a network's tensors by their names, for everything that reads, replaces or updates them.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};

/// Where a tensor lies in its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorPath {
    /// As in `layer1.0.conv1.weight`.
    pub name: String,
    /// Type of the layer that holds the tensor, e.g. `Linear`.
    pub layer: String,
}

impl TensorPath {
    /// Whether PyTorch stores the transpose: burn has a linear weight as [in, out].
    pub fn is_transposed<const D: usize>(&self) -> bool {
        D == 2 && self.layer == "Linear"
    }
}

/// Looks at every float tensor of a network: parameters and running statistics.
pub trait TensorVisitor {
    fn tensor<const D: usize>(&mut self, path: &TensorPath, param: &Param<Tensor<D>>);
}

/// Gives tensors of a network new values.
pub trait TensorFiller {
    /// Why a tensor could not be filled.
    type Error;

    /// New values of one tensor, row-major as burn has it; `None` leaves the tensor as it is.
    ///
    /// # Errors
    /// The walk then ends and replaces nothing further.
    fn values<const D: usize>(
        &mut self,
        path: &TensorPath,
        param: &Param<Tensor<D>>,
    ) -> Result<Option<Vec<f32>>, Self::Error>;
}

/// An optimiser's rule for one parameter.
pub trait UpdateRule {
    /// The parameter `w` after a step along the gradient `g`; neither has a graph.
    fn update<const D: usize>(&mut self, id: ParamId, w: Tensor<D>, g: Tensor<D>) -> Tensor<D>;
}

/// Shows `visitor` all float tensors of `module`, in the order of its parts.
pub fn visit<M: Module>(module: &M, visitor: &mut impl TensorVisitor) {
    module.visit(&mut Walk::new(visitor));
}

/// `module` with the values that `filler` gives. Filled tensors train.
///
/// # Errors
/// The first one of `filler`.
pub fn fill<M: Module, F: TensorFiller>(module: M, filler: &mut F) -> Result<M, F::Error> {
    let mut fill = Fill { walk: Walk::new(filler), error: None };
    let module = module.map(&mut fill);
    match fill.error {
        None => Ok(module),
        Some(error) => Err(error),
    }
}

/// `module` after one step of `rule` on every parameter that has a gradient.
pub fn update<M: Module>(module: M, gradients: GradientsParams, rule: &mut impl UpdateRule) -> M {
    module.map(&mut Update { gradients, rule })
}

/// A walk through a module that knows where it is.
struct Walk<V> {
    /// Names and types of the parts that it is in.
    parts: Vec<(String, String)>,
    inner: V,
}

impl<V> Walk<V> {
    fn new(inner: V) -> Self {
        Self { parts: Vec::new(), inner }
    }

    fn enter(&mut self, name: &str, container: &str) {
        self.parts.push((name.to_owned(), container.to_owned()));
    }

    fn exit(&mut self) {
        self.parts.pop();
    }

    /// Enum variants add nothing to a name.
    fn path(&self) -> TensorPath {
        let named = self.parts.iter().filter(|(_, container)| !container.starts_with("Enum:"));
        let name = named.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(".");
        let layer = self.parts.last().and_then(|(_, container)| container.strip_prefix("Struct:"));
        TensorPath { name, layer: layer.unwrap_or_default().to_owned() }
    }
}

impl<V: TensorVisitor> ModuleVisitor for Walk<&mut V> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path();
        self.inner.tensor(&path, param);
    }
}

struct Fill<'a, F: TensorFiller> {
    walk: Walk<&'a mut F>,
    error: Option<F::Error>,
}

impl<F: TensorFiller> ModuleMapper for Fill<'_, F> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.walk.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.walk.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let path = self.walk.path();
        match self.walk.inner.values(&path, &param) {
            Ok(Some(values)) => {
                let shape: [usize; D] = param.lazy_shape().dims();
                let tensor = Tensor::from_data(TensorData::new(values, shape), &param.lazy_device());
                Param::initialized(param.id, tensor).set_require_grad(true)
            }
            Ok(None) => param,
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

struct Update<'a, R> {
    gradients: GradientsParams,
    rule: &'a mut R,
}

impl<R: UpdateRule> ModuleMapper for Update<'_, R> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(g) = self.gradients.remove::<D>(param.id) else { return param };
        let id = param.id;
        param.map(|w| Tensor::from_inner(self.rule.update(id, w.inner(), g.inner())).require_grad())
    }
}

/// `tensor` as a vector without a graph.
pub fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.dims().iter().product::<usize>();
    tensor.inner().reshape([count])
}

/// The gradients of `module`'s parameters as vectors without a graph, in the order of its parts.
/// Parameters without a gradient are left out.
pub fn flat_gradients<M: Module>(module: &M, gradients: &GradientsParams) -> Vec<Tensor<1>> {
    struct Gradients<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl TensorVisitor for Gradients<'_> {
        fn tensor<const D: usize>(&mut self, _path: &TensorPath, param: &Param<Tensor<D>>) {
            let gradient = self.0.get::<D>(param.id);
            self.1.extend(gradient.map(flat));
        }
    }
    let mut found = Gradients(gradients, Vec::new());
    visit(module, &mut found);
    found.1
}

/// What can be said of a tensor without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    /// As burn has it.
    pub shape: Vec<usize>,
    pub trains: bool,
}

/// All tensors of `module`, running statistics too, in the order of its parts. Weights that were not
/// asked for yet are not drawn for it.
pub fn list<M: Module>(module: &M) -> Vec<TensorInfo> {
    struct List(Vec<TensorInfo>);
    impl TensorVisitor for List {
        fn tensor<const D: usize>(&mut self, path: &TensorPath, param: &Param<Tensor<D>>) {
            let shape: [usize; D] = param.lazy_shape().dims();
            self.0.push(TensorInfo { name: path.name.clone(), shape: shape.to_vec(), trains: param.is_require_grad() });
        }
    }
    let mut list = List(Vec::new());
    visit(module, &mut list);
    list.0
}
