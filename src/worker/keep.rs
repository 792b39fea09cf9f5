//! Keeps the run at hand: its record, its curve and its checkpoints go to the
//! browser's file system while it trains. A save that fails is told, and training
//! goes on.

use super::beside::Beside;
use super::mailbox::post;
use super::session;
use super::storage::opfs::{Open, Opfs};
use super::storage::{Storage, StoredRun};
use super::turn::{Line, Place, now};
use crate::core::config::RunConfig;
use crate::core::error::StorageFault;
use crate::core::report::{DatasetReport, DeviceReport, EpochReport, EvaluationReport, RunState, StepReport};
use crate::core::run::{Curve, DataIdentity, KeptReport, RunRecord};
use crate::core::weights::WeightsIdentity;
use crate::learn::checkpoint::Snapshot;
use crate::protocol::Event;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Milliseconds between two saves of a run that trains.
pub const EVERY: f64 = 20_000.0;

/// A run's place in the storage.
pub struct Keeper {
    pub record: RunRecord,
    pub curve: Curve,
    /// None where nothing can be stored.
    storage: Option<Rc<Storage<Opfs>>>,
    /// Keeps other tabs away from the run.
    _lock: Option<Open>,
    /// When it was saved last, or tried to; a run that begins is saved as soon as it trains.
    since: Option<f64>,
    /// A save is under way beside the training.
    saving: Rc<Cell<bool>>,
    /// What was told of the last save.
    told: Told,
}

/// What the page was told last.
#[derive(Default)]
struct LastSave {
    report: Option<KeptReport>,
    /// The newest weights are not stored.
    lacks_weights: bool,
}

type Told = Rc<RefCell<LastSave>>;

/// What a save was of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Saved {
    All,
    Record,
}

thread_local! {
    static WRITES: Line = Line::default();
}

/// A place among those who write a run's record: who reads it, changes it and writes it
/// back takes one first, and works once it is reached.
pub fn line() -> Rc<Place> {
    WRITES.with(Line::join)
}

impl Keeper {
    /// Of a run that starts now.
    pub async fn begin(
        config: &RunConfig,
        weights: Option<WeightsIdentity>,
        device: DeviceReport,
        data: &DatasetReport,
    ) -> Self {
        let created = js_sys::Date::now();
        let training_images = data.training_images();
        let record = RunRecord {
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
        };
        let held = async {
            let storage = session::storage().await?;
            let lock = storage.hold(&record.id).await?;
            Ok((storage, lock))
        };
        match held.await {
            Ok((storage, lock)) => Self::new(record, Curve::default(), Some((storage, lock)), None),
            Err(fault) => {
                let keeper = Self::new(record, Curve::default(), None, None);
                tell(&keeper.told, Saved::All, &keeper.record, Some(fault));
                keeper
            }
        }
    }

    /// Of a stored run, which no other tab may have at hand; and its last checkpoint.
    pub async fn reopen(id: &str) -> Result<(Self, Option<Vec<u8>>), StorageFault> {
        let storage = session::storage().await?;
        let (lock, StoredRun { record, curve, state }) = storage.take(id).await?;
        Ok((Self::new(record, curve, Some((storage, lock)), Some(now())), state))
    }

    fn new(record: RunRecord, curve: Curve, held: Option<(Rc<Storage<Opfs>>, Open)>, since: Option<f64>) -> Self {
        let (storage, lock) = held.unzip();
        let (saving, told) = Default::default();
        Self { record, curve, storage, _lock: lock, since, saving, told }
    }

    /// Its place, for what else is stored of it; none where nothing can be stored.
    pub fn beside(&self) -> Option<Beside> {
        Some(Beside::new(self.storage.clone()?, self.record.id.clone()))
    }

    /// What was told of the last save; none since it was opened or begun.
    pub fn told(&self) -> Option<KeptReport> {
        self.told.borrow().report.clone()
    }

    pub fn steps(&mut self, reports: &[StepReport]) {
        self.curve.steps.extend_from_slice(reports);
    }

    pub fn epoch(&mut self, report: EpochReport) {
        self.record.knn = Some(report.knn);
        self.curve.epochs.push(report);
    }

    /// Whether it is time to save again, and the last save is through.
    pub fn is_due(&self) -> bool {
        let long_ago = self.since.is_none_or(|since| now() - since > EVERY);
        self.storage.is_some() && long_ago && !self.saving.get()
    }

    /// Saves beside the training, which goes on.
    pub fn save(&mut self, state: RunState, snapshot: Snapshot) {
        let Some(storage) = self.note(state, &snapshot) else { return };
        let place = line();
        let (record, curve) = (self.record.clone(), self.curve.clone());
        let (saving, told) = (self.saving.clone(), self.told.clone());
        saving.set(true);
        wasm_bindgen_futures::spawn_local(async move {
            place.reached().await;
            write(&storage, &record, &curve, snapshot, &told).await;
            saving.set(false);
        });
    }

    /// Saves and waits for it: at a pause and at the end.
    pub async fn save_now(&mut self, state: RunState, snapshot: Snapshot) {
        let Some(storage) = self.note(state, &snapshot) else { return };
        let place = line();
        place.reached().await;
        write(&storage, &self.record, &self.curve, snapshot, &self.told).await;
        drop(place);
        self.since = Some(now());
        self.settle_name().await;
    }

    /// Saves the end of a run that failed, whose weights are not to be used.
    pub async fn save_failed(&mut self) {
        self.record.state = RunState::Failed;
        self.take_new_name();
        // After the save beside the training, which says that it runs.
        self.save_record().await;
        self.settle_name().await;
    }

    /// Saves a name that was given during the last save.
    async fn settle_name(&mut self) {
        while self.take_new_name() {
            self.save_record().await;
        }
    }

    /// Takes a result of linear evaluation into the record; what is returned writes it.
    pub fn evaluated(&mut self, report: &EvaluationReport) -> impl Future<Output = ()> + use<> {
        self.record.evaluations = report.test_use;
        self.record.evaluation = Some(report.clone());
        self.save_record()
    }

    /// Writes the record as it is now; the keeper is free meanwhile.
    pub fn save_record(&self) -> impl Future<Output = ()> + use<> {
        let (storage, record, told) = (self.storage.clone(), self.record.clone(), self.told.clone());
        let place = line();
        async move {
            place.reached().await;
            let Some(storage) = storage else { return };
            let saved = storage.save_record(&record).await;
            tell(&told, Saved::Record, &record, saved.err());
        }
    }

    /// Takes in a name that was given while the loop had the run; whether there was one.
    fn take_new_name(&mut self) -> bool {
        let given = session::with(|s| s.new_name.take_if(|(run, _)| *run == self.record.id));
        let new = given.is_some();
        if let Some((_, name)) = given {
            self.record.name = name;
        }
        new
    }

    fn note(&mut self, state: RunState, snapshot: &Snapshot) -> Option<Rc<Storage<Opfs>>> {
        self.take_new_name();
        self.since = Some(now());
        self.record.state = state;
        self.record.steps = snapshot.steps();
        self.storage.clone()
    }
}

async fn write(storage: &Storage<Opfs>, record: &RunRecord, curve: &Curve, snapshot: Snapshot, told: &Told) {
    let saved = match snapshot.into_bytes().await {
        Ok(state) => storage.save(record, curve, &state).await,
        Err(error) => Err(StorageFault::Unavailable { detail: error.to_string() }),
    };
    tell(told, Saved::All, record, saved.err());
}

fn tell(told: &Told, saved: Saved, record: &RunRecord, fault: Option<StorageFault>) {
    let mut last = told.borrow_mut();
    match saved {
        Saved::All => last.lacks_weights = fault.is_some(),
        // What is lacking still lacks.
        Saved::Record if fault.is_none() && last.lacks_weights => return,
        Saved::Record => {}
    }
    let report = KeptReport { id: record.id.clone(), step: record.steps, fault };
    last.report = Some(report.clone());
    post(None, Event::Kept(report));
}

/// A name for a run's folder: the time, and something that no other tab draws.
pub fn new_id(created: f64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let digit = |n: u64| char::from(DIGITS[(n % 32) as usize]);
    let time = created as u64;
    let drawn = (js_sys::Math::random() * (1u64 << 30) as f64) as u64;
    let time = (0..9).rev().map(|i| digit(time >> (5 * i)));
    time.chain((0..4).map(|i| digit(drawn >> (5 * i)))).collect()
}
