use super::*;
use crate::core::error::{DownloadFault, RunArchiveFault};

fn queue(runs: u64) -> Queue {
    let mut queue = Queue::default();
    let ids = queue.add((0..runs).map(|seed| RunConfig { seed, ..RunConfig::default() }));
    assert_eq!(ids, (0..runs as u32).collect::<Vec<_>>());
    queue
}

fn order(queue: &Queue) -> Vec<u32> {
    queue.entries().iter().map(|entry| entry.id).collect()
}

#[test]
fn one_after_the_other_until_all_are_over() {
    let mut queue = queue(3);
    let mut ran = Vec::new();
    while let Some(entry) = queue.next() {
        let (id, run) = (entry.id, format!("run{}", entry.config.seed));
        assert!(queue.mark(id, EntryState::Running(run.clone())));
        assert_eq!(queue.next(), None, "one at a time");
        assert_eq!(queue.running().map(|entry| entry.id), Some(id));
        let end = if id == 1 { EntryState::Failed(Fault::NotFinite { step: 3 }) } else { EntryState::Done(run) };
        queue.mark(id, end);
        ran.push(id);
    }
    assert_eq!(ran, [0, 1, 2]);
    assert_eq!(queue.counts(), Counts { done: 2, failed: 1, ..Counts::default() });
    assert_eq!((queue.counts().over(), queue.counts().all()), (3, 3));
}

#[test]
fn entries_are_moved_skipped_and_removed() {
    let mut queue = queue(4);
    assert!(queue.move_to(3, 0) && queue.move_to(0, 99) && !queue.move_to(9, 0));
    assert_eq!(order(&queue), [3, 1, 2, 0]);
    queue.mark(3, EntryState::Skipped);
    assert_eq!(queue.next().map(|entry| entry.id), Some(1));
    queue.mark(1, EntryState::Running("a".into()));
    assert!(!queue.remove(1), "it runs");
    assert!(queue.remove(2) && !queue.remove(2) && !queue.mark(2, EntryState::Waiting));
    queue.clear_over();
    assert_eq!(order(&queue), [1, 0]);
    // An id is never given again.
    assert_eq!(queue.add([RunConfig::default()]), [4]);
    assert_eq!(queue.counts(), Counts { waiting: 2, running: 1, ..Counts::default() });
    assert!(queue.get(4).is_some() && queue.get(3).is_none());
}

#[test]
fn a_stored_queue_goes_on() {
    let mut queue = queue(5);
    queue.mark(0, EntryState::Done("run0".into()));
    queue.mark(1, EntryState::Failed(Fault::Internal { detail: "the \"quota\"\nis full".into() }));
    queue.mark(2, EntryState::Skipped);
    queue.mark(3, EntryState::Running("run3".into()));
    let json = serde_json::to_string(&queue).unwrap();
    let mut read: Queue = serde_json::from_str(&json).unwrap();
    assert_eq!(read, queue);
    // What was cut off is run again.
    assert_eq!(read.running().map(|entry| entry.state.clone()), Some(EntryState::Running("run3".into())));
    read.mark(3, EntryState::Waiting);
    assert_eq!(read.next().map(|entry| entry.id), Some(3));
}

#[test]
fn an_entry_keeps_the_classifiers_to_train_and_an_older_one_has_none() {
    let mut report = QueueReport::default();
    report.change(QueueChange::AddWith(vec![(RunConfig::default(), vec![FineTuneConfig::default(); 2])]));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(serde_json::from_value::<QueueReport>(json.clone()).unwrap(), report);
    let mut older = json["queue"]["entries"][0].clone();
    for field in ["then", "run"] {
        assert!(older.as_object_mut().unwrap().remove(field).is_some());
    }
    let older = serde_json::from_value::<Entry>(older).unwrap();
    assert_eq!((older.then, older.run), (vec![], None));
}

#[test]
fn faults_keep_their_names_in_stored_queues() {
    for (name, fault) in [
        ("Hub", Fault::Download(DownloadFault::WrongLength { expected: 2, found: 1 })),
        ("Takeaway", Fault::RunArchive(RunArchiveFault::NotARun)),
    ] {
        let json = serde_json::to_value(EntryState::Failed(fault)).unwrap();
        assert!(json["Failed"].get(name).is_some(), "{json}");
    }
}

fn report() -> QueueReport {
    let mut report = QueueReport::default();
    report.change(QueueChange::Add(vec![RunConfig::default(); 3]));
    report
}

fn states(report: &QueueReport) -> Vec<EntryState> {
    report.queue.entries().iter().map(|entry| entry.state.clone()).collect()
}

#[test]
fn a_run_under_way_is_left_alone_and_one_that_was_cut_off_is_not() {
    let mut report = report();
    report.queue.mark(0, EntryState::Running("a".into()));
    report.state = QueueState::Going;
    report.change(QueueChange::Remove(0));
    report.change(QueueChange::Skip(0));
    assert_eq!(states(&report)[0], EntryState::Running("a".into()));
    report.change(QueueChange::Stop);
    assert_eq!(report.state, QueueState::Stopping);
    report.state = QueueState::Resting;
    report.change(QueueChange::Stop);
    assert_eq!(report.state, QueueState::Resting);
    report.change(QueueChange::Skip(0));
    assert_eq!(states(&report)[0], EntryState::Skipped);
    report.change(QueueChange::Again(0));
    assert_eq!(states(&report)[0], EntryState::Waiting);
    report.queue.mark(0, EntryState::Running("a".into()));
    report.change(QueueChange::Remove(0));
    assert_eq!(report.queue.entries().len(), 2);
}

#[test]
fn an_evaluated_run_is_not_trained_again_for_its_classifiers() {
    let mut report = report();
    for state in [EntryState::Failed(Fault::Busy), EntryState::Skipped] {
        report.queue.mark(0, EntryState::Running("a".into()));
        assert_eq!(report.queue.get(0).unwrap().begun(), Some("a"));
        report.queue.mark(0, state.clone());
        report.change(QueueChange::Again(0));
        assert_eq!(report.queue.next().unwrap().begun(), None, "not evaluated");
        report.queue.keep_run(0, "a".into());
        report.queue.mark(0, state);
        report.change(QueueChange::Again(0));
        assert_eq!(report.queue.next().unwrap().begun(), Some("a"));
        report = self::report();
    }
}

#[test]
fn what_is_over_is_tried_again_or_cleared() {
    let mut report = report();
    report.queue.mark(0, EntryState::Failed(Fault::Busy));
    report.queue.mark(1, EntryState::Done("b".into()));
    report.change(QueueChange::Again(1));
    report.change(QueueChange::Again(0));
    assert_eq!(states(&report)[..2], [EntryState::Waiting, EntryState::Done("b".into())]);
    report.change(QueueChange::Move { id: 2, place: 0 });
    assert_eq!(report.queue.next().map(|entry| entry.id), Some(2));
    report.change(QueueChange::ClearOver);
    assert_eq!(report.queue.entries().len(), 2);
}

#[test]
fn entries_added_after_all_are_over_are_for_other_images() {
    let mut report = report();
    report.data = Some(DataIdentity::default());
    report.change(QueueChange::Add(vec![RunConfig::default()]));
    assert!(report.data.is_some() && report.unfinished());
    let other = DataIdentity { fingerprint: "other".into(), ..DataIdentity::default() };
    assert!(report.is_for(&DataIdentity::default()) && !report.is_for(&other));
    for id in 0..4 {
        report.queue.mark(id, EntryState::Skipped);
    }
    assert!(!report.unfinished() && report.is_for(&other));
    report.change(QueueChange::Add(vec![RunConfig::default()]));
    assert_eq!(report.data, None);
}
