//! What training costs: parameters, memory and arithmetic of a configuration,
//! counted from its shapes, and what a device bears of it.

use super::config::{Architecture, EncoderConfig, RunConfig, Stem};
use super::error::Fault;
use super::report::{Backend, DeviceReport};

/// One convolution as its shapes: input and output channels, kernel side,
/// output side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Conv {
    input: usize,
    output: usize,
    kernel: usize,
    side: usize,
}

/// Counts for one configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Trained numbers: convolutions, normalisation, linear layers.
    pub parameters: u64,
    /// Numbers in the convolutions' outputs for one view.
    pub activations: u64,
    /// Multiplications of the convolutions for one view, forward.
    pub multiplications: u64,
}

/// Copies of each activation that live until the backward pass has used them:
/// a convolution's output, its normalised and its rectified form, and the
/// gradient in flight.
const ACTIVATION_COPIES: u64 = 4;
/// Weight, gradient, momentum and the update in flight.
const PARAMETER_COPIES: u64 = 4;
const FLOAT: u64 = 4;
/// Bytes of the 4 GiB of wasm memory that training may take by the count below;
/// the rest is for the library of images, fragments and what the count leaves out.
const CPU_MEMORY: u64 = 3 << 30;
/// Multiplications a second: of the CPU backend in wasm on a common machine, and of
/// WebGPU emulated by software.
const CPU_SPEED: f64 = 6e9;
const SOFTWARE_SPEED: f64 = 2e8;
/// Passes as costly as the forward one in a step: forward, and backward to inputs
/// and to weights.
const PASSES: f64 = 3.0;
/// Seconds that a step may take when it is timed, and those that a smaller one is
/// cut to where it would take longer.
const LONGEST_TIMED: f64 = 3.0;
const TIMED: f64 = 2.0;

impl Cost {
    /// Counts encoder and projection head of `config`.
    pub fn of(config: &RunConfig) -> Self {
        let mut cost = Self::default();
        for conv in convolutions(&config.encoder, config.image_size) {
            let weights = (conv.input * conv.output * conv.kernel * conv.kernel) as u64;
            cost.parameters += weights + 2 * conv.output as u64;
            let outputs = (conv.output * conv.side * conv.side) as u64;
            cost.activations += outputs;
            cost.multiplications += outputs * (conv.input * conv.kernel * conv.kernel) as u64;
        }
        let hidden = config.encoder.features();
        for layer in 1..=config.head.layers {
            let output = if layer == config.head.layers { config.head.output } else { hidden };
            cost.parameters += (hidden * output + output) as u64;
        }
        cost
    }

    /// Bytes on the device while `config` trains on `images` images: an upper
    /// estimate, from shapes alone.
    pub fn memory(config: &RunConfig, images: usize) -> u64 {
        let cost = Self::of(config);
        let views = 2 * config.batch as u64;
        let set = (images * 3 * config.image_size * config.image_size) as u64;
        let similarities = views * views * ACTIVATION_COPIES;
        set + FLOAT * (PARAMETER_COPIES * cost.parameters + ACTIVATION_COPIES * cost.activations * views + similarities)
    }

    /// Whether [`Cost::memory`] stays within what the backend has; a GPU's memory
    /// is nobody's to know in a browser.
    ///
    /// # Errors
    /// [`Fault::NeedsMemory`].
    pub fn fits(config: &RunConfig, images: usize, backend: Backend) -> Result<(), Fault> {
        let need = Self::memory(config, images);
        if backend == Backend::Cpu && need > CPU_MEMORY {
            return Err(Fault::NeedsMemory { need, limit: CPU_MEMORY });
        }
        Ok(())
    }

    /// The batch N to time a step of `config` with: its own, or where a step of
    /// that would hold a slow device up for long, a smaller one, whose time grows
    /// in proportion.
    pub fn timed_batch(config: &RunConfig, device: &DeviceReport) -> usize {
        let Some(speed) = speed(device) else { return config.batch };
        let pair = 2.0 * PASSES * Self::of(config).multiplications as f64 / speed;
        if pair * config.batch as f64 <= LONGEST_TIMED {
            return config.batch;
        }
        // A batch of one pair has no negatives.
        ((TIMED / pair) as usize).clamp(2, config.batch)
    }

    /// Images of a forward pass, at most `most`, that a slow device is not held up
    /// by for long.
    pub fn timed_images(config: &RunConfig, device: &DeviceReport, most: usize) -> usize {
        let Some(speed) = speed(device) else { return most };
        ((speed / Self::of(config).multiplications as f64) as usize).clamp(1, most)
    }
}

/// Multiplications a second of a device that is known to be slow.
fn speed(device: &DeviceReport) -> Option<f64> {
    match device.backend {
        Backend::Cpu => Some(CPU_SPEED),
        Backend::WebGpu => device.software.then_some(SOFTWARE_SPEED),
    }
}

fn convolutions(encoder: &EncoderConfig, image: usize) -> Vec<Conv> {
    let mut side = image;
    let mut all = Vec::new();
    let mut add = |input, output, kernel, stride: usize, side: usize| {
        let side = side.div_ceil(stride);
        all.push(Conv { input, output, kernel, side });
        side
    };
    let width = encoder.width;
    let blocks = match encoder.architecture {
        Architecture::ConvNet4 => {
            side = add(3, width, 3, 1, side);
            for stage in 1..4 {
                side = add(width << (stage - 1), width << stage, 3, 2, side);
            }
            return all;
        }
        Architecture::ResNet10 => 1,
        Architecture::ResNet18 => 2,
    };
    side = match encoder.stem {
        Stem::Small => add(3, width, 3, 1, side),
        Stem::ImageNet => add(3, width, 7, 2, side).div_ceil(2),
    };
    let mut input = width;
    for stage in 0..4 {
        for block in 0..blocks {
            let output = width << stage;
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let inside = add(input, output, 3, stride, side);
            add(output, output, 3, 1, inside);
            if stride != 1 || input != output {
                add(input, output, 1, stride, side);
            }
            (input, side) = (output, inside);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::HeadConfig;

    fn config(architecture: Architecture, width: usize, batch: usize) -> RunConfig {
        RunConfig {
            encoder: EncoderConfig { architecture, stem: Stem::Small, width },
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
