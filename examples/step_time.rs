//! Milliseconds per training step on a native device, fixed input, SGD: the
//! step that the comparison with other libraries times.
//!
//! `cargo run --release --features native --example step_time -- [tiny|r18] [steps]`
//! and, for a GPU through wgpu, `--features native,gpu` with `gpu` as a third
//! word. With `full` as the fourth, the program's own step: augmentation from
//! stored bytes, LARS.

use burn::tensor::{Device, Tensor, TensorData};
use simclr_lab::core::config::{Architecture, EncoderConfig, HeadConfig, Optimizer, OptimizerConfig, RunConfig, Stem};
use simclr_lab::core::dataset::{Dataset, Example, Split};
use simclr_lab::core::rng::Rng;
use simclr_lab::learn::augment;
use simclr_lab::learn::step::{Learner, SimClr};
use simclr_lab::learn::store::ByteStore;
use simclr_lab::learn::trainer::view_pair;
use std::time::Instant;

const WARM_UP: usize = 3;

/// The CPU backend, or where it is built in and asked for, the GPU.
fn device(name: Option<&str>) -> Device {
    match name {
        #[cfg(feature = "gpu")]
        Some("gpu") => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        Some(other) if other != "cpu" => panic!("no device {other} in this build"),
        _ => Device::flex(),
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let setting = args.first().map_or("tiny", String::as_str);
    let steps: usize = args.get(1).map_or(20, |s| s.parse().expect("a number of steps"));
    let device = device(args.get(2).map(String::as_str));
    let (architecture, width, batch) = match setting {
        "tiny" => (Architecture::ResNet10, 16, 32),
        "r18" => (Architecture::ResNet18, 64, 16),
        other => panic!("no setting {other}: tiny or r18"),
    };
    let encoder = EncoderConfig { architecture, stem: Stem::Small, width };
    let model = SimClr::new(&encoder, &HeadConfig { layers: 2, output: 128 }, 0, &device.clone().autodiff());
    let full = args.get(3).is_some_and(|word| word == "full");
    let optimizer = OptimizerConfig {
        optimizer: if full { Optimizer::Lars } else { Optimizer::Sgd },
        peak_rate: 0.05,
        weight_decay: 0.0,
        momentum: 0.9,
        trust_coefficient: 0.001,
        warmup: 0.0,
    };
    let optimizer = simclr_lab::learn::optim::Optimizer::new(&optimizer);
    let mut learner = Learner::new(model, optimizer, 0.5);
    let shape = [2 * batch, 3, 32, 32];
    let mut rng = Rng::new(7);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.unit()).collect();
    let views = Tensor::<4>::from_data(TensorData::new(values, shape), &device);

    let pixels = (0..batch * 3 * 32 * 32).map(|_| rng.below(256) as u8).collect();
    let example = Example { label: None, split: Split::Train, name: String::new() };
    let set = Dataset { size: 32, classes: Vec::new(), examples: vec![example; batch], pixels };
    let store = ByteStore::new(&set, &device, 1 << 27);
    let indices: Vec<u32> = (0..batch as u32).collect();
    let drawn = RunConfig::default().augment;

    let mut times = Vec::new();
    let mut losses = Vec::new();
    for step in 0..WARM_UP + steps {
        let start = Instant::now();
        let views = match full {
            true => {
                let draw = |&i: &u32| view_pair(&drawn, 32, 0, step as u32, i);
                augment::views(&store, &indices, &indices.iter().map(draw).collect::<Vec<_>>())
            }
            false => views.clone(),
        };
        let measured: Vec<f32> = learner.step(views, 0.05).into_data().try_to_vec().expect("values");
        times.push(start.elapsed().as_secs_f64() * 1e3);
        losses.push(measured[0]);
    }
    let first = times[0];
    let mut times = times.split_off(WARM_UP);
    times.sort_by(f64::total_cmp);
    let line = format!(
        "{{\"setting\":\"{setting}\",\"views\":{},\"steps\":{steps},\"first_ms\":{first:.1},\"median_ms\":{:.1},\"min_ms\":{:.1},\"loss_first\":{:.4},\"loss_last\":{:.4}}}",
        2 * batch,
        times[steps / 2],
        times[0],
        losses[0],
        losses[losses.len() - 1]
    );
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes()).expect("stdout");
}
