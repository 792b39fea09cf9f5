//! What a checkpoint that is stored beside the training holds it up by.

use crate::core::error::{Fault, StorageFault};
use crate::learn::bench::Bench;
use crate::learn::checkpoint::Snapshot;
use crate::worker::session;
use crate::worker::storage::opfs::Opfs;
use crate::worker::storage::{Files, Storage};
use crate::worker::turn::{now, turn};
use serde_json::{Value, json};
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;

/// Where the checkpoints go, for as long as is timed.
const FOLDER: &str = "bench";

/// `count` steps by themselves, then `saves` times a checkpoint beside the steps that go
/// on meanwhile: how long the save had the thread to itself, in all and at most at a time.
pub async fn saving(bench: &mut Bench, count: usize, saves: usize) -> Result<Value, Fault> {
    let storage = session::storage().await?;
    let timed = timed(&storage, bench, count, saves).await;
    storage.files().remove(FOLDER).await?;
    timed
}

async fn timed(storage: &Rc<Storage<Opfs>>, bench: &mut Bench, count: usize, saves: usize) -> Result<Value, Fault> {
    let mut alone = Vec::new();
    for _ in 0..count {
        turn().await;
        let begun = now();
        bench.step().await?;
        alone.push(now() - begun);
    }
    let (mut held_up, mut at_a_time, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..saves {
        let (saved, storage) = (Rc::new(Cell::new(None)), storage.clone());
        let begun = now();
        let (snapshot, told) = (bench.snapshot()?, saved.clone());
        let taken = now() - begun;
        wasm_bindgen_futures::spawn_local(async move {
            let (ended, spans) = watched(save(&storage, snapshot)).await;
            told.set(Some((ended, spans)));
        });
        let (ended, spans) = loop {
            turn().await;
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

/// What `work` comes to, and the milliseconds of each time that it had the thread.
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
    storage.put(&format!("{FOLDER}/state"), &bytes).await?;
    Ok(bytes.len())
}
