//! Timing for `cargo xtask bench`: `{ bench: text }` in and out; see [`questions`].

use super::questions::{self, DeviceName};
use crate::core::error::{Fault, StorageFault};
use crate::core::imagenet::ImageNetEncoder;
use crate::core::report::{Backend, DeviceReport};
use crate::core::run::stored;
use crate::learn::bench::{Bench, Forward, Kind, Parts, Setting, evaluation};
use crate::learn::{checkpoint::Snapshot, conv::tiled_share, features::Stopped};
use crate::worker::device::{self, Compute};
use crate::worker::js::{memory_bytes, now};
use crate::worker::session::{self, Job, JobGuard};
use crate::worker::storage::{FileSystem, Storage};
use crate::worker::{event_loop::yield_now, storage::opfs::Opfs};
use burn::tensor::Device;
use serde::Deserialize;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use web_sys::MessageEvent;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
enum What {
    /// Opens a device and prepares a step on it, in place of the one before.
    Open { device: DeviceName, setting: Setting, kind: Kind },
    /// Takes some of the prepared steps; gives the time and loss of each.
    Steps { count: usize },
    /// Times the parts of a step, on the open device.
    Parts { setting: Setting, warm_up: usize, count: usize },
    /// Stores checkpoints beside the prepared steps, which must be full ones.
    Saving { count: usize, saves: usize },
    /// Times forward passes of a published encoder, after one that does not count.
    Forward { device: DeviceName, encoder: ImageNetEncoder, side: usize, images: usize, count: usize },
    /// Times more forward passes.
    Passes { count: usize },
    /// Times linear evaluation, on the open device.
    Evaluation {},
}

/// Images of the timed evaluation.
const EVALUATED: usize = 5_000;
/// The folder of the checkpoints, which is removed at the end.
const FOLDER: &str = "bench";

thread_local! {
    static COMPUTE: RefCell<Option<Compute>> = const { RefCell::new(None) };
    static BENCH: RefCell<Option<Bench>> = const { RefCell::new(None) };
    static FORWARD: RefCell<Option<Forward>> = const { RefCell::new(None) };
}

/// Takes a message that is for the bench; false for any other.
pub fn receive(event: &MessageEvent) -> bool {
    questions::receive(event, "bench", perform)
}

async fn perform(what: What) -> Result<Value, Fault> {
    let _guard = JobGuard::begin(Job::Measure)?;
    match what {
        What::Open { device, setting, kind } => open(device, setting, kind).await,
        What::Steps { count } => steps(count).await,
        What::Parts { setting, warm_up, count } => parts(setting, warm_up, count).await,
        What::Saving { count, saves } => {
            let mut bench = BENCH.take().ok_or_else(nothing_open)?;
            let timed = saving(&mut bench, count.max(1), saves).await;
            BENCH.set(Some(bench));
            timed
        }
        What::Forward { device, encoder, side, images, count } => forward(device, encoder, side, images, count).await,
        What::Passes { count } => {
            let forward = FORWARD.take().ok_or_else(nothing_open)?;
            let times = passes(&forward, count).await?;
            FORWARD.set(Some(forward));
            Ok(json!({ "ms": times, "memory": memory(), "tiled": tiled_share() }))
        }
        What::Evaluation {} => evaluate().await,
    }
}

async fn open(device: DeviceName, setting: Setting, kind: Kind) -> Result<Value, Fault> {
    // First free the memory of what was open before.
    close();
    let compute = device::open(device.into()).await?;
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
        yield_now().await;
        let start = now();
        losses.push(bench.step().await?);
        times.push(now() - start);
    }
    BENCH.set(Some(bench));
    Ok(json!({ "ms": times, "losses": losses, "memory": memory(), "tiled": tiled_share() }))
}

async fn parts(setting: Setting, warm_up: usize, count: usize) -> Result<Value, Fault> {
    let mut parts = Parts::new(setting, &device()?);
    let mut times = Vec::new();
    for step in 0..warm_up + count {
        yield_now().await;
        let one = parts.step(now).await?;
        if step >= warm_up {
            times.push(one);
        }
    }
    Ok(json!({ "parts": times }))
}

async fn forward(
    device: DeviceName,
    encoder: ImageNetEncoder,
    side: usize,
    images: usize,
    count: usize,
) -> Result<Value, Fault> {
    close();
    let compute = device::open(device.into()).await?;
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
        yield_now().await;
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
        yield_now().await;
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

/// Bytes of the wasm memory, which never shrinks, and of burn's memory pools, if the device has some.
fn memory() -> Value {
    let pools = device().ok().and_then(|device| device.memory_pool_usage());
    json!({
        "wasm_bytes": memory_bytes(),
        "reserved_bytes": pools.as_ref().map(|p| p.bytes_reserved),
        "in_use_bytes": pools.as_ref().map(|p| p.bytes_in_use),
    })
}

/// Takes `count` steps alone, then stores `saves` checkpoints while more steps go on. Gives how long each
/// save held the thread, in all and at most at a time.
async fn saving(bench: &mut Bench, count: usize, saves: usize) -> Result<Value, Fault> {
    let storage = session::storage().await?;
    let timed = timed(&storage, bench, count, saves).await;
    storage.files().remove(FOLDER).await?;
    timed
}

async fn timed(storage: &Rc<Storage<Opfs>>, bench: &mut Bench, count: usize, saves: usize) -> Result<Value, Fault> {
    let mut alone = Vec::new();
    for _ in 0..count {
        yield_now().await;
        let begun = now();
        bench.step().await?;
        alone.push(now() - begun);
    }
    let (mut held_up, mut at_a_time, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..saves {
        let (saved, storage) = (Rc::new(Cell::new(None)), storage.clone());
        let begun = now();
        let (snapshot, result) = (bench.snapshot()?, saved.clone());
        let taken = now() - begun;
        wasm_bindgen_futures::spawn_local(async move {
            let (ended, spans) = watched(save(&storage, snapshot)).await;
            result.set(Some((ended, spans)));
        });
        let (ended, spans) = loop {
            yield_now().await;
            bench.step().await?;
            if let Some(ended) = saved.take() {
                break ended;
            }
        };
        held_up.push(taken + spans.iter().sum::<f64>());
        at_a_time.push(spans.into_iter().fold(taken, f64::max));
        bytes = ended?;
    }
    Ok(json!({ "ms": alone, "held_up_ms": held_up, "at_a_time_ms": at_a_time, "bytes": bytes }))
}

/// The result of `work`, and the milliseconds of each poll, which holds the thread.
async fn watched<T>(work: impl Future<Output = T>) -> (T, Vec<f64>) {
    let (mut work, mut spans) = (Box::pin(work), Vec::new());
    let ended = poll_fn(|context| {
        let begun = now();
        let polled = work.as_mut().poll(context);
        spans.push(now() - begun);
        polled
    });
    let ended = ended.await;
    (ended, spans)
}

async fn save(storage: &Storage<Opfs>, snapshot: Snapshot) -> Result<usize, StorageFault> {
    let bytes = snapshot.into_bytes().await.map_err(|e| StorageFault::Unavailable { detail: e.to_string() })?;
    storage.put(&format!("{FOLDER}/state"), stored::Kind::Checkpoint, &bytes).await?;
    Ok(bytes.len())
}
