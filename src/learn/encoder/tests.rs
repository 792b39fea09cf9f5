use super::*;
use crate::core::config::Stem;
use crate::core::rng::Rng;
use crate::learn::init::draw;
use burn::module::{ModuleVisitor, Param};
use burn::tensor::TensorData;

fn config(architecture: Architecture, stem: Stem, width: usize) -> EncoderConfig {
    EncoderConfig { architecture, stem, width }
}

fn noise(shape: [usize; 4], seed: u64) -> Tensor<4> {
    let mut rng = Rng::new(seed);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| 3.0 + 2.0 * rng.normal()).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn values<const D: usize>(t: Tensor<D>) -> Vec<f32> {
    t.into_data().try_to_vec().unwrap()
}

/// Parameters that train; running statistics do not count.
struct Count(usize);

impl ModuleVisitor for Count {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.0 += param.lazy_shape().num_elements();
        }
    }
}

#[test]
fn resnet18_has_torchvisions_parameters() {
    let net = Encoder::new(&config(Architecture::ResNet18, Stem::ImageNet, 64), &Device::flex().autodiff());
    let mut count = Count(0);
    net.visit(&mut count);
    // torchvision's 11 689 512 without its classifier of 512 × 1000 + 1000.
    assert_eq!(count.0, 11_689_512 - 513_000);
}

#[test]
fn every_encoder_gives_its_features() {
    let device = Device::flex().autodiff();
    for architecture in [Architecture::ConvNet4, Architecture::ResNet10, Architecture::ResNet18] {
        for stem in [Stem::Small, Stem::ImageNet] {
            let config = config(architecture, stem, 8);
            let net = draw(Encoder::new(&config, &device), 1, "encoder");
            let h = net.forward(noise([2, 3, 16, 16], 2).autodiff());
            assert_eq!(h.dims(), [2, config.features()]);
            assert!(values(h).iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn running_statistics_follow_pytorchs_rule() {
    let device = Device::flex().autodiff();
    let norm = BatchNorm::new(1, &device);
    let x = Tensor::<2>::from_data([[1.0f32], [2.0], [6.0]], &device);
    let y = values(norm.forward(x.clone()));
    // Normalised by the biased variance 14/3 …
    let scale = (14.0f32 / 3.0 + 1e-5).sqrt();
    for (y, x) in y.iter().zip([1.0, 2.0, 6.0]) {
        assert!((y - (x - 3.0) / scale).abs() < 1e-5);
    }
    // … while the running one takes the unbiased 7.
    assert!((values(norm.running_mean.get())[0] - 0.3).abs() < 1e-6);
    assert!((values(norm.running_var.get())[0] - (0.9 + 0.7)).abs() < 1e-6);
    // Evaluation uses them and leaves them.
    let still = norm.valid();
    let y = values(still.forward(x.inner()));
    assert!((y[0] - (1.0 - 0.3) / (1.6f32 + 1e-5).sqrt()).abs() < 1e-5);
    assert!((values(still.running_mean.get())[0] - 0.3).abs() < 1e-6);
}

#[test]
fn reestimated_statistics_are_the_average_of_the_batches() {
    let device = Device::flex().autodiff();
    let mut net = draw(Encoder::new(&config(Architecture::ConvNet4, Stem::Small, 4), &device), 3, "encoder");
    let (a, b) = (noise([6, 3, 8, 8], 4), noise([6, 3, 8, 8], 5));
    let stem = |x: &Tensor<4>| match &net {
        Encoder::ConvNet4(net) => net.stem(x.clone().autodiff()).inner(),
        Encoder::ResNet(_) => unreachable!(),
    };
    let moments = |x: Tensor<4>| {
        let flat = x.swap_dims(0, 1).reshape([4, 6 * 64]);
        (values(flat.clone().mean_dim(1)), values(flat.var(1)))
    };
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(stem(&a)), moments(stem(&b)));

    let mut ready = reestimate_batch_norm(&net, [a, b]);
    let norm = ready.norms().remove(0);
    assert_eq!(norm.momentum, norm::MOMENTUM);
    let (mean, var) = (values(norm.running_mean.get()), values(norm.running_var.get()));
    for c in 0..4 {
        assert!((mean[c] - (mean_a[c] + mean_b[c]) / 2.0).abs() < 1e-4, "mean of channel {c}");
        assert!((var[c] / ((var_a[c] + var_b[c]) / 2.0) - 1.0).abs() < 1e-4, "variance of channel {c}");
    }
    // The original keeps its own.
    assert_eq!(values(net.norms().remove(0).running_mean.get()), vec![0.0; 4]);
}
