//! The learning rate by step: linear warm-up, then half a cosine to 0.

use super::config::OptimizerConfig;
use std::f64::consts::PI;

/// Steps count from 1. The warm-up rises from 0 (at the step before the first) to the peak at its last step; the cosine
/// falls to 0 at the step after the last. So no step is wasted at a rate of 0, and one step is at the peak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    peak: f64,
    /// 1 at least: without warm-up the first step is at the peak.
    warmup: u32,
    total: u32,
}

impl Schedule {
    /// For a run of `total` steps; the warm-up takes `config.warmup` of them, rounded.
    pub fn new(config: &OptimizerConfig, total: u32) -> Self {
        let warmup = (f64::from(config.warmup) * f64::from(total)).round() as u32;
        Self { peak: config.peak_rate.into(), warmup: warmup.clamp(1, total.max(1)), total }
    }

    /// A run of `total` steps that starts at `peak`.
    pub fn without_warmup(peak: f32, total: u32) -> Self {
        Self { peak: peak.into(), warmup: 1, total }
    }

    /// Learning rate of step `step`, from 1; 0 before the first and after the last.
    pub fn rate(&self, step: u32) -> f64 {
        if step == 0 || step > self.total {
            0.0
        } else if step <= self.warmup {
            self.peak * f64::from(step) / f64::from(self.warmup)
        } else {
            let done = f64::from(step - self.warmup) / f64::from(self.total + 1 - self.warmup);
            self.peak * 0.5 * (1.0 + (PI * done).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Optimizer, RunConfig};

    fn schedule(warmup: f32, total: u32) -> Schedule {
        let config = OptimizerConfig { peak_rate: 2.0, warmup, ..RunConfig::default().optimizer };
        Schedule::new(&config, total)
    }

    #[test]
    fn warm_up_is_linear_and_the_cosine_symmetric() {
        let s = schedule(0.1, 100);
        assert_eq!((s.rate(1), s.rate(5), s.rate(10), s.warmup), (0.2, 1.0, 2.0, 10));
        // Halfway between steps 10 and 101 the cosine is at half of the peak.
        let middle = (s.rate(55) + s.rate(56)) / 2.0;
        assert!((middle - 1.0).abs() < 1e-12, "{middle}");
    }

    #[test]
    fn no_step_of_a_run_is_wasted_and_it_only_rises_then_falls() {
        for (warmup, total) in [(0.0, 1), (0.1, 1), (0.1, 7), (0.5, 2), (0.0, 50), (0.1, 1170)] {
            let s = schedule(warmup, total);
            let rates: Vec<f64> = (1..=total).map(|t| s.rate(t)).collect();
            assert!(rates.iter().all(|r| *r > 0.0 && *r <= 2.0), "{warmup} {total}");
            assert_eq!(rates.iter().filter(|r| **r == 2.0).count(), 1, "{warmup} {total}");
            let peak = s.warmup as usize;
            assert!(rates[..peak].is_sorted_by(|a, b| a < b) && rates[peak - 1..].is_sorted_by(|a, b| a > b));
        }
    }

    #[test]
    fn outside_of_the_run_the_rate_is_zero() {
        let s = schedule(0.1, 10);
        assert_eq!([s.rate(0), s.rate(11), schedule(0.1, 0).rate(1)], [0.0; 3]);
    }

    #[test]
    fn every_optimiser_starts_from_its_own_peak() {
        for optimizer in [Optimizer::Lars, Optimizer::Sgd, Optimizer::AdamW] {
            let config = OptimizerConfig { warmup: 0.0, ..OptimizerConfig::preset(optimizer, 64) };
            assert_eq!(Schedule::new(&config, 5).rate(1), f64::from(config.peak_rate));
        }
    }
}
