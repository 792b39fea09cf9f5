//! A batch that the lesson sends through the training code, and its answer.

use super::temperature;
use crate::core::error::ConfigFault;
use crate::core::nt_xent::{Similarities, gradients};
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

/// One number by the lesson in 64 bits and by the training code in 32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beside {
    pub lesson: f64,
    pub training: f64,
}

impl Beside {
    pub fn difference(self) -> f64 {
        (self.training - self.lesson).abs()
    }
}

impl LessonReport {
    /// ℓ of each anchor and, last, L; `[2N + 1]`. `similarities` and `tau` are
    /// those of the batch that was sent.
    pub fn beside(&self, similarities: &Similarities, tau: f64) -> Vec<Beside> {
        let lesson = similarities.losses(tau).into_iter().chain([similarities.loss(tau)]);
        let training = self.losses.iter().copied().chain([self.loss]).map(f64::from);
        lesson.zip(training).map(|(lesson, training)| Beside { lesson, training }).collect()
    }

    /// Farthest that an entry of ∂L/∂z lies from the lesson's, for embeddings
    /// `[2N][dim]`; NaN if the two are not of one size.
    pub fn gradient_difference(&self, z: &[f64], dim: usize, tau: f64) -> f64 {
        let (a, b) = z.split_at(z.len() / 2);
        let own = gradients(a, b, dim, tau);
        if self.gradient.len() != z.len() {
            return f64::NAN;
        }
        let pairs = own.a.iter().chain(&own.b).zip(&self.gradient);
        pairs.map(|(own, &theirs)| (own - f64::from(theirs)).abs()).fold(0.0, f64::max)
    }
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
