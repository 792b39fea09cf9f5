//! What training costs: parameters, memory and arithmetic of a configuration,
//! counted from its shapes, and whether a device can bear it.

use super::architecture::Layer;
use super::config::{EncoderConfig, InitialWeights, Optimizer, RunConfig};
use super::report::{Backend, DeviceReport};
use super::run::fine_tune::{FineTuneConfig, TrainedLayers, TunedFrom};
use super::{dataset::has_room_for_detail, error::Fault};

/// Counts for one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Numbers that train: convolutions, normalisation, linear layers.
    pub parameters: u64,
    /// Those of frozen stages.
    pub frozen: u64,
    /// Numbers in the outputs of the convolutions that train, for one view: what the backward pass needs.
    pub activations: u64,
    /// Numbers in the largest output of a frozen convolution, which nothing keeps.
    pub passing: u64,
    /// Multiplications of the convolutions for one view, forward.
    pub multiplications: u64,
    /// The part of them whose convolutions train.
    pub trained_multiplications: u64,
}

/// Copies of each activation that live until the backward pass has used them: a convolution's output, its normalised
/// and its rectified form, and the gradient in flight.
const ACTIVATION_COPIES: u64 = 4;
/// Weight, gradient, momentum and the update in flight.
const PARAMETER_COPIES: u64 = 4;
/// A checkpoint during training: a copy of the weights, and the file.
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
/// Multiplications a second: of the CPU backend in wasm on a common machine, and of WebGPU emulated by software.
const CPU_SPEED: f64 = 6e9;
const SOFTWARE_SPEED: f64 = 2e8;
/// The same of a common GPU: nobody has measured one, so it only opens an estimate that is then timed.
const GPU_SPEED: f64 = 2e11;
/// Multiplications that an output of a convolution is as costly as, to write it, normalise it and read it again.
const OUTPUT: f64 = 50.0;
/// Passes as costly as the forward one in the backward one: to inputs and to weights.
const BACKWARD: f64 = 2.0;
/// Seconds that a step may take when it is timed, and those that a smaller one is cut to where it would take longer: a
/// person who presses Start waits for it.
const LONGEST_TIMED: f64 = 0.8;
const TIMED: f64 = 0.5;

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
            let is_last = layer == config.head.layers;
            let output = if is_last { config.head.output } else { hidden };
            // A bias; or normalisation's scale and, but after the last layer, its shift.
            let vectors = if config.head.batch_norm && !is_last { 2 } else { 1 };
            cost.parameters += (hidden * output + vectors * output) as u64;
        }
        cost
    }

    /// Counts the encoder of `config`, of which the last `trained` stages train, or all.
    fn of_encoder(config: &RunConfig, trained: Option<usize>) -> Self {
        let mut cost = Self::default();
        let all = layers(&config.encoder, config.image_size);
        let stages = all.last().map_or(0, |layer| layer.stage + 1);
        let first_trained = trained.map_or(0, |trained| stages.saturating_sub(trained));
        for layer in all {
            cost.multiplications += layer.multiplications;
            if layer.stage >= first_trained {
                cost.parameters += layer.parameters;
                cost.activations += layer.outputs;
                cost.trained_multiplications += layer.multiplications;
            } else {
                cost.frozen += layer.parameters;
                cost.passing = cost.passing.max(layer.outputs);
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
        // Chunks have a gradient each, and their sum.
        let copies = PARAMETER_COPIES + u64::from(at_once < views);
        let weights = copies * cost.parameters + cost.frozen + cost.published(config);
        let activations = (ACTIVATION_COPIES * cost.activations + PASSING_COPIES * cost.passing) * at_once;
        // The images as floats, too, before a crop of twice as many a side is shrunk.
        let made = at_once * (VIEW_COPIES * pixels + kept_pixels(config, images) - pixels);
        let saved = SAVED_COPIES * Self::checkpoint(config);
        images as u64 * kept_pixels(config, images)
            + saved
            + FLOAT * (weights + activations + made + similarities + embeddings)
    }

    /// Bytes of a loaded run that does not train: its images, its weights, the optimiser's state, and
    /// a second copy of published weights.
    fn at_hand(config: &RunConfig, images: usize) -> u64 {
        let cost = Self::of(config);
        images as u64 * kept_pixels(config, images) + Self::checkpoint(config) + FLOAT * cost.published(config)
    }

    /// Numbers of the published weights, which stay loaded as the run's baseline.
    fn published(&self, config: &RunConfig) -> u64 {
        if config.encoder.start == InitialWeights::ImageNet { self.parameters + self.frozen } else { 0 }
    }

    /// [`Cost::memory`] while `tuning` trains a classifier on `labels` labels. The run of `config` and the
    /// previous classifier stay loaded.
    pub fn tuning_memory(config: &RunConfig, tuning: &FineTuneConfig, labels: usize, images: usize) -> u64 {
        let stages = match tuning.trained {
            TrainedLayers::All => None,
            TrainedLayers::Last(stages) => Some(usize::from(stages)),
            // On features, which are few numbers.
            TrainedLayers::Classifier => return Self::at_hand(config, images) + PASSING_MEMORY,
        };
        let mut cost = Self::of_encoder(config, stages);
        if tuning.from == TunedFrom::HeadLayer {
            // With a bias, or normalisation's scale and shift.
            let width = config.encoder.features() as u64;
            cost.parameters += width * (width + if config.head.batch_norm { 2 } else { 1 });
        }
        let batch = tuning.batch.min(labels) as u64;
        let pixels = (3 * config.image_size * config.image_size) as u64;
        let saved = SAVED_COPIES * (2 * cost.parameters + cost.frozen);
        let kept = cost.parameters + cost.frozen;
        let weights = PARAMETER_COPIES * cost.parameters + cost.frozen + saved + kept;
        let activations = (ACTIVATION_COPIES * cost.activations + PASSING_COPIES * cost.passing) * batch;
        Self::at_hand(config, images) + FLOAT * (weights + activations + VIEW_COPIES * batch * pixels)
    }

    /// `config` made so small that it fits, by [`RunConfig::halved`]; `None` if nothing fits.
    pub fn fitting(config: &RunConfig, images: usize, backend: Backend) -> Option<RunConfig> {
        let smaller = std::iter::successors(config.halved(), RunConfig::halved);
        smaller.into_iter().find(|smaller| Self::fits(smaller, images, backend).is_ok())
    }

    /// Whether [`Cost::memory`] stays within the backend's memory. A browser does not tell the memory
    /// of a GPU, so there everything fits.
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

    /// The batch N to time a step of `config` with: its own, or a smaller one if a step would keep a
    /// slow device busy for long. The time grows in proportion to N.
    pub fn timed_batch(config: &RunConfig, device: &DeviceReport) -> usize {
        let Some(speed) = speed(device) else { return config.batch };
        let pair = Self::of(config).of_step(config) / config.batch as f64 / speed;
        if pair * config.batch as f64 <= LONGEST_TIMED {
            return config.batch;
        }
        // A batch of one pair has no negatives.
        ((TIMED / pair) as usize).clamp(2, config.batch)
    }

    /// Multiplications of the convolutions in a step of `config`.
    fn of_step(&self, config: &RunConfig) -> f64 {
        // Gradient caching is one more forward pass.
        let forward = if config.chunk_images() < config.batch { 2.0 } else { 1.0 };
        let passes = forward * self.multiplications as f64 + BACKWARD * self.trained_multiplications as f64;
        2.0 * config.batch as f64 * passes
    }

    /// Work of a step of `config`, and of the forward pass of one image: multiplications, and what reading and writing
    /// outputs costs of them, which is most of the work of narrow encoders.
    pub fn work(config: &RunConfig) -> [f64; 2] {
        let cost = Self::of(config);
        let outputs: u64 = layers(&config.encoder, config.image_size).iter().map(|layer| layer.outputs).sum();
        let image = cost.multiplications as f64 + OUTPUT * outputs as f64;
        [cost.of_step(config) * image / (cost.multiplications as f64).max(1.0), image]
    }

    /// Roughly the multiplications a second of a device with `threads`, before anything was timed there.
    pub fn rough_speed(device: &DeviceReport, threads: u32) -> f64 {
        let threads = if device.backend == Backend::Cpu { threads } else { 1 };
        speed(device).unwrap_or(GPU_SPEED) * f64::from(threads.max(1))
    }

    /// Images of a forward pass without gradients, as in evaluation: few if the encoder's largest layer is large.
    pub fn passing_images(config: &RunConfig) -> usize {
        let outputs = layers(&config.encoder, config.image_size).into_iter().map(|layer| layer.outputs);
        let largest = outputs.max().unwrap_or(1);
        (PASSING_MEMORY / (PASSING_COPIES * FLOAT * largest.max(1))).clamp(1, MOST_PASSING) as usize
    }

    /// Images of a forward pass, at most `most`, that do not keep a slow device busy for long.
    pub fn timed_images(config: &RunConfig, device: &DeviceReport, most: usize) -> usize {
        let Some(speed) = speed(device) else { return most };
        ((speed / Self::of(config).multiplications as f64) as usize).clamp(1, most)
    }
}

/// What a layer of an encoder takes for one view.
#[derive(Default)]
struct LayerCost {
    /// Of the encoder, from 0: see `learn::encoder::Encoder::stages`.
    stage: usize,
    parameters: u64,
    /// Numbers in the output of a convolution. Normalisation's are counted in [`ACTIVATION_COPIES`].
    outputs: u64,
    multiplications: u64,
}

/// The layers of `encoder` that have tensors, for images of `image` pixels, in their order.
fn layers(encoder: &EncoderConfig, image: usize) -> Vec<LayerCost> {
    let (mut all, mut side) = (Vec::new(), image);
    for (stage, row) in encoder.stages().iter().enumerate() {
        side = row.visit(side, &mut |layer, side| {
            all.push(match layer {
                Layer::Conv(conv) => {
                    let (weights, area) = (conv.weights(), side * side);
                    LayerCost {
                        stage,
                        parameters: (weights + if conv.bias { conv.output } else { 0 }) as u64,
                        outputs: (conv.output * area) as u64,
                        multiplications: weights as u64 * area as u64,
                    }
                }
                Layer::Norm { channels, .. } => {
                    LayerCost { stage, parameters: 2 * *channels as u64, ..LayerCost::default() }
                }
                _ => LayerCost::default(),
            });
        });
    }
    all
}

/// Bytes that an image takes on the device, at the training size and at twice that side.
fn kept_pixels(config: &RunConfig, images: usize) -> u64 {
    let pixels = (3 * config.image_size * config.image_size) as u64;
    let has_detail = config.augment.cuts_detail() && has_room_for_detail(images, config.image_size);
    if has_detail { 5 * pixels } else { pixels }
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
mod tests;
