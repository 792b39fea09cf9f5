//! The interface between a training loop and what it trains, in pre-training and fine-tuning. The
//! loops themselves are the worker's, which has a clock and receives requests to pause.

use super::walk::{TensorPath, TensorVisitor, visit};
use super::{checkpoint::Snapshot, features::read};
use crate::core::error::Fault;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// A training that goes by steps and epochs of whole batches.
pub trait Training {
    /// Measured in one step.
    type Step;

    /// Enqueues one whole step; nothing is waited for.
    fn step(&mut self);

    /// What was measured in all steps since the last call, in order, in one
    /// transfer; the device has finished those steps when this returns.
    ///
    /// # Errors
    /// Where the device gives no values: [`Fault::OutOfMemory`] or [`Fault::Internal`] (it may be lost).
    fn read(&mut self) -> impl Future<Output = Result<Vec<Self::Step>, Fault>>;

    /// Whether every weight and every running statistic is a finite number. The last step's loss does not tell: it is
    /// of the weights before.
    ///
    /// # Errors
    /// As [`Training::read`].
    fn is_finite(&self) -> impl Future<Output = Result<bool, Fault>>;

    /// The training as it is between two steps; it may go on at once.
    fn snapshot(&self) -> Snapshot;

    /// Steps done.
    fn steps(&self) -> u32;

    fn total_steps(&self) -> u32;

    fn steps_per_epoch(&self) -> u32;

    /// Steps measured, but not yet read.
    fn unread(&self) -> usize;

    fn done(&self) -> bool {
        self.steps() >= self.total_steps()
    }

    /// Epochs done in full.
    fn epochs_done(&self) -> u32 {
        self.steps() / self.steps_per_epoch().max(1)
    }

    /// Whether the newest step was the last of an epoch.
    fn at_epoch_end(&self) -> bool {
        self.steps() > 0 && self.steps().is_multiple_of(self.steps_per_epoch().max(1))
    }
}

/// Whether every tensor of `network`, running statistics too, holds finite numbers only.
///
/// # Errors
/// As [`Training::read`].
pub async fn is_finite<M: Module>(network: &M) -> Result<bool, Fault> {
    let mut zeros = Zeros(Vec::new());
    visit(network, &mut zeros);
    Ok(read(Tensor::cat(zeros.0, 0)).await?.iter().all(|zero| *zero == 0.0))
}

/// Of each tensor the sum of its values times 0, which is 0 for finite ones only.
struct Zeros(Vec<Tensor<1>>);

impl TensorVisitor for Zeros {
    fn tensor<const D: usize>(&mut self, _: &TensorPath, param: &Param<Tensor<D>>) {
        self.0.push(param.val().inner().mul_scalar(0.0).sum());
    }
}
