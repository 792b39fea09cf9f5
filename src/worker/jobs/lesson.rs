//! The lesson's batch through the loss that trains, on the device in use.

use crate::core::error::Fault;
use crate::core::lesson::device::{LessonBatch, LessonReport};
use crate::learn::features::read;
use crate::learn::nt_xent::nt_xent_parts;
use crate::protocol::Event;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Working};
use burn::tensor::{Tensor, TensorData};

/// Answers with loss, each anchor's loss, and gradient.
pub async fn nt_xent(id: u32, batch: LessonBatch) -> Result<(), Fault> {
    batch.check().map_err(Fault::Config)?;
    let _working = Working::begin(Job::Measure)?;
    let compute = session::compute().await?;
    let shape = [batch.views(), batch.dim as usize];
    let z = Tensor::from_data(TensorData::new(batch.z, shape), &compute.device);
    let (loss, losses, gradient) = nt_xent_parts(z, batch.temperature);
    let report = LessonReport {
        device: compute.report,
        losses: read(losses).await?,
        gradient: read(gradient).await?,
        loss: read(loss).await?.first().copied().unwrap_or(f32::NAN),
    };
    post(Some(id), Event::NtXent(report));
    Ok(())
}
