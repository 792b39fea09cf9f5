//! Runs that are deleted, brought back, and removed for good.

use super::*;

#[test]
fn a_deleted_run_can_be_brought_back_for_a_day() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    save(&storage, 5).unwrap();
    wait(storage.save_record(&record("b", 2.0, 0))).unwrap();
    let ids = |now: f64| {
        let Listing { runs, deleted, damaged } = wait(Storage::new(files.clone()).list(now)).unwrap();
        assert!(damaged.is_empty());
        for (run, bytes) in &deleted {
            let of_run = all(&files).into_iter().filter(|(path, _)| path.starts_with(&format!("runs/{}/", run.id)));
            assert_eq!(*bytes, of_run.map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
        }
        let deleted = deleted.into_iter().map(|(run, _)| run).collect();
        [runs, deleted].map(|all| all.into_iter().map(|run| run.id).collect::<Vec<_>>().join(" "))
    };
    // While another tab works with it, it is not deleted.
    let held = wait(storage.hold("a")).unwrap();
    let other = Storage::new(files.clone());
    assert!(matches!(wait(other.mark_deleted("a", Some(1.0))), Err(StorageFault::Held { .. })));
    drop(held);
    wait(other.mark_deleted("a", Some(1.0))).unwrap();
    assert_eq!(ids(2.0), ["b", "a"]);
    let missing = StorageFault::NotFound { what: "a".into() };
    assert_eq!((wait(storage.take("a")).unwrap_err(), wait(storage.record("a"))), (missing.clone(), Ok(None)));
    assert!(wait(storage.stored_record("a")).unwrap().is_some(), "its folder is not free");
    wait(storage.mark_deleted("a", None)).unwrap();
    assert_eq!(ids(2.0), ["b a", ""]);
    let run = wait(Storage::new(files.clone()).load("a")).unwrap();
    assert_eq!((run.record, run.curve, run.state), (record("a", 1.0, 5), curve(5), Some(state(5))));
    // A day later it is gone, and nothing brings it back.
    wait(storage.mark_deleted("a", Some(10.0))).unwrap();
    assert_eq!(ids(10.0 + DELETED_FOR), ["b", "a"]);
    assert_eq!(ids(11.0 + DELETED_FOR), ["b", ""]);
    assert!(files.paths().iter().all(|path| path.starts_with("runs/b/")), "{:?}", files.paths());
    assert_eq!(wait(storage.mark_deleted("a", None)), Err(missing));
    // For good, at once.
    wait(storage.mark_deleted("b", Some(1.0))).unwrap();
    wait(storage.delete("b")).unwrap();
    assert!(files.paths().is_empty());
}

#[test]
fn a_deletion_that_cannot_be_undone_is_for_good() {
    let files = Memory::default();
    let storage = Storage::new(files.clone());
    save(&storage, 5).unwrap();
    files.quota.set(wait(files.usage()).unwrap().used + 20);
    wait(storage.mark_deleted("a", Some(1.0))).unwrap();
    assert!(files.paths().is_empty());
}

#[test]
fn a_run_that_cannot_be_read_stays_until_it_is_removed_for_good() {
    for newer in [true, false] {
        let files = Memory::default();
        let storage = Storage::new(files.clone());
        save(&storage, 5).unwrap();
        match newer {
            true => with_schema(&files, "runs/a/record", 9),
            false => files.corrupt("runs/a/record.a", 90),
        }
        let before = all(&files);
        let fault = wait(storage.mark_deleted("a", Some(1.0))).unwrap_err();
        assert_eq!(matches!(fault, StorageFault::Newer { .. }), newer, "{fault:?}");
        assert_eq!(all(&files), before);
        assert_eq!(wait(storage.list(2.0)).unwrap().damaged, [("a".to_owned(), fault)]);
        wait(storage.delete("a")).unwrap();
        assert!(files.paths().is_empty());
    }
}

#[test]
fn a_run_that_another_tab_has_brought_back_is_not_removed() {
    let files = Memory::default();
    let [storage, other] = [(); 2].map(|()| Storage::new(files.clone()));
    save(&storage, 5).unwrap();
    wait(storage.mark_deleted("a", Some(1.0))).unwrap();
    wait(other.mark_deleted("a", None)).unwrap();
    assert_eq!(wait(storage.purge("a", 2.0 + DELETED_FOR)), Ok(false));
    assert_eq!(wait(storage.list(2.0 + DELETED_FOR)).unwrap().runs.len(), 1);
    wait(other.mark_deleted("a", Some(1.0))).unwrap();
    assert_eq!(wait(storage.purge("a", 2.0 + DELETED_FOR)), Ok(true));
    assert!(files.paths().is_empty());
}
