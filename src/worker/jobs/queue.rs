//! Drives the queue: trains an entry to its end, evaluates it, trains the classifiers that it asks for, goes on with the
//! next. The page need not do anything. If its run is paused, the queue rests; resuming the run resumes the queue.

use crate::core::error::{Fault, StorageFault};
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::FineTuneConfig;
use crate::core::run::queue::{Entry, EntryState, QueueChange, QueueReport, QueueState};
use crate::core::run::{Curve, DataIdentity, OpenedRun, RunRecord};
use crate::protocol::{Event, Work};
use crate::worker::event_loop::{Ticket, TicketLock, yield_now};
use crate::worker::jobs::{evaluate, fine_tune, open_run, pretrain};
use crate::worker::session::{self, Control, Job, JobGuard, control, of_run, set_state, with};
use crate::worker::{mailbox::post, run::Run, storage::opfs::Handle};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// The queue as this tab knows it.
#[derive(Default)]
struct Driver {
    /// The truth while this tab drives the queue, else what this tab stored last.
    report: QueueReport,
    drives: bool,
    /// Keeps other tabs from driving it too; None if nothing can be stored.
    lock: Option<Handle>,
    /// The current entry.
    entry: Option<u32>,
    /// The run whose pause made the queue rest.
    paused: Option<String>,
}

thread_local! {
    static DRIVER: RefCell<Driver> = RefCell::default();
    /// Requests read and change the stored queue one at a time.
    static REQUESTS: TicketLock = TicketLock::default();
    /// The newest change is written last.
    static SAVES: TicketLock = TicketLock::default();
}

fn driver<T>(f: impl FnOnce(&mut Driver) -> T) -> T {
    DRIVER.with_borrow_mut(f)
}

/// How an entry ended, if without a fault.
enum End {
    /// Trained and, if labels allow it, evaluated, with its classifiers.
    Done,
    Paused,
    Cancelled,
}

/// Waits until no other request uses the queue, and keeps others from it until the ticket is dropped.
pub async fn ticket() -> Rc<Ticket> {
    let ticket = REQUESTS.with(TicketLock::ticket);
    ticket.reached().await;
    ticket
}

/// The queue, for the page.
pub async fn report() -> Result<Event, Fault> {
    let _ticket = ticket().await;
    Ok(Event::Queue(current().await?))
}

/// Changes entries.
///
/// # Errors
/// [`StorageFault::Held`] while another tab drives the queue, [`Fault::WrongImages`] for runs with classifiers while
/// unfinished entries are for other images than those loaded.
pub async fn change(change: QueueChange) -> Result<Event, Fault> {
    let _ticket = ticket().await;
    if let (QueueChange::AddWith(_), Some(loaded)) = (&change, with(|s| s.library.report())) {
        let (report, loaded) = (current().await?, DataIdentity::from(&loaded));
        if let Some(data) = report.data.as_ref().filter(|_| !report.is_for(&loaded)) {
            let (expected, found) = (data.shown().to_owned(), Some(loaded.shown().to_owned()));
            return Err(Fault::WrongImages { expected, found });
        }
    }
    apply(change).await
}

/// Makes a change. The caller has the ticket.
async fn apply(change: QueueChange) -> Result<Event, Fault> {
    // A stop is for the tab that drives the queue, and is not stored: a queue that is read rests.
    if change == QueueChange::Stop {
        driver(|d| {
            if d.drives {
                d.report.change(change);
            }
        });
        return Ok(Event::Queue(current().await?));
    }
    if driver(|d| d.drives) {
        driver(|d| d.report.change(change));
        save().await?;
    } else {
        let lock = hold().await?;
        let mut report = match current().await {
            Err(StorageFault::Damaged { .. }) if change == QueueChange::ClearDamaged => QueueReport::default(),
            report => report?,
        };
        report.change(change);
        driver(|d| d.report = report);
        save().await?;
        drop(lock);
    }
    Ok(Event::Queue(current().await?))
}

/// Goes on with the entry that was cut off or paused, then with those that wait.
///
/// # Errors
/// [`Fault::Busy`] while something else is under way, [`Fault::WrongImages`] if the queue's images are neither loaded
/// nor kept, [`StorageFault::Held`] while another tab drives the queue.
pub async fn start(id: u32) -> Result<Option<Event>, Fault> {
    let ticket = ticket().await;
    if driver(|d| d.drives) {
        return Err(Fault::Busy);
    }
    let (report, lock) = prepare().await?;
    // All at once: while it drives, a change is made to this report.
    driver(|d| (d.report, d.lock, d.paused, d.drives) = (report, lock, None, true));
    // If it can't be stored, it goes on all the same.
    let _ = save().await;
    post(Some(id), Event::Queue(driver(|d| d.report.clone())));
    drop(ticket);
    drive().await;
    Ok(None)
}

/// Leaves out the entry of the current run, whose paused classifiers the user cancelled: the next start does not train
/// them again.
pub async fn leave_out_paused() {
    let Some(run) = current_run().filter(|_| !is_going()) else { return };
    let _ticket = ticket().await;
    driver(|d| d.paused = None);
    let Ok(report) = current().await else { return };
    let entry = report.queue.running().filter(|entry| entry.run.as_ref() == Some(&run)).map(|entry| entry.id);
    if let Some(entry) = entry
        && let Ok(changed) = apply(QueueChange::Skip(entry)).await
    {
        post(None, changed);
    }
}

/// Whether the queue rests because the current run was paused.
pub fn waits_for_current_run() -> bool {
    current_run().is_some_and(|run| driver(|d| !d.drives && d.paused.as_ref() == Some(&run)))
}

/// Whether the queue drives runs now.
pub fn is_going() -> bool {
    driver(|d| d.drives)
}

/// Forgets the queue, after everything stored was deleted.
pub fn forget() {
    driver(|d| *d = Driver::default());
}

/// Marks the current entry as running; the page learns which run it is.
async fn mark_running(record: &RunRecord) {
    let marked = driver(|d| d.entry.map(|entry| d.report.queue.mark(entry, EntryState::Running(record.id.clone()))));
    if marked.is_some() {
        let _ = save().await;
        announce();
    }
}

/// Sends the page this tab's queue, unasked.
pub fn announce() {
    post(None, Event::Queue(driver(|d| d.report.clone())));
}

/// Holds the queue for this tab; None if nothing can be stored.
async fn hold() -> Result<Option<Handle>, StorageFault> {
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
    // It was stored by a tab that is gone, or by one that still drives it, which a start finds out.
    report.state = QueueState::Resting;
    Ok(report)
}

async fn save() -> Result<(), StorageFault> {
    let Ok(storage) = session::storage().await else { return Ok(()) };
    let ticket = SAVES.with(TicketLock::ticket);
    ticket.reached().await;
    let report = driver(|d| d.report.clone());
    storage.save_queue(&report).await
}

/// The queue and its lock, ready to go: its images are loaded.
async fn prepare() -> Result<(QueueReport, Option<Handle>), Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    let lock = hold().await?;
    let mut report = match session::storage().await {
        Ok(storage) => storage.queue().await?,
        Err(_) => driver(|d| d.report.clone()),
    };
    let running = report.queue.running().map(|entry| entry.state.clone());
    let is_current = running.is_some() && running == current_run().map(EntryState::Running);
    if with(|s| s.state.is_active()) && !is_current {
        return Err(Fault::Busy);
    }
    match &mut report.data {
        Some(data) => {
            let loaded = open_run::load_images(data).await?;
            if data.files_fingerprint.is_empty() {
                data.files_fingerprint = loaded.files_fingerprint;
            }
        }
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
            // The entry keeps the run and goes on with it later.
            Ok(End::Paused) => break,
            Ok(End::Done) => current_run().map_or(EntryState::Skipped, EntryState::Done),
            Ok(End::Cancelled) => EntryState::Skipped,
            // The user started something else in between.
            Err(Fault::Busy) => break,
            // The run goes on from its last save, in another worker.
            Err(Fault::OutOfMemory { .. } | Fault::Device(_)) => break,
            Err(fault) => EntryState::Failed(fault),
        };
        driver(|d| d.report.queue.mark(entry.id, state));
        let _ = save().await;
        announce();
    }
    let paused = current_run().filter(|_| with(|s| s.state == RunState::Paused || s.fine_tuning.is_some()));
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

fn current_run() -> Option<String> {
    with(|s| s.run.as_ref().map(|run| run.id().to_owned()))
}

async fn perform(entry: &Entry) -> Result<End, Fault> {
    idle().await;
    let state = match entry.begun() {
        Some(run) => go_on(run, entry).await?,
        None => begin(entry).await?,
    };
    match state {
        RunState::Finished => {}
        RunState::Cancelled => return Ok(End::Cancelled),
        _ => return Ok(End::Paused),
    }
    idle().await;
    let evaluated = with(|s| s.run.as_ref().is_some_and(|run| run.saver.record.evaluation.is_some()));
    if !evaluated {
        match evaluate::evaluate().await {
            Ok(answer) => post(None, answer),
            // Without labels the loss and its curve are all there is.
            Err(Fault::NoLabels) => return Ok(End::Done),
            Err(fault) => {
                // Nobody waits for an answer, but the page shows the progress.
                post(None, Event::Cancelled(Work::Evaluation));
                return Err(fault);
            }
        }
    }
    if let Some(run) = current_run() {
        driver(|d| d.report.queue.keep_run(entry.id, run));
        // Also stored where the page is left during a classifier.
        let _ = save().await;
    }
    classify(&entry.then).await
}

/// Trains those of the classifiers that the current run has no result of, each by itself: the fault of one, which comes
/// last, does not keep the others from training.
async fn classify(all: &[FineTuneConfig]) -> Result<End, Fault> {
    let missing = || {
        let done =
            |run: &Run, c: &FineTuneConfig| run.saver.record.fine_tuned.iter().any(|r| r.answers(c, run.steps()));
        of_run(|run| all.iter().filter(|c| !done(run, c)).copied().collect::<Vec<_>>())
    };
    idle().await;
    let mut failed = None;
    let mut left: VecDeque<FineTuneConfig> = missing()?.into();
    while let Some(config) = left.pop_front() {
        idle().await;
        let waits = with(|s| s.fine_tuning.is_some());
        let ended = if waits { fine_tune::resume(None).await } else { fine_tune::start(None, vec![config]).await };
        // What the user asked for as a classifier ended came too late for it, and the next job forgets it.
        let asked = control();
        match ended {
            Ok(RunState::Finished) => {
                // What waited may have been several, or not this one.
                let still = |other: &FineTuneConfig| left.contains(other) || waits && *other == config;
                left = missing()?.into_iter().filter(still).collect();
                match asked {
                    Control::Pause => return Ok(End::Paused),
                    Control::Cancel if !left.is_empty() => return Ok(End::Cancelled),
                    _ => {}
                }
            }
            Ok(RunState::Cancelled) => return Ok(End::Cancelled),
            Ok(_) => return Ok(End::Paused),
            Err(fault @ (Fault::Busy | Fault::OutOfMemory { .. } | Fault::Device(_))) => return Err(fault),
            Err(fault) => failed = failed.or(Some(fault)),
        }
    }
    failed.map_or(Ok(End::Done), Err)
}

/// Starts a run of the current entry, if its classifiers can follow. The page did not ask for it: it learns what runs.
async fn begin(entry: &Entry) -> Result<RunState, Fault> {
    let images = with(|s| s.library.report()).map_or(0, |loaded| loaded.training_images());
    fine_tune::check(&entry.config, entry.config.total_steps(images), &entry.then).await?;
    let (run, guard) = pretrain::prepare(entry.config).await?;
    mark_running(&run.saver.record).await;
    post(None, Event::Opened(OpenedRun { record: run.saver.record.clone(), curve: Curve::default() }));
    set_state(RunState::Running(Phase::Load));
    pretrain::drive(run, false, guard).await
}

/// Goes on with a run that was cut off or paused. A run that is no longer stored, or is damaged, starts over.
async fn go_on(run: &str, entry: &Entry) -> Result<RunState, Fault> {
    if current_run().as_deref() != Some(run) {
        match open_run::open(None, run, None).await {
            Ok(_) => {}
            Err(Fault::Storage(StorageFault::NotFound { .. } | StorageFault::Damaged { .. })) => {
                return begin(entry).await;
            }
            Err(fault) => return Err(fault),
        }
    }
    // An entry that is tried again only has its run's id.
    let record = with(|s| s.run.as_ref().map(|run| run.saver.record.clone()));
    if let Some(record) = record.filter(|_| entry.state == EntryState::Waiting) {
        mark_running(&record).await;
    }
    match with(|s| s.state) {
        RunState::Paused => {
            let (run, guard) = pretrain::take_paused()?;
            pretrain::drive(run, false, guard).await
        }
        // The tab was closed before its entry was marked.
        RunState::Failed => begin(entry).await,
        state => Ok(state),
    }
}

/// Waits while the worker does something else for the page, such as time a step.
async fn idle() {
    while with(|s| s.job.is_some()) {
        yield_now().await;
    }
}
