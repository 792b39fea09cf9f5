mod deleted;
mod versions;

use super::*;
use super::{file_system::FileSystem, memory::Memory};
use crate::core::config::RunConfig;
use crate::core::report::{EpochReport, Phase, RunState, StepReport};
use crate::core::run::slots::{self, Head};
use crate::core::run::{DELETED_FOR, DataIdentity, examples};
use burn::tensor::read_sync as wait;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn record(id: &str, created: f64, steps: u32) -> RunRecord {
    let config = RunConfig { batch: 16, ..RunConfig::default() };
    let classes = vec!["rose".into(), "tulip".into()];
    let data = DataIdentity { training_images: 40, classes, ..DataIdentity::default() };
    RunRecord { created, config, data, state: RunState::Paused, steps, total_steps: 100, ..examples::record(id) }
}

/// So many steps, two an epoch.
fn curve(steps: u32) -> Curve {
    let step = |step| StepReport { step, loss: step as f32, ..StepReport::default() };
    let epoch = |epoch| EpochReport { epoch, knn: 0.1 };
    let (steps, epochs) = ((1..=steps).map(step).collect(), (0..=steps / 2).map(epoch).collect());
    Curve { steps, epochs, unknown: Vec::new() }
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

/// Every stored byte.
fn all(files: &Memory) -> BTreeMap<String, Vec<u8>> {
    files.paths().into_iter().map(|path| (path.clone(), wait(files.read(&path)).unwrap().unwrap())).collect()
}

/// Gives the slots of a value another schema, as another program would write it.
fn with_schema(files: &Memory, path: &str, schema: u32) {
    for slot in [Slot::A, Slot::B].map(|slot| slot_path(path, slot)) {
        if let Some(bytes) = wait(files.read(&slot)).unwrap() {
            let (head, payload) = slots::decode(&bytes).unwrap();
            let (header, checksum) = slots::frame(Head { schema, ..head }, payload);
            wait(files.write(&slot, &[&header, payload, &checksum])).unwrap();
        }
    }
}

fn schema(files: &Memory, slot: &str) -> Option<u32> {
    wait(files.read(slot)).unwrap().map(|bytes| slots::decode(&bytes).unwrap().0.schema)
}

#[test]
fn what_was_stored_is_there_in_another_tab() {
    let files = Memory::default();
    save(&Storage::new(files.clone()), 5).unwrap();
    wait(Storage::new(files.clone()).save_record(&record("b", 2.0, 0))).unwrap();
    let other = Storage::new(files);
    let listing = wait(other.list(0.0)).unwrap();
    assert_eq!(listing.runs, [record("b", 2.0, 0), record("a", 1.0, 5)]);
    assert!(listing.damaged.is_empty());
    let run = wait(other.load("a")).unwrap();
    let (unknown, lost_curve) = (None, None);
    let wanted = StoredRun { record: record("a", 1.0, 5), curve: curve(5), state: Some(state(5)), unknown, lost_curve };
    assert_eq!(run, wanted);
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
                assert_eq!(wait(storage.list(0.0)), Ok(Listing::default()), "not even a record");
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
    let listing = wait(Storage::new(files).list(0.0)).unwrap();
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
    wait(two.put("images/0/meta", Kind::Images, b"x")).unwrap();
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
    wait(storage.save_images("f", &json!({}), &[7; 100], &[])).unwrap();
    assert_eq!(wait(storage.load_images("f")), Ok(Some([b"{}".to_vec(), vec![7; 100], Vec::new()])));
    wait(storage.save_images("f", &json!({}), &[7; 100], &[8; 400])).unwrap();
    assert_eq!(wait(storage.load_images("f")), Ok(Some([b"{}".to_vec(), vec![7; 100], vec![8; 400]])));
    assert_eq!(wait(storage.images()).unwrap(), ["f"]);
    files.quota.set(wait(files.usage()).unwrap().used + 120);
    assert!(matches!(wait(storage.save_images("g", &vec![1; 300], &[7; 50], &[])), Err(StorageFault::Full { .. })));
    assert_eq!(wait(storage.images()).unwrap(), ["f"]);
    wait(storage.delete_images("f")).unwrap();
    assert!(files.paths().is_empty());
}

#[test]
fn a_kept_set_outlives_a_failed_save_and_a_damaged_detail() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    wait(storage.save_images("f", &json!({}), &[7; 100], &[8; 400])).unwrap();
    files.quota.set(wait(files.usage()).unwrap().used + 20);
    let full = wait(storage.save_images("f", &json!({}), &[7; 100], &[8; 400]));
    assert!(matches!(full, Err(StorageFault::Full { .. })));
    assert_eq!(wait(storage.load_images("f")), Ok(Some([b"{}".to_vec(), vec![7; 100], vec![8; 400]])));
    files.corrupt("images/f/detail.a", 90);
    assert_eq!(wait(storage.load_images("f")), Ok(Some([b"{}".to_vec(), vec![7; 100], Vec::new()])));
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
    assert!(wait(storage.list(0.0)).unwrap().runs.is_empty());
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

#[test]
fn a_tab_that_knows_old_slots_writes_the_newest_value() {
    let files = Memory::default();
    let (one, two) = (Storage::new(files.clone()), Storage::new(files.clone()));
    save(&one, 1).unwrap();
    for steps in 2..6 {
        drop(wait(two.hold("a")).unwrap());
        save(&two, steps).unwrap();
    }
    // `one` knows the second write as the next.
    drop(wait(one.hold("a")).unwrap());
    save(&one, 9).unwrap();
    assert_eq!(wait(Storage::new(files).load("a")).unwrap().record.steps, 9);
}

#[test]
fn a_lost_curve_does_not_keep_the_weights() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    save(&storage, 5).unwrap();
    files.corrupt("runs/a/curve.a", 90);
    let run = wait(Storage::new(files.clone()).load("a")).unwrap();
    assert_eq!((run.record.steps, run.curve, run.state), (5, Curve::default(), Some(state(5))));
    assert!(run.lost_curve.is_some());
    // A lost record is named.
    files.corrupt("runs/a/record.a", 90);
    let listing = wait(Storage::new(files).list(0.0)).unwrap();
    assert!(matches!(&listing.damaged[..], [(_, StorageFault::Damaged { what, .. })] if what == "runs/a/record"));
}

#[test]
fn a_damaged_queue_is_replaced_by_the_next_save() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    (0..2).for_each(|_| wait(storage.save_queue(&QueueReport::default())).unwrap());
    for slot in ["queue.a", "queue.b"] {
        files.corrupt(slot, 30);
    }
    let storage = Storage::new(files.clone());
    let _lock = wait(storage.hold_queue()).unwrap();
    assert!(matches!(wait(storage.queue()), Err(StorageFault::Damaged { what, .. }) if what == "queue"));
    wait(storage.save_queue(&QueueReport::default())).unwrap();
    assert_eq!(wait(Storage::new(files).queue()), Ok(QueueReport::default()));
}

#[test]
fn a_copy_has_all_of_its_run_and_goes_its_own_way() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    save(&storage, 5).unwrap();
    for (file, bytes) in [(FineTuneFile::Tuning, b"list"), (FineTuneFile::Classifier, b"head")] {
        wait(storage.save_fine_tune_file("a", file, bytes)).unwrap();
    }
    let steps = (1..=5_u32).map(|step| (step, 0_u32, step as f32, [0.0_f32; 4])).collect::<Vec<_>>();
    let first_curve = postcard::to_allocvec(&(steps, [(0_u32, 0.1_f32), (1, 0.1), (2, 0.1)].to_vec())).unwrap();
    wait(storage.put("runs/a/curve", Kind::Curve, &first_curve)).unwrap();
    with_schema(&files, "runs/a/curve", 1);
    let mut json = serde_json::to_value(record("a", 1.0, 5)).unwrap();
    json["mood"] = json!("sunny");
    wait(storage.put("runs/a/record", Kind::Record, &serde_json::to_vec(&json).unwrap())).unwrap();
    let before = all(&files);

    let storage = Storage::new(files.clone());
    let lock = wait(storage.hold("a")).unwrap();
    let record = wait(storage.record("a")).unwrap().unwrap();
    let copy = RunRecord { id: "b".into(), name: "x (copy)".into(), ..record };
    wait(storage.copy("a", &copy)).unwrap();
    drop(lock);
    let storage = Storage::new(files.clone());
    let run = wait(storage.load("b")).unwrap();
    assert_eq!((run.record, run.curve, run.state), (copy.clone(), curve(5), Some(state(5))));
    assert_eq!(run.unknown.unwrap().stored["mood"], "sunny");
    for (file, bytes) in [(FineTuneFile::Tuning, b"list"), (FineTuneFile::Classifier, b"head")] {
        assert_eq!(wait(storage.fine_tune_file("b", file)).unwrap().as_deref(), Some(&bytes[..]));
    }
    wait(storage.save(&RunRecord { steps: 9, ..copy }, &curve(9), &state(9))).unwrap();
    assert_eq!(schema(&files, "runs/b/curve.a"), None, "the old slot goes");
    assert_eq!(wait(Storage::new(files.clone()).load("b")).unwrap().curve, curve(9));
    wait(storage.delete("b")).unwrap();
    assert_eq!(all(&files), before);
    // A copy for which there is no room leaves nothing.
    let of_record = wait(files.read("runs/a/record.b")).unwrap().unwrap().len() as u64;
    files.quota.set(wait(files.usage()).unwrap().used + of_record + 50);
    let copy = RunRecord { id: "b".into(), ..wait(storage.record("a")).unwrap().unwrap() };
    assert!(matches!(wait(storage.copy("a", &copy)), Err(StorageFault::Full { .. })));
    assert_eq!(all(&files), before);
}

#[test]
fn a_list_reads_only_what_has_changed() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    let other = Storage::new(files.clone());
    for id in ["a", "b", "c"] {
        (0..2).for_each(|_| wait(other.save_record(&record(id, 1.0, 5))).unwrap());
    }
    let reads = |storage: &Storage<Memory>| {
        let before = files.whole_reads.get();
        let names: Vec<_> = wait(storage.list(0.0)).unwrap().runs.into_iter().map(|run| run.name).collect();
        (files.whole_reads.get() - before, names.concat())
    };
    assert_eq!(reads(&storage), (3, String::new()));
    assert_eq!(reads(&storage), (0, String::new()));
    // Another tab's write and this tab's own.
    wait(other.save_record(&RunRecord { name: "x".into(), ..record("b", 1.0, 5) })).unwrap();
    assert_eq!(reads(&storage), (1, "x".into()));
    wait(storage.save_record(&RunRecord { name: "y".into(), ..record("b", 1.0, 5) })).unwrap();
    assert_eq!(reads(&storage), (1, "y".into()));
    assert_eq!(reads(&storage), (0, "y".into()));
    // A write that was cut off, and then came again in the same slot.
    files.writes_before_crash.set(Some(0));
    assert!(wait(storage.save_record(&RunRecord { name: "z".into(), ..record("b", 1.0, 5) })).is_err());
    files.writes_before_crash.set(None);
    assert_eq!(reads(&storage).1, "y");
    wait(storage.save_record(&RunRecord { name: "z".into(), ..record("b", 1.0, 5) })).unwrap();
    assert_eq!(reads(&storage).1, "z");
    wait(other.delete("c")).unwrap();
    assert_eq!(reads(&storage), (0, "z".into()));
    // A run that comes again with its id.
    let again = |name: &str| wait(other.save_record(&RunRecord { name: name.into(), ..record("c", 9.0, 5) }));
    again("c").unwrap();
    assert_eq!(reads(&storage), (1, "cz".into()));
    wait(other.delete("c")).unwrap();
    again("again").unwrap();
    assert_eq!(reads(&storage), (1, "againz".into()));
}

#[test]
fn a_record_that_makes_no_sense_or_is_huge_is_damaged_and_can_be_deleted() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    wait(storage.save_record(&record("a", 1.0, 0))).unwrap();
    wait(storage.save_record(&RunRecord { name: "A".repeat(50_000), ..record("b", 2.0, 0) })).unwrap();
    // As an older program stored it before it read it.
    let (mut header, checksum) = slots::frame(Head { generation: 1, schema: 2 }, b"{}");
    header[20..].copy_from_slice(&(944u64 << 20).to_le_bytes());
    wait(files.write("runs/c/record.a", &[&header, b"{}", &checksum])).unwrap();
    let other = Storage::new(files.clone());
    let before = files.whole_reads.get();
    let listing = wait(other.list(0.0)).unwrap();
    assert_eq!(files.whole_reads.get() - before, 2, "the huge one is not read");
    assert_eq!(listing.runs, [record("a", 1.0, 0)]);
    let damaged: Vec<&str> = listing.damaged.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(damaged, ["b", "c"]);
    damaged.iter().for_each(|id| wait(other.delete(id)).unwrap());
    assert!(wait(other.list(0.0)).unwrap().damaged.is_empty());
}
