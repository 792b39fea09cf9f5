//! The NT-Xent lesson's batch through the loss that trains, on the current device.

use crate::core::error::Fault;
use crate::core::lesson::nt_xent::device::{LessonBatch, LessonReport};
use crate::learn::{features::read, nt_xent::nt_xent_parts};
use crate::protocol::Event;
use crate::worker::session::{self, Job, JobGuard};
use burn::tensor::{Tensor, TensorData};

/// The loss, each anchor's loss, and the gradient.
pub async fn nt_xent(batch: LessonBatch) -> Result<Event, Fault> {
    batch.check().map_err(Fault::Config)?;
    let _guard = JobGuard::begin(Job::Measure)?;
    let compute = session::compute().await?;
    let shape = [batch.views(), batch.dim as usize];
    let z = Tensor::from_data(TensorData::new(batch.z, shape), &compute.device);
    let (loss, losses, gradient) = nt_xent_parts(z, batch.temperature);
    Ok(Event::NtXent(LessonReport {
        device: compute.report,
        losses: read(losses).await?,
        gradient: read(gradient).await?,
        loss: read(loss).await?.first().copied().unwrap_or(f32::NAN),
    }))
}
