use super::*;
use crate::core::config::{Architecture, EncoderConfig, RunConfig, Stem};
use crate::core::dataset::{Example, Split};
use crate::core::report::{Backend, DeviceReport, EpochReport, RunState};
use crate::core::run::DataIdentity;
use crate::learn::named_tensors;
use crate::learn::store::ByteStore;
use crate::learn::trainer::Trainer;
use crate::learn::training::Training;
use burn::tensor::read_sync as wait;

const IMAGES: usize = 24;

fn set() -> Dataset {
    let pixels = (0..IMAGES * 3 * 256).map(|i| (i * 7 % 256) as u8).collect();
    let example = |i| Example { label: Some(i as u16 % 2), split: Split::Train, name: format!("{i}.png") };
    let classes = vec!["cat".to_owned(), "dog, or =so".to_owned()];
    Dataset { size: 16, classes, examples: (0..IMAGES).map(example).collect(), pixels }
}

fn config() -> RunConfig {
    let encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8);
    RunConfig { image_size: 16, encoder, batch: 8, epochs: 3, ..RunConfig::default() }
}

/// A run of four steps, and its encoder's file.
fn run() -> (Run, Vec<u8>) {
    let (device, config) = (Device::flex(), config());
    let store = ByteStore::new(&set(), &device, usize::MAX);
    let mut trainer = Trainer::new(&config, store, &(0..IMAGES).collect::<Vec<_>>(), &device).unwrap();
    (0..4).for_each(|_| trainer.step());
    let steps = wait(trainer.read()).unwrap();
    let record = RunRecord {
        id: "a".into(),
        name: "one".into(),
        created: 1.7e12,
        config,
        weights: None,
        chunk_changes: Vec::new(),
        data: DataIdentity { classes: set().classes, training_images: IMAGES, ..DataIdentity::default() },
        device: DeviceReport { backend: Backend::Cpu, name: String::new(), software: false, why_not_gpu: None },
        program: "0".into(),
        state: RunState::Paused,
        steps: 4,
        total_steps: 9,
        knn: None,
        evaluations: 0,
        evaluation: None,
        fine_tuned: Vec::new(),
    };
    let state = Some(wait(trainer.snapshot().into_bytes()).unwrap());
    let curve = Curve { steps, epochs: vec![EpochReport { epoch: 0, knn: 0.5 }] };
    (Run { record, curve, state }, wait(named_tensors::to_safetensors(&trainer.encoder())).unwrap())
}

fn packed() -> (Run, Vec<u8>) {
    let (run, encoder) = run();
    let (features, set) = (Features { values: vec![0.5; IMAGES * 3], dim: 3 }, set());
    let extras = Extras { encoder, classifier: None, fine_tuned: None, features: Some((&features, &set)) };
    let bytes = pack(&run, &extras).unwrap();
    (run, bytes)
}

/// The archive with one file changed, or left out.
fn changed(bytes: &[u8], name: &str, change: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for i in 0..zip.len() {
        let mut entry = zip.by_index(i).unwrap();
        let found = entry.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let kept = if found == name { change(bytes) } else { Some(bytes) };
        if let Some(bytes) = kept {
            out.start_file(found, SimpleFileOptions::default()).unwrap();
            out.write_all(&bytes).unwrap();
        }
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn a_run_comes_back_as_it_went() {
    let (run, bytes) = packed();
    assert_eq!(unpack(&bytes).unwrap(), run);
}

#[test]
fn other_programs_find_what_they_read() {
    let (_, bytes) = packed();
    let mut zip = ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
    let mut text = |name: &str| String::from_utf8(file(&mut zip, name).unwrap().unwrap()).unwrap();
    assert!(text("README.md").contains("SimCLR"));
    assert!(text("load_encoder.py").contains("load_state_dict"));
    assert_eq!(text("steps.csv").lines().count(), 5);
    assert_eq!(text("epochs.csv").lines().count(), 2);
    assert_eq!(text("images.csv").lines().count(), IMAGES + 1);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text("run.json")).unwrap()["config"]["batch"], 8);
    let npy = file(&mut ZipArchive::new(Cursor::new(&bytes[..])).unwrap(), "features.npy").unwrap().unwrap();
    assert_eq!((&npy[..6], npy.len()), (&b"\x93NUMPY"[..], 128 + 4 * 3 * IMAGES));
}

#[test]
fn broken_and_foreign_archives_are_named() {
    let (_, bytes) = packed();
    let fault = |bytes: &[u8]| match unpack(bytes) {
        Err(Fault::Takeaway(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert!(matches!(fault(b"hello"), TakeawayFault::NotAZip { .. }));
    assert!(matches!(fault(&bytes[..bytes.len() - 30]), TakeawayFault::NotAZip { .. }));
    assert_eq!(fault(&changed(&bytes, "run.json", |_| None)), TakeawayFault::NotARun);
    let named = |bytes: Vec<u8>, expected: &str| match fault(&bytes) {
        TakeawayFault::Damaged { file, .. } => assert_eq!(file, expected),
        other => panic!("{other:?}"),
    };
    named(changed(&bytes, "run.json", |_| Some(b"{}".to_vec())), "run.json");
    named(changed(&bytes, "curve.bin", |_| None), "curve.bin");
    named(changed(&bytes, "curve.bin", |b| Some(b[..9].to_vec())), "curve.bin");
    named(changed(&bytes, "checkpoint.safetensors", |b| Some(b[..b.len() / 2].to_vec())), "checkpoint.safetensors");
    // Weights of another network than the record's, and weights that are missing.
    let wider = |b: Vec<u8>| Some(String::from_utf8(b).unwrap().replace("\"width\": 8", "\"width\": 16").into_bytes());
    named(changed(&bytes, "run.json", wider), "checkpoint.safetensors");
    named(changed(&bytes, "checkpoint.safetensors", |_| None), "checkpoint.safetensors");
    // A flipped bit in what is stored as it is.
    let mut flipped = bytes.clone();
    let at = flipped.windows(5).position(|w| w == b"model").unwrap();
    flipped[at + 40_000] ^= 1;
    named(flipped, "checkpoint.safetensors");
    // A setting out of bounds is told as such.
    let cold = |b: Vec<u8>| {
        let mut json: serde_json::Value = serde_json::from_slice(&b).unwrap();
        json["config"]["temperature"] = 0.0.into();
        Some(json.to_string().into_bytes())
    };
    assert!(matches!(unpack(&changed(&bytes, "run.json", cold)), Err(Fault::Config(_))));
}
