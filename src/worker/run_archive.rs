//! Exports a run as one archive and imports it again. The archive holds what other programs read (weights,
//! tables, features, a Python file) and what this program needs to continue the run.

use crate::core::error::{Fault, RunArchiveFault};
use crate::core::run::archive::{self, card, tables};
use crate::core::run::{Curve, RunRecord};
use crate::core::{dataset::Dataset, run::fine_tune::FineTuneReport};
use crate::learn::{checkpoint, features::Features, optim::Optimizer, simclr::SimClr};
use crate::worker::import::zip_archive::{error_detail, read_named};
use crate::worker::storage::StoredRun;
use burn::tensor::Device;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The curve in full precision: the tables are for other programs.
const CURVE: &str = "curve.bin";
/// Weights, running statistics and optimiser, to continue training.
const CHECKPOINT: &str = "checkpoint.safetensors";
/// Most bytes of one file in an imported archive.
const MOST: u64 = 1 << 30;

/// The parts of an archive that are made for other programs.
pub struct Extras<'a> {
    /// The encoder as safetensors, with torchvision's names.
    pub encoder: Vec<u8>,
    /// `fc.weight` and `fc.bias` on its features, where a classifier was trained.
    pub classifier: Option<Vec<u8>>,
    /// Encoder and `fc` after fine-tuning, with its result.
    pub fine_tuned: Option<(Vec<u8>, &'a FineTuneReport)>,
    /// Of all images of the set, in its order.
    pub features: Option<(&'a Features, &'a Dataset)>,
}

/// The archive's bytes.
///
/// # Errors
/// [`Fault::Internal`]: only memory can be missing.
pub fn pack(run: &StoredRun, extras: &Extras) -> Result<Vec<u8>, Fault> {
    let internal = |e: String| Fault::Internal { detail: format!("archive: {e}") };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Compression gains nothing on weights and features.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut add = |name: &str, bytes: &[u8], options: SimpleFileOptions| -> Result<(), Fault> {
        zip.start_file(name, options).map_err(|e| internal(e.to_string()))?;
        zip.write_all(bytes).map_err(|e| internal(e.to_string()))
    };
    let json = serde_json::to_vec_pretty(&run.record).map_err(|e| internal(e.to_string()))?;
    let curve = postcard::to_allocvec(&run.curve).map_err(|e| internal(e.to_string()))?;
    add(archive::RUN, &json, packed)?;
    add(
        archive::CARD,
        card::card(&run.record, extras.fine_tuned.as_ref().map(|(_, report)| *report)).as_bytes(),
        packed,
    )?;
    add(archive::SCRIPT, archive::LOAD_ENCODER.as_bytes(), packed)?;
    add(archive::ENCODER, &extras.encoder, stored)?;
    if let Some(classifier) = &extras.classifier {
        add(archive::CLASSIFIER, classifier, stored)?;
    }
    if let Some((weights, _)) = &extras.fine_tuned {
        add(archive::FINE_TUNED, weights, stored)?;
    }
    add(archive::STEPS, tables::steps_csv(&run.curve).as_bytes(), packed)?;
    add(archive::EPOCHS, tables::epochs_csv(&run.curve).as_bytes(), packed)?;
    if let Some((features, set)) = extras.features {
        add(archive::FEATURES, &tables::npy_f32_matrix(&features.values, features.rows(), features.dim), stored)?;
        add(archive::IMAGES, tables::images_csv(&set.examples, &set.classes).as_bytes(), packed)?;
    }
    add(CURVE, &curve, packed)?;
    if let Some(state) = &run.state {
        add(CHECKPOINT, state, stored)?;
    }
    zip.finish().map(Cursor::into_inner).map_err(|e| internal(e.to_string()))
}

/// The run of an archive that [`pack`] made. It is checked: the weights are of the network that the record describes.
///
/// # Errors
/// [`Fault::RunArchive`], which names the file that is wrong.
pub fn unpack(bytes: &[u8]) -> Result<StoredRun, Fault> {
    let mut zip =
        ZipArchive::new(Cursor::new(bytes)).map_err(|e| RunArchiveFault::NotAZip { detail: error_detail(e) })?;
    let json = file(&mut zip, archive::RUN)?.ok_or(RunArchiveFault::NotARun)?;
    let record: RunRecord = serde_json::from_slice(&json).map_err(|e| damaged(archive::RUN, e.to_string()))?;
    record.config.check().map_err(Fault::Config)?;
    let curve = file(&mut zip, CURVE)?.ok_or_else(|| damaged(CURVE, "it is missing".into()))?;
    let curve: Curve = postcard::from_bytes(&curve).map_err(|e| damaged(CURVE, e.to_string()))?;
    let state = file(&mut zip, CHECKPOINT)?;
    let steps = match &state {
        Some(state) => check(&record, state)?,
        None => 0,
    };
    if steps != record.steps || curve.steps.len() != steps as usize {
        let detail = format!("{} steps, the record says {}, the curve {}", steps, record.steps, curve.steps.len());
        return Err(damaged(CHECKPOINT, detail).into());
    }
    Ok(StoredRun { record, curve, state })
}

/// Loads a checkpoint into the record's network; returns the number of its steps.
fn check(record: &RunRecord, state: &[u8]) -> Result<u32, RunArchiveFault> {
    let config = &record.config;
    let model = SimClr::new(&config.encoder, &config.head, config.seed, &Device::flex().autodiff());
    let loaded = checkpoint::restore(model, &mut Optimizer::new(&config.optimizer), state);
    loaded.map(|(_, steps)| steps).map_err(|e| damaged(CHECKPOINT, e.to_string()))
}

/// One file of the archive; `None` if there is no such file.
fn file(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Vec<u8>>, RunArchiveFault> {
    read_named(zip, name, MOST).map_err(|detail| damaged(name, detail))
}

fn damaged(file: &str, detail: String) -> RunArchiveFault {
    RunArchiveFault::Damaged { file: file.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, RunConfig, Stem};
    use crate::core::dataset::{Example, Split};
    use crate::core::report::{EpochReport, RunState};
    use crate::core::run::{DataIdentity, examples};
    use crate::learn::{named_tensors, store::ByteStore, trainer::Trainer, training::Training};
    use burn::tensor::read_sync as wait;
    use std::io::Read;

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
    fn run() -> (StoredRun, Vec<u8>) {
        let (device, config) = (Device::flex(), config());
        let store = ByteStore::new(&set(), &device, usize::MAX);
        let mut trainer = Trainer::new(&config, store, &(0..IMAGES).collect::<Vec<_>>(), &device).unwrap();
        (0..4).for_each(|_| trainer.step());
        let steps = wait(trainer.read()).unwrap();
        let data = DataIdentity { classes: set().classes, training_images: IMAGES, ..DataIdentity::default() };
        let record =
            RunRecord { config, data, state: RunState::Paused, steps: 4, total_steps: 9, ..examples::record("a") };
        let state = Some(wait(trainer.snapshot().into_bytes()).unwrap());
        let curve = Curve { steps, epochs: vec![EpochReport { epoch: 0, knn: 0.5 }] };
        (StoredRun { record, curve, state }, wait(named_tensors::to_safetensors(&trainer.encoder())).unwrap())
    }

    fn packed() -> (StoredRun, Vec<u8>) {
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
            Err(Fault::RunArchive(fault)) => fault,
            other => panic!("{other:?}"),
        };
        assert!(matches!(fault(b"hello"), RunArchiveFault::NotAZip { .. }));
        assert!(matches!(fault(&bytes[..bytes.len() - 30]), RunArchiveFault::NotAZip { .. }));
        assert_eq!(fault(&changed(&bytes, "run.json", |_| None)), RunArchiveFault::NotARun);
        let named = |bytes: Vec<u8>, expected: &str| match fault(&bytes) {
            RunArchiveFault::Damaged { file, .. } => assert_eq!(file, expected),
            other => panic!("{other:?}"),
        };
        named(changed(&bytes, "run.json", |_| Some(b"{}".to_vec())), "run.json");
        named(changed(&bytes, "curve.bin", |_| None), "curve.bin");
        named(changed(&bytes, "curve.bin", |b| Some(b[..9].to_vec())), "curve.bin");
        named(changed(&bytes, "checkpoint.safetensors", |b| Some(b[..b.len() / 2].to_vec())), "checkpoint.safetensors");
        // Weights of another network than the record's, and weights that are missing.
        let wider =
            |b: Vec<u8>| Some(String::from_utf8(b).unwrap().replace("\"width\": 8", "\"width\": 16").into_bytes());
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
}
