//! Milliseconds of a training step on a native device. `cargo xtask bench` times the same steps in a browser.
//!
//! `cargo run --release --example step_time -- [tiny|r18] [STEPS] [cpu|gpu] [peer|full|parts]`
//!
//! `peer` is the step that tests/bench/peers has in other libraries (torch_step.py runs natively too). `full` is the
//! program's own step, with augmentation and LARS. `parts` times the parts of `full`. For a GPU (Vulkan, Metal or DX12
//! through wgpu) build with `--features gpu`. With this file cubecl.toml in the working directory it prints the time of
//! each kernel:
//!
//! ```toml
//! [profiling.logger]
//! level = "full"
//! stdout = true
//! ```

use burn::tensor::Device;
use simclr_lab::learn::bench::{Bench, Kind, Parts, Setting};
use simclr_lab::learn::block_on::block_on;
use std::io::Write;
use std::time::Instant;

const WARM_UP: usize = 3;

/// The GPU if it is built in and asked for, else the CPU backend.
fn device(name: &str) -> Device {
    match name {
        "cpu" => Device::flex(),
        #[cfg(feature = "gpu")]
        "gpu" => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        other => panic!("no device {other} in this build: cpu, or gpu with the feature of that name"),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn whole(setting: Setting, kind: Kind, steps: usize, device: &Device) -> String {
    let mut bench = block_on(Bench::new(setting, kind, device)).expect("a step");
    let (mut times, mut losses) = (Vec::new(), Vec::new());
    for _ in 0..WARM_UP + steps {
        let start = Instant::now();
        losses.push(block_on(bench.step()).expect("a loss"));
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let first = times[0];
    let times = times.split_off(WARM_UP);
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    let losses: Vec<String> = losses.iter().take(4).map(|loss| format!("{loss:.4}")).collect();
    let (median, losses) = (median(times), losses.join(","));
    format!("\"first_ms\":{first:.1},\"median_ms\":{median:.2},\"min_ms\":{least:.2},\"losses\":[{losses}]")
}

fn parts(setting: Setting, steps: usize, device: &Device) -> String {
    let mut parts = Parts::new(setting, device);
    let clock = Instant::now();
    let mut one = || block_on(parts.step(|| clock.elapsed().as_secs_f64() * 1e3)).expect("a step");
    let all: Vec<_> = (0..WARM_UP + steps).map(|_| one()).skip(WARM_UP).collect();
    let of = |part: fn(&simclr_lab::learn::bench::PartTimes) -> f64| median(all.iter().map(part).collect());
    format!(
        "\"augmentation_ms\":{:.2},\"forward_ms\":{:.2},\"backward_ms\":{:.2},\"optimizer_ms\":{:.2}",
        of(|p| p.augmentation),
        of(|p| p.forward),
        of(|p| p.backward),
        of(|p| p.optimizer)
    )
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize, else_: &'static str| args.get(at).map_or(else_, String::as_str).to_owned();
    let (setting, place, kind) = (word(0, "tiny"), word(2, "cpu"), word(3, "peer"));
    let steps: usize = word(1, "20").parse().expect("a number of steps");
    let network = match setting.as_str() {
        "tiny" => Setting::Tiny,
        "r18" => Setting::R18,
        other => panic!("no setting {other}: tiny or r18"),
    };
    let device = device(&place);
    let measured = match kind.as_str() {
        "peer" => whole(network, Kind::Peer, steps, &device),
        "full" => whole(network, Kind::Full, steps, &device),
        "parts" => parts(network, steps, &device),
        other => panic!("no step {other}: peer, full or parts"),
    };
    let line = format!(
        "{{\"of\":\"burn\",\"setting\":\"{setting}\",\"device\":\"{place}\",\"step\":\"{kind}\",\"steps\":{steps},\"warm_up\":{WARM_UP},{measured}}}\n"
    );
    std::io::stdout().write_all(line.as_bytes()).expect("stdout");
}
