//! A real run of this program, recorded: ConvNet-4 on the sample set, once with
//! LARS and once with SGD. `run.txt` says how it was made.

use super::layer::Parts;
use super::momentum::LARS;
use crate::core::lars::Lars;
use std::sync::LazyLock;

/// What `examples/lars_run.rs` wrote.
const TEXT: &str = include_str!("run.txt");

/// The run's μ, β and η: the program's preset.
pub const SETTINGS: Lars = Lars { weight_decay: 1e-6, ..LARS };

/// The rule of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
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
    /// λ and its parts for every layer.
    pub fn parts(&self) -> Vec<Parts> {
        self.norms.iter().map(|&(w, g)| Parts::new(&SETTINGS, w, g)).collect()
    }
}

/// One run of the two.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// All tensors, in the order of the network.
    pub tensors: Vec<Tensor>,
    /// Steps in order, of the tensors with more than one dimension.
    pub moments: Vec<Moment>,
    /// A few steps, of the biases and normalisation: step and norms.
    pub vectors: Vec<(u32, Vec<(f64, f64)>)>,
}

/// Both runs, read when first asked for.
pub fn runs() -> &'static [Recording; 2] {
    static RUNS: LazyLock<[Recording; 2]> = LazyLock::new(|| [Which::Lars, Which::Sgd].map(Recording::new));
    &RUNS
}

impl Recording {
    /// Reads one run from the file, which is a part of the program.
    pub fn new(which: Which) -> Self {
        let key = match which {
            Which::Lars => "lars",
            Which::Sgd => "sgd",
        };
        let mut run = Self { tensors: Vec::new(), moments: Vec::new(), vectors: Vec::new() };
        for line in TEXT.lines() {
            let mut words = line.split(' ');
            if words.next() == Some(key) {
                run.take(words);
            }
        }
        run
    }

    fn take(&mut self, mut words: std::str::Split<'static, char>) {
        // The file's form is tested; a number that is none would be 0.
        let number = |word: Option<&str>| word.and_then(|w| w.parse().ok()).unwrap_or(0.0);
        let pairs = |words: std::str::Split<'static, char>| -> Vec<(f64, f64)> {
            let all: Vec<f64> = words.map(|w| number(Some(w))).collect();
            all.chunks_exact(2).map(|p| (p[0], p[1])).collect()
        };
        match words.next() {
            Some("tensor") => {
                let name = words.next().unwrap_or_default();
                let shape = words.next().unwrap_or_default().split('x').filter_map(|n| n.parse().ok()).collect();
                self.tensors.push(Tensor { name, shape });
            }
            Some("vectors") => {
                let step = number(words.next()) as u32;
                self.vectors.push((step, pairs(words)));
            }
            step => {
                let step = number(step) as u32;
                let (rate, loss) = (number(words.next()), number(words.next()));
                self.moments.push(Moment { step, rate, loss, norms: pairs(words) });
            }
        }
    }
}
