use super::*;
use super::{file_system::FileSystem, memory::Memory};
use crate::core::config::RunConfig;
use crate::core::report::{EpochReport, Phase, RunState, StepReport};
use crate::core::run::{DataIdentity, examples};
use burn::tensor::read_sync as wait;
use safetensors::tensor::{Dtype, TensorView};

fn record(id: &str, created: f64, steps: u32) -> RunRecord {
    let config = RunConfig { batch: 16, ..RunConfig::default() };
    let data = DataIdentity { training_images: 40, ..DataIdentity::default() };
    RunRecord { created, config, data, state: RunState::Paused, steps, total_steps: 100, ..examples::record(id) }
}

/// So many steps, two an epoch.
fn curve(steps: u32) -> Curve {
    let step = |step| StepReport { step, loss: step as f32, ..StepReport::default() };
    let epoch = |epoch| EpochReport { epoch, knn: 0.1 };
    Curve { steps: (1..=steps).map(step).collect(), epochs: (0..=steps / 2).map(epoch).collect() }
}

/// A checkpoint's file of the least kind.
fn state(steps: u32) -> Vec<u8> {
    let view = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
    let header = HashMap::from([("steps".to_owned(), steps.to_string())]);
    safetensors::serialize([("model.w", view)], Some(header)).unwrap()
}

fn save(storage: &Storage<Memory>, steps: u32) -> Result<(), StorageFault> {
    wait(storage.save(&record("a", 1.0, steps), &curve(steps), &state(steps)))
}

#[test]
fn what_was_stored_is_there_in_another_tab() {
    let files = Memory::default();
    save(&Storage::new(files.clone()), 5).unwrap();
    wait(Storage::new(files.clone()).save_record(&record("b", 2.0, 0))).unwrap();
    let other = Storage::new(files);
    let listing = wait(other.list()).unwrap();
    assert_eq!(listing.runs, [record("b", 2.0, 0), record("a", 1.0, 5)]);
    assert!(listing.damaged.is_empty());
    let run = wait(other.load("a")).unwrap();
    assert_eq!(run, StoredRun { record: record("a", 1.0, 5), curve: curve(5), state: Some(state(5)) });
    let begun = wait(other.load("b")).unwrap();
    assert_eq!((begun.record.steps, begun.curve, begun.state), (0, Curve::default(), None));
    assert_eq!(wait(other.load("c")), Err(StorageFault::NotFound { what: "c".to_owned() }));
}

#[test]
fn a_crash_at_any_write_leaves_a_whole_run() {
    // A save is three writes; the run of 5 steps was stored, that of 9 is cut off.
    for writes in 0..3 {
        for saves_before in 0..4 {
            let files = Memory::default();
            let storage = Storage::new(files.clone());
            (0..saves_before).for_each(|_| save(&storage, 5).unwrap());
            files.writes_before_crash.set(Some(writes));
            assert!(save(&storage, 9).is_err());
            files.writes_before_crash.set(None);
            // The tab is opened again.
            let storage = Storage::new(files.clone());
            if saves_before > 0 {
                let run = wait(storage.load("a")).unwrap();
                assert_eq!((run.record.steps, &run.curve, run.state), (5, &curve(5), Some(state(5))), "{writes}");
            } else if writes == 0 {
                assert_eq!(wait(storage.list()), Ok(Listing::default()), "not even a record");
            } else {
                let run = wait(storage.load("a")).unwrap();
                assert_eq!((run.record.steps, run.curve.steps.len(), run.state), (0, 0, None), "{writes}");
            }
            // And the next save finds its way.
            save(&storage, 12).unwrap();
            save(&Storage::new(files.clone()), 14).unwrap();
            assert_eq!(wait(Storage::new(files).load("a")).unwrap().record.steps, 14);
        }
    }
}

#[test]
fn a_broken_slot_is_told_from_a_good_one() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    save(&storage, 3).unwrap();
    save(&storage, 5).unwrap();
    // The newest state is broken: the one before is taken.
    files.corrupt("runs/a/state.b", 100);
    let run = wait(Storage::new(files.clone()).load("a")).unwrap();
    assert_eq!((run.record.steps, run.curve), (3, curve(3)));
    files.corrupt("runs/a/state.a", 100);
    let fault = wait(Storage::new(files.clone()).load("a")).unwrap_err();
    assert!(matches!(&fault, StorageFault::Damaged { what, .. } if what == "runs/a/state"), "{fault:?}");
    // A run whose record is broken hides no other.
    wait(storage.save_record(&record("b", 2.0, 0))).unwrap();
    files.corrupt("runs/b/record.a", 30);
    let listing = wait(Storage::new(files).list()).unwrap();
    assert_eq!(listing.runs.len(), 1);
    assert!(matches!(&listing.damaged[..], [(id, StorageFault::Damaged { .. })] if id == "b"), "{listing:?}");
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    save(&storage, 5).unwrap();
    files.quota.set(wait(files.usage()).unwrap().used + 20);
    assert!(matches!(save(&storage, 9), Err(StorageFault::Full { needed: Some(_), free: Some(20) })));
    assert_eq!(wait(Storage::new(files.clone()).load("a")).unwrap().curve, curve(5));
    // Deleting makes room.
    wait(storage.delete("a")).unwrap();
    save(&storage, 5).unwrap();
}

#[test]
fn a_run_that_another_tab_holds_stays() {
    let files = Memory::default();
    let (one, two) = (Storage::new(files.clone()), Storage::new(files.clone()));
    save(&one, 5).unwrap();
    wait(one.save_record(&record("b", 2.0, 0))).unwrap();
    wait(two.put("images/0/meta", b"x")).unwrap();
    let held = wait(one.hold("a")).unwrap();
    assert!(matches!(wait(two.hold("a")), Err(StorageFault::Held { .. })));
    assert!(matches!(wait(two.delete("a")), Err(StorageFault::Held { .. })));
    assert_eq!(wait(two.delete_all()).unwrap(), ["a"]);
    assert!(files.paths().iter().all(|path| path.starts_with("runs/a/")), "{:?}", files.paths());
    drop(held);
    assert!(wait(two.delete_all()).unwrap().is_empty());
    assert!(files.paths().is_empty());
    // What this tab knew of slots is forgotten with them.
    save(&one, 2).unwrap();
    save(&two, 3).unwrap();
    assert_eq!(wait(Storage::new(files).load("a")).unwrap().record.steps, 3);
}

#[test]
fn a_run_is_held_before_it_is_read() {
    let files = Memory::default();
    let (one, two) = (Storage::new(files.clone()), Storage::new(files.clone()));
    assert_eq!(wait(two.take("a")).unwrap_err(), StorageFault::NotFound { what: "a".to_owned() });
    assert!(files.paths().is_empty() && wait(two.hold("a")).is_ok(), "nothing is made or held for it");
    save(&one, 5).unwrap();
    assert_eq!(wait(two.load("a")).unwrap().record.steps, 5);
    let held = wait(one.hold("a")).unwrap();
    assert!(matches!(wait(two.take("a")), Err(StorageFault::Held { .. })));
    save(&one, 9).unwrap();
    drop(held);
    let (lock, run) = wait(two.take("a")).unwrap();
    assert_eq!((run.record.steps, run.curve), (9, curve(9)));
    assert!(matches!(wait(one.hold("a")), Err(StorageFault::Held { .. })));
    // What this tab saves now is newer than all that the other one wrote.
    save(&two, 12).unwrap();
    drop(lock);
    assert_eq!(wait(Storage::new(files).load("a")).unwrap().record.steps, 12);
}

#[test]
fn a_run_that_was_cut_off_is_a_paused_one() {
    let storage = Storage::new(Memory::default());
    let stored = |state, steps| {
        let record = RunRecord { state, ..record("a", 1.0, steps) };
        wait(storage.save(&record, &curve(steps), &self::state(steps))).unwrap();
        wait(storage.load("a")).unwrap().record.state
    };
    let running = RunState::Running(Phase::Train);
    for steps in [5, 100] {
        assert_eq!(stored(running, steps), RunState::Paused, "{steps} of 100 steps");
        assert_eq!(stored(RunState::Cancelled, steps), RunState::Cancelled);
        assert_eq!(stored(RunState::Failed, steps), RunState::Failed);
    }
    assert_eq!(stored(RunState::Finished, 100), RunState::Finished);
    assert_eq!(stored(RunState::Finished, 99), RunState::Paused, "its last checkpoint was not written");
}

#[test]
fn images_are_kept_whole_or_not_at_all() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    assert_eq!(wait(storage.load_images("f")), Ok(None));
    wait(storage.save_images("f", b"{}", &[7; 100])).unwrap();
    assert_eq!(wait(storage.load_images("f")), Ok(Some((b"{}".to_vec(), vec![7; 100]))));
    assert_eq!(wait(storage.images()).unwrap(), ["f"]);
    files.quota.set(wait(files.usage()).unwrap().used + 120);
    assert!(matches!(wait(storage.save_images("g", &[1; 300], &[7; 50])), Err(StorageFault::Full { .. })));
    assert_eq!(wait(storage.images()).unwrap(), ["f"]);
    wait(storage.delete_images("f")).unwrap();
    assert!(files.paths().is_empty());
}

#[test]
fn a_refusal_is_passed_on() {
    let files = Memory::default();
    files.denied.set(true);
    assert!(matches!(save(&Storage::new(files), 1), Err(StorageFault::Denied { .. })));
}

#[test]
fn what_fine_tuning_leaves_lies_beside_its_run_and_goes_with_it() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    // A run that is not there gets no folder.
    wait(storage.save_fine_tune_file("a", FineTuneFile::Tuning, b"list")).unwrap();
    assert_eq!(wait(storage.fine_tune_file("a", FineTuneFile::Tuning)).unwrap(), None);
    assert!(wait(storage.list()).unwrap().runs.is_empty());
    save(&storage, 5).unwrap();
    for value in [b"one", b"two"] {
        wait(storage.save_fine_tune_file("a", FineTuneFile::Tuning, value)).unwrap();
    }
    wait(storage.save_fine_tune_file("a", FineTuneFile::Classifier, b"weights")).unwrap();
    let other = Storage::new(files);
    assert_eq!(wait(other.fine_tune_file("a", FineTuneFile::Tuning)).unwrap().as_deref(), Some(&b"two"[..]));
    wait(other.remove_fine_tune_file("a", FineTuneFile::Tuning)).unwrap();
    wait(other.remove_fine_tune_file("a", FineTuneFile::Tuning)).unwrap();
    assert_eq!(wait(other.fine_tune_file("a", FineTuneFile::Tuning)).unwrap(), None);
    assert_eq!(wait(other.fine_tune_file("a", FineTuneFile::Classifier)).unwrap().as_deref(), Some(&b"weights"[..]));
    wait(other.delete("a")).unwrap();
    save(&other, 6).unwrap();
    assert_eq!(wait(other.fine_tune_file("a", FineTuneFile::Classifier)).unwrap(), None);
}
