//! Initial weights, drawn on the host from the run's seed: burn's initialisers
//! use each device's own generator, and two devices would start differently.

use super::named_tensors::transpose;
use super::walk::{TensorFiller, TensorPath, fill, list};
use crate::core::rng::Rng;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use std::{collections::HashSet, convert::Infallible};

/// Writes PyTorch's default distribution into every weight of `module`: convolutions and linear layers U(±1/√fan_in),
/// their biases the same, normalisation 1 and 0 (they are made so and stay).
///
/// A convolution that has a bias has no normalisation after it: there that distribution shrinks what it gives, layer by
/// layer, until every image has the same h. It gets N(0, 2/fan_out) and bias 0, as torchvision's VGG (He et al. 2015).
///
/// Every tensor has a stream of its own, keyed by `seed` and its path under `root`, so that adding a layer changes no
/// other one's weights. A linear weight is drawn as [out, in], PyTorch's order, and stored transposed.
pub fn draw<M: Module>(module: M, seed: u64, root: &str) -> M {
    let biases = list(&module).into_iter().map(|tensor| tensor.name).filter(|name| name.ends_with("bias")).collect();
    let Ok(module) = fill(module, &mut Draw { seed, root, biases, fan_in: 1 });
    module
}

struct Draw<'a> {
    seed: u64,
    root: &'a str,
    /// Names of all biases.
    biases: HashSet<String>,
    /// Of the weight met last: its bias follows.
    fan_in: usize,
}

impl TensorFiller for Draw<'_> {
    type Error = Infallible;

    fn values<const D: usize>(
        &mut self,
        path: &TensorPath,
        param: &Param<Tensor<D>>,
    ) -> Result<Option<Vec<f32>>, Infallible> {
        let shape: [usize; D] = param.lazy_shape().dims();
        match D {
            2 => self.fan_in = shape[0],
            3.. => self.fan_in = shape[1..].iter().product(),
            // A bias, met after its weight.
            _ if matches!(path.layer.as_str(), "Linear" | "Conv2d") => {}
            // Vectors of a normalisation keep 1 and 0.
            _ => return Ok(None),
        }
        let mut rng = Rng::stream(self.seed, &format!("{}.{}", self.root, path.name));
        let count = shape.iter().product::<usize>();
        if path.layer == "Conv2d" && self.biases.contains(&path.name.replace("weight", "bias")) {
            let fan_out = shape[0] * shape.iter().skip(2).product::<usize>();
            let std = if D == 1 { 0.0 } else { (2.0 / fan_out as f32).sqrt() };
            return Ok(Some((0..count).map(|_| std * rng.normal()).collect()));
        }
        let bound = 1.0 / (self.fan_in as f32).sqrt();
        let values: Vec<f32> = (0..count).map(|_| rng.uniform(-bound, bound)).collect();
        Ok(Some(if D == 2 { transpose(&values, shape[1], shape[0]) } else { values }))
    }
}

#[cfg(test)]
mod tests {
    use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
    use crate::learn::named_tensors::{NamedTensor, tensors};
    use crate::learn::simclr::SimClr;
    use burn::tensor::{Device, read_sync};

    fn weights(architecture: Architecture, seed: u64, device: &Device) -> Vec<NamedTensor> {
        let encoder = EncoderConfig::random(architecture, Stem::Small, 16);
        read_sync(tensors(&SimClr::new(&encoder, &HeadConfig::new(2, 64), seed, device))).unwrap()
    }

    fn named<'a>(all: &'a [NamedTensor], name: &str) -> &'a NamedTensor {
        all.iter().find(|t| t.name == name).unwrap_or_else(|| panic!("no tensor {name}"))
    }

    /// Largest entry and variance.
    fn spread(t: &NamedTensor) -> (f32, f32) {
        let largest = t.values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        (largest, t.values.iter().map(|v| v * v).sum::<f32>() / t.values.len() as f32)
    }

    #[test]
    fn weights_are_uniform_within_one_over_the_root_of_fan_in() {
        let all = weights(Architecture::ResNet10, 4, &Device::flex());
        for (name, fan_in) in [
            ("encoder.layer4.0.conv2.weight", 128.0 * 9.0),
            ("encoder.layer2.0.downsample.0.weight", 16.0),
            ("head.layers.0.weight", 128.0),
            ("head.layers.0.bias", 128.0f32),
        ] {
            let (largest, variance) = spread(named(&all, name));
            let bound = 1.0 / fan_in.sqrt();
            assert!(largest <= bound && largest > 0.95 * bound, "{name}: {largest} for {bound}");
            assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.25, "{name}: variance {variance}");
        }
        assert!(named(&all, "encoder.bn1.weight").values.iter().all(|v| *v == 1.0));
        assert!(named(&all, "encoder.bn1.bias").values.iter().all(|v| *v == 0.0));
        assert_eq!(named(&all, "head.layers.1.weight").shape, [64, 128], "PyTorch's [out, in]");
    }

    #[test]
    fn a_convolution_without_normalisation_keeps_the_variance() {
        let all = weights(Architecture::Vgg19, 4, &Device::flex());
        for (name, fan_out) in [("encoder.features.0.weight", 64.0 * 9.0), ("encoder.features.34.weight", 512.0 * 9.0)]
        {
            let (_, variance) = spread(named(&all, name));
            assert!((variance * fan_out / 2.0 - 1.0f32).abs() < 0.15, "{name}: variance {variance}");
        }
        assert!(named(&all, "encoder.features.34.bias").values.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn weights_depend_on_seed_and_name_alone() {
        let plain = weights(Architecture::ResNet10, 4, &Device::flex());
        assert_eq!(plain, weights(Architecture::ResNet10, 4, &Device::flex().autodiff()));
        // More layers leave the weights of the others alone.
        let deeper = weights(Architecture::ResNet18, 4, &Device::flex());
        for name in ["encoder.layer3.0.conv1.weight", "head.layers.1.bias"] {
            assert_eq!(named(&plain, name), named(&deeper, name));
            assert_ne!(named(&plain, name), named(&weights(Architecture::ResNet10, 5, &Device::flex()), name));
        }
        assert_ne!(
            named(&plain, "encoder.layer1.0.conv1.weight").values,
            named(&plain, "encoder.layer1.0.conv2.weight").values
        );
    }
}
