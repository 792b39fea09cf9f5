//! A batch that the lesson sends through the training code, and its answer.

use super::temperature;
use crate::core::error::ConfigFault;
use crate::core::report::DeviceReport;
use serde::{Deserialize, Serialize};

/// Most numbers in a batch: the lesson's are tiny.
const MOST: usize = 4096;

/// Embeddings and a temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LessonBatch {
    /// `[2N][dim]` in the order of [`nt_xent`](crate::core::nt_xent), not
    /// necessarily of length 1.
    pub z: Vec<f32>,
    pub dim: u32,
    pub temperature: f32,
}

/// What the training code computed in f32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LessonReport {
    /// Where.
    pub device: DeviceReport,
    pub loss: f32,
    /// ℓ of each anchor, `[2N]`.
    pub losses: Vec<f32>,
    /// ∂loss/∂z, `[2N][dim]`.
    pub gradient: Vec<f32>,
}

impl LessonBatch {
    /// 2N.
    pub fn views(&self) -> usize {
        self.z.len() / (self.dim as usize).max(1)
    }

    /// # Errors
    /// What in it is no batch, or out of the lesson's bounds.
    pub fn check(&self) -> Result<(), Vec<ConfigFault>> {
        let fault = |field: &str, value: String, accepts: String| {
            Err(vec![ConfigFault { field: field.into(), value, accepts }])
        };
        let (least, most) = temperature::RANGE;
        let (dim, numbers) = (self.dim as usize, self.z.len());
        let pairs = dim > 0 && numbers > 0 && numbers <= MOST && numbers.is_multiple_of(2 * dim);
        if !(least as f32..=most as f32).contains(&self.temperature) {
            fault("temperature", self.temperature.to_string(), format!("{least} to {most}"))
        } else if !pairs || self.z.iter().any(|v| !v.is_finite()) {
            fault(
                "z",
                format!("{numbers} numbers in rows of {dim}"),
                format!("pairs of rows, {MOST} finite numbers at most"),
            )
        } else {
            Ok(())
        }
    }
}
