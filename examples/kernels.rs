//! Milliseconds of the CPU backend's own operations beside burn's, natively, forward and backward together; the least of some
//! repeats, taken in turns.
//!
//! `RAYON_NUM_THREADS=1 cargo run --example kernels -- [REPEATS]`

use burn::nn::{PaddingConfig2d, pool::MaxPool2dConfig};
use burn::tensor::module::{batch_norm_train, conv2d};
use burn::tensor::{Device, Distribution, Tensor, activation::relu, ops::ConvOptions};
use simclr_lab::learn::{batch_norm::batch_norm, conv::convolution, pooling::global_average, pooling::max_pool};
use std::io::Write;
use std::time::Instant;

/// Batch, channels and side of the input; output channels, side and stride of the kernel.
const CONVOLUTIONS: [[usize; 6]; 6] = [
    [64, 16, 32, 16, 3, 1],
    [64, 16, 32, 32, 3, 2],
    [64, 64, 8, 64, 3, 1],
    [64, 32, 16, 64, 1, 2],
    [16, 3, 128, 64, 7, 2],
    [16, 256, 8, 256, 3, 1],
];
const PLANES: [[usize; 3]; 3] = [[64, 16, 32], [64, 128, 4], [16, 64, 56]];

type Work<'a> = &'a dyn Fn(Tensor<4>) -> Tensor<4>;

/// The least milliseconds of `work` and its backward pass, ours and burn's.
fn least(repeats: usize, x: &Tensor<4>, both: [Work; 2]) -> [f64; 2] {
    let mut least = [f64::INFINITY; 2];
    for _ in 0..repeats {
        for (least, work) in least.iter_mut().zip(both) {
            let x = x.clone().require_grad();
            let clock = Instant::now();
            let gradients = work(x.clone()).sum().backward();
            assert!(x.grad(&gradients).is_some(), "a gradient");
            *least = least.min(clock.elapsed().as_secs_f64() * 1e3);
        }
    }
    least
}

fn main() {
    let repeats = std::env::args().nth(1).map_or(20, |repeats| repeats.parse().expect("a number of repeats"));
    let device = Device::flex().autodiff();
    let draw = |shape: [usize; 4]| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let mut out = std::io::stdout();
    let mut line = |what: String, [ours, burns]: [f64; 2]| {
        writeln!(out, "| {what} | {ours:.2} | {burns:.2} | {:.2} |", ours / burns).expect("stdout");
    };
    let burns_pool = MaxPool2dConfig::new([3; 2]).with_strides([2; 2]);
    let burns_pool = burns_pool.with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).init();
    for [batch, depth, side, channels, kernel, stride] in CONVOLUTIONS {
        let x = draw([batch, depth, side, side]);
        let weight = draw([channels, depth, kernel, kernel]).require_grad();
        let padding = kernel / 2;
        let options = || ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
        let times = least(
            repeats,
            &x,
            [&|x| convolution(x, weight.clone(), stride, [padding; 2]), &|x| {
                conv2d(x, weight.clone(), None, options())
            }],
        );
        line(format!("{kernel}×{kernel}, stride {stride}, {batch}×{depth}×{side}×{side} to {channels}"), times);
    }
    for [batch, channels, side] in PLANES {
        let x = draw([batch, channels, side, side]);
        let residual = draw([batch, channels, side, side]).require_grad();
        let vectors = [draw([1, 1, 1, channels]), draw([1, 1, 1, channels])];
        let [weight, bias] = vectors.map(|vector| vector.reshape([channels]).require_grad());
        let shape = format!("{batch}×{channels}×{side}×{side}");
        let normalised = |x: Tensor<4>, residual| batch_norm(x, [weight.clone(), bias.clone()], residual, 1e-5, true).0;
        let burns = |x: Tensor<4>| batch_norm_train(x, weight.clone(), bias.clone(), 1e-5).output;
        line(
            format!("normalisation and ReLU, {shape}"),
            least(repeats, &x, [&|x| normalised(x, None), &|x| relu(burns(x))]),
        );
        line(
            format!("the same with a residual, {shape}"),
            least(repeats, &x, [&|x| normalised(x, Some(residual.clone())), &|x| relu(burns(x) + residual.clone())]),
        );
        line(format!("max pooling, {shape}"), least(repeats, &x, [&|x| max_pool(x, 3, 1), &|x| burns_pool.forward(x)]));
        line(
            format!("global average, {shape}"),
            least(repeats, &x, [&|x| global_average(x).unsqueeze(), &|x| x.mean_dim(2).mean_dim(3)]),
        );
    }
}
