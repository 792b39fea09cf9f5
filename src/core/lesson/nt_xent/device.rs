//! The batch that the lesson sends to the training code, and the answer.

use super::anchor::TAU_RANGE;
use crate::core::nt_xent::{Similarities, gradients};
use crate::core::{error::ConfigFault, report::DeviceReport};
use serde::{Deserialize, Serialize};

/// Most numbers in a batch; the lesson's batch has 16.
const MOST: usize = 4096;

/// Embeddings and a temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LessonBatch {
    /// `[2N][dim]` in the order of [`nt_xent`](crate::core::nt_xent). Rows need not have length 1.
    pub z: Vec<f32>,
    pub dim: u32,
    pub temperature: f32,
}

/// The training code's numbers, computed in f32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LessonReport {
    /// The device that computed them.
    pub device: DeviceReport,
    pub loss: f32,
    /// ℓ of each anchor, `[2N]`.
    pub losses: Vec<f32>,
    /// ∂loss/∂z, `[2N][dim]`.
    pub gradient: Vec<f32>,
}

/// One number, computed by the lesson in 64 bits and by the training code in 32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossComparison {
    pub lesson: f64,
    pub training: f64,
}

impl LossComparison {
    pub fn difference(self) -> f64 {
        (self.training - self.lesson).abs()
    }
}

impl LessonReport {
    /// ℓ of each anchor and, last, L; `[2N + 1]`. `similarities` and `tau` must be those of the batch that was sent.
    pub fn compare(&self, similarities: &Similarities, tau: f64) -> Vec<LossComparison> {
        let lesson = similarities.losses(tau).into_iter().chain([similarities.loss(tau)]);
        let training = self.losses.iter().copied().chain([self.loss]).map(f64::from);
        lesson.zip(training).map(|(lesson, training)| LossComparison { lesson, training }).collect()
    }

    /// Largest difference of an entry of ∂L/∂z from the lesson's gradient, for
    /// embeddings `[2N][dim]`. NaN if the two gradients differ in size.
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
    /// From embeddings `[2N][dim]` in 64 bits.
    pub fn new(z: &[f64], dim: usize, tau: f64) -> Self {
        Self { z: z.iter().map(|&x| x as f32).collect(), dim: dim as u32, temperature: tau as f32 }
    }

    /// 2N.
    pub fn views(&self) -> usize {
        self.z.len() / (self.dim as usize).max(1)
    }

    /// # Errors
    /// A temperature out of [`TAU_RANGE`], or `z` that is not pairs of finite rows.
    pub fn check(&self) -> Result<(), Vec<ConfigFault>> {
        let fault = |field: &str, value: String, accepts: String| {
            Err(vec![ConfigFault { field: field.into(), value, accepts }])
        };
        let (least, most) = TAU_RANGE;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        float::near, lesson::nt_xent::cosines::Cosines, lesson::nt_xent::embeddings::Embeddings,
        lesson::nt_xent::views::VIEW_COUNT, report::Backend,
    };

    #[test]
    fn the_training_codes_numbers_are_compared_with_the_lessons() {
        let cosines = Cosines::default();
        let (s, z) = (cosines.similarities(), cosines.embedding().unwrap());
        let gradient: Vec<f32> = Embeddings::example().gradient(0.5).iter().map(|&g| g as f32).collect();
        let device = DeviceReport { backend: Backend::Cpu, name: String::new(), software: false, why_not_gpu: None };
        let losses: Vec<f32> = s.losses(0.5).iter().map(|&l| l as f32).collect();
        let mut report = LessonReport { device, loss: 0.5, losses, gradient };
        let compared = report.compare(&s, 0.5);
        assert_eq!(compared.len(), VIEW_COUNT + 1);
        assert!(compared[..VIEW_COUNT].iter().all(|c| c.difference() < 1e-7));
        near(compared[VIEW_COUNT].lesson, 0.916347, 6e-7);
        near(compared[VIEW_COUNT].difference(), 0.416347, 6e-7);
        assert!(report.gradient_difference(&z, VIEW_COUNT, 0.5) < 1e-7);
        report.gradient[3] += 0.25;
        near(report.gradient_difference(&z, VIEW_COUNT, 0.5), 0.25, 1e-6);
        report.gradient.pop();
        assert!(report.gradient_difference(&z, VIEW_COUNT, 0.5).is_nan());
    }

    #[test]
    fn only_batches_of_pairs_at_the_lessons_temperatures_are_sent() {
        let z: Vec<f32> = Cosines::default().embedding().unwrap().iter().map(|&v| v as f32).collect();
        let batch = |z: &[f32], dim, temperature| LessonBatch { z: z.to_vec(), dim, temperature };
        assert_eq!(
            (batch(&z, 4, 0.01).check(), batch(&z, 4, 5.0).check(), batch(&z, 4, 0.5).views()),
            (Ok(()), Ok(()), 4)
        );
        let field = |batch: LessonBatch| batch.check().unwrap_err()[0].field.clone();
        assert_eq!([0.0, 9.0, f32::NAN].map(|tau| field(batch(&z, 4, tau))), ["temperature"; 3]);
        assert_eq!(
            [batch(&z, 0, 1.0), batch(&z, 3, 1.0), batch(&z[..12], 4, 1.0), batch(&[], 4, 1.0)].map(field),
            ["z"; 4]
        );
        assert_eq!(field(batch(&[f32::INFINITY, 0.0], 1, 1.0)), "z");
    }
}
