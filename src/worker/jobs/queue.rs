//! Drives the queue: trains an entry to its end, evaluates it, goes on with the next;
//! the page need not do anything. A pause rests the queue with its run, and whoever
//! resumes the run goes on with the queue.

use crate::core::error::{Fault, StorageFault};
use crate::core::report::RunState;
use crate::core::run::queue::{Entry, EntryState, QueueChange, QueueReport, QueueState};
use crate::core::run::{DataIdentity, RunRecord};
use crate::protocol::Event;
use crate::worker::jobs::{evaluate, pretrain, runs};
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Working, with};
use crate::worker::storage::opfs::Open;
use crate::worker::turn::{Line, Place, turn};
use std::cell::RefCell;
use std::rc::Rc;

/// The queue as far as it is this tab's.
#[derive(Default)]
struct Driver {
    /// While it drives, the truth; else what was stored last by this tab.
    report: QueueReport,
    drives: bool,
    /// Keeps other tabs from driving it too; none where nothing can be stored.
    lock: Option<Open>,
    /// The entry at work.
    entry: Option<u32>,
    /// The run at whose pause the queue came to rest.
    paused: Option<String>,
}

thread_local! {
    static DRIVER: RefCell<Driver> = RefCell::default();
    /// Who reads and changes the stored queue: one request at a time.
    static REQUESTS: Line = Line::default();
    /// Who writes it: what was changed last is written last.
    static SAVES: Line = Line::default();
}

fn driver<T>(f: impl FnOnce(&mut Driver) -> T) -> T {
    DRIVER.with_borrow_mut(f)
}

/// How an entry's turn ended, where it was no fault.
enum End {
    /// Trained and, where labels allow it, evaluated.
    Through,
    Paused,
    Cancelled,
}

/// Waits until no other request is at the queue, and keeps others from it until
/// what is returned is dropped.
pub async fn alone() -> Rc<Place> {
    let place = REQUESTS.with(Line::join);
    place.reached().await;
    place
}

/// Tells the queue.
pub async fn tell(id: u32) -> Result<(), Fault> {
    let _alone = alone().await;
    let report = current().await?;
    post(Some(id), Event::Queue(report));
    Ok(())
}

/// Does what a person asked of the entries.
///
/// # Errors
/// [`StorageFault::Held`] while another tab drives the queue.
pub async fn change(id: u32, change: QueueChange) -> Result<(), Fault> {
    let _alone = alone().await;
    if driver(|d| d.drives) {
        driver(|d| d.report.change(change));
        save().await?;
    } else {
        let lock = hold().await?;
        let mut report = current().await?;
        report.change(change);
        driver(|d| d.report = report);
        save().await?;
        drop(lock);
    }
    post(Some(id), Event::Queue(current().await?));
    Ok(())
}

/// Goes on with the entry that was cut off or paused, then with those that wait.
///
/// # Errors
/// [`Fault::Busy`] while something else is under way, [`Fault::WrongImages`] where
/// others than the queue's images are loaded and its own were not kept,
/// [`StorageFault::Held`] while another tab drives it.
pub async fn start(id: u32) -> Result<(), Fault> {
    let alone = alone().await;
    if driver(|d| d.drives) {
        return Err(Fault::Busy);
    }
    let (report, lock) = prepare().await?;
    // Never without its report: that is what a change is made to.
    driver(|d| (d.report, d.lock, d.paused, d.drives) = (report, lock, None, true));
    // Without a place to store it, it goes on all the same.
    let _ = save().await;
    post(Some(id), Event::Queue(driver(|d| d.report.clone())));
    drop(alone);
    drive().await;
    Ok(())
}

/// Lets the run under way be the last.
pub async fn stop(id: u32) -> Result<(), Fault> {
    driver(|d| {
        if d.drives {
            d.report.state = QueueState::Stopping;
        }
    });
    tell(id).await
}

/// Whether the queue came to rest with this run, which is now resumed.
pub fn rests_with(run: &str) -> bool {
    driver(|d| !d.drives && d.paused.as_deref() == Some(run))
}

/// Whether runs are started one after the other now.
pub fn goes() -> bool {
    driver(|d| d.drives)
}

/// Everything stored was deleted.
pub fn forget() {
    driver(|d| *d = Driver::default());
}

/// A run of the queue has got its place in the storage; the page learns what runs.
pub async fn begins(record: &RunRecord) {
    let noted = driver(|d| d.entry.map(|entry| d.report.queue.mark(entry, EntryState::Running(record.id.clone()))));
    if noted.is_some() {
        let _ = save().await;
        announce();
    }
}

/// Tells the page how the queue of this tab stands, unasked.
pub fn announce() {
    post(None, Event::Queue(driver(|d| d.report.clone())));
}

/// Holds the queue for this tab; none where nothing can be stored.
async fn hold() -> Result<Option<Open>, StorageFault> {
    let Ok(storage) = session::storage().await else { return Ok(None) };
    storage.hold_queue().await.map(Some)
}

/// The queue as it is now.
async fn current() -> Result<QueueReport, StorageFault> {
    if driver(|d| d.drives) {
        return Ok(driver(|d| d.report.clone()));
    }
    let mut report = match session::storage().await {
        Ok(storage) => storage.queue().await?,
        Err(_) => driver(|d| d.report.clone()),
    };
    // Stored by a tab that is gone, or by one that drives it still, which a start finds.
    report.state = QueueState::Resting;
    Ok(report)
}

async fn save() -> Result<(), StorageFault> {
    let Ok(storage) = session::storage().await else { return Ok(()) };
    let place = SAVES.with(Line::join);
    place.reached().await;
    let report = driver(|d| d.report.clone());
    storage.save_queue(&report).await
}

/// The queue with all that it needs to go.
async fn prepare() -> Result<(QueueReport, Option<Open>), Fault> {
    let _working = Working::begin(Job::Import)?;
    let lock = hold().await?;
    let mut report = match session::storage().await {
        Ok(storage) => storage.queue().await?,
        Err(_) => driver(|d| d.report.clone()),
    };
    let own = report.queue.running().map(|entry| entry.state.clone());
    let at_hand = with(|s| s.run.as_ref().map(|run| run.keeper.record.id.clone()));
    let its_own = own.is_some() && own == at_hand.map(EntryState::Running);
    if with(|s| s.state.is_active()) && !its_own {
        return Err(Fault::Busy);
    }
    match &report.data {
        Some(data) => runs::bring_images(data).await?,
        None => {
            let loaded = with(|s| s.library.report()).ok_or(Fault::NoDataset)?;
            report.data = Some(DataIdentity::from(&loaded));
        }
    }
    report.state = QueueState::Going;
    Ok((report, lock))
}

async fn drive() {
    while let Some(entry) = next() {
        driver(|d| d.entry = Some(entry.id));
        let ended = perform(&entry).await;
        let state = match ended {
            // The run stays the entry's, to be gone on with.
            Ok(End::Paused) => break,
            Ok(End::Through) => at_hand().map_or(EntryState::Skipped, EntryState::Done),
            Ok(End::Cancelled) => EntryState::Skipped,
            // A person started something in between.
            Err(Fault::Busy) => break,
            // The run goes on in another worker, from its last save.
            Err(Fault::OutOfMemory { .. } | Fault::Device(_)) => break,
            Err(fault) => EntryState::Failed(fault),
        };
        driver(|d| d.report.queue.mark(entry.id, state));
        let _ = save().await;
        announce();
    }
    let paused = at_hand().filter(|_| with(|s| s.state) == RunState::Paused);
    driver(|d| {
        d.report.state = QueueState::Resting;
        (d.entry, d.paused) = (None, paused);
    });
    let _ = save().await;
    driver(|d| (d.drives, d.lock) = (false, None));
    announce();
}

/// The run that was cut off, else the first that waits.
fn next() -> Option<Entry> {
    driver(|d| match (d.report.queue.running(), d.report.state) {
        (Some(entry), _) => Some(entry.clone()),
        (None, QueueState::Going) => d.report.queue.next().cloned(),
        (None, _) => None,
    })
}

fn at_hand() -> Option<String> {
    with(|s| s.run.as_ref().map(|run| run.keeper.record.id.clone()))
}

async fn perform(entry: &Entry) -> Result<End, Fault> {
    idle().await;
    let state = match &entry.state {
        EntryState::Running(run) => go_on(run, entry).await?,
        _ => pretrain::start(None, entry.config).await?,
    };
    match state {
        RunState::Finished => {}
        RunState::Cancelled => return Ok(End::Cancelled),
        _ => return Ok(End::Paused),
    }
    idle().await;
    let evaluated = with(|s| s.run.as_ref().is_some_and(|run| run.keeper.record.evaluation.is_some()));
    match evaluated {
        true => Ok(End::Through),
        false => match evaluate::evaluate(None).await {
            // Without labels the loss and its curve are all there is.
            Ok(()) | Err(Fault::NoLabels) => Ok(End::Through),
            Err(fault) => {
                // Nobody waits for an answer, but the page shows how far it was.
                post(None, Event::EvaluationCancelled);
                Err(fault)
            }
        },
    }
}

/// Goes on with a run that was cut off or paused; one that is not stored any more, or
/// not whole, starts over.
async fn go_on(run: &str, entry: &Entry) -> Result<RunState, Fault> {
    if at_hand().as_deref() != Some(run) {
        match runs::open(None, run, None).await {
            Ok(()) => {}
            Err(Fault::Storage(StorageFault::NotFound { .. } | StorageFault::Damaged { .. })) => {
                return pretrain::start(None, entry.config).await;
            }
            Err(fault) => return Err(fault),
        }
    }
    match with(|s| s.state) {
        RunState::Paused => pretrain::resume(None, false).await,
        // The tab was closed before its entry was marked.
        RunState::Failed => pretrain::start(None, entry.config).await,
        state => Ok(state),
    }
}

/// Waits while the page has the worker do something else, such as time a step.
async fn idle() {
    while with(|s| s.job.is_some()) {
        turn().await;
    }
}
