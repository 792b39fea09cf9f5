//! What the session holds of a run: the run itself, fine-tuning that waits to go on, the classifiers that new images
//! are shown to, and loaded weights. These are values; the jobs work on them.

use super::event_loop::Throttle;
use super::{fine_tune_saver::FineTuneSaver, run_saver::RunSaver};
use crate::core::report::{EpochReport, StepReport, TrustRatios};
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneProgress, StoredTuning};
use crate::core::weights_file::{WeightsIdentity, WeightsReport};
use crate::core::{config::RunConfig, dataset::collection::Collection, imagenet::ImageNetEncoder};
use crate::learn::features::{Features, KnownFeatures};
use crate::learn::fine_tune::{Classifier, FineTuner, LabelledImages};
use crate::learn::{
    encoder::Encoder, knn::Probe, linear_evaluation::LinearClassifier, trainer::Trainer, training::Training,
};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Where a training loop stands between two calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoopPosition {
    /// The epoch whose end is reached and which is not evaluated yet (0: a run without epochs).
    pub to_evaluate: Option<u32>,
    /// A step was taken on this device: kernels are compiled.
    pub warm: bool,
    /// Wall time of a step when the metrics were last read, in milliseconds.
    pub step_milliseconds: f64,
}

impl LoopPosition {
    pub fn new(to_evaluate: Option<u32>) -> Self {
        Self { to_evaluate, ..Self::default() }
    }
}

/// A run as it waits between two calls of the training loop.
pub struct Run {
    pub config: RunConfig,
    pub trainer: Trainer,
    pub saver: RunSaver,
    /// The images of kNN; None without labels.
    pub probe: Option<Probe>,
    /// The page was sent the names of the layers.
    pub layers_posted: bool,
    pub position: LoopPosition,
    pub unposted: Measured,
}

/// Milliseconds between two batches of measurements: often enough for a live chart.
const POST_EVERY: f64 = 250.0;

/// Measurements that the page does not have yet. They travel in batches, as each batch redraws charts.
pub struct Measured {
    pub steps: Vec<StepReport>,
    pub epochs: Vec<EpochReport>,
    pub trust_ratios: Vec<TrustRatios>,
    pub throttle: Throttle,
}

impl Run {
    pub fn new(trainer: Trainer, saver: RunSaver, probe: Option<Probe>) -> Self {
        let config = *trainer.config();
        let throttle = Throttle::new(POST_EVERY);
        let unposted = Measured { steps: Vec::new(), epochs: Vec::new(), trust_ratios: Vec::new(), throttle };
        let position = LoopPosition::new(trainer.done().then_some(0));
        Self { config, trainer, saver, probe, layers_posted: false, position, unposted }
    }

    /// A stored run. An epoch that was evaluated is not evaluated again.
    pub fn reopened(trainer: Trainer, saver: RunSaver, probe: Option<Probe>) -> Self {
        let evaluated = |epoch: u32| saver.curve.epochs.iter().any(|e| e.epoch == epoch);
        let ended = trainer.done() || trainer.at_epoch_end();
        let to_evaluate = Some(trainer.epochs_done()).filter(|&epoch| ended && !evaluated(epoch));
        Self { position: LoopPosition::new(to_evaluate), ..Self::new(trainer, saver, probe) }
    }

    pub fn id(&self) -> &str {
        &self.saver.record.id
    }

    pub fn steps(&self) -> u32 {
        self.trainer.steps()
    }

    /// Makes the run go on in chunks of at most `images`. The returned future writes the record; None
    /// if the run is over.
    pub fn go_on_in_chunks(&mut self, images: usize) -> Option<impl Future<Output = ()> + use<>> {
        let saver = &mut self.saver;
        if !saver.record.can_resume() {
            return None;
        }
        saver.record.steps = self.trainer.steps();
        saver.record.go_on_in_chunks(images);
        self.config = saver.record.config;
        self.trainer.set_chunk(self.config.chunk);
        Some(saver.save_record())
    }
}

/// A list of fine-tunings as it waits between two calls of the training loop.
pub struct FineTuneList {
    /// What is left; the first is the current one.
    pub waiting: VecDeque<FineTuneConfig>,
    pub done: usize,
    pub current: Option<FineTuneRun>,
    /// The first as an earlier visit stored it, with its weights.
    pub stored: Option<(StoredTuning, Vec<u8>)>,
    pub saver: FineTuneSaver,
    /// The frozen encoder's features of the images that the linear classifiers of the list need.
    pub frozen: KnownFeatures,
}

/// One fine-tuning.
pub struct FineTuneRun {
    pub tuner: FineTuner,
    pub collection: Rc<Collection>,
    pub validation: LabelledImages,
    /// Losses of the current epoch.
    pub losses: Vec<f32>,
    pub position: LoopPosition,
    pub progress: FineTuneProgress,
    /// Of what is posted of the progress.
    pub throttle: Throttle,
    /// What is left of its list; the first is this one.
    pub waiting: Vec<FineTuneConfig>,
    pub saver: FineTuneSaver,
    /// Milliseconds spent in earlier calls of the loop, and when the current call began.
    pub spent: f64,
    pub since: f64,
}

/// The classifiers that new images can be shown to.
#[derive(Default)]
pub struct Classifiers {
    pub tuned: Option<TunedClassifier>,
    /// A stored classifier was looked for.
    pub looked: bool,
    pub bank: Option<Rc<FeatureBank>>,
}

/// The last classifier that was fine-tuned from the pre-trained encoder.
#[derive(Clone)]
pub struct TunedClassifier {
    /// The run whose encoder it started from.
    pub run: String,
    pub config: FineTuneConfig,
    /// Steps of pre-training that it started from.
    pub steps: u32,
    pub classifier: Classifier,
}

/// The training images by their features.
pub struct FeatureBank {
    pub key: FeatureKey,
    pub images: Vec<u32>,
    pub features: Features,
    /// The classifier, if none was fine-tuned.
    pub linear: Option<LinearClassifier>,
}

/// Which encoder computed some features.
#[derive(Clone, PartialEq)]
pub struct FeatureKey {
    pub run: String,
    pub steps: u32,
    pub tuned: Option<FineTuneConfig>,
}

/// Published weights that are loaded, by network. They lie on the CPU, whatever device trains.
#[derive(Default)]
pub struct LoadedWeights(HashMap<ImageNetEncoder, (Encoder, WeightsIdentity)>);

impl LoadedWeights {
    pub fn get(&self, encoder: ImageNetEncoder) -> Option<(Encoder, WeightsIdentity)> {
        self.0.get(&encoder).cloned()
    }

    /// Takes the weights of `report.encoder`, on the CPU's plain device, in place of those before.
    pub fn insert(&mut self, report: &WeightsReport, encoder: Encoder) {
        self.0.insert(report.encoder, (encoder, report.identity.clone()));
    }
}
