//! A real run of this program, recorded: ConvNet-4 on the sample set, once with
//! LARS and once with SGD. `recorded_run.txt` says how it was made.

use super::trust_ratio::{TrustHistory, TrustRatio};
use super::worked_example::LARS;
use crate::core::lars::{Lars, adapts};
use crate::core::report::TrustRatios;
use std::sync::LazyLock;

/// Output of `examples/lars_run.rs`.
const TEXT: &str = include_str!("recorded_run.txt");

/// The run's μ, β and η: the program's preset.
pub const SETTINGS: Lars = Lars { weight_decay: 1e-6, ..LARS };

/// The optimiser of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedOptimizer {
    Lars,
    Sgd,
}

/// A tensor of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// As in `encoder.conv1.weight`.
    pub name: &'static str,
    pub shape: Vec<usize>,
}

/// One step: ‖w‖ and ‖g‖ of each tensor, before the step.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub step: u32,
    /// γ.
    pub rate: f64,
    pub loss: f64,
    pub norms: Vec<(f64, f64)>,
}

impl Moment {
    /// λ of every layer, with its parts.
    pub fn ratios(&self) -> Vec<TrustRatio> {
        self.norms.iter().map(|&(w, g)| TrustRatio::new(&SETTINGS, w, g)).collect()
    }
}

/// One run of the two.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// All tensors, in the order of the network.
    pub tensors: Vec<Tensor>,
    /// Steps in order, of the tensors with more than one dimension.
    pub moments: Vec<Moment>,
}

/// Both runs, read when first asked for.
pub fn runs() -> &'static [Recording; 2] {
    static RUNS: LazyLock<[Recording; 2]> =
        LazyLock::new(|| [RecordedOptimizer::Lars, RecordedOptimizer::Sgd].map(Recording::new));
    &RUNS
}

impl Recording {
    /// Reads one run from the file, which is a part of the program.
    pub fn new(optimizer: RecordedOptimizer) -> Self {
        let key = match optimizer {
            RecordedOptimizer::Lars => "lars",
            RecordedOptimizer::Sgd => "sgd",
        };
        let mut run = Self { tensors: Vec::new(), moments: Vec::new() };
        for line in TEXT.lines() {
            let mut words = line.split(' ');
            if words.next() == Some(key) {
                run.take_line(words);
            }
        }
        run
    }

    /// Names of the tensors that get λ, in the order of a moment's norms.
    pub fn layers(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.tensors.iter().filter(|t| adapts(&t.shape)).map(|t| t.name)
    }

    /// λ of every layer over the run.
    pub fn history(&self) -> TrustHistory {
        let mut history = TrustHistory::new(self.layers().map(str::to_owned).collect());
        for moment in &self.moments {
            let ratios = moment.ratios().iter().map(|p| p.ratio as f32).collect();
            history.push(&TrustRatios { step: moment.step, ratios });
        }
        history
    }

    /// Reads the rest of a line. A test holds the file's form.
    fn take_line(&mut self, mut words: std::str::Split<'static, char>) {
        match words.next() {
            Some("tensor") => {
                let name = words.next().unwrap_or_default();
                let shape = words.next().unwrap_or_default().split('x').filter_map(|n| n.parse().ok()).collect();
                self.tensors.push(Tensor { name, shape });
            }
            step => {
                let step = step.and_then(|word| word.parse().ok()).unwrap_or_default();
                let numbers: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
                if let [rate, loss, norms @ ..] = numbers.as_slice() {
                    let norms = norms.chunks_exact(2).map(|p| (p[0], p[1])).collect();
                    self.moments.push(Moment { step, rate: *rate, loss: *loss, norms });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Optimizer, OptimizerConfig};

    #[test]
    fn the_recording_is_whole() {
        let preset = OptimizerConfig::preset(Optimizer::Lars, 128);
        let own = Lars::from(&preset);
        assert!(
            (own.momentum - SETTINGS.momentum).abs() < 1e-6 && (own.weight_decay - SETTINGS.weight_decay).abs() < 1e-12
        );
        assert!((own.trust_coefficient - SETTINGS.trust_coefficient).abs() < 1e-9);
        for optimizer in [RecordedOptimizer::Lars, RecordedOptimizer::Sgd] {
            let run = Recording::new(optimizer);
            let adapted = run.tensors.iter().filter(|t| adapts(&t.shape)).count();
            assert_eq!((run.tensors.len(), adapted), (16, 6));
            assert!(run.moments.len() > 30 && run.moments.windows(2).all(|m| m[0].step < m[1].step));
            assert_eq!((run.moments[0].step, run.moments.last().unwrap().step), (1, 270));
            for moment in &run.moments {
                assert_eq!(moment.norms.len(), adapted);
                assert!(moment.loss > 1.0 && moment.rate > 0.0);
                assert!(moment.norms.iter().all(|&(w, g)| w > 0.0 && g > 0.0), "{moment:?}");
            }
        }
        // Both runs start from the same weights and images.
        let [lars, sgd] = [RecordedOptimizer::Lars, RecordedOptimizer::Sgd]
            .map(|optimizer| Recording::new(optimizer).moments.swap_remove(0).norms);
        for (a, b) in lars.iter().zip(&sgd) {
            assert!((a.1 - b.1).abs() < 2e-3 * a.1, "{a:?} {b:?}");
        }
    }
}
