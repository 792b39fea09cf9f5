//! The derivative of [`Convolution`] for burn's autodiff. The bookkeeping is that of burn's own convolution; the gradients
//! are ours.

use super::Convolution;
use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

#[derive(Debug)]
struct Differentiated;

/// Where the checkpoints of x and weight are, and the stride and padding.
type State = (NodeId, NodeId, usize, [usize; 2]);

impl<B: Convolution> Backward<B, 2> for Differentiated {
    type State = State;

    fn backward(self, ops: Ops<State, 2>, gradients: &mut Gradients, checkpoints: &mut Checkpointer) {
        let [of_x, of_weight] = ops.parents;
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, weight, stride, padding) = ops.state;
        let x: FloatTensor<B> = checkpoints.retrieve_node_output(x);
        let weight: FloatTensor<B> = checkpoints.retrieve_node_output(weight);
        if let Some(node) = of_x {
            let value = B::convolution_input_gradient(x.clone(), weight.clone(), gradient.clone(), stride, padding);
            gradients.register::<B>(node.id, value);
        }
        if let Some(node) = of_weight {
            let value = B::convolution_weight_gradient(x, weight, gradient, stride, padding);
            gradients.register::<B>(node.id, value);
        }
    }
}

impl<B: Convolution, C: CheckpointStrategy> Convolution for Autodiff<B, C> {
    fn convolution(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        padding: [usize; 2],
    ) -> FloatTensor<Self> {
        match Differentiated.prepare::<C>([x.node(), weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&x), prep.checkpoint(&weight), stride, padding);
                prep.finish(state, B::convolution(x.into_primitive(), weight.into_primitive(), stride, padding))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::convolution(x.into_primitive(), weight.into_primitive(), stride, padding))
            }
        }
    }
}
