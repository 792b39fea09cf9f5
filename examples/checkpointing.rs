//! What burn's gradient checkpointing saves: the peak memory of one forward and backward pass of a published encoder on the
//! CPU backend. It runs on Linux, whose kernel counts the peak.
//!
//! `cargo run --example checkpointing -- [resnet18|resnet50|vgg19] [PIXELS] [VIEWS] [keep|recompute]`
//!
//! Run each way in a process of its own: the peak of a process never falls.

use burn::tensor::{Device, Tensor, TensorData};
use simclr_lab::core::architecture::Architecture;
use simclr_lab::core::config::{EncoderConfig, HeadConfig, InitialWeights};
use simclr_lab::core::imagenet::ImageNetEncoder;
use simclr_lab::learn::bench::mulberry;
use simclr_lab::learn::nt_xent::nt_xent;
use simclr_lab::learn::simclr::SimClr;
use std::io::Write;
use std::time::Instant;

/// Peak memory of this process so far, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |at: usize, default: &str| arguments.get(at).map_or(default, String::as_str).to_owned();
    let net = match argument(0, "resnet50").as_str() {
        "resnet18" => ImageNetEncoder::of(Architecture::ResNet18),
        "vgg19" => ImageNetEncoder::of(Architecture::Vgg19),
        _ => ImageNetEncoder::of(Architecture::ResNet50),
    };
    let net = net.expect("published weights");
    let [side, views] = [(1, "64"), (2, "32")].map(|(at, default)| argument(at, default).parse().expect("a number"));
    let how = argument(3, "keep");
    let device = match how.as_str() {
        "keep" => Device::flex().autodiff(),
        _ => Device::flex().autodiff().gradient_checkpointing(),
    };
    let encoder = EncoderConfig { start: InitialWeights::Random, ..EncoderConfig::with_weights(net) };
    let model = SimClr::new(&encoder, &HeadConfig::new(2, 128), 1, &device);
    let shape = [views, 3, side, side];
    let input = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
    let (before, begun) = (peak(), Instant::now());
    let loss = nt_xent(model.forward(input), 0.5).loss;
    let value: f32 = loss.clone().into_scalar();
    let forward = peak();
    let gradients = loss.backward();
    let took = begun.elapsed().as_secs_f64();
    let words = format!(
        "{} {side} pixels, {views} views, {how}: {:.0} MB more than before, {:.0} of them after the forward pass; {took:.1} s; loss {value:.4}",
        net.name(),
        peak() - before,
        forward - before,
    );
    drop(gradients);
    writeln!(std::io::stdout(), "{words}").expect("stdout");
}
