use super::*;
use crate::core::config::{Architecture, Stem};
use crate::core::rng::Rng;
use crate::learn::{baseline::reestimate_batch_norm, init::draw, walk::list};
use burn::tensor::TensorData;

fn config(architecture: Architecture, stem: Stem, width: usize) -> EncoderConfig {
    EncoderConfig::random(architecture, stem, width)
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
fn trained(net: &Encoder) -> usize {
    list(net).iter().filter(|tensor| tensor.trains).map(|tensor| tensor.shape.iter().product::<usize>()).sum()
}

#[test]
fn resnet18_has_torchvisions_parameters() {
    let net = Encoder::new(&config(Architecture::ResNet18, Stem::ImageNet, 64), &Device::flex().autodiff());
    // torchvision's 11 689 512 without its classifier of 512 × 1000 + 1000.
    assert_eq!(trained(&net), 11_689_512 - 513_000);
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
    let y = values(norm.forward(x.clone(), None, false));
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
    let y = values(still.forward(x.inner(), None, false));
    assert!((y[0] - (1.0 - 0.3) / (1.6f32 + 1e-5).sqrt()).abs() < 1e-5);
    assert!((values(still.running_mean.get())[0] - 0.3).abs() < 1e-6);
}

#[test]
fn reestimated_statistics_are_the_average_of_the_batches() {
    let device = Device::flex().autodiff();
    let mut net = draw(Encoder::new(&config(Architecture::ConvNet4, Stem::Small, 4), &device), 3, "encoder");
    let (a, b) = (noise([6, 3, 8, 8], 4), noise([6, 3, 8, 8], 5));
    let stem = |x: &Tensor<4>| match &net.parts[0].weights {
        Weights::Conv(conv) => convolve(conv, x.clone().autodiff()).inner(),
        other => unreachable!("{other:?}"),
    };
    let moments = |x: Tensor<4>| {
        let flat = x.swap_dims(0, 1).reshape([4, 6 * 64]);
        (values(flat.clone().mean_dim(1)), values(flat.var(1)))
    };
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(stem(&a)), moments(stem(&b)));

    let mut ready = reestimate_batch_norm(&net, [a, b]);
    let norm = ready.norms().remove(0);
    assert_eq!(norm.momentum, MOMENTUM);
    let (mean, var) = (values(norm.running_mean.get()), values(norm.running_var.get()));
    for c in 0..4 {
        assert!((mean[c] - (mean_a[c] + mean_b[c]) / 2.0).abs() < 1e-4, "mean of channel {c}");
        assert!((var[c] / ((var_a[c] + var_b[c]) / 2.0) - 1.0).abs() < 1e-4, "variance of channel {c}");
    }
    // The original keeps its own.
    assert_eq!(values(net.norms().remove(0).running_mean.get()), vec![0.0; 4]);
}

#[test]
fn published_networks_take_their_least_size_and_give_their_features() {
    let device = Device::flex();
    for which in ImageNetEncoder::all() {
        let net = Encoder::imagenet(which, &device);
        let side = which.weights().min_image_size;
        assert_eq!(
            net.valid().forward(noise([1, 3, side, side], 2)).dims(),
            [1, EncoderConfig::with_weights(which).features()],
            "{which:?}"
        );
    }
}

#[test]
fn input_is_normalised_as_the_weights_want_it() {
    let device = Device::flex();
    let x = noise([2, 3, 33, 33], 2);
    for (which, mean, std) in [
        (ImageNetEncoder::of(Architecture::ResNet18).unwrap(), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        (ImageNetEncoder::of(Architecture::InceptionResNetV2).unwrap(), [0.5; 3], [0.5; 3]),
    ] {
        assert_eq!(which.weights().normalisation, Normalisation { mean, std });
    }
    let net = Encoder::imagenet(ImageNetEncoder::of(Architecture::ResNet18).unwrap(), &device).valid();
    let channels = (0..3).map(|c| {
        let by = Normalisation::IMAGENET;
        (x.clone().narrow(1, c, 1) - by.mean[c]) / by.std[c]
    });
    let normalised = Tensor::cat(channels.collect(), 1);
    let plain = net.clone().with_normalisation(Normalisation::NONE);
    let (got, want) = (values(net.forward(x.clone())), values(plain.forward(normalised)));
    let largest = want.iter().fold(0f32, |most, v| most.max(v.abs()));
    assert!(got.iter().zip(&want).all(|(a, b)| (a - b).abs() <= 1e-5 * largest));
    assert_ne!(got, values(plain.forward(x)));
}

#[test]
fn all_but_the_last_stages_of_a_published_network_freeze() {
    let device = Device::flex().autodiff();
    for (which, last) in [
        // torchvision's layer4: three bottlenecks of width 512 with a shortcut.
        (ImageNetEncoder::of(Architecture::ResNet50).unwrap(), 14_964_736),
        (ImageNetEncoder::of(Architecture::Vgg19).unwrap(), 4 * (512 * 512 * 9 + 512)),
        (ImageNetEncoder::of(Architecture::InceptionResNetV2).unwrap(), 2080 * 1536 + 2 * 1536),
    ] {
        let trained = |stages| trained(&Encoder::imagenet(which, &device).freeze_but_last(stages));
        assert_eq!((trained(0), trained(1)), (0, last), "{which:?}");
        let all = Encoder::imagenet(which, &device).stages();
        assert!(
            trained(all - 1) < which.weights().parameters && trained(all) == which.weights().parameters,
            "{which:?}"
        );
        let each: Vec<usize> = (0..=all).map(trained).collect();
        assert!(each.is_sorted_by(|a, b| a < b), "{which:?}: {each:?}");
    }
}

#[test]
fn every_normalisation_of_a_published_network_is_reached() {
    for which in ImageNetEncoder::all() {
        let mut net = Encoder::imagenet(which, &Device::flex());
        let means = list(&net).iter().filter(|tensor| tensor.name.ends_with("running_mean")).count();
        assert_eq!(net.norms().len(), means, "{which:?}");
    }
}

#[test]
fn an_evaluated_encoder_gives_the_features_of_the_layers_one_by_one() {
    let device = Device::flex();
    let with_weights = |which: ImageNetEncoder| (EncoderConfig::with_weights(which), which.weights().min_image_size);
    let own = [Architecture::ConvNet4, Architecture::ResNet10].map(|of| (config(of, Stem::Small, 8), 16));
    // ResNet-101 has no layer that ResNet-50 lacks.
    let published =
        [Architecture::ResNet18, Architecture::ResNet50, Architecture::Vgg19, Architecture::InceptionResNetV2];
    let published = published.map(|of| with_weights(ImageNetEncoder::of(of).unwrap()));
    for (config, side) in own.into_iter().chain(published) {
        let mut net = draw(Encoder::new(&config, &device), 3, "encoder");
        // Any statistics, weights and biases, so that a wrong fold shows.
        for (i, norm) in net.norms().into_iter().enumerate() {
            let channels = norm.weight.dims()[0];
            let ramp = |least: f32, by: f32| {
                let values: Vec<f32> = (0..channels).map(|c| least + by * ((7 * c + i) % 11) as f32).collect();
                Tensor::<1>::from_floats(values.as_slice(), &device)
            };
            norm.running_mean.set(ramp(-0.1, 0.02));
            norm.running_var.set(ramp(0.5, 0.1));
            norm.weight = burn::module::Param::from_tensor(ramp(0.8, 0.05));
            norm.bias = burn::module::Param::from_tensor(ramp(-0.2, 0.05));
        }
        let evaluated = net.evaluated();
        // The first batch decides how weights are packed; the second is another.
        for x in [noise([2, 3, side, side], 4), noise([3, 3, side + 5, side + 5], 5)] {
            let (got, want) = (values(evaluated.forward(x.clone())), values(net.forward(x)));
            let largest = want.iter().fold(0f32, |most, v| most.max(v.abs()));
            let off = got.iter().zip(&want).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
            assert!(largest > 0.0 && off <= 1e-5 * largest, "{config:?}: {off} of {largest}");
        }
    }
}
