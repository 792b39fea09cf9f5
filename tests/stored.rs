//! What every released program stored still opens. A folder of `tests/stored` holds the files of a browser and an
//! exported run, as `cargo xtask corpus NAME` left them, and what this test found there first: `expected.json`, and
//! `promises.json` with the variants of enums that the program of then knows.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used, reason = "in helpers of tests as in tests")]

use serde_json::{Map, Value, json};
use simclr_lab::core::config::{Architecture, InitialWeights, Optimizer, Stem, TrainedPart};
use simclr_lab::core::dataset::collection::Collection;
use simclr_lab::core::error::{DeviceFault, DownloadFault, Fault, ImportFault, RunArchiveFault, StorageFault};
use simclr_lab::core::imagenet::ImageNetEncoder;
use simclr_lab::core::report::{Backend, Baseline, Phase, RunState};
use simclr_lab::core::run::RunEvent;
use simclr_lab::core::run::fine_tune::{FineTuneConfig, StoredList, TrainedLayers, TunedFrom, TuningStart};
use simclr_lab::core::run::queue::{EntryState, QueueState};
use simclr_lab::core::run::{Curve, RunRecord, stored::Kind};
use simclr_lab::core::weights_file::WeightsFault;
use simclr_lab::learn::block_on::block_on as wait;
use simclr_lab::learn::{checkpoint, fine_tune::Classifier};
use simclr_lab::worker::import::Bytes;
use simclr_lab::worker::run_archive::{check, unpack};
use simclr_lab::worker::storage::file_system::{FileSystem, OpenFile, Usage};
use simclr_lab::worker::storage::{FineTuneFile, Storage};
use simclr_lab::worker::weights_download::stored;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// A folder that is only read: opening must change nothing.
struct Folder(PathBuf);

/// A network's weights are too large to lie in the repository: none are opened.
struct Closed;

impl OpenFile for Closed {
    fn length(&self) -> Result<u64, StorageFault> {
        unreachable!()
    }

    fn read(&self, _: u64, _: &mut [u8]) -> Result<(), StorageFault> {
        unreachable!()
    }

    fn write(&self, _: u64, _: &[u8]) -> Result<(), StorageFault> {
        unreachable!()
    }

    fn cut(&self, _: u64) -> Result<(), StorageFault> {
        unreachable!()
    }

    fn flush(&self) -> Result<(), StorageFault> {
        unreachable!()
    }
}

impl FileSystem for Folder {
    type Lock = ();
    type OpenFile = Closed;

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(fs::read(self.0.join(path)).ok())
    }

    async fn head(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, StorageFault> {
        let whole = self.read(path).await?;
        Ok(whole.map(|bytes| bytes[..bytes.len().min(most)].to_vec()))
    }

    async fn write(&self, path: &str, _: &[&[u8]]) -> Result<(), StorageFault> {
        panic!("{path} is written")
    }

    async fn open(&self, _: &str, _: bool) -> Result<Option<Closed>, StorageFault> {
        Ok(None)
    }

    async fn remove(&self, path: &str) -> Result<(), StorageFault> {
        panic!("{path} is removed")
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StorageFault> {
        Ok(names(&self.0.join(folder)))
    }

    async fn lock(&self, _: &str) -> Result<(), StorageFault> {
        Ok(())
    }

    async fn usage(&self) -> Result<Usage, StorageFault> {
        Ok(Usage::default())
    }
}

/// Names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Opens everything of a folder: what is in it.
fn opened(folder: &Path) -> Value {
    let storage = Storage::new(Folder(folder.join("opfs/simclr-lab")));
    let listing = wait(storage.list(0.0)).unwrap();
    assert_eq!(listing.damaged, []);
    let mut runs = Map::new();
    for record in &listing.runs {
        let ((), run) = wait(storage.take(&record.id)).unwrap();
        assert_eq!(run.lost_curve, None);
        let mut said = described(&run.record, &run.curve, &run.state.unwrap());
        said["tuning"] = tuning(&storage, &run.record);
        said["classifier"] = classifier(&storage, &run.record);
        runs.insert(record.id.clone(), said);
    }
    let queue = wait(storage.queue()).unwrap();
    let entries = queue.queue.entries().iter().map(|entry| json!([entry.config.seed, entry.state]));
    let mut images = Map::new();
    for fingerprint in wait(storage.images()).unwrap() {
        let [meta, pixels, detail] = wait(storage.load_images(&fingerprint)).unwrap().unwrap();
        let set = serde_json::from_slice::<Collection>(&meta).unwrap().with_pixels(pixels, detail).unwrap();
        let report = set.report();
        let classes = report.classes.iter().map(|class| json!([class.name, class.train, class.validation, class.test]));
        let classes = classes.collect::<Vec<_>>();
        images.insert(fingerprint, json!({ "is": report.fingerprint, "side": report.size, "classes": classes }));
    }
    let notes = ImageNetEncoder::all().filter_map(|encoder| {
        let note = wait(stored::note(&storage, encoder)).unwrap()?;
        Some((encoder.weights().called.to_owned(), json!([note.of, note.etag, note.length, note.sha256])))
    });
    let archive = fs::read(folder.join("archive.zip")).unwrap();
    let run = unpack(Bytes::file("archive.zip", archive.clone())).unwrap();
    assert_eq!(losses(&run.curve), table(&archive), "the curve of the archive and its table");
    json!({
        "runs": runs,
        "queue": entries.collect::<Vec<_>>(),
        "images": images,
        "weights": notes.collect::<Map<_, _>>(),
        "archive": described(&run.record, &run.curve, &run.state.unwrap()),
    })
}

/// A run whose checkpoint fits its network.
fn described(record: &RunRecord, curve: &Curve, state: &[u8]) -> Value {
    assert_eq!(check(record, state).unwrap(), record.steps);
    assert_eq!(curve.steps.len(), record.steps as usize);
    let (first, last) = (curve.steps[0], curve.steps[curve.steps.len() - 1]);
    let knn = curve.epochs.iter().map(|epoch| json!([epoch.epoch, epoch.knn]));
    let tuned = record.fine_tuned.iter().map(|report| json!([report.config.epochs, report.test.accuracy]));
    json!({
        "name": record.name,
        "state": record.state,
        "steps": [record.steps, record.total_steps],
        "losses": [first.loss, last.loss],
        "rate": last.learning_rate,
        "knn": knn.collect::<Vec<_>>(),
        "accuracy": record.evaluation.as_ref().map(|evaluation| evaluation.trained.test.accuracy),
        "fine_tuned": tuned.collect::<Vec<_>>(),
    })
}

/// The unfinished list beside a run, whose weights fit its network.
fn tuning(storage: &Storage<Folder>, record: &RunRecord) -> Value {
    let read = wait(storage.fine_tune_file(&record.id, FineTuneFile::Tuning)).unwrap();
    let Some(bytes) = read else { return Value::Null };
    let list: StoredList = serde_json::from_str(&checkpoint::note(&bytes).unwrap().unwrap()).unwrap();
    let at_work = list.at_work.map(|at_work| {
        network(record, &list.waiting[0], &bytes);
        json!({ "step": at_work.progress.step, "epochs": at_work.progress.epochs.len(), "losses": at_work.losses.len() })
    });
    json!({ "after": list.steps, "done": list.done, "left": list.waiting.len(), "at_work": at_work })
}

fn classifier(storage: &Storage<Folder>, record: &RunRecord) -> Value {
    let read = wait(storage.fine_tune_file(&record.id, FineTuneFile::Classifier)).unwrap();
    let Some(bytes) = read else { return Value::Null };
    let note = checkpoint::note(&bytes).unwrap().unwrap();
    let (config, steps): (FineTuneConfig, u32) = serde_json::from_str(&note).unwrap();
    network(record, &config, &bytes);
    json!({ "after": steps, "epochs": config.epochs })
}

/// Loads the weights into the run's network with a classifier.
fn network(record: &RunRecord, config: &FineTuneConfig, bytes: &[u8]) {
    let (device, classes) = (burn::tensor::Device::flex().autodiff(), record.data.classes.len());
    Classifier::unspecified(&record.config, config, classes, &device).restore(bytes).unwrap();
}

fn losses(curve: &Curve) -> Vec<f32> {
    curve.steps.iter().map(|step| step.loss).collect()
}

/// The losses of the archive's table, which the program that made it wrote for other programs.
fn table(archive: &[u8]) -> Vec<f32> {
    let mut csv = String::new();
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    zip.by_name("steps.csv").unwrap().read_to_string(&mut csv).unwrap();
    csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect()
}

/// The variants of every enum in records and queues: a program of today reads no other.
fn variants() -> Value {
    macro_rules! of {
        ($($name:ty),* $(,)?) => { json!({ $(stringify!($name): names_of::<$name>()),* }) };
    }
    of![
        Architecture,
        Backend,
        Baseline,
        DeviceFault,
        DownloadFault,
        EntryState,
        Fault,
        ImportFault,
        InitialWeights,
        Optimizer,
        Phase,
        QueueState,
        RunArchiveFault,
        RunEvent,
        RunState,
        Stem,
        StorageFault,
        TrainedLayers,
        TrainedPart,
        TunedFrom,
        TuningStart,
        WeightsFault,
    ]
}

/// An enum lists its variants when it meets another.
fn names_of<T: serde::de::DeserializeOwned>() -> String {
    let error = serde_json::from_str::<T>("\"?\"").err().unwrap().to_string();
    assert!(error.contains("expected"), "{error}");
    error
}

/// What an older program of this schema knows.
fn promises() -> Value {
    let schemas = [Kind::Record, Kind::Queue].map(Kind::schema);
    json!({ "schemas": schemas, "variants": variants() })
}

#[test]
fn what_every_released_program_stored_opens() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stored");
    let folders = names(&corpus);
    assert!(folders.contains(&"0.1-e900a95".to_owned()), "{folders:?}");
    for name in folders {
        // As text: a number is what is read of it.
        let found = format!("{:#}\n", opened(&corpus.join(&name)));
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let expected = corpus.join(&name).join("expected.json");
        if !expected.exists() {
            fs::write(&expected, &found).unwrap();
            fs::write(corpus.join(&name).join("promises.json"), format!("{:#}\n", promises())).unwrap();
            panic!("{name}/expected.json is now written: compare it with what was stored, then commit it");
        }
        assert_eq!(value(&found), value(&fs::read_to_string(&expected).unwrap()), "{name}");
        let Ok(promised) = fs::read_to_string(corpus.join(&name).join("promises.json")) else { continue };
        let (promised, now) = (value(&promised), promises());
        let raised = promised["schemas"] != now["schemas"];
        // An enum that it does not know comes in fields that it does not know.
        let mut known = promised["variants"].as_object().unwrap().iter();
        assert!(
            raised || known.all(|(name, variants)| now["variants"][name] == *variants),
            "{name} knows other variants: raise Kind::schema of records and queues"
        );
    }
}
