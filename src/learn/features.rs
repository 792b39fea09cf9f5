//! Features h of stored images, in evaluation mode and without augmentation.

use super::encoder::Encoder;
use super::store::ByteStore;
use crate::core::error::Fault;
use burn::tensor::Tensor;

/// Why long work ended without a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Stopped {
    /// The pause callback said so.
    OnRequest,
    Failed(Fault),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

/// Reads a tensor, row-major. Asynchronous, because WebGPU has no other way.
///
/// # Errors
/// Where the device fails: [`Fault::OutOfMemory`] or [`Fault::Internal`] (it may be lost).
pub async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Fault> {
    let data = tensor.into_data_async().await.map_err(|e| Fault::of_device(e.to_string()))?;
    data.convert::<f32>().try_to_vec().map_err(|e| Fault::of_device(format!("{e:?}")))
}

/// Features of images: [rows, dim], row-major, one row an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    pub values: Vec<f32>,
    pub dim: usize,
}

impl Features {
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.dim).unwrap_or(0)
    }

    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dim..(index + 1) * self.dim]
    }
}

/// Features of the named images, `batch` at a time.
///
/// `encoder` evaluates where it is on a plain device ([`Module::valid`]), and
/// the store must be on the same. After each batch `pause` is told the part
/// done (0 to 1); it may wait, and ends the work by returning false.
///
/// [`Module::valid`]: burn::module::Module::valid
pub async fn features(
    encoder: &Encoder,
    store: &ByteStore,
    indices: &[u32],
    batch: usize,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<Features, Stopped> {
    let mut all = Features::default();
    if indices.is_empty() {
        return Ok(all);
    }
    let batch = batch.clamp(1, indices.len());
    for part in indices.chunks(batch) {
        // The last batch is filled up: another shape would cost a GPU new kernels.
        let mut padded = part.to_vec();
        padded.resize(batch, part[0]);
        let h = encoder.forward(store.gather(&padded));
        all.dim = h.dims()[1];
        let rows = read(h).await?;
        all.values.extend_from_slice(&rows[..part.len() * all.dim]);
        if !pause(all.rows() as f32 / indices.len() as f32).await {
            return Err(Stopped::OnRequest);
        }
    }
    Ok(all)
}
