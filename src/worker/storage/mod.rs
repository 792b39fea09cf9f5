//! Runs as they lie in the browser's own file system.
//!
//! ```text
//! runs/ID/record.a .b    the run's record, JSON
//! runs/ID/curve.a .b     what was measured in every step, postcard
//! runs/ID/state.a .b     weights and optimiser: learn::checkpoint
//! runs/ID/tuning.a .b    a list of fine-tunings that is not finished, with the weights
//!                        of the one at work: learn::checkpoint
//! runs/ID/classifier.a .b  the last classifier fine-tuned from the pre-trained encoder
//! runs/ID/lock           held by the tab that works with the run
//! queue.a .b             runs to come, JSON
//! queue/lock             held by the tab that starts them
//! images/FINGERPRINT/…   a set of shrunk images, where the user keeps them
//! weights/NETWORK/…      published weights that were fetched: worker::hub
//! ```
//!
//! Every value has two slots with a checksum: the older one is overwritten, so
//! that an interrupted write leaves the last good value. Of a run the record is
//! written first, then the curve, the state last; a curve that is ahead of the
//! state is cut to it when the run is opened.

mod extra;
pub mod files;
#[cfg(test)]
pub mod memory;
pub mod opfs;

pub use extra::Extra;
pub use files::{Files, Parts};

use crate::core::error::StorageFault;
use crate::core::report::RunState;
use crate::core::run::queue::QueueReport;
use crate::core::run::slots::{self, Chosen, HEADER, NoSlot, Slot, SlotFault};
use crate::core::run::{Curve, RunRecord};
use std::cell::RefCell;
use std::collections::HashMap;

const RUNS: &str = "runs";
const IMAGES: &str = "images";
const QUEUE: &str = "queue";

/// All that is stored, over some file system.
#[derive(Debug, Default)]
pub struct Storage<F> {
    files: F,
    /// Of each value that was read or written: the next generation, and the slot that
    /// may be overwritten.
    known: RefCell<HashMap<String, (u64, Slot)>>,
}

/// What a list of the stored runs gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Newest first.
    pub runs: Vec<RunRecord>,
    /// Folders whose record can't be read, with the cause.
    pub damaged: Vec<(String, StorageFault)>,
}

/// A run as it was stored last.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    pub record: RunRecord,
    pub curve: Curve,
    /// For [`Trainer::resume`](crate::learn::trainer::Trainer::resume); none where
    /// it was not stored before its first step.
    pub state: Option<Vec<u8>>,
}

impl<F: Files> Storage<F> {
    pub fn new(files: F) -> Self {
        Self { files, known: RefCell::default() }
    }

    pub fn files(&self) -> &F {
        &self.files
    }

    /// Every stored run. One that can't be read hides no other.
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

    /// A run's record; none where no such run is stored.
    pub async fn record(&self, id: &str) -> Result<Option<RunRecord>, StorageFault> {
        let path = path(id, "record");
        let Some(bytes) = self.get(&path).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| damaged(&path, e.to_string()))
    }

    pub async fn save_record(&self, record: &RunRecord) -> Result<(), StorageFault> {
        let path = path(&record.id, "record");
        let bytes = serde_json::to_vec(record).map_err(|e| damaged(&path, e.to_string()))?;
        self.put(&path, &bytes).await
    }

    /// A run with all that belongs to it.
    ///
    /// # Errors
    /// [`StorageFault::NotFound`] where there is none of this id.
    pub async fn load(&self, id: &str) -> Result<StoredRun, StorageFault> {
        let missing = || StorageFault::NotFound { what: id.to_owned() };
        let mut record = self.record(id).await?.ok_or_else(missing)?;
        let path_of = path(id, "curve");
        let mut curve = match self.get(&path_of).await? {
            Some(bytes) => postcard::from_bytes(&bytes).map_err(|e| damaged(&path_of, e.to_string()))?,
            None => Curve::default(),
        };
        let state = self.get(&path(id, "state")).await?;
        let steps = match &state {
            Some(bytes) => steps_of(bytes).ok_or_else(|| damaged(&path(id, "state"), "no number of steps".into()))?,
            None => 0,
        };
        let per_epoch = record.config.steps_per_epoch(record.data.training_images).max(1);
        curve.truncate(steps, steps / per_epoch);
        record.steps = steps;
        // It was cut off, or the record was written and the last checkpoint was not.
        if record.state.is_running() || record.state == RunState::Finished && steps < record.total_steps {
            record.state = RunState::Paused;
        }
        Ok(StoredRun { record, curve, state })
    }

    /// [`Storage::load`] of a run that is held from before it is read: what another
    /// tab saved up to then is in it, and none saves after.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it, [`StorageFault::NotFound`]
    /// where there is none of this id.
    pub async fn take(&self, id: &str) -> Result<(F::Lock, StoredRun), StorageFault> {
        // A lock makes a folder, which a run that is not there should not get.
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

    /// Stores a run between two steps; the order matters, see above.
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

    /// Removes a run for good; the caller holds none of its locks.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it.
    pub async fn delete(&self, id: &str) -> Result<(), StorageFault> {
        drop(self.hold(id).await?);
        self.remove(&format!("{RUNS}/{id}")).await
    }

    /// Removes everything that is stored, apart from runs that other tabs work with:
    /// those are returned.
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

    /// The stored queue, an empty one where none was stored.
    pub async fn queue(&self) -> Result<QueueReport, StorageFault> {
        match self.get(QUEUE).await? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|e| damaged(QUEUE, e.to_string())),
            None => Ok(QueueReport::default()),
        }
    }

    pub async fn save_queue(&self, report: &QueueReport) -> Result<(), StorageFault> {
        let bytes = serde_json::to_vec(report).map_err(|e| damaged(QUEUE, e.to_string()))?;
        self.put(QUEUE, &bytes).await
    }

    /// Holds the queue for this tab until the lock is dropped.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab starts its runs.
    pub async fn hold_queue(&self) -> Result<F::Lock, StorageFault> {
        // What another tab has written meanwhile is read anew.
        self.forget(QUEUE);
        self.files.lock(&format!("{QUEUE}/lock")).await.map_err(|fault| held_as(fault, "the queue"))
    }

    /// Fingerprints of the sets whose images are kept.
    pub async fn images(&self) -> Result<Vec<String>, StorageFault> {
        self.files.list(IMAGES).await
    }

    /// Keeps a set: what describes it, and its pixels.
    pub async fn save_images(&self, fingerprint: &str, meta: &[u8], pixels: &[u8]) -> Result<(), StorageFault> {
        let folder = format!("{IMAGES}/{fingerprint}");
        // The description last: without it the set is none.
        let saved = async {
            self.put(&format!("{folder}/pixels"), pixels).await?;
            self.put(&format!("{folder}/meta"), meta).await
        };
        match saved.await {
            Ok(()) => Ok(()),
            // Half a set helps nobody and takes room.
            Err(fault) => self.delete_images(fingerprint).await.and(Err(fault)),
        }
    }

    /// A kept set's description and pixels; none where it was not kept.
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

    /// The newest good value of two slots; none where neither was ever written.
    ///
    /// # Errors
    /// [`StorageFault::Damaged`] where there is a slot, but no good one.
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
                    // Newer than this program: not to be overwritten.
                    return Err(StorageFault::OtherVersion { what: path.to_owned(), found });
                }
                // Where no slot is good there is nothing to protect.
                chosen.map_or((1, Slot::A), |c| (c.generation, c.write))
            }
        };
        let (header, checksum) = slots::frame(generation, payload);
        // Where it fails, the same slot is written next: the other one is still good.
        self.files.write(&slot_path(path, slot), &[&header, payload, &checksum]).await?;
        self.known.borrow_mut().insert(path.to_owned(), (generation + 1, slot.other()));
        Ok(())
    }

    /// The newest good slot and its payload. Of a value as large as a checkpoint, one slot at a time
    /// is in memory.
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

/// What another tab holds, as a person calls it.
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

/// Neither slot is good: why. One of another version of the program is told as such.
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
