//! Runs as they are stored in the browser's own file system.
//!
//! ```text
//! runs/ID/record.a .b    the run's record, JSON
//! runs/ID/curve.a .b     what was measured in every step: curve_file
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
//! the last good value. A slot names its schema ([`Kind::schema`]): older ones are read, and where a newer program has
//! written, nothing is written or removed but by a person's word. Fields that are not known are written again
//! (`unknown`). Of a run the record is written first, then the curve, the state last. When a run is
//! opened, a curve that is ahead of the state is cut to it.

pub mod curve_file;
pub mod file_system;
#[cfg(test)]
pub mod memory;
pub mod opfs;
mod runs;
pub mod unknown;
mod values;

pub use file_system::{FileSystem, OpenFile};
pub use runs::Listing;

use self::unknown::Unknown;
use crate::core::run::{Curve, RunRecord, slots::Slot, stored::Kind};
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
    known: RefCell<HashMap<String, Next>>,
    /// Fields of values that this program does not know.
    unknown: RefCell<HashMap<String, Unknown>>,
    /// What was listed last, by id, with the header of the slot that it was read from.
    listed: RefCell<HashMap<String, (Vec<u8>, RunRecord)>>,
}

/// The next write of a value that was read or written.
#[derive(Clone, Copy, Debug)]
struct Next {
    generation: u64,
    slot: Slot,
    /// Of the newest value. Where it is older than what is written, its slot goes with the write: an older program would
    /// take it for the newest.
    schema: Option<u32>,
}

/// A stored run.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRun {
    pub record: RunRecord,
    pub curve: Curve,
    /// For [`Trainer::resume`](crate::learn::trainer::Trainer::resume); `None` before the first checkpoint.
    pub state: Option<Vec<u8>>,
    /// Fields of the record that this program does not know.
    pub unknown: Option<Unknown>,
    /// Why the curve can't be read, where it is there.
    pub lost_curve: Option<String>,
}

/// A value that fine-tuning stores beside its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FineTuneFile {
    /// An unfinished list of trainings.
    Tuning,
    /// The last classifier that was fine-tuned from the pre-trained encoder.
    Classifier,
}

impl From<FineTuneFile> for Kind {
    fn from(file: FineTuneFile) -> Self {
        match file {
            FineTuneFile::Tuning => Self::Tuning,
            FineTuneFile::Classifier => Self::Classifier,
        }
    }
}

impl<F: FileSystem> Storage<F> {
    pub fn new(files: F) -> Self {
        Self { files, known: RefCell::default(), unknown: RefCell::default(), listed: RefCell::default() }
    }

    pub fn files(&self) -> &F {
        &self.files
    }

    /// A run's record; `None` if no such run is stored, or it was deleted.
    pub async fn record(&self, id: &str) -> Result<Option<RunRecord>, StorageFault> {
        Ok(self.stored_record(id).await?.filter(|record| record.deleted.is_none()))
    }

    /// [`Storage::record`], also of a run that was deleted and is still there. It is checked: another program may have
    /// stored it.
    pub async fn stored_record(&self, id: &str) -> Result<Option<RunRecord>, StorageFault> {
        let path = path(id, Kind::Record);
        let record: Option<RunRecord> = self.get_json(&path, Kind::Record).await?;
        record.iter().try_for_each(RunRecord::check).map_err(|detail| damaged(&path, detail))?;
        Ok(record)
    }

    pub async fn save_record(&self, record: &RunRecord) -> Result<(), StorageFault> {
        self.write_json(&path(&record.id, Kind::Record), Kind::Record, record.schema(), record).await
    }

    /// Fields of the run's record, as it was read last, that this program does not know.
    pub fn unknown(&self, id: &str) -> Option<Unknown> {
        self.unknown.borrow().get(&path(id, Kind::Record)).cloned()
    }

    /// Takes such fields for the next write of a record that comes from elsewhere.
    pub fn adopt(&self, id: &str, unknown: Option<Unknown>) {
        self.unknown.borrow_mut().extend(unknown.map(|unknown| (path(id, Kind::Record), unknown)));
    }

    /// A whole run, without its curve if that can't be read.
    ///
    /// # Errors
    /// [`StorageFault::NotFound`] if there is no run with this id.
    pub async fn load(&self, id: &str) -> Result<StoredRun, StorageFault> {
        let missing = || StorageFault::NotFound { what: id.to_owned() };
        let mut record = self.record(id).await?.ok_or_else(missing)?;
        let (mut curve, lost_curve) = match self.curve(id).await {
            Err(StorageFault::Damaged { detail, .. }) => (Curve::default(), Some(detail)),
            curve => (curve?, None),
        };
        let checkpoint = path(id, Kind::Checkpoint);
        let state = self.get(&checkpoint, Kind::Checkpoint).await?;
        let steps = match &state {
            Some(bytes) => steps_of(bytes).ok_or_else(|| damaged(&checkpoint, "no number of steps".into()))?,
            None => 0,
        };
        let per_epoch = record.config.steps_per_epoch(record.data.training_images).max(1);
        curve.truncate(steps, steps / per_epoch);
        record.steps = steps;
        // The run was cut off, or its record was written and its last checkpoint was not.
        if record.state.is_running() || record.state == RunState::Finished && steps < record.total_steps {
            record.state = RunState::Paused;
        }
        Ok(StoredRun { record, curve, state, unknown: self.unknown(id), lost_curve })
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
        let path = path(id, Kind::Curve);
        match self.read(&path, Kind::Curve).await? {
            Some((schema, bytes)) => curve_file::read(schema, &bytes).map_err(|detail| damaged(&path, detail)),
            None => Ok(Curve::default()),
        }
    }

    /// Stores a run between two steps; the order of the values matters, see above.
    pub async fn save(&self, record: &RunRecord, curve: &Curve, state: &[u8]) -> Result<(), StorageFault> {
        self.save_record(record).await?;
        let path_of = path(&record.id, Kind::Curve);
        let bytes = curve_file::write(curve).map_err(|detail| damaged(&path_of, detail))?;
        self.put(&path_of, Kind::Curve, &bytes).await?;
        self.put(&path(&record.id, Kind::Checkpoint), Kind::Checkpoint, state).await
    }

    /// Holds a run for this tab until the lock is dropped.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it, [`StorageFault::Newer`] if a part of it is of a newer
    /// program.
    pub async fn hold(&self, id: &str) -> Result<F::Lock, StorageFault> {
        let lock = self.lock(id).await?;
        for kind in Kind::OF_A_RUN {
            self.refuse_newer(&path(id, kind), kind).await?;
        }
        Ok(lock)
    }

    async fn lock(&self, id: &str) -> Result<F::Lock, StorageFault> {
        let lock = self.files.lock(&format!("{RUNS}/{id}/lock")).await.map_err(|fault| held_as(fault, "this run"))?;
        // Another tab may have written in the meantime.
        self.forget(&format!("{RUNS}/{id}/"));
        Ok(lock)
    }

    /// The stored queue; empty if none was stored.
    pub async fn queue(&self) -> Result<QueueReport, StorageFault> {
        Ok(self.get_json(QUEUE, Kind::Queue).await?.unwrap_or_default())
    }

    /// A queue that can't be read is replaced.
    pub async fn save_queue(&self, report: &QueueReport) -> Result<(), StorageFault> {
        self.write_json(QUEUE, Kind::Queue, report.schema(), report).await
    }

    /// Holds the queue for this tab until the lock is dropped.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab starts its runs.
    pub async fn hold_queue(&self) -> Result<F::Lock, StorageFault> {
        let lock = self.files.lock(&format!("{QUEUE}/lock")).await.map_err(|fault| held_as(fault, "the queue"))?;
        // Another tab may have written it in the meantime.
        self.forget(QUEUE);
        Ok(lock)
    }

    /// The value; `None` if it was never stored.
    pub async fn fine_tune_file(&self, id: &str, file: FineTuneFile) -> Result<Option<Vec<u8>>, StorageFault> {
        self.get(&path(id, file.into()), file.into()).await
    }

    /// Stores it beside a run that is stored; nothing where the run is gone, whose folder would come back.
    pub async fn save_fine_tune_file(&self, id: &str, file: FineTuneFile, bytes: &[u8]) -> Result<(), StorageFault> {
        match self.files.list(RUNS).await?.iter().any(|run| run == id) {
            true => self.put(&path(id, file.into()), file.into(), bytes).await,
            false => Ok(()),
        }
    }

    /// Removes the value; no fault if there is none.
    pub async fn remove_fine_tune_file(&self, id: &str, file: FineTuneFile) -> Result<(), StorageFault> {
        let path = path(id, file.into());
        self.refuse_newer(&path, file.into()).await?;
        // The older slot first: a cut between the two leaves the newest value.
        let older = self.known.borrow().get(&path).map_or(Slot::A, |next| next.slot);
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

    /// Stores a set: its description, its pixels, and those at twice the side, of which there may be none.
    pub async fn save_images<T: Serialize + DeserializeOwned>(
        &self,
        fingerprint: &str,
        meta: &T,
        pixels: &[u8],
        detail: &[u8],
    ) -> Result<(), StorageFault> {
        let [meta_path, pixels_path, detail_path] = images_paths(fingerprint);
        // Nothing keeps another tab from the set.
        self.forget(&format!("{IMAGES}/{fingerprint}/"));
        self.refuse_newer(&meta_path, Kind::Images).await?;
        self.refuse_newer(&pixels_path, Kind::Pixels).await?;
        self.refuse_newer(&detail_path, Kind::Detail).await?;
        // A set that was kept already stays as it was.
        let kept = self.loads(&meta_path, Kind::Images).await && self.loads(&pixels_path, Kind::Pixels).await;
        // The description last: without it there is no set.
        let saved = async {
            self.put(&pixels_path, Kind::Pixels, pixels).await?;
            if !detail.is_empty() {
                self.put(&detail_path, Kind::Detail, detail).await?;
            }
            self.put_json(&meta_path, Kind::Images, meta).await
        };
        match saved.await {
            // Half a set is useless and takes room.
            Err(fault) if !kept => self.delete_images(fingerprint).await.and(Err(fault)),
            saved => saved,
        }
    }

    /// A stored set's description, pixels, and those at twice the side; `None` if it was not stored.
    pub async fn load_images(&self, fingerprint: &str) -> Result<Option<[Vec<u8>; 3]>, StorageFault> {
        let [meta, pixels, detail] = images_paths(fingerprint);
        let Some(meta) = self.get(&meta, Kind::Images).await? else { return Ok(None) };
        let Some(pixels) = self.get(&pixels, Kind::Pixels).await? else { return Ok(None) };
        let detail = match self.get(&detail, Kind::Detail).await {
            // The set can be used without it.
            Err(StorageFault::Damaged { .. }) => None,
            detail => detail?,
        };
        Ok(Some([meta, pixels, detail.unwrap_or_default()]))
    }

    async fn loads(&self, path: &str, kind: Kind) -> bool {
        matches!(self.get(path, kind).await, Ok(Some(_)))
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
        self.unknown.borrow_mut().retain(|path, _| !path.starts_with(start));
        self.listed.borrow_mut().retain(|id, _| !format!("{RUNS}/{id}/").starts_with(start));
    }
}

/// The fault with `what` another tab holds, in a person's words.
fn held_as(fault: StorageFault, what: &str) -> StorageFault {
    match fault {
        StorageFault::Held { .. } => StorageFault::Held { what: what.to_owned() },
        other => other,
    }
}

fn path(id: &str, kind: Kind) -> String {
    format!("{RUNS}/{id}/{}", kind.name())
}

/// Of a set's description and its pixels.
fn images_paths(fingerprint: &str) -> [String; 3] {
    [Kind::Images, Kind::Pixels, Kind::Detail].map(|kind| format!("{IMAGES}/{fingerprint}/{}", kind.name()))
}

fn slot_path(path: &str, slot: Slot) -> String {
    match slot {
        Slot::A => format!("{path}.a"),
        Slot::B => format!("{path}.b"),
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
