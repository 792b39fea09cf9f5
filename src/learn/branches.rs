//! One tensor for two branches of a network. Its gradient is the sum of theirs, which on the CPU backend all threads add up, in
//! place; burn's own sum takes one thread. A backend extension of burn, as in [`conv`](super::conv).

use super::conv::values;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use std::sync::{Arc, Mutex, PoisonError};

/// Sums of the gradients of two branches.
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Branches: Backend {
    /// The same tensor twice.
    #[fusion(default)]
    fn branched(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        (x.clone(), x)
    }

    /// The sum of two tensors of one shape.
    #[fusion(default)]
    fn added(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_add(a, b)
    }
}

#[cfg(feature = "gpu")]
impl Branches for burn_cubecl::CubeBackend {}

/// `x` for two branches, both of which must lead to the loss.
pub fn branched<const D: usize>(x: Tensor<D>) -> [Tensor<D>; 2] {
    let (a, b) = Dispatch::branched(x.into_dispatch());
    [a, b].map(Tensor::from_dispatch)
}

impl Branches for Flex {
    fn added(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let [mut a, b] = [a, b].map(|tensor| tensor.to_contiguous());
        kernels::add(a.storage_mut(), values(&b));
        a
    }
}

#[derive(Debug)]
struct Branch;

impl<B: Branches> Backward<B, 1> for Branch {
    /// The gradient of the branch that came first.
    type State = Arc<Mutex<Option<FloatTensor<B>>>>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let mut first = ops.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (first.take(), ops.parents) {
            (Some(other), [Some(node)]) => gradients.register::<B>(node.id, B::added(gradient, other)),
            _ => *first = Some(gradient),
        }
    }
}

impl<B: Branches, C: CheckpointStrategy> Branches for Autodiff<B, C> {
    fn branched(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let first = Arc::default();
        let branch = |x: FloatTensor<Self>| match Branch.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(Arc::clone(&first), x.into_primitive()),
            OpsKind::UnTracked(prep) => prep.finish(x.into_primitive()),
        };
        (branch(x.clone()), branch(x))
    }
}

#[cfg(test)]
mod tests {
    use super::branched;
    use burn::tensor::{Device, Tensor};

    #[test]
    fn gradients_of_branches_add_up() {
        let x = Tensor::<1>::from_floats([1.0, -2.0, 3.0], &Device::flex().autodiff()).require_grad();
        let [a, b] = branched(x.clone());
        let [b, c] = branched(b);
        let sum = a * 2.0 + b.clone() * b + c.exp();
        let gradient: Vec<f32> = x.grad(&sum.sum().backward()).unwrap().into_data().try_to_vec().unwrap();
        for (gradient, x) in gradient.into_iter().zip([1.0f32, -2.0, 3.0]) {
            assert!((gradient - (2.0 + 2.0 * x + x.exp())).abs() < 1e-4, "{gradient}");
        }
    }
}
