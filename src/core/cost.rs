//! What training costs: parameters, memory and arithmetic of a configuration,
//! counted from its shapes, and what a device bears of it.

mod networks;

use super::config::{Optimizer, RunConfig, Start};
use super::error::Fault;
use super::report::{Backend, DeviceReport};
use super::run::fine_tune::{FineTuneConfig, Trained as Tuned};
use networks::convolutions;

/// Counts for one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Numbers that train: convolutions, normalisation, linear layers.
    pub parameters: u64,
    /// Those of frozen stages.
    pub frozen: u64,
    /// Numbers in the outputs of the convolutions that train, for one view: what the backward
    /// pass needs.
    pub activations: u64,
    /// Numbers in the largest output of a frozen convolution, which nothing keeps.
    pub passing: u64,
    /// Multiplications of the convolutions for one view, forward.
    pub multiplications: u64,
    /// The part of them whose convolutions train.
    pub trained_multiplications: u64,
}

/// Copies of each activation that live until the backward pass has used them:
/// a convolution's output, its normalised and its rectified form, and the
/// gradient in flight.
const ACTIVATION_COPIES: u64 = 4;
/// Weight, gradient, momentum and the update in flight.
const PARAMETER_COPIES: u64 = 4;
/// A checkpoint beside the training: the weights as they were, and the file.
const SAVED_COPIES: u64 = 2;
/// Input, output and what is between them of a layer that nothing is kept of.
const PASSING_COPIES: u64 = 3;
/// Bytes of a layer that nothing is kept of, by those copies, that a forward pass without
/// gradients may take, and the images that are enough for one.
const PASSING_MEMORY: u64 = 256 << 20;
const MOST_PASSING: u64 = 128;
/// Similarities by 1 / τ, less the positive's, less the greatest, their exp, a gradient in flight,
/// and two masks, which a GPU has as 32-bit numbers.
const SIMILARITY_COPIES: u64 = 8;
/// Most similarities that the loss looks at at once where a batch goes through in chunks: 16 MB.
const SIMILARITIES: usize = 1 << 22;
/// Bytes and floats of views while they are made.
const VIEW_COPIES: u64 = 2;
const FLOAT: u64 = 4;
/// Bytes of the 4 GiB of wasm memory that training may take by the count below;
/// the rest is for the library of images, fragments and what the count leaves out.
const CPU_MEMORY: u64 = 3 << 30;
/// Multiplications a second: of the CPU backend in wasm on a common machine, and of
/// WebGPU emulated by software.
const CPU_SPEED: f64 = 6e9;
const SOFTWARE_SPEED: f64 = 2e8;
/// Passes as costly as the forward one in the backward one: to inputs and to weights.
const BACKWARD: f64 = 2.0;
/// Seconds that a step may take when it is timed, and those that a smaller one is
/// cut to where it would take longer.
const LONGEST_TIMED: f64 = 3.0;
const TIMED: f64 = 2.0;

/// Anchors whose similarities with all `views` = 2N embeddings are looked at at once where the batch
/// goes through in chunks.
pub fn anchors_at_once(views: usize) -> usize {
    (SIMILARITIES / views.max(1)).clamp(1, views.max(1))
}

impl Cost {
    /// Counts encoder and projection head of `config`.
    pub fn of(config: &RunConfig) -> Self {
        let mut cost = Self::of_encoder(config, config.trained().stages());
        let hidden = config.encoder.features();
        for layer in 1..=config.head.layers {
            let output = if layer == config.head.layers { config.head.output } else { hidden };
            cost.parameters += (hidden * output + output) as u64;
        }
        cost
    }

    /// Counts the encoder of `config`, of which the last `trained` stages train, or all.
    fn of_encoder(config: &RunConfig, trained: Option<usize>) -> Self {
        let mut cost = Self::default();
        let all = convolutions(&config.encoder, config.image_size);
        let stages = all.last().map_or(0, |conv| conv.stage + 1);
        let first_trained = trained.map_or(0, |trained| stages.saturating_sub(trained));
        for conv in all {
            let weights = (conv.input * conv.output * conv.kernel) as u64;
            let weights = weights + if conv.normalised { 2 } else { 1 } * conv.output as u64;
            let outputs = (conv.output * conv.side * conv.side) as u64;
            let multiplications = outputs * (conv.input * conv.kernel) as u64;
            cost.multiplications += multiplications;
            if conv.stage >= first_trained {
                cost.parameters += weights;
                cost.activations += outputs;
                cost.trained_multiplications += multiplications;
            } else {
                cost.frozen += weights;
                cost.passing = cost.passing.max(outputs);
            }
        }
        cost
    }

    /// Bytes of a checkpoint of `config`: weights, and what the optimiser keeps for each.
    pub fn checkpoint(config: &RunConfig) -> u64 {
        let cost = Self::of(config);
        let kept = match config.optimizer.optimizer {
            Optimizer::Lars | Optimizer::Sgd => 1,
            Optimizer::AdamW => 2,
        };
        FLOAT * ((1 + kept) * cost.parameters + cost.frozen)
    }

    /// Bytes on the device while `config` trains on `images` images and is saved: an upper
    /// estimate, from shapes alone. Without epochs nothing trains, and the batch takes nothing.
    pub fn memory(config: &RunConfig, images: usize) -> u64 {
        let cost = Self::of(config);
        if config.epochs == 0 {
            return Self::at_hand(config, images) + SAVED_COPIES * Self::checkpoint(config) + PASSING_MEMORY;
        }
        let [views, at_once] = [config.batch, config.chunk_images()].map(|images| 2 * images as u64);
        let pixels = (3 * config.image_size * config.image_size) as u64;
        let anchors = if at_once < views { anchors_at_once(views as usize) as u64 } else { views };
        let similarities = anchors * views * SIMILARITY_COPIES;
        // z and its gradient, of a batch in chunks.
        let embeddings = 2 * views * config.head.output as u64;
        // The published weights stay as the baseline of what becomes of them.
        let kept = if config.encoder.start == Start::ImageNet { cost.parameters + cost.frozen } else { 0 };
        // Chunks have a gradient each, and their sum.
        let copies = PARAMETER_COPIES + u64::from(at_once < views);
        let weights = copies * cost.parameters + cost.frozen + kept;
        let activations = (ACTIVATION_COPIES * cost.activations + PASSING_COPIES * cost.passing) * at_once;
        let made = VIEW_COPIES * at_once * pixels;
        let saved = SAVED_COPIES * Self::checkpoint(config);
        images as u64 * pixels + saved + FLOAT * (weights + activations + made + similarities + embeddings)
    }

    /// Bytes of a run at hand that does not train: its images, its weights and what the optimiser
    /// keeps, and published weights once more.
    fn at_hand(config: &RunConfig, images: usize) -> u64 {
        let cost = Self::of(config);
        let published = if config.encoder.start == Start::ImageNet { cost.parameters + cost.frozen } else { 0 };
        let pixels = 3 * config.image_size * config.image_size;
        (images * pixels) as u64 + Self::checkpoint(config) + FLOAT * published
    }

    /// [`Cost::memory`] while `tuning` trains a classifier on `labels` labels beside the run at hand, of
    /// `config`, and the classifier before it is kept.
    pub fn tuning_memory(config: &RunConfig, tuning: &FineTuneConfig, labels: usize, images: usize) -> u64 {
        let stages = match tuning.trained {
            Tuned::All => None,
            Tuned::Last(stages) => Some(usize::from(stages)),
            // On features, which are few numbers.
            Tuned::Classifier => return Self::at_hand(config, images) + PASSING_MEMORY,
        };
        let cost = Self::of_encoder(config, stages);
        let batch = tuning.batch.min(labels) as u64;
        let pixels = (3 * config.image_size * config.image_size) as u64;
        let saved = SAVED_COPIES * (2 * cost.parameters + cost.frozen);
        let kept = cost.parameters + cost.frozen;
        let weights = PARAMETER_COPIES * cost.parameters + cost.frozen + saved + kept;
        let activations = (ACTIVATION_COPIES * cost.activations + PASSING_COPIES * cost.passing) * batch;
        Self::at_hand(config, images) + FLOAT * (weights + activations + VIEW_COPIES * batch * pixels)
    }

    /// `config` made so small that it fits, by [`RunConfig::halved`]; none where nothing does.
    pub fn fitting(config: &RunConfig, images: usize, backend: Backend) -> Option<RunConfig> {
        let smaller = std::iter::successors(config.halved(), RunConfig::halved);
        smaller.into_iter().find(|smaller| Self::fits(smaller, images, backend).is_ok())
    }

    /// Whether [`Cost::memory`] stays within what the backend has; a GPU's memory
    /// is nobody's to know in a browser.
    ///
    /// # Errors
    /// [`Fault::NeedsMemory`].
    pub fn fits(config: &RunConfig, images: usize, backend: Backend) -> Result<(), Fault> {
        within(Self::memory(config, images), backend)
    }

    /// The same of [`Cost::tuning_memory`].
    ///
    /// # Errors
    /// [`Fault::NeedsMemory`].
    pub fn tuning_fits(
        config: &RunConfig,
        tuning: &FineTuneConfig,
        labels: usize,
        images: usize,
        backend: Backend,
    ) -> Result<(), Fault> {
        within(Self::tuning_memory(config, tuning, labels, images), backend)
    }

    /// The batch N to time a step of `config` with: its own, or where a step of
    /// that would hold a slow device up for long, a smaller one, whose time grows
    /// in proportion.
    pub fn timed_batch(config: &RunConfig, device: &DeviceReport) -> usize {
        let Some(speed) = speed(device) else { return config.batch };
        let cost = Self::of(config);
        // Gradient caching is one more forward pass.
        let forward = if config.chunk_images() < config.batch { 2.0 } else { 1.0 };
        let passes = forward * cost.multiplications as f64 + BACKWARD * cost.trained_multiplications as f64;
        let pair = 2.0 * passes / speed;
        if pair * config.batch as f64 <= LONGEST_TIMED {
            return config.batch;
        }
        // A batch of one pair has no negatives.
        ((TIMED / pair) as usize).clamp(2, config.batch)
    }

    /// Images of a forward pass without gradients, such as judges an encoder: few where its
    /// largest layer is large.
    pub fn passing_images(config: &RunConfig) -> usize {
        let outputs = convolutions(&config.encoder, config.image_size).into_iter();
        let largest = outputs.map(|conv| (conv.output * conv.side * conv.side) as u64).max().unwrap_or(1);
        (PASSING_MEMORY / (PASSING_COPIES * FLOAT * largest.max(1))).clamp(1, MOST_PASSING) as usize
    }

    /// Images of a forward pass, at most `most`, that a slow device is not held up
    /// by for long.
    pub fn timed_images(config: &RunConfig, device: &DeviceReport, most: usize) -> usize {
        let Some(speed) = speed(device) else { return most };
        ((speed / Self::of(config).multiplications as f64) as usize).clamp(1, most)
    }
}

fn within(need: u64, backend: Backend) -> Result<(), Fault> {
    if backend == Backend::Cpu && need > CPU_MEMORY {
        return Err(Fault::NeedsMemory { need, limit: CPU_MEMORY });
    }
    Ok(())
}

/// Multiplications a second of a device that is known to be slow.
fn speed(device: &DeviceReport) -> Option<f64> {
    match device.backend {
        Backend::Cpu => Some(CPU_SPEED),
        Backend::WebGpu => device.software.then_some(SOFTWARE_SPEED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem, Trained};

    fn config(architecture: Architecture, width: usize, batch: usize) -> RunConfig {
        RunConfig {
            encoder: EncoderConfig::random(architecture, Stem::Small, width),
            head: HeadConfig { layers: 2, output: 128 },
            batch,
            ..RunConfig::preset(32, 1000)
        }
    }

    /// torchvision's ResNet-18 without its classifier has 11 176 512 parameters;
    /// a 3×3 stem takes 7 680 fewer.
    #[test]
    fn resnet18_has_its_published_parameters_and_outputs() {
        let mut config = config(Architecture::ResNet18, 64, 16);
        let head = 512 * 512 + 512 + 512 * 128 + 128;
        assert_eq!(Cost::of(&config).parameters, 11_176_512 - 7_680 + head);
        // Five convolutions a stage (the stem, or the shortcut, beside its four); sides 32, 16, 8 and 4.
        let outputs: u64 = [(64, 32), (128, 16), (256, 8), (512, 4)].iter().map(|(c, side)| 5 * c * side * side).sum();
        assert_eq!(Cost::of(&config).activations, outputs);
        config.encoder.stem = Stem::ImageNet;
        assert_eq!(Cost::of(&config).parameters, 11_176_512 + head);
    }

    fn published(architecture: Architecture, image_size: usize) -> RunConfig {
        let encoder =
            EncoderConfig { start: Start::ImageNet, ..EncoderConfig::random(architecture, Stem::ImageNet, 64) };
        let batch = 64;
        let base = RunConfig { encoder, image_size, ..config(architecture, 64, batch) };
        RunConfig { optimizer: OptimizerConfig::preset(base.optimizer.optimizer, batch), ..base }
    }

    const LARGE: [(Architecture, usize, f64); 5] = [
        (Architecture::ResNet18, 224, 1.81e9),
        (Architecture::ResNet50, 224, 4.09e9),
        (Architecture::ResNet101, 224, 7.80e9),
        (Architecture::Vgg19, 224, 19.51e9),
        (Architecture::InceptionResNetV2, 299, 13.18e9),
    ];

    /// Parameters are those of the published networks, multiplications the libraries' own figures.
    #[test]
    fn published_networks_have_their_published_size() {
        for (architecture, size, multiplications) in LARGE {
            let config = published(architecture, size);
            let net = config.encoder.published().unwrap();
            let (cost, h) = (Cost::of(&config), net.features());
            assert_eq!(cost.parameters as usize, net.parameters() + h * h + h + h * 128 + 128, "{net:?}");
            let count = cost.multiplications as f64;
            assert!((count / multiplications - 1.0).abs() < 0.01, "{net:?} {count}");
            let size = net.min_size();
            assert!(convolutions(&config.encoder, size).iter().all(|conv| conv.side > 0), "{net:?} at {size}");
        }
    }

    #[test]
    fn large_layers_pass_a_few_images_at_once() {
        for small in [RunConfig::preset(32, 1000), config(Architecture::ResNet18, 64, 128)] {
            assert_eq!(Cost::passing_images(&small), 128);
        }
        // 64 × 224 × 224 floats, three times.
        assert_eq!(Cost::passing_images(&published(Architecture::Vgg19, 224)), 6);
        assert_eq!(Cost::passing_images(&published(Architecture::ResNet50, 224)), 27);
        let wide = RunConfig { image_size: 299, ..config(Architecture::ResNet18, 1024, 2) };
        assert_eq!(Cost::passing_images(&wide), 1, "never none");
    }

    #[test]
    fn what_is_frozen_keeps_no_activations() {
        for (architecture, size, _) in LARGE {
            let all = published(architecture, size);
            let with = |trained| RunConfig { trained, ..all };
            let [head, last, everything] = [Trained::Head, Trained::Last1, Trained::All].map(|t| Cost::of(&with(t)));
            assert_eq!((head.activations, head.trained_multiplications), (0, 0));
            assert!(last.activations > 0 && last.activations < everything.activations, "{architecture:?}");
            for cost in [head, last] {
                assert_eq!(cost.parameters + cost.frozen, everything.parameters);
                assert_eq!(cost.multiplications, everything.multiplications);
            }
            let memory = [Trained::Head, Trained::Last1, Trained::All].map(|t| Cost::memory(&with(t), 1000));
            assert!(memory[0] < memory[1] && memory[1] < memory[2], "{architecture:?} {memory:?}");
            assert!(Cost::memory(&RunConfig { chunk: 8, ..all }, 1000) < memory[2]);
        }
        let random = RunConfig { trained: Trained::Head, ..config(Architecture::ResNet18, 64, 16) };
        assert_eq!(Cost::of(&random).frozen, 0, "random weights all train");
    }

    #[test]
    fn a_batch_that_fits_is_proposed() {
        let all = published(Architecture::ResNet50, 224);
        let fit = Cost::fitting(&all, 1000, Backend::Cpu).unwrap();
        assert!(fit.batch < 64 && fit.chunk == 0, "{fit:?}");
        assert!(fit.rate_follows_rule(), "{fit:?}");
        assert!(Cost::fits(&fit, 1000, Backend::Cpu).is_ok());
        assert!(Cost::fits(&RunConfig { batch: 2 * fit.batch, ..fit }, 1000, Backend::Cpu).is_err());
        // Frozen, and without batch normalisation, chunks are as good as the whole.
        let frozen = RunConfig { trained: Trained::Head, batch: 4096, ..all };
        for config in [frozen, RunConfig { batch: 4096, ..published(Architecture::Vgg19, 224) }] {
            let fit = Cost::fitting(&config, 1000, Backend::Cpu).unwrap();
            assert!(fit.batch == config.batch && fit.chunk > 0 && fit.chunk < config.batch, "{fit:?}");
        }
        // Not even the images have room.
        assert_eq!(Cost::fitting(&frozen, 30_000, Backend::Cpu), None);
    }

    #[test]
    fn a_batch_of_4096_takes_little_more_than_one_of_its_chunks() {
        let small = RunConfig { batch: 64, ..published(Architecture::ResNet50, 96) };
        let large = RunConfig { batch: 4096, chunk: 64, ..small };
        let [small, large] = [small, large].map(|config| Cost::memory(&config, 5_000));
        // A gradient more, the similarities of some anchors, z and its gradient, beside 7 GB.
        assert!(large > small && large - small < 300 << 20, "{small} {large}");
        assert_eq!(anchors_at_once(8192), 512);
        assert_eq!([0, 1, 100].map(anchors_at_once), [1, 1, 100]);
    }

    #[test]
    fn what_is_judged_as_it_is_takes_nothing_for_a_batch() {
        let judged = RunConfig { epochs: 0, batch: 4096, ..published(Architecture::ResNet50, 224) };
        assert_eq!(Cost::memory(&judged, 1000), Cost::memory(&RunConfig { batch: 2, ..judged }, 1000));
        assert!(Cost::fits(&judged, 1000, Backend::Cpu).is_ok());
        assert!(Cost::fits(&RunConfig { epochs: 1, ..judged }, 1000, Backend::Cpu).is_err());
    }

    #[test]
    fn fine_tuning_is_counted_by_what_it_trains() {
        use super::super::run::fine_tune::Start;
        let run = published(Architecture::ResNet50, 224);
        let with =
            |trained, batch| FineTuneConfig { batch, ..FineTuneConfig::recipe(Start::Pretrained, trained, 10, 0) };
        let memory = |trained, batch| Cost::tuning_memory(&run, &with(trained, batch), 500, 1000);
        assert!(memory(Tuned::Classifier, 64) < memory(Tuned::Last(1), 64));
        assert!(memory(Tuned::Last(1), 64) < memory(Tuned::All, 64));
        let fits = |batch| Cost::tuning_fits(&run, &with(Tuned::All, batch), 500, 1000, Backend::Cpu);
        assert!(fits(8).is_ok() && matches!(fits(64), Err(Fault::NeedsMemory { .. })));
        assert!(
            Cost::tuning_fits(&run, &with(Tuned::All, 64), 8, 1000, Backend::Cpu).is_ok(),
            "no more than the labels"
        );
        assert!(Cost::tuning_fits(&run, &with(Tuned::All, 64), 500, 1000, Backend::WebGpu).is_ok());
    }

    #[test]
    fn memory_grows_with_batch_and_images() {
        let small = Cost::memory(&config(Architecture::ResNet10, 16, 32), 1000);
        assert!(Cost::memory(&config(Architecture::ResNet10, 16, 64), 1000) > small);
        assert_eq!(Cost::memory(&config(Architecture::ResNet10, 16, 32), 2000) - small, 1000 * 3072);
    }

    fn device(backend: Backend, software: bool) -> DeviceReport {
        DeviceReport { backend, name: String::new(), software, why_not_gpu: None }
    }

    #[test]
    fn what_is_too_much_for_the_cpu_is_refused_there_only() {
        let thorough = |batch| config(Architecture::ResNet18, 64, batch);
        assert_eq!(Cost::fits(&thorough(128), 5_000, Backend::Cpu), Ok(()));
        let refused = Cost::fits(&thorough(256), 5_000, Backend::Cpu);
        assert!(matches!(refused, Err(Fault::NeedsMemory { need, limit }) if need > limit), "{refused:?}");
        assert_eq!(Cost::fits(&thorough(256), 5_000, Backend::WebGpu), Ok(()));
    }

    /// ResNet-18 with a small stem takes 0.56 thousand million multiplications for
    /// 32 × 32 pixels, as is published.
    #[test]
    fn large_networks_are_timed_with_small_batches_on_slow_devices() {
        let thorough = config(Architecture::ResNet18, 64, 128);
        let count = Cost::of(&thorough).multiplications as f64;
        assert!((count / 0.56e9 - 1.0).abs() < 0.01, "{count}");
        let [cpu, gpu, software] = [(Backend::Cpu, false), (Backend::WebGpu, false), (Backend::WebGpu, true)]
            .map(|(backend, software)| device(backend, software));
        let batches = |config| [&cpu, &gpu, &software].map(|device| Cost::timed_batch(config, device));
        assert_eq!(batches(&thorough), [3, 128, 2]);
        assert_eq!(batches(&config(Architecture::ResNet10, 16, 128)), [128, 128, 4]);
        assert_eq!(Cost::timed_images(&thorough, &cpu, 128), 10);
        assert_eq!(Cost::timed_images(&thorough, &gpu, 128), 128);
    }
}
