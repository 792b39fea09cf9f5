//! What is loaded and what runs. There is one session a worker. Jobs borrow it between their awaits, never across one.

use super::device::{self, Compute};
use super::event_loop::{Throttle, yield_now};
use super::run::{Classifiers, FineTuneList, LoadedWeights, Run};
use super::{import::library::Library, mailbox::post, run_saver::NewWords, storage::Storage, storage::opfs::Opfs};
use crate::core::dataset::collection::Collection;
use crate::core::error::{Fault, StorageFault};
use crate::core::report::{DeviceReport, RunState};
use crate::learn::store::ByteStore;
use crate::protocol::{DeviceChoice, Event};
use std::cell::RefCell;
use std::rc::Rc;

/// Long work. There is one job at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Import,
    Measure,
    Train,
    Evaluate,
    FineTune,
    Classify,
}

/// What the user asked of the current job, which looks at it between its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Control {
    #[default]
    Continue,
    Pause,
    Cancel,
}

/// The run that the training loop has taken out of the session.
pub struct RunInLoop {
    pub id: String,
    /// Takes the name and the notes that the user gives it meanwhile.
    pub new_words: NewWords,
}

#[derive(Default)]
pub struct Session {
    pub choice: DeviceChoice,
    pub compute: Option<Compute>,
    pub library: Library,
    /// The images on the current device.
    pub store: Option<ByteStore>,
    /// The current run. The training loop takes it out while it works.
    pub run: Option<Run>,
    pub run_in_loop: Option<RunInLoop>,
    /// Fine-tunings that wait to go on.
    pub fine_tuning: Option<FineTuneList>,
    pub classifiers: Classifiers,
    pub weights: LoadedWeights,
    pub storage: Option<Rc<Storage<Opfs>>>,
    pub state: RunState,
    pub job: Option<Job>,
    pub control: Control,
}

impl Session {
    /// Whether the training loop has this run.
    pub fn is_in_loop(&self, run: &str) -> bool {
        self.run_in_loop.as_ref().is_some_and(|in_loop| in_loop.id == run)
    }
}

thread_local! {
    static SESSION: RefCell<Session> = RefCell::new(Session::default());
}

/// Looks at or changes the session. Must not be nested.
pub fn with<T>(f: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with_borrow_mut(f)
}

/// Marks a job as under way until this is dropped.
pub struct JobGuard;

impl JobGuard {
    /// # Errors
    /// [`Fault::Busy`] while another job is under way.
    pub fn begin(job: Job) -> Result<Self, Fault> {
        with(|s| {
            if s.job.is_some() {
                return Err(Fault::Busy);
            }
            s.job = Some(job);
            s.control = Control::Continue;
            Ok(Self)
        })
    }
}

impl Drop for JobGuard {
    fn drop(&mut self) {
        with(|s| s.job = None);
    }
}

/// What the user asked of the current job.
pub fn control() -> Control {
    with(|s| s.control)
}

/// A pause between two parts of a job, for the long functions of `learn`: calls
/// `report` with the part done, now and then; yields; says whether to go on.
pub fn pause_between(mut report: impl FnMut(f32)) -> impl AsyncFnMut(f32) -> bool {
    let throttle = Throttle::of_progress();
    async move |part: f32| {
        if throttle.is_due() {
            report(part);
        }
        yield_now().await;
        control() == Control::Continue
    }
}

/// Sets the run's state and tells the page.
pub fn set_state(state: RunState) {
    with(|s| s.state = state);
    post(None, Event::State(state));
}

/// Drops the run, whose images or device are gone. Its files stay.
pub fn drop_run() {
    with(|s| {
        s.fine_tuning = None;
        s.classifiers = Classifiers::default();
    });
    if with(|s| s.run.take()).is_some() || with(|s| s.state) != RunState::Idle {
        set_state(RunState::Idle);
    }
}

/// The set of images.
///
/// # Errors
/// [`Fault::NoDataset`] if no images are loaded.
pub fn collection() -> Result<Rc<Collection>, Fault> {
    with(|s| s.library.collection()).ok_or(Fault::NoDataset)
}

/// What `f` makes of the current run.
///
/// # Errors
/// [`Fault::NoEncoder`] without a run, and while the training loop has it.
pub fn of_run<T>(f: impl FnOnce(&Run) -> T) -> Result<T, Fault> {
    with(|s| s.run.as_ref().map(f)).ok_or(Fault::NoEncoder)
}

/// The device, opened on first need.
pub async fn compute() -> Result<Compute, Fault> {
    let (open, choice) = with(|s| (s.compute.clone(), s.choice));
    if let Some(compute) = open {
        return Ok(compute);
    }
    let compute = device::open(choice).await?;
    with(|s| {
        s.choice = choice;
        s.store = None;
        s.compute = Some(compute.clone());
    });
    post(None, Event::Device(compute.report.clone()));
    Ok(compute)
}

/// Changes the device. A run on another device is dropped.
pub async fn use_device(choice: DeviceChoice) -> Result<DeviceReport, Fault> {
    let _guard = JobGuard::begin(Job::Measure)?;
    let (open, same) = with(|s| (s.compute.clone(), s.choice == choice));
    if let Some(open) = open.as_ref().filter(|_| same) {
        return Ok(open.report.clone());
    }
    let mut compute = device::open(choice).await?;
    let report = compute.report.clone();
    // Another choice may lead to the same device: images and run stay on it.
    let same_device = open.filter(|open| open.report.backend == report.backend);
    let moved = same_device.is_none();
    if let Some(open) = same_device {
        compute.device = open.device;
    }
    with(|s| {
        s.choice = choice;
        s.compute = Some(compute);
        if moved {
            s.store = None;
        }
    });
    if moved {
        drop_run();
    }
    Ok(report)
}

/// The browser's storage, opened on first need.
pub async fn storage() -> Result<Rc<Storage<Opfs>>, StorageFault> {
    if let Some(open) = with(|s| s.storage.clone()) {
        return Ok(open);
    }
    let opened = Rc::new(Storage::new(Opfs::open().await?));
    Ok(with(|s| s.storage.get_or_insert(opened).clone()))
}

/// The images on the device, put there on first need.
pub async fn store() -> Result<ByteStore, Fault> {
    let compute = compute().await?;
    with(|s| {
        if let Some(store) = &s.store {
            return Ok(store.clone());
        }
        let dataset = s.library.dataset().filter(|d| !d.examples.is_empty()).ok_or(Fault::NoDataset)?;
        let store = ByteStore::new(dataset, &compute.device, compute.max_binding as usize);
        s.store = Some(store.clone());
        Ok(store)
    })
}
