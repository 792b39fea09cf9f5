//! Timing for `cargo xtask bench`: `{ bench: text }` in and out; see
//! [`question`].

mod saving;

use super::question::{self, Place};
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::report::{Backend, DeviceReport};
use crate::learn::bench::{Bench, Forward, Kind, Parts, Setting, evaluation};
use crate::learn::features::Stopped;
use crate::worker::boot;
use crate::worker::device::{self, Compute};
use crate::worker::session::{Job, Working};
use crate::worker::turn::{now, turn};
use burn::tensor::Device;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use web_sys::MessageEvent;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
enum What {
    /// Opens a device and makes a step ready, in place of the one before.
    Open { device: Place, setting: Setting, kind: Kind },
    /// Steps of the one that is ready, each with its time and loss.
    Steps { count: usize },
    /// Steps taken apart, on the device that is open.
    Parts { setting: Setting, warm_up: usize, count: usize },
    /// Checkpoints stored beside the steps of the one that is ready, a full one.
    Saving { count: usize, saves: usize },
    /// Forward passes of a published encoder over so many images, after one that is not timed.
    Forward { device: Place, encoder: ImageNetEncoder, side: usize, images: usize, count: usize },
    /// More of them.
    Passes { count: usize },
    /// Linear evaluation, on the device that is open.
    Evaluation {},
}

/// Images of the evaluation that is timed.
const EVALUATED: usize = 5_000;

thread_local! {
    static COMPUTE: RefCell<Option<Compute>> = const { RefCell::new(None) };
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
    static FORWARD: RefCell<Option<Forward>> = const { RefCell::new(None) };
}

/// Takes a message that is for the bench; false for any other.
pub fn receive(event: &MessageEvent) -> bool {
    question::receive(event, "bench", perform)
}

async fn perform(what: What) -> Result<Value, Fault> {
    let _working = Working::begin(Job::Measure)?;
    match what {
        What::Open { device, setting, kind } => open(device, setting, kind).await,
        What::Steps { count } => steps(count).await,
        What::Parts { setting, warm_up, count } => parts(setting, warm_up, count).await,
        What::Saving { count, saves } => {
            let mut bench = BENCH.take().ok_or_else(nothing_open)?;
            let timed = saving::saving(&mut bench, count.max(1), saves).await;
            BENCH.set(Some(bench));
            timed
        }
        What::Forward { device, encoder, side, images, count } => forward(device, encoder, side, images, count).await,
        What::Passes { count } => {
            let forward = FORWARD.take().ok_or_else(nothing_open)?;
            let times = passes(&forward, count).await?;
            FORWARD.set(Some(forward));
            Ok(json!({ "ms": times, "memory": memory() }))
        }
        What::Evaluation {} => evaluate().await,
    }
}

async fn open(place: Place, setting: Setting, kind: Kind) -> Result<Value, Fault> {
    // What was open before gives its memory back first.
    close();
    let compute = device::open(place.into()).await?;
    let bench = Bench::new(setting, kind, &compute.device).await?;
    let report = compute.report.clone();
    BENCH.set(Some(bench));
    COMPUTE.set(Some(compute));
    let backend = if report.backend == Backend::WebGpu { "webgpu" } else { "cpu" };
    Ok(json!({ "device": backend, "adapter": report.name, "software": report.software }))
}

async fn steps(count: usize) -> Result<Value, Fault> {
    let mut bench = BENCH.take().ok_or_else(nothing_open)?;
    let (mut times, mut losses) = (Vec::new(), Vec::new());
    for _ in 0..count {
        turn().await;
        let start = now();
        losses.push(bench.step().await?);
        times.push(now() - start);
    }
    BENCH.set(Some(bench));
    Ok(json!({ "ms": times, "losses": losses, "memory": memory() }))
}

async fn parts(setting: Setting, warm_up: usize, count: usize) -> Result<Value, Fault> {
    let mut parts = Parts::new(setting, &device()?);
    let mut times = Vec::new();
    for step in 0..warm_up + count {
        turn().await;
        let one = parts.step(now).await?;
        if step >= warm_up {
            times.push(one);
        }
    }
    Ok(json!({ "parts": times }))
}

async fn forward(
    place: Place,
    encoder: ImageNetEncoder,
    side: usize,
    images: usize,
    count: usize,
) -> Result<Value, Fault> {
    close();
    let compute = device::open(place.into()).await?;
    let forward = Forward::new(encoder, side, images, &compute.device);
    let mut times = passes(&forward, count + 1).await?;
    let first = times.remove(0);
    let DeviceReport { name, software, .. } = compute.report.clone();
    FORWARD.set(Some(forward));
    COMPUTE.set(Some(compute));
    Ok(json!({ "ms": times, "first_ms": first, "adapter": name, "software": software, "memory": memory() }))
}

async fn passes(forward: &Forward, count: usize) -> Result<Vec<f64>, Fault> {
    let mut times = Vec::new();
    for _ in 0..count {
        turn().await;
        let start = now();
        forward.pass().await?;
        times.push(now() - start);
    }
    Ok(times)
}

fn close() {
    BENCH.set(None);
    FORWARD.set(None);
}

async fn evaluate() -> Result<Value, Fault> {
    let device = device()?;
    let begun = now();
    let mut pause = async |_| {
        turn().await;
        true
    };
    match evaluation(EVALUATED, &device, &mut pause).await {
        Ok(_) => Ok(json!({ "seconds": (now() - begun) / 1000.0, "images": EVALUATED })),
        Err(Stopped::Failed(fault)) => Err(fault),
        Err(Stopped::OnRequest) => Err(Fault::Internal { detail: "nobody asked the evaluation to stop".into() }),
    }
}

fn device() -> Result<Device, Fault> {
    COMPUTE.with_borrow(|kept| kept.as_ref().map(|c| c.device.clone())).ok_or_else(nothing_open)
}

fn nothing_open() -> Fault {
    Fault::Internal { detail: "the bench has no step open".into() }
}

/// Bytes of wasm's memory, which never shrinks, and of burn's pools where the
/// device has such.
fn memory() -> Value {
    let pools = device().ok().and_then(|device| device.memory_pool_usage());
    json!({
        "wasm_bytes": boot::memory_bytes(),
        "reserved_bytes": pools.as_ref().map(|p| p.bytes_reserved),
        "in_use_bytes": pools.as_ref().map(|p| p.bytes_in_use),
    })
}
