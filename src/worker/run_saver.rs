//! Saves the current run while it trains: its record, its curve and its checkpoints go to the browser's file system.
//! A save that fails is reported, and training goes on.

use super::event_loop::{Ticket, TicketLock};
use super::storage::opfs::{Handle, Opfs};
use super::storage::{FineTuneFile, Storage, StoredRun};
use super::{js::now, mailbox::post};
use crate::core::report::{DatasetReport, DeviceReport, EpochReport, EvaluationReport, RunState, StepReport};
use crate::core::run::{Curve, DataIdentity, RunEvent, RunRecord, SaveReport, saving::until_next_save};
use crate::core::{config::RunConfig, error::StorageFault, weights_file::WeightsIdentity};
use crate::learn::checkpoint::Snapshot;
use crate::protocol::Event;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;

thread_local! {
    static WRITES: TicketLock = TicketLock::default();
}

/// A place among those that write files of a run. Take it before reading a record
/// that is changed and written back, and wait until it is reached.
pub fn write_ticket() -> Rc<Ticket> {
    WRITES.with(TicketLock::ticket)
}

/// Runs `write` after all writes that were asked for before this call.
fn in_order<T>(write: impl Future<Output = T>) -> impl Future<Output = T> {
    let ticket = write_ticket();
    async move {
        ticket.reached().await;
        let written = write.await;
        drop(ticket);
        written
    }
}

async fn bytes_of(snapshot: Snapshot) -> Result<Vec<u8>, StorageFault> {
    snapshot.into_bytes().await.map_err(|error| StorageFault::Unavailable { detail: error.to_string() })
}

/// Says when to save during training, by what the saves cost.
#[derive(Clone, Default)]
pub(super) struct SaveTimer {
    /// When the next save is due; the first one at once.
    due: Rc<Cell<f64>>,
    /// A save is under way.
    saving: Rc<Cell<bool>>,
}

impl SaveTimer {
    pub(super) fn is_due(&self) -> bool {
        !self.saving.get() && now() >= self.due.get()
    }

    /// The next save is due when one of this cost allows it.
    fn restart(&self, milliseconds: f64, bytes: usize) {
        self.due.set(now() + until_next_save(milliseconds, bytes));
    }

    /// `save`, which gives the bytes that it writes, with an eye on what it costs.
    pub(super) fn watch<S: Future<Output = usize>>(&self, save: S) -> impl Future<Output = ()> + use<S> {
        let this = self.clone();
        this.saving.set(true);
        async move {
            let (mut save, mut took) = (pin!(save), 0.0);
            // Training goes on while the save waits: only where it computes and writes, training waits.
            let bytes = poll_fn(|context| {
                let begun = now();
                let polled = save.as_mut().poll(context);
                took += now() - begun;
                polled
            })
            .await;
            this.restart(took, bytes);
            this.saving.set(false);
        }
    }
}

/// The folder of a run that this tab holds.
#[derive(Clone)]
pub struct RunFolder {
    storage: Rc<Storage<Opfs>>,
    id: String,
}

impl RunFolder {
    /// Reads what fine-tuning stored beside the run, if anything.
    pub async fn read(&self, file: FineTuneFile) -> Result<Option<Vec<u8>>, StorageFault> {
        self.storage.fine_tune_file(&self.id, file).await
    }

    /// Reads `snapshot` from the device and stores it, in the order of the calls; gives the bytes.
    pub(super) fn save(
        &self,
        file: FineTuneFile,
        snapshot: Snapshot,
    ) -> impl Future<Output = Result<usize, StorageFault>> + use<> {
        let this = self.clone();
        in_order(async move {
            let bytes = bytes_of(snapshot).await?;
            this.storage.save_fine_tune_file(&this.id, file, &bytes).await.map(|()| bytes.len())
        })
    }

    /// Removes what was stored, in the order of the calls.
    pub(super) fn remove(&self, file: FineTuneFile) -> impl Future<Output = Result<(), StorageFault>> + use<> {
        let this = self.clone();
        in_order(async move { this.storage.remove_fine_tune_file(&this.id, file).await })
    }
}

/// The newest report of a save.
#[derive(Default)]
struct LastReport {
    report: Option<SaveReport>,
    /// The newest weights are not stored.
    lacks_weights: bool,
}

/// What a save was of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Saved {
    All,
    Record,
}

/// A new name for a run and new notes, set while the training loop has the run.
pub type NewWords = Rc<RefCell<Option<(String, String)>>>;

/// Holds a run's place in the storage and saves the run there.
pub struct RunSaver {
    pub record: RunRecord,
    pub curve: Curve,
    /// None if nothing can be stored.
    folder: Option<RunFolder>,
    /// Keeps other tabs away from the run.
    _lock: Option<Handle>,
    timer: SaveTimer,
    last_report: Rc<RefCell<LastReport>>,
    new_words: NewWords,
}

impl RunSaver {
    /// For a run that starts now. Without storage the run is not saved, which is reported.
    pub async fn begin(
        config: &RunConfig,
        weights: Option<WeightsIdentity>,
        device: DeviceReport,
        data: &DatasetReport,
        storage: Result<Rc<Storage<Opfs>>, StorageFault>,
    ) -> Self {
        let created = js_sys::Date::now();
        let training_images = data.training_images();
        let mut record = RunRecord {
            id: new_id(created),
            name: String::new(),
            created,
            config: *config,
            weights,
            chunk_changes: Vec::new(),
            data: DataIdentity::from(data),
            device,
            program: env!("CARGO_PKG_VERSION").into(),
            state: RunState::Paused,
            steps: 0,
            total_steps: config.total_steps(training_images),
            knn: None,
            evaluations: 0,
            evaluation: None,
            fine_tuned: Vec::new(),
            notes: String::new(),
            history: Vec::new(),
            deleted: None,
        };
        let started = RunEvent::Started(record.device.name.clone());
        record.happened(started, created);
        let held = async {
            let storage = storage?;
            let lock = storage.hold(&record.id).await?;
            Ok((storage, lock))
        };
        match held.await {
            Ok(held) => Self::new(record, Curve::default(), Some(held)),
            Err(fault) => {
                let saver = Self::new(record, Curve::default(), None);
                report(&saver.last_report, Saved::All, &saver.record, Some(fault));
                saver
            }
        }
    }

    /// Opens a stored run, which no other tab may hold; with its last checkpoint, and what of it can't be read.
    pub async fn reopen(
        storage: Rc<Storage<Opfs>>,
        id: &str,
    ) -> Result<(Self, Option<Vec<u8>>, Option<StorageFault>), StorageFault> {
        let (lock, StoredRun { record, curve, state, lost_curve, .. }) = storage.take(id).await?;
        let saver = Self::new(record, curve, Some((storage, lock)));
        saver.timer.restart(0.0, 0);
        Ok((saver, state, lost_curve.map(|detail| StorageFault::LostCurve { run: id.to_owned(), detail })))
    }

    fn new(record: RunRecord, curve: Curve, held: Option<(Rc<Storage<Opfs>>, Handle)>) -> Self {
        let (storage, lock) = held.unzip();
        let folder = storage.map(|storage| RunFolder { storage, id: record.id.clone() });
        let (timer, last_report, new_words) = Default::default();
        Self { record, curve, folder, _lock: lock, timer, last_report, new_words }
    }

    /// The run's folder; None if nothing can be stored.
    pub fn folder(&self) -> Option<RunFolder> {
        self.folder.clone()
    }

    /// Takes a name and notes while the training loop has the run.
    pub fn new_words(&self) -> NewWords {
        self.new_words.clone()
    }

    /// The last report of a save; None since the run was opened or begun.
    pub fn last_report(&self) -> Option<SaveReport> {
        self.last_report.borrow().report.clone()
    }

    pub fn add_steps(&mut self, reports: &[StepReport]) {
        self.curve.steps.extend_from_slice(reports);
    }

    pub fn add_epoch(&mut self, report: EpochReport) {
        self.record.knn = Some(report.knn);
        self.curve.epochs.push(report);
    }

    /// Whether it is time to save again, and the last save is through.
    pub fn is_due(&self) -> bool {
        self.folder.is_some() && self.timer.is_due()
    }

    /// Saves beside the training, which goes on.
    pub fn save(&mut self, state: RunState, snapshot: Snapshot) {
        if let Some(write) = self.write(state, snapshot) {
            wasm_bindgen_futures::spawn_local(write);
        }
    }

    /// Saves and waits for it: at a pause and at the end.
    pub async fn save_now(&mut self, state: RunState, snapshot: Snapshot) {
        let Some(write) = self.write(state, snapshot) else { return };
        write.await;
        self.save_new_words().await;
    }

    fn write(&mut self, state: RunState, snapshot: Snapshot) -> Option<impl Future<Output = ()> + use<>> {
        self.take_new_words();
        self.record.enter(state, snapshot.steps(), js_sys::Date::now());
        let storage = self.folder.as_ref()?.storage.clone();
        let (record, curve, last) = (self.record.clone(), self.curve.clone(), self.last_report.clone());
        Some(self.timer.watch(in_order(async move {
            let mut bytes = size_of_val(&curve.steps[..]);
            let saved = match bytes_of(snapshot).await {
                Ok(state) => {
                    bytes += state.len();
                    storage.save(&record, &curve, &state).await
                }
                Err(fault) => Err(fault),
            };
            report(&last, Saved::All, &record, saved.err());
            bytes
        })))
    }

    /// Saves the end of a run that failed, whose weights are not to be used.
    pub async fn save_failed(&mut self) {
        self.record.enter(RunState::Failed, self.record.steps, js_sys::Date::now());
        self.take_new_words();
        // After the save beside the training, whose record says that the run trains.
        self.save_record().await;
        self.save_new_words().await;
    }

    /// Takes a result of linear evaluation into the record. The returned future writes it.
    pub fn add_evaluation(&mut self, report: &EvaluationReport) -> impl Future<Output = ()> + use<> {
        self.record.evaluations = report.test_use;
        self.record.evaluation = Some(report.clone());
        self.save_event(RunEvent::Evaluated)
    }

    /// [`RunSaver::save_record`] with an entry in its history.
    pub fn save_event(&mut self, what: RunEvent) -> impl Future<Output = ()> + use<> {
        self.record.happened(what, js_sys::Date::now());
        self.save_record()
    }

    /// Writes the record as it is now. The saver is not borrowed meanwhile.
    pub fn save_record(&self) -> impl Future<Output = ()> + use<> {
        let (folder, record, last) = (self.folder.clone(), self.record.clone(), self.last_report.clone());
        in_order(async move {
            let Some(folder) = folder else { return };
            let saved = folder.storage.save_record(&record).await;
            report(&last, Saved::Record, &record, saved.err());
        })
    }

    /// Saves a name and notes that were given during the last save.
    async fn save_new_words(&mut self) {
        while self.take_new_words() {
            self.save_record().await;
        }
    }

    /// Takes in a name and notes that were given while the loop had the run; whether there were any.
    fn take_new_words(&mut self) -> bool {
        let words = self.new_words.take();
        let new = words.is_some();
        if let Some(words) = words {
            (self.record.name, self.record.notes) = words;
        }
        new
    }
}

fn report(last: &RefCell<LastReport>, saved: Saved, record: &RunRecord, fault: Option<StorageFault>) {
    let mut last = last.borrow_mut();
    match saved {
        Saved::All => last.lacks_weights = fault.is_some(),
        // A stored record does not make up for weights that are not stored.
        Saved::Record if fault.is_none() && last.lacks_weights => return,
        Saved::Record => {}
    }
    let report = SaveReport { id: record.id.clone(), step: record.steps, fault };
    last.report = Some(report.clone());
    post(None, Event::Saved(report));
}

/// A name for a run's folder: the time, and some digits that no other tab draws.
pub fn new_id(created: f64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digit = |n: u64| char::from(DIGITS[(n % 32) as usize]);
    let time = created as u64;
    let drawn = (js_sys::Math::random() * (1u64 << 30) as f64) as u64;
    let time = (0..9).rev().map(|i| digit(time >> (5 * i)));
    time.chain((0..4).map(|i| digit(drawn >> (5 * i)))).collect()
}
