//! The run that the LARS lesson shows: ‖w‖ and ‖g‖ of every tensor of a small
//! network during pre-training on the sample set, with LARS and again with SGD.
//!
//! `cargo run --example lars_run > src/core/lesson/lars/recorded_run.txt`

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use simclr_lab::core::config::{Optimizer, OptimizerConfig, RunConfig, preset::ImageFacts, preset::Preset};
use simclr_lab::core::dataset::Split;
use simclr_lab::core::lars::adapts;
use simclr_lab::core::rng::Rng;
use simclr_lab::core::sample::{IMAGES_PER_CLASS, sample_set};
use simclr_lab::core::schedule::Schedule;
use simclr_lab::learn::augment::views;
use simclr_lab::learn::learner::Learner;
use simclr_lab::learn::optim;
use simclr_lab::learn::simclr::SimClr;
use simclr_lab::learn::store::ByteStore;
use simclr_lab::learn::trainer::view_pair;
use simclr_lab::learn::walk::{TensorPath, TensorVisitor, visit};
use std::io::Write;

const SIZE: usize = 32;
/// Steps to show beside the last one of every epoch.
const EARLY: [u32; 4] = [1, 2, 3, 5];

/// ‖w‖ and ‖g‖ of one tensor.
struct Norms {
    name: String,
    shape: Vec<usize>,
    weight: f32,
    gradient: f32,
}

struct Watch<'a> {
    gradients: &'a GradientsParams,
    found: Vec<Norms>,
}

fn norm<const D: usize>(tensor: Tensor<D>) -> f32 {
    tensor.inner().powi_scalar(2).sum().sqrt().into_data().iter::<f32>().next().expect("a number")
}

impl TensorVisitor for Watch<'_> {
    fn tensor<const D: usize>(&mut self, path: &TensorPath, param: &Param<Tensor<D>>) {
        let Some(g) = self.gradients.get::<D>(param.id) else { return };
        let shape = param.dims().to_vec();
        self.found.push(Norms { name: path.name.clone(), shape, weight: norm(param.val()), gradient: norm(g) });
    }
}

fn config(optimizer: Optimizer, images: usize) -> RunConfig {
    let config = RunConfig { epochs: 30, ..Preset::QuickLook.config(&ImageFacts::new(SIZE, images)) };
    RunConfig { optimizer: OptimizerConfig::preset(optimizer, config.batch), ..config }
}

/// Four significant digits.
fn short(value: f32) -> String {
    let digits = if value == 0.0 { 0 } else { (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Prints one run: a line with the name and shape of each tensor, then a line for each shown step. A line of a step holds
/// step, rate, loss, and ‖w‖ and ‖g‖ of each tensor with a λ.
fn run(optimizer: Optimizer, store: &ByteStore, images: &[usize], out: &mut impl Write) {
    let config = self::config(optimizer, images.len());
    let name = format!("{optimizer:?}").to_lowercase();
    let device = Device::flex();
    let model = SimClr::new(&config.encoder, &config.head, config.seed, &device.clone().autodiff());
    let mut learner = Learner::new(model, optim::Optimizer::new(&config.optimizer), config.temperature);
    let (each, total) = (config.steps_per_epoch(images.len()), config.total_steps(images.len()));
    let schedule = Schedule::new(&config.optimizer, total);
    let mut order: Vec<u32> = Vec::new();
    for step in 1..=total {
        let epoch = (step - 1) / each + 1;
        let first = ((step - 1) % each) as usize * config.batch;
        if first == 0 {
            order = images.iter().map(|&i| i as u32).collect();
            Rng::stream(config.seed, "order").fork(u64::from(epoch)).shuffle(&mut order);
        }
        let batch = &order[first..first + config.batch];
        let params: Vec<_> =
            batch.iter().map(|&image| view_pair(&config.augment, SIZE, config.seed, epoch, image)).collect();
        let result = learner.forward(views(store, batch, &params));
        let loss: f32 = result.loss.clone().inner().into_data().iter::<f32>().next().expect("a loss");
        let gradients = GradientsParams::from_grads(result.loss.backward(), &learner.model);
        let rate = schedule.rate(step) as f32;
        if EARLY.contains(&step) || step.is_multiple_of(each) {
            let mut watch = Watch { gradients: &gradients, found: Vec::new() };
            visit(&learner.model, &mut watch);
            if step == 1 {
                for n in &watch.found {
                    let shape = n.shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
                    writeln!(out, "{name} tensor {} {shape}", n.name).expect("stdout");
                }
            }
            let adapted = watch.found.iter().filter(|n| adapts(&n.shape));
            let norms: String = adapted.map(|n| format!(" {} {}", short(n.weight), short(n.gradient))).collect();
            writeln!(out, "{name} {step} {} {}{norms}", short(rate), short(loss)).expect("stdout");
        }
        learner.update(gradients, rate);
    }
}

fn main() {
    let set = sample_set(0, IMAGES_PER_CLASS, SIZE);
    let images = set.split(Split::Train);
    let store = ByteStore::new(&set, &Device::flex(), 128 << 20);
    let mut out = std::io::stdout();
    let config = self::config(Optimizer::Lars, images.len());
    let command = "cargo run --example lars_run";
    writeln!(
        out,
        "# {command}\n# Sample set (seed 0, {} training images of {SIZE} pixels), ConvNet-4 of width {}, N = {}, {} epochs, the program's\n\
         # preset rates; each line a step: step, rate, loss, then the norms of w and g of each tensor with more than one dimension.",
        images.len(),
        config.encoder.width,
        config.batch,
        config.epochs
    )
    .expect("stdout");
    for optimizer in [Optimizer::Lars, Optimizer::Sgd] {
        run(optimizer, &store, &images, &mut out);
    }
}
