//! What is loaded and what runs. One session a worker; requests change it, jobs
//! borrow it between their awaits, never across one.

use super::device::{self, Compute};
use super::import::library::Library;
use super::jobs::classify::Kept as Classifiers;
use super::jobs::fine_tune::List as FineTuning;
use super::jobs::weights::Weights;
use super::jobs::{self, pretrain::Run};
use super::mailbox::{fail, post};
use super::storage::Storage;
use super::storage::opfs::Opfs;
use crate::core::error::{Fault, StorageFault};
use crate::core::report::{DeviceReport, RunState};
use crate::learn::store::ByteStore;
use crate::protocol::{DeviceChoice, Event, Request, ToWorker, VERSION};
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::File;

/// Long work; there is one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Import,
    Measure,
    Train,
    Evaluate,
    FineTune,
    Classify,
}

/// What the user asked of the job under way; looked at between its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    #[default]
    GoOn,
    Pause,
    Cancel,
}

#[derive(Default)]
pub struct Session {
    pub choice: DeviceChoice,
    pub compute: Option<Compute>,
    pub library: Library,
    /// The images on the device in use.
    pub store: Option<ByteStore>,
    /// The run; taken out by the loop while it works.
    pub run: Option<Run>,
    /// Trainings of classifiers that wait to go on.
    pub fine_tuning: Option<FineTuning>,
    /// What new images are shown to.
    pub classify: Classifiers,
    /// Published weights that were loaded.
    pub weights: Weights,
    pub storage: Option<Rc<Storage<Opfs>>>,
    pub state: RunState,
    /// Id of the run that the loop has taken out.
    pub at_work: Option<String>,
    /// What the user called that run meanwhile, with its id.
    pub new_name: Option<(String, String)>,
    pub job: Option<Job>,
    pub wish: Wish,
}

thread_local! {
    static SESSION: RefCell<Session> = RefCell::new(Session::default());
}

/// Looks at or changes the session. Must not be nested.
pub fn with<T>(f: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with_borrow_mut(f)
}

/// Marks a job as under way until it is dropped.
pub struct Working;

impl Working {
    /// # Errors
    /// [`Fault::Busy`] while another job is under way.
    pub fn begin(job: Job) -> Result<Self, Fault> {
        with(|s| {
            if s.job.is_some() {
                return Err(Fault::Busy);
            }
            s.job = Some(job);
            s.wish = Wish::GoOn;
            Ok(Self)
        })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        with(|s| s.job = None);
    }
}

/// Sets the run's state and tells the page.
pub fn set_state(state: RunState) {
    with(|s| s.state = state);
    post(None, Event::State(state));
}

/// The device in use, opened on first need.
pub async fn compute() -> Result<Compute, Fault> {
    let (kept, choice) = with(|s| (s.compute.clone(), s.choice));
    match kept {
        Some(compute) => Ok(compute),
        None => open(choice).await,
    }
}

async fn open(choice: DeviceChoice) -> Result<Compute, Fault> {
    let compute = device::open(choice).await?;
    with(|s| {
        s.choice = choice;
        s.store = None;
        s.compute = Some(compute.clone());
    });
    post(None, Event::Device(compute.report.clone()));
    Ok(compute)
}

/// Switches the device; a run on another one is let go.
async fn use_device(choice: DeviceChoice) -> Result<DeviceReport, Fault> {
    let _working = Working::begin(Job::Measure)?;
    let (kept, same) = with(|s| (s.compute.clone(), s.choice == choice));
    if let Some(kept) = kept.as_ref().filter(|_| same) {
        return Ok(kept.report.clone());
    }
    let mut compute = device::open(choice).await?;
    let report = compute.report.clone();
    // Another choice may come to the same device: images and run stay on it.
    let same_device = kept.filter(|kept| kept.report.backend == report.backend);
    let moved = same_device.is_none();
    if let Some(kept) = same_device {
        compute.device = kept.device;
    }
    with(|s| {
        s.choice = choice;
        s.compute = Some(compute);
        if moved {
            s.store = None;
        }
    });
    if moved {
        jobs::pretrain::let_go();
    }
    Ok(report)
}

/// What is stored in this browser, opened on first need.
pub async fn storage() -> Result<Rc<Storage<Opfs>>, StorageFault> {
    if let Some(kept) = with(|s| s.storage.clone()) {
        return Ok(kept);
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

/// Takes a request. What is quick is done at once; the rest goes on its own.
pub fn receive(message: ToWorker, files: Vec<File>) {
    let ToWorker { id, request } = message;
    match request {
        Request::Hello { version } if version != VERSION => {
            fail(Some(id), Fault::Version { page: version, worker: VERSION });
        }
        Request::Hello { .. } | Request::Ping => post(Some(id), Event::Alive),
        Request::Pause => with(|s| {
            if matches!(s.job, Some(Job::Train | Job::FineTune)) && s.wish == Wish::GoOn {
                s.wish = Wish::Pause;
            }
        }),
        Request::CancelImport => cancel(&[Job::Import]),
        Request::CancelEvaluation => cancel(&[Job::Evaluate, Job::Classify]),
        Request::CancelWeights => jobs::hub::hang_up(),
        Request::CancelFineTune => {
            cancel(&[Job::FineTune]);
            jobs::fine_tune::cancel_if_paused();
        }
        Request::Cancel => {
            cancel(&[Job::Train, Job::Measure]);
            jobs::pretrain::cancel_if_paused();
        }
        request => wasm_bindgen_futures::spawn_local(async move {
            if let Err(fault) = perform(id, request, files).await {
                fail(Some(id), fault);
            }
        }),
    }
}

/// Ends the job under way where it is one of these.
fn cancel(jobs: &[Job]) {
    with(|s| {
        if s.job.is_some_and(|job| jobs.contains(&job)) {
            s.wish = Wish::Cancel;
        }
    });
}

async fn perform(id: u32, request: Request, files: Vec<File>) -> Result<(), Fault> {
    match request {
        Request::UseDevice(choice) => {
            let report = use_device(choice).await?;
            post(Some(id), Event::Device(report));
            Ok(())
        }
        Request::LoadSample { images_per_class, seed, size } => {
            jobs::import::sample_set(id, images_per_class as usize, seed, size as usize).await
        }
        Request::Import { role, paths, refused, size, seed } => {
            jobs::import::files(id, role, paths, refused, files, size as usize, seed).await
        }
        Request::Resize { size, seed } => jobs::import::resize(id, size as usize, seed).await,
        Request::Pictures { indices } => jobs::pictures::pictures(id, &indices),
        Request::Preview { indices, augment, seed, epoch } => {
            jobs::pictures::preview(id, &indices, &augment, seed, epoch).await
        }
        Request::Estimate { config } => jobs::estimate::estimate(id, &config).await,
        Request::Start { config } => jobs::pretrain::start(Some(id), config).await.map(drop),
        Request::Resume => {
            match with(|s| s.run.as_ref().is_some_and(|run| jobs::queue::rests_with(&run.keeper.record.id))) {
                true => jobs::queue::start(id).await,
                false => jobs::pretrain::resume(Some(id), false).await.map(drop),
            }
        }
        Request::StepOne => jobs::pretrain::resume(Some(id), true).await.map(drop),
        Request::Evaluate => jobs::evaluate::evaluate(Some(id)).await,
        Request::FineTune { list } => jobs::fine_tune::start(id, list).await,
        Request::ResumeFineTune => jobs::fine_tune::resume(id).await,
        Request::Classify { names } => jobs::classify::classify(id, names, files).await,
        Request::Runs => jobs::runs::list(id).await,
        Request::OpenRun { run, in_chunks_of } => jobs::runs::open(Some(id), &run, in_chunks_of).await,
        Request::RenameRun { run, name } => jobs::runs::rename(id, &run, name).await,
        Request::DeleteRun { run } => jobs::runs::delete(id, &run).await,
        Request::DeleteAll => jobs::runs::delete_all(id).await,
        Request::Curves { runs } => jobs::runs::curves(id, runs).await,
        Request::KeepImages => jobs::runs::keep_images(id).await,
        Request::ForgetImages { fingerprint } => jobs::runs::forget_images(id, &fingerprint).await,
        Request::Queue => jobs::queue::tell(id).await,
        Request::ChangeQueue(change) => jobs::queue::change(id, change).await,
        Request::StartQueue => jobs::queue::start(id).await,
        Request::StopQueue => jobs::queue::stop(id).await,
        Request::ExportRun => jobs::takeaway::export(id).await,
        Request::ImportRun => jobs::takeaway::import(id, files).await,
        Request::ExportEncoder => jobs::evaluate::export(id).await,
        Request::OpenWeights => jobs::weights::open(id, files).await,
        Request::FetchWeights { encoder, address } => jobs::hub::fetch(id, encoder, &address).await,
        Request::KeptWeights => jobs::hub::tell_kept(id).await,
        Request::ForgetWeights { encoder } => jobs::hub::forget(id, encoder).await,
        Request::NtXent(batch) => jobs::lesson::nt_xent(id, batch).await,
        Request::Hello { .. }
        | Request::Ping
        | Request::Pause
        | Request::Cancel
        | Request::CancelImport
        | Request::CancelEvaluation
        | Request::CancelFineTune
        | Request::CancelWeights => Ok(()),
    }
}
