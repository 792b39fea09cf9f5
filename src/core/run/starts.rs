//! "Compare starts": is SimCLR worth it on these images? What to train for an answer, and which contestant a result is
//! of. Contestants are ordinary runs with ordinary fine-tuning results: what is stored says which results belong
//! together, whoever asked for them.

use super::{fine_tune::FineTuneConfig, fine_tune::FineTuneReport, fine_tune::TrainedLayers, fine_tune::TuningStart};
use crate::core::config::{EncoderConfig, InitialWeights, RunConfig, TrainedPart};
use crate::core::report::{Backend, Estimate};
use crate::core::{cost::Cost, error::ConfigFault, error::Fault, imagenet::ImageNetEncoder, run::sweep::effective};

/// A contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Published weights as they are, with a linear classifier.
    Published,
    /// SimCLR from published weights, and from random ones, with a linear classifier.
    SimclrPublished,
    SimclrRandom,
    /// The same network from random weights, trained with the labels alone.
    Supervised,
}

impl Start {
    pub const ALL: [Self; 4] = [Self::Published, Self::SimclrPublished, Self::SimclrRandom, Self::Supervised];

    pub fn is_simclr(self) -> bool {
        matches!(self, Self::SimclrPublished | Self::SimclrRandom)
    }

    pub fn needs_published(self) -> bool {
        matches!(self, Self::Published | Self::SimclrPublished)
    }
}

/// A run, and the classifiers to train on its encoder.
pub type Contestant = (RunConfig, Vec<FineTuneConfig>);

/// A comparison to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Starts {
    /// SimCLR's settings; only its start is not used.
    pub config: RunConfig,
    /// Whose weights are at hand. Without them, or if they are of another stem or width, two contestants are left.
    pub published: Option<ImageNetEncoder>,
    /// Per cent of the training labels for every classifier.
    pub fraction: u8,
    pub seeds: usize,
}

impl Starts {
    /// The weights that contestants start from.
    pub fn weights(&self) -> Option<ImageNetEncoder> {
        self.published.filter(|net| self.config.encoder.could_start_from() == Some(*net))
    }

    /// What to train on so many images, seed by seed, the quickest first.
    pub fn contestants(&self, training_images: usize) -> Vec<Contestant> {
        let own = self.weights().map_or(self.config.encoder, EncoderConfig::with_weights);
        let mut all = Vec::new();
        for seed in (self.config.seed..).take(self.seeds) {
            let config = RunConfig { seed, encoder: own, trained: self.config.trained(), ..self.config };
            if self.weights().is_some() {
                // Nothing of it trains, so a batch may not be larger than the set.
                let as_it_is = RunConfig { epochs: 0, batch: config.batch.min(training_images.max(2)), ..config };
                all.extend([as_it_is, config].map(|c| (c, vec![linear(&c, self.fraction)])));
            }
            let encoder = EncoderConfig { start: InitialWeights::Random, ..own };
            let random = RunConfig { encoder, trained: TrainedPart::All, ..config };
            let then = vec![linear(&random, self.fraction), supervised(&random, training_images, self.fraction)];
            all.push((random, then));
        }
        all
    }

    /// # Errors
    /// Every setting that is out of bounds for a contestant.
    pub fn check(&self, training_images: usize) -> Result<(), Vec<ConfigFault>> {
        self.contestants(training_images).iter().try_for_each(|(config, then)| {
            config.check()?;
            then.iter().try_for_each(|c| c.check(config, config.total_steps(training_images)))
        })
    }

    /// Whether every run and every classifier fits; `images` are those of all splits, `labels` those that a classifier
    /// uses.
    ///
    /// # Errors
    /// [`Fault::NeedsMemory`].
    pub fn fits(&self, training_images: usize, images: usize, labels: usize, backend: Backend) -> Result<(), Fault> {
        self.contestants(training_images).iter().try_for_each(|(config, then)| {
            Cost::fits(config, images, backend)?;
            then.iter().try_for_each(|tuning| Cost::tuning_fits(config, tuning, labels, images, backend))
        })
    }

    /// About how many milliseconds a contestant's training and features take for one seed; `None` if the timed step is
    /// not of its network, batch and trained layers. `images` are those of all splits. Classifiers on features are left
    /// out.
    pub fn milliseconds(
        &self,
        start: Start,
        estimate: &Estimate,
        training_images: usize,
        images: usize,
    ) -> Option<f64> {
        // Which weights a step begins with changes nothing in its work.
        let work = |config: &RunConfig, trained| {
            let encoder = config.encoder.could_start_from().map_or(config.encoder, EncoderConfig::with_weights);
            RunConfig { encoder, trained, ..*config }
        };
        let trained = if start == Start::SimclrPublished { self.config.trained() } else { TrainedPart::All };
        if !work(&estimate.config, estimate.config.trained()).same_step(&work(&self.config, trained)) {
            return None;
        }
        let steps = f64::from(self.config.total_steps(training_images)) * estimate.step_milliseconds;
        // A backward pass through all is about as much work as two forward ones; one through few layers is less.
        let passes = if trained == TrainedPart::All { 6 } else { 2 };
        let forward = estimate.step_milliseconds / (passes * self.config.batch.max(1)) as f64 * images as f64;
        let knn = f64::from(self.config.epochs) * estimate.knn_milliseconds;
        Some(match start {
            // For the evaluation and for the classifier.
            Start::Published => 2.0 * forward,
            // And for the evaluation's baseline.
            Start::SimclrPublished | Start::SimclrRandom => steps + knn + 3.0 * forward,
            Start::Supervised => steps,
        })
    }
}

/// The classifier on a frozen encoder.
fn linear(config: &RunConfig, fraction: u8) -> FineTuneConfig {
    FineTuneConfig::recipe(TuningStart::Pretrained, TrainedLayers::Classifier, fraction, config.seed)
}

/// The supervised network. Its budget is SimCLR's: as many views of images go through the network. SimCLR's steps
/// have two of each image, so it takes twice as many, with as many images each.
fn supervised(config: &RunConfig, training_images: usize, fraction: u8) -> FineTuneConfig {
    let recipe = FineTuneConfig::recipe(TuningStart::Random, TrainedLayers::All, fraction, config.seed);
    let least_steps = config.total_steps(training_images).saturating_mul(2);
    FineTuneConfig { epochs: 1, least_steps, ..recipe.with_batch(config.batch) }
}

/// The contestant that `report` is a result of; `None` for any other fine-tuning. It is of a finished run of `config` on
/// so many images after `steps`.
pub fn start_of(config: &RunConfig, training_images: usize, steps: u32, report: &FineTuneReport) -> Option<Start> {
    let (own, fraction) = (&report.config, report.config.fraction);
    match (config.encoder.weights().is_some(), config.epochs) {
        (true, 0) if *own == linear(config, fraction) => Some(Start::Published),
        (true, _) if *own == linear(config, fraction) && report.steps == steps => Some(Start::SimclrPublished),
        (false, _) if *own == linear(config, fraction) && report.steps == steps => Some(Start::SimclrRandom),
        (false, _) if *own == supervised(config, training_images, fraction) => Some(Start::Supervised),
        _ => None,
    }
}

/// What is equal for all contestants that SimCLR's settings shape. The published weights as they are depend on the
/// network and the image size alone.
pub fn common(config: &RunConfig) -> RunConfig {
    let encoder = EncoderConfig { start: InitialWeights::Random, ..config.encoder };
    let common = effective(RunConfig { encoder, trained: TrainedPart::All, seed: 0, ..*config });
    // Chunks make another gradient only where each is normalised by its own statistics.
    if common.has_batch_statistics() { common } else { RunConfig { chunk: 0, ..common } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::architecture::{Architecture, PUBLISHED_WIDTH, Stem};
    use crate::core::run::fine_tune::default_rate;

    fn starts(published: bool) -> Starts {
        let net = ImageNetEncoder::of(Architecture::ResNet18);
        let encoder = EncoderConfig::random(Architecture::ResNet18, Stem::ImageNet, PUBLISHED_WIDTH);
        let config = RunConfig { encoder, batch: 32, epochs: 3, seed: 7, ..RunConfig::default() };
        Starts { config, published: net.filter(|_| published), fraction: 10, seeds: 2 }
    }

    #[test]
    fn each_seed_has_four_contestants_with_equal_labels_and_views() {
        let all = starts(true).contestants(100);
        assert_eq!(all.iter().map(|(c, _)| c.seed).collect::<Vec<_>>(), [7, 7, 7, 8, 8, 8]);
        let [published, from, random] = &all[..3] else { panic!("three runs a seed") };
        assert_eq!((published.0.epochs, from.0.epochs, random.0.epochs), (0, 3, 3));
        assert_eq!([published, from, random].map(|(c, _)| c.encoder.weights().is_some()), [true, true, false]);
        // They are otherwise the same.
        assert_eq!(common(&from.0), common(&random.0));
        assert_eq!(common(&RunConfig { epochs: 3, ..published.0 }), common(&from.0));
        assert!(
            all.iter()
                .flat_map(|(c, then)| then.iter().map(|t| (c.seed, t)))
                .all(|(seed, t)| { (t.fraction, t.seed) == (10, seed) })
        );
        // Three epochs of 3 steps of 32 images, two views each: twice the steps of 32.
        let [linear, supervised] = &random.1[..] else { panic!("two classifiers") };
        assert_eq!((linear.trained, supervised.trained), (TrainedLayers::Classifier, TrainedLayers::All));
        assert_eq!((supervised.least_steps, supervised.batch, supervised.peak_rate), (18, 32, default_rate(32)));
        assert_eq!(supervised.total_steps(320), 20, "whole epochs of ten steps");
        assert_eq!((&published.1, &from.1), (&vec![*linear], &vec![*linear]));
        assert_eq!(starts(true).check(100), Ok(()));
    }

    #[test]
    fn without_weights_two_contestants_are_left_and_keep_their_encoder() {
        let all = starts(false).contestants(100);
        assert_eq!(all.iter().map(|(c, then)| (c.seed, then.len())).collect::<Vec<_>>(), [(7, 2), (8, 2)]);
        assert_eq!(all[0].0, starts(false).config);
        let published = EncoderConfig::with_weights(ImageNetEncoder::of(Architecture::ResNet18).unwrap());
        let from_weights = Starts { config: RunConfig { encoder: published, ..starts(false).config }, ..starts(false) };
        assert_eq!(from_weights.contestants(100)[0].0.encoder.start, InitialWeights::Random);
        let none = Starts { config: RunConfig { epochs: 0, ..starts(false).config }, ..starts(false) };
        assert_eq!(none.check(100).unwrap_err()[0].field, "epochs");
    }

    #[test]
    fn a_result_is_known_by_its_settings() {
        use crate::core::run::examples::tuned;
        for (config, then) in starts(true).contestants(100) {
            let steps = config.total_steps(100);
            let of = |t: &FineTuneConfig, at| start_of(&config, 100, steps, &FineTuneReport { steps: at, ..tuned(*t) });
            let expected = match (config.encoder.start, config.epochs) {
                (InitialWeights::ImageNet, 0) => vec![Some(Start::Published)],
                (InitialWeights::ImageNet, _) => vec![Some(Start::SimclrPublished)],
                (InitialWeights::Random, _) => vec![Some(Start::SimclrRandom), Some(Start::Supervised)],
            };
            assert_eq!(then.iter().map(|t| of(t, steps)).collect::<Vec<_>>(), expected);
            // Of an encoder that learned on, of another budget, of other layers.
            assert_eq!(of(&then[0], steps + 1).filter(|s| s.is_simclr()), None);
            let longer = FineTuneConfig { least_steps: 99, ..*then.last().unwrap() };
            let all = FineTuneConfig { trained: TrainedLayers::All, ..then[0] };
            assert_eq!([of(&longer, steps), of(&all, steps)], [None, None]);
        }
    }

    #[test]
    fn another_stem_or_width_is_no_network_of_the_weights() {
        let small = |encoder| Starts { config: RunConfig { encoder, ..starts(true).config }, ..starts(true) };
        let own = starts(true).config.encoder;
        for encoder in [EncoderConfig { stem: Stem::Small, ..own }, EncoderConfig { width: 16, ..own }] {
            let all = small(encoder).contestants(100);
            assert_eq!(all.iter().map(|(c, _)| c.encoder).collect::<Vec<_>>(), [encoder; 2], "the settings chosen");
        }
        // Other networks have no choice.
        let net = ImageNetEncoder::of(Architecture::ResNet50);
        let encoder = EncoderConfig { architecture: Architecture::ResNet50, stem: Stem::Small, ..own };
        assert_eq!(Starts { published: net, ..small(encoder) }.contestants(100).len(), 6);
    }

    #[test]
    fn what_does_not_fit_is_known_before_anything_trains() {
        // SimCLR goes through in chunks, which the supervised network does not.
        let config = RunConfig { image_size: 128, batch: 512, chunk: 16, ..starts(false).config };
        let starts = Starts { config, ..starts(false) };
        assert_eq!(Cost::fits(&config, 2000, Backend::Cpu), Ok(()));
        let fits = |labels, backend| starts.fits(1000, 2000, labels, backend);
        assert!(matches!(fits(1000, Backend::Cpu), Err(Fault::NeedsMemory { .. })));
        assert_eq!((fits(8, Backend::Cpu), fits(1000, Backend::WebGpu)), (Ok(()), Ok(())));
    }

    #[test]
    fn chunks_are_the_same_only_without_batch_statistics() {
        let config = starts(true).config;
        let chunked = |chunk, config| common(&RunConfig { chunk, ..config });
        assert_ne!(chunked(8, config), common(&config));
        assert_eq!(chunked(32, config), common(&config), "the whole batch");
        let encoder = EncoderConfig::random(Architecture::Vgg19, Stem::ImageNet, PUBLISHED_WIDTH);
        let mut plain = RunConfig { encoder, ..config };
        plain.head.batch_norm = false;
        assert_eq!(chunked(8, plain), common(&plain));
    }

    #[test]
    fn times_follow_the_steps_and_the_images() {
        let config = starts(true).config;
        let estimate = Estimate { config, backend: Backend::Cpu, step_milliseconds: 192.0, knn_milliseconds: 100.0 };
        // 9 steps; 1 ms for an image forward.
        let of = |start| starts(true).milliseconds(start, &estimate, 100, 150);
        assert_eq!(Start::ALL.map(of), [300.0, 1728.0 + 300.0 + 450.0, 1728.0 + 300.0 + 450.0, 1728.0].map(Some));
        // A step in which few layers learn tells nothing of one in which all do.
        let encoder = EncoderConfig { start: InitialWeights::ImageNet, ..config.encoder };
        let head = RunConfig { encoder, trained: TrainedPart::Head, ..config };
        let estimate = Estimate { config: head, ..estimate };
        let of = |start| Starts { config: head, ..starts(true) }.milliseconds(start, &estimate, 100, 150);
        assert_eq!(Start::ALL.map(|start| of(start).is_some()), [false, true, false, false]);
        let other = RunConfig { batch: 16, ..head };
        let of = |start| Starts { config: other, ..starts(true) }.milliseconds(start, &estimate, 100, 150);
        assert_eq!(Start::ALL.map(of), [None; 4]);
    }
}
