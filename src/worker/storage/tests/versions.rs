//! Values of newer and older programs.

use super::*;
use crate::core::run::fine_tune::{FineTuneConfig, TunedFrom};

#[test]
fn what_a_newer_program_stored_is_named_and_left_alone() {
    for kind in Kind::OF_A_RUN {
        for saves in [1, 2] {
            let files = Memory::default();
            let storage = Storage::new(files.clone());
            (0..saves).for_each(|_| save(&storage, 5).unwrap());
            for file in [FineTuneFile::Tuning, FineTuneFile::Classifier] {
                (0..saves).for_each(|_| wait(storage.save_fine_tune_file("a", file, b"x")).unwrap());
            }
            let path = path("a", kind);
            with_schema(&files, &path, kind.schema() + 1);
            let before = all(&files);
            let newer = StorageFault::Newer { what: path.clone(), found: kind.schema() + 1 };
            // Another tab, and one that knew the run before it was written.
            for storage in [Storage::new(files.clone()), storage] {
                assert_eq!(wait(storage.hold("a")).unwrap_err(), newer);
                assert_eq!(wait(storage.take("a")).unwrap_err(), newer);
                assert_eq!(wait(storage.put(&path, kind, b"x")), Err(newer.clone()));
                for file in [FineTuneFile::Tuning, FineTuneFile::Classifier] {
                    if Kind::from(file) == kind {
                        assert_eq!(wait(storage.remove_fine_tune_file("a", file)), Err(newer.clone()));
                    }
                }
                let listed = wait(storage.list(0.0)).unwrap();
                let damaged = if kind == Kind::Record { vec![("a".to_owned(), newer.clone())] } else { Vec::new() };
                assert_eq!((listed.damaged, listed.runs.len()), (damaged, usize::from(kind != Kind::Record)));
            }
            let mut after = all(&files);
            after.remove("runs/a/lock");
            assert_eq!(after, before, "{kind:?}");
            // A person's word still counts.
            wait(Storage::new(files.clone()).delete("a")).unwrap();
            assert!(files.paths().is_empty());
        }
    }
}

#[test]
fn one_slot_of_a_newer_program_keeps_both() {
    for newer in ["queue.a", "queue.b"] {
        let files = Memory::default();
        (0..2).for_each(|_| wait(Storage::new(files.clone()).save_queue(&QueueReport::default())).unwrap());
        let bytes = wait(files.read(newer)).unwrap().unwrap();
        let (head, payload) = slots::decode(&bytes).unwrap();
        let (header, checksum) = slots::frame(Head { schema: 9, ..head }, payload);
        wait(files.write(newer, &[&header, payload, &checksum])).unwrap();
        let before = all(&files);
        let storage = Storage::new(files.clone());
        let fault = StorageFault::Newer { what: "queue".into(), found: 9 };
        assert_eq!(wait(storage.queue()), Err(fault.clone()));
        assert_eq!(wait(storage.save_queue(&QueueReport::default())), Err(fault));
        // A bit that flipped is no newer program.
        files.corrupt(newer, 9);
        assert_eq!(wait(storage.queue()), Ok(QueueReport::default()));
        files.corrupt(newer, 9);
        assert_eq!(all(&files), before);
    }
}

#[test]
fn an_older_program_reads_what_it_understands_and_is_refused_the_rest() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    // It reads schemas up to 2, and refuses a value of which any slot has a newer one.
    let schemas = |path: &str| [Slot::A, Slot::B].map(|slot| schema(&files, &slot_path(path, slot)));
    let refused = |path: &str| schemas(path).into_iter().flatten().any(|schema| schema > 2);
    let tuned = |from| examples::tuned(FineTuneConfig { from, ..FineTuneConfig::default() });
    let mut run = record("a", 1.0, 5);
    run.fine_tuned = vec![tuned(TunedFrom::Encoder)];
    (0..3).for_each(|_| wait(storage.save_record(&run)).unwrap());
    assert_eq!(schemas("runs/a/record"), [Some(2); 2], "a value before the newest stays, too");
    run.fine_tuned.push(tuned(TunedFrom::HeadLayer));
    wait(storage.save_record(&run)).unwrap();
    let mut after = schemas("runs/a/record");
    after.sort();
    assert_eq!(after, [None, Some(3)], "no slot that it would take for the newest");
    assert_eq!(wait(Storage::new(files.clone()).record("a")).unwrap(), Some(run));
    let mut report = QueueReport::default();
    report.queue.add([RunConfig::default()]);
    (0..2).for_each(|_| wait(storage.save_queue(&report)).unwrap());
    assert!(!refused("queue"));
    let mut with_classifiers = report.clone();
    with_classifiers.queue.add_with([(RunConfig::default(), vec![FineTuneConfig::default()])]);
    wait(storage.save_queue(&with_classifiers)).unwrap();
    assert!(refused("queue"));
    assert_eq!(wait(Storage::new(files.clone()).queue()), Ok(with_classifiers));
    // Without them it can go on.
    (0..2).for_each(|_| wait(storage.save_queue(&report)).unwrap());
    assert!(!refused("queue"));
}

#[test]
fn kept_images_of_a_newer_program_stay() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    wait(storage.save_images("f", &json!({}), &[7; 100], &[])).unwrap();
    with_schema(&files, "images/f/meta", 9);
    let before = all(&files);
    let fault = StorageFault::Newer { what: "images/f/meta".into(), found: 9 };
    assert_eq!(wait(storage.save_images("f", &json!({}), &[7; 100], &[])), Err(fault.clone()));
    assert_eq!(wait(storage.load_images("f")), Err(fault));
    assert_eq!(all(&files), before);
}

#[test]
fn a_run_of_the_first_schema_is_opened_and_leaves_no_old_slot_for_an_older_program() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    let old_curve = |steps: u32| {
        let rows =
            curve(steps).steps.into_iter().map(|s| (s.step, s.epoch, s.loss, 0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32));
        let epochs = curve(steps).epochs.into_iter().map(|e| (e.epoch, e.knn));
        postcard::to_allocvec(&(rows.collect::<Vec<_>>(), epochs.collect::<Vec<_>>())).unwrap()
    };
    for steps in [3, 5] {
        save(&storage, steps).unwrap();
        wait(storage.put("runs/a/curve", Kind::Curve, &old_curve(steps))).unwrap();
    }
    let files_of_old = ["runs/a/record", "runs/a/curve"];
    files_of_old.iter().for_each(|path| with_schema(&files, path, 1));
    let storage = Storage::new(files.clone());
    let (_lock, run) = wait(storage.take("a")).unwrap();
    assert_eq!((run.record, run.curve), (record("a", 1.0, 5), curve(5)));
    // An older program would take a slot of its own schema for the newest value, and write over the other.
    save(&storage, 6).unwrap();
    for path in files_of_old {
        let mut schemas = [Slot::A, Slot::B].map(|slot| schema(&files, &slot_path(path, slot)));
        schemas.sort();
        assert_eq!(schemas, [None, Some(2)], "{path}");
    }
    save(&storage, 7).unwrap();
    let run = wait(Storage::new(files).load("a")).unwrap();
    assert_eq!((run.record.steps, run.curve), (7, curve(7)));
}

#[test]
fn programs_of_two_versions_write_in_turns_and_lose_nothing() {
    let files = Memory::default();
    let (newer, older) = (Storage::new(files.clone()), Storage::new(files.clone()));
    save(&newer, 5).unwrap();
    // The newer program has a field in the record, and a column in the curve.
    let raw = || {
        let storage = Storage::new(files.clone());
        let record = wait(storage.get("runs/a/record", Kind::Record)).unwrap().unwrap();
        (serde_json::from_slice::<Value>(&record).unwrap(), wait(storage.curve("a")).unwrap().unknown)
    };
    let (mut json, _) = raw();
    json["mood"] = json!([{ "text": "mine" }]);
    json["config"]["future"] = json!(0.5);
    let norm = |rows: usize| crate::core::run::UnknownColumn {
        name: "steps.norm".into(),
        dtype: "F32".into(),
        shape: vec![rows],
        bytes: [0, 0, 128, 63].repeat(rows),
    };
    wait(newer.put("runs/a/record", Kind::Record, &serde_json::to_vec(&json).unwrap())).unwrap();
    let bytes = curve_file::write(&Curve { unknown: vec![norm(5)], ..curve(5) }).unwrap();
    wait(newer.put("runs/a/curve", Kind::Curve, &bytes)).unwrap();
    // The older one goes on with it, and gives it a name.
    let (lock, run) = wait(older.take("a")).unwrap();
    assert_eq!(run.unknown.as_ref().map(|unknown| &unknown.stored), Some(&json));
    let steps = Curve { steps: curve(9).steps, epochs: curve(9).epochs, ..run.curve };
    wait(older.save(&RunRecord { steps: 9, ..run.record }, &steps, &state(9))).unwrap();
    drop(lock);
    let lock = wait(older.hold("a")).unwrap();
    let renamed = RunRecord { name: "b".into(), ..wait(older.record("a")).unwrap().unwrap() };
    wait(older.save_record(&renamed)).unwrap();
    drop(lock);
    (json["steps"], json["name"]) = (json!(9), json!("b"));
    assert_eq!(raw(), (json.clone(), vec![norm(5)]));
    // The newer one knew its slots from before; what it writes wins, and after it the older one.
    for (storage, name) in [(&newer, "c"), (&older, "d"), (&newer, "e")] {
        let lock = wait(storage.hold("a")).unwrap();
        let record = RunRecord { name: name.into(), ..wait(storage.record("a")).unwrap().unwrap() };
        wait(storage.save_record(&record)).unwrap();
        drop(lock);
        json["name"] = json!(name);
        assert_eq!(raw().0, json);
    }
}
