//! Runs as they are stored in the browser's own file system.
//!
//! ```text
//! runs/ID/record.a .b    the run's record, JSON
//! runs/ID/curve.a .b     what was measured in every step, postcard
//! runs/ID/state.a .b     weights and optimiser: learn::checkpoint
//! runs/ID/tuning.a .b    an unfinished list of fine-tunings, with the weights of the
//!                        current one: learn::checkpoint
//! runs/ID/classifier.a .b  the last classifier fine-tuned from the pre-trained encoder
//! runs/ID/lock           held by the tab that works with the run
//! queue.a .b             runs to come, JSON
//! queue/lock             held by the tab that starts them
//! images/FINGERPRINT/…   a set of shrunk images, if the user stores them
//! weights/NETWORK/…      downloaded weights: worker::weights_download
//! ```
//!
//! Every value has two slots with a checksum. A write replaces the older one, so an interrupted write leaves
//! the last good value. Of a run the record is written first, then the curve, the state last. When a run is
//! opened, a curve that is ahead of the state is cut to it.

pub mod file_system;
#[cfg(test)]
pub mod memory;
pub mod opfs;

pub use file_system::{FileSystem, OpenFile};

use crate::core::run::slots::{self, Chosen, HEADER, NoSlot, Slot, SlotFault};
use crate::core::run::{Curve, RunRecord};
use crate::core::{error::StorageFault, report::RunState, run::queue::QueueReport};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::HashMap;

const RUNS: &str = "runs";
const IMAGES: &str = "images";
const QUEUE: &str = "queue";

/// Everything that is stored, over some file system.
#[derive(Debug, Default)]
pub struct Storage<F> {
    files: F,
    /// The next generation of each value that was read or written, and the slot to overwrite.
    known: RefCell<HashMap<String, (u64, Slot)>>,
}

/// The stored runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Newest first.
    pub runs: Vec<RunRecord>,
    /// Folders whose record can't be read, with the cause.
    pub damaged: Vec<(String, StorageFault)>,
}

/// A stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    pub record: RunRecord,
    pub curve: Curve,
    /// For [`Trainer::resume`](crate::learn::trainer::Trainer::resume); `None` before the first checkpoint.
    pub state: Option<Vec<u8>>,
}

/// A value that fine-tuning stores beside its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FineTuneFile {
    /// An unfinished list of trainings.
    Tuning,
    /// The last classifier that was fine-tuned from the pre-trained encoder.
    Classifier,
}

impl FineTuneFile {
    fn name(self) -> &'static str {
        match self {
            Self::Tuning => "tuning",
            Self::Classifier => "classifier",
        }
    }
}

impl<F: FileSystem> Storage<F> {
    pub fn new(files: F) -> Self {
        Self { files, known: RefCell::default() }
    }

    pub fn files(&self) -> &F {
        &self.files
    }

    /// Every stored run. A run that can't be read is listed as damaged.
    pub async fn list(&self) -> Result<Listing, StorageFault> {
        let mut listing = Listing::default();
        for id in self.files.list(RUNS).await? {
            match self.record(&id).await {
                Ok(Some(record)) => listing.runs.push(record),
                // A folder that was just made, or one of another program.
                Ok(None) => {}
                Err(fault) => listing.damaged.push((id, fault)),
            }
        }
        listing.runs.sort_by(|a, b| b.created.total_cmp(&a.created).then_with(|| b.id.cmp(&a.id)));
        Ok(listing)
    }

    /// A run's record; `None` if no such run is stored.
    pub async fn record(&self, id: &str) -> Result<Option<RunRecord>, StorageFault> {
        self.get_json(&path(id, "record")).await
    }

    pub async fn save_record(&self, record: &RunRecord) -> Result<(), StorageFault> {
        self.put_json(&path(&record.id, "record"), record).await
    }

    /// A whole run.
    ///
    /// # Errors
    /// [`StorageFault::NotFound`] if there is no run with this id.
    pub async fn load(&self, id: &str) -> Result<StoredRun, StorageFault> {
        let missing = || StorageFault::NotFound { what: id.to_owned() };
        let mut record = self.record(id).await?.ok_or_else(missing)?;
        let mut curve = self.curve(id).await?;
        let state = self.get(&path(id, "state")).await?;
        let steps = match &state {
            Some(bytes) => steps_of(bytes).ok_or_else(|| damaged(&path(id, "state"), "no number of steps".into()))?,
            None => 0,
        };
        let per_epoch = record.config.steps_per_epoch(record.data.training_images).max(1);
        curve.truncate(steps, steps / per_epoch);
        record.steps = steps;
        // The run was cut off, or its record was written and its last checkpoint was not.
        if record.state.is_running() || record.state == RunState::Finished && steps < record.total_steps {
            record.state = RunState::Paused;
        }
        Ok(StoredRun { record, curve, state })
    }

    /// Holds a run, then loads it. The run has everything that another tab saved before, and no other tab saves after.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it, [`StorageFault::NotFound`] if there is no run
    /// with this id.
    pub async fn take(&self, id: &str) -> Result<(F::Lock, StoredRun), StorageFault> {
        // A lock makes a folder. A run that does not exist must not get one.
        if self.record(id).await?.is_none() {
            return Err(StorageFault::NotFound { what: id.to_owned() });
        }
        let lock = self.hold(id).await?;
        Ok((lock, self.load(id).await?))
    }

    /// What was measured in a run.
    pub async fn curve(&self, id: &str) -> Result<Curve, StorageFault> {
        let path = path(id, "curve");
        match self.get(&path).await? {
            Some(bytes) => postcard::from_bytes(&bytes).map_err(|e| damaged(&path, e.to_string())),
            None => Ok(Curve::default()),
        }
    }

    /// Stores a run between two steps; the order of the values matters, see above.
    pub async fn save(&self, record: &RunRecord, curve: &Curve, state: &[u8]) -> Result<(), StorageFault> {
        self.save_record(record).await?;
        let path_of = path(&record.id, "curve");
        let bytes = postcard::to_allocvec(curve).map_err(|e| damaged(&path_of, e.to_string()))?;
        self.put(&path_of, &bytes).await?;
        self.put(&path(&record.id, "state"), state).await
    }

    /// Holds a run for this tab until the lock is dropped.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it.
    pub async fn hold(&self, id: &str) -> Result<F::Lock, StorageFault> {
        self.files.lock(&path(id, "lock")).await.map_err(|fault| held_as(fault, "this run"))
    }

    /// Removes a run for good. The caller must not hold it.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it.
    pub async fn delete(&self, id: &str) -> Result<(), StorageFault> {
        drop(self.hold(id).await?);
        self.remove(&format!("{RUNS}/{id}")).await
    }

    /// Removes everything that is stored, except runs that other tabs work with. Returns those.
    pub async fn delete_all(&self) -> Result<Vec<String>, StorageFault> {
        let mut held = Vec::new();
        for id in self.files.list(RUNS).await? {
            match self.delete(&id).await {
                Err(StorageFault::Held { .. }) => held.push(id),
                other => other?,
            }
        }
        for name in self.files.list("").await? {
            if name != RUNS {
                match self.files.remove(&name).await {
                    Err(StorageFault::Held { .. }) => held.push(name.clone()),
                    other => other?,
                }
            }
        }
        self.forget("");
        Ok(held)
    }

    /// The stored queue; empty if none was stored.
    pub async fn queue(&self) -> Result<QueueReport, StorageFault> {
        Ok(self.get_json(QUEUE).await?.unwrap_or_default())
    }

    pub async fn save_queue(&self, report: &QueueReport) -> Result<(), StorageFault> {
        self.put_json(QUEUE, report).await
    }

    /// Holds the queue for this tab until the lock is dropped.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab starts its runs.
    pub async fn hold_queue(&self) -> Result<F::Lock, StorageFault> {
        // Another tab may have written it in the meantime.
        self.forget(QUEUE);
        self.files.lock(&format!("{QUEUE}/lock")).await.map_err(|fault| held_as(fault, "the queue"))
    }

    /// The value; `None` if it was never stored.
    pub async fn fine_tune_file(&self, id: &str, file: FineTuneFile) -> Result<Option<Vec<u8>>, StorageFault> {
        self.get(&path(id, file.name())).await
    }

    /// Stores it beside a run that is stored; nothing where the run is gone, whose folder would come back.
    pub async fn save_fine_tune_file(&self, id: &str, file: FineTuneFile, bytes: &[u8]) -> Result<(), StorageFault> {
        match self.files.list(RUNS).await?.iter().any(|run| run == id) {
            true => self.put(&path(id, file.name()), bytes).await,
            false => Ok(()),
        }
    }

    /// Removes the value; no fault if there is none.
    pub async fn remove_fine_tune_file(&self, id: &str, file: FineTuneFile) -> Result<(), StorageFault> {
        let path = path(id, file.name());
        // The older slot first: a cut between the two leaves the newest value.
        let older = self.known.borrow().get(&path).map_or(Slot::A, |(_, older)| *older);
        for slot in [older, older.other()] {
            self.files.remove(&slot_path(&path, slot)).await?;
        }
        self.forget(&path);
        Ok(())
    }

    /// Fingerprints of the sets whose images are stored.
    pub async fn images(&self) -> Result<Vec<String>, StorageFault> {
        self.files.list(IMAGES).await
    }

    /// Stores a set: its description and its pixels.
    pub async fn save_images(&self, fingerprint: &str, meta: &[u8], pixels: &[u8]) -> Result<(), StorageFault> {
        let folder = format!("{IMAGES}/{fingerprint}");
        // The description last: without it there is no set.
        let saved = async {
            self.put(&format!("{folder}/pixels"), pixels).await?;
            self.put(&format!("{folder}/meta"), meta).await
        };
        match saved.await {
            Ok(()) => Ok(()),
            // Half a set is useless and takes room.
            Err(fault) => self.delete_images(fingerprint).await.and(Err(fault)),
        }
    }

    /// A stored set's description and pixels; `None` if it was not stored.
    pub async fn load_images(&self, fingerprint: &str) -> Result<Option<(Vec<u8>, Vec<u8>)>, StorageFault> {
        let folder = format!("{IMAGES}/{fingerprint}");
        let Some(meta) = self.get(&format!("{folder}/meta")).await? else { return Ok(None) };
        Ok(self.get(&format!("{folder}/pixels")).await?.map(|pixels| (meta, pixels)))
    }

    pub async fn delete_images(&self, fingerprint: &str) -> Result<(), StorageFault> {
        self.remove(&format!("{IMAGES}/{fingerprint}")).await
    }

    /// Removes a folder with all values in it.
    pub async fn remove(&self, folder: &str) -> Result<(), StorageFault> {
        self.files.remove(folder).await?;
        self.forget(&format!("{folder}/"));
        Ok(())
    }

    fn forget(&self, start: &str) {
        self.known.borrow_mut().retain(|path, _| !path.starts_with(start));
    }

    async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, StorageFault> {
        let Some(bytes) = self.get(path).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| damaged(path, e.to_string()))
    }

    /// Replaces a value by `value` as JSON.
    pub async fn put_json<T: Serialize>(&self, path: &str, value: &T) -> Result<(), StorageFault> {
        let bytes = serde_json::to_vec(value).map_err(|e| damaged(path, e.to_string()))?;
        self.put(path, &bytes).await
    }

    /// The newest good value of two slots; `None` if it was never stored.
    ///
    /// # Errors
    /// [`StorageFault::Damaged`] if there is a slot, but no good one.
    pub async fn get(&self, path: &str) -> Result<Option<Vec<u8>>, StorageFault> {
        let (chosen, payload) = self.find(path).await?;
        let chosen = match chosen {
            // The very first write was cut off: nothing was stored yet.
            Err(NoSlot { a: SlotFault::TooShort, b: SlotFault::Absent }) => return Ok(None),
            other => other.map_err(|none| no_slot(path, none))?,
        };
        self.known.borrow_mut().insert(path.to_owned(), (chosen.generation, chosen.write));
        Ok(payload)
    }

    /// Replaces a value: writes the slot that does not hold the newest good one.
    pub async fn put(&self, path: &str, payload: &[u8]) -> Result<(), StorageFault> {
        let known = self.known.borrow().get(path).copied();
        let (generation, slot) = match known {
            Some(known) => known,
            None => {
                let (chosen, _) = self.find(path).await?;
                if let Ok(Chosen { passed_over: Some(SlotFault::OtherVersion { found }), .. }) = chosen {
                    // Written by a newer program: must not be overwritten.
                    return Err(StorageFault::OtherVersion { what: path.to_owned(), found });
                }
                // If no slot is good, there is nothing to protect.
                chosen.map_or((1, Slot::A), |c| (c.generation, c.write))
            }
        };
        let (header, checksum) = slots::frame(generation, payload);
        // If this fails, the next write takes the same slot: the other one is still good.
        self.files.write(&slot_path(path, slot), &[&header, payload, &checksum]).await?;
        self.known.borrow_mut().insert(path.to_owned(), (generation + 1, slot.other()));
        Ok(())
    }

    /// The newest good slot and its payload. One slot at a time is in memory: a checkpoint is large.
    async fn find(&self, path: &str) -> Result<(Result<Chosen, NoSlot>, Option<Vec<u8>>), StorageFault> {
        let look = async |slot| {
            let head = self.files.head(&slot_path(path, slot), HEADER).await?;
            Ok::<_, StorageFault>(head.ok_or(SlotFault::Absent).and_then(|head| slots::look(&head)))
        };
        let [mut a, mut b] = [look(Slot::A).await?, look(Slot::B).await?];
        for slot in slots::newer_first(a, b) {
            let claim = if slot == Slot::A { &mut a } else { &mut b };
            if claim.is_err() {
                continue;
            }
            let read = self.files.read(&slot_path(path, slot)).await?;
            match read.ok_or(SlotFault::Absent).and_then(slots::unpack) {
                Ok((generation, payload)) => {
                    *claim = Ok(generation);
                    return Ok((slots::choose(a, b), Some(payload)));
                }
                Err(fault) => *claim = Err(fault),
            }
        }
        Ok((slots::choose(a, b), None))
    }
}

/// The fault with `what` another tab holds, in a person's words.
fn held_as(fault: StorageFault, what: &str) -> StorageFault {
    match fault {
        StorageFault::Held { .. } => StorageFault::Held { what: what.to_owned() },
        other => other,
    }
}

fn path(id: &str, value: &str) -> String {
    format!("{RUNS}/{id}/{value}")
}

fn slot_path(path: &str, slot: Slot) -> String {
    match slot {
        Slot::A => format!("{path}.a"),
        Slot::B => format!("{path}.b"),
    }
}

/// Why neither slot is good. A slot of another version of the program has a fault of its own.
fn no_slot(path: &str, NoSlot { a, b }: NoSlot) -> StorageFault {
    match (a, b) {
        (SlotFault::OtherVersion { found }, _) | (_, SlotFault::OtherVersion { found }) => {
            StorageFault::OtherVersion { what: path.to_owned(), found }
        }
        _ => damaged(path, format!("{a:?}, {b:?}")),
    }
}

fn damaged(what: &str, detail: String) -> StorageFault {
    StorageFault::Damaged { what: what.to_owned(), detail }
}

/// Steps that a checkpoint was taken after.
fn steps_of(state: &[u8]) -> Option<u32> {
    crate::learn::checkpoint::steps(state).ok()
}

#[cfg(test)]
mod tests;
