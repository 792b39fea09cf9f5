//! What is loaded and what runs. One session a worker; requests change it, jobs
//! borrow it between their awaits, never across one.

use super::device::{self, Compute};
use super::import::library::Library;
use super::jobs::{self, pretrain::Run};
use super::mailbox::{fail, post};
use crate::core::error::Fault;
use crate::core::report::RunState;
use crate::learn::store::ByteStore;
use crate::protocol::{DeviceChoice, Event, Request, ToWorker, VERSION};
use std::cell::RefCell;
use web_sys::File;

/// Long work; there is one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Import,
    Measure,
    Train,
    Evaluate,
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
    pub state: RunState,
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

/// Switches the device; a run on the other one is let go.
async fn use_device(choice: DeviceChoice) -> Result<(), Fault> {
    let _working = Working::begin(Job::Measure)?;
    if with(|s| s.compute.is_some() && s.choice == choice) {
        return Ok(());
    }
    open(choice).await?;
    jobs::pretrain::let_go();
    Ok(())
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
            if s.wish == Wish::GoOn {
                s.wish = Wish::Pause;
            }
        }),
        Request::CancelImport => with(|s| {
            if s.job == Some(Job::Import) {
                s.wish = Wish::Cancel;
            }
        }),
        Request::Cancel => {
            with(|s| s.wish = Wish::Cancel);
            jobs::pretrain::cancel_if_paused();
        }
        request => wasm_bindgen_futures::spawn_local(async move {
            if let Err(fault) = perform(id, request, files).await {
                fail(Some(id), fault);
            }
        }),
    }
}

async fn perform(id: u32, request: Request, files: Vec<File>) -> Result<(), Fault> {
    match request {
        Request::UseDevice(choice) => {
            use_device(choice).await?;
            let report = compute().await?.report;
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
        Request::Start { config } => jobs::pretrain::start(id, config).await,
        Request::Resume => jobs::pretrain::resume(id, false).await,
        Request::StepOne => jobs::pretrain::resume(id, true).await,
        Request::Evaluate => jobs::evaluate::evaluate(id).await,
        Request::ExportEncoder => jobs::evaluate::export(id).await,
        Request::NtXent(batch) => jobs::lesson::nt_xent(id, batch).await,
        Request::Hello { .. } | Request::Ping | Request::Pause | Request::Cancel | Request::CancelImport => Ok(()),
    }
}
