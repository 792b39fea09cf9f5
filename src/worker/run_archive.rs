//! Exports a run as one archive and imports it again. The archive holds what other programs read (weights,
//! tables, features, a Python file) and what this program needs to continue the run.

use crate::core::error::{Fault, RunArchiveFault};
use crate::core::run::archive::{self, model_card::card, tables};
use crate::core::run::{Curve, RunRecord, stored::Kind};
use crate::core::{cost::Cost, dataset::Dataset, run::fine_tune::FineTuneReport};
use crate::learn::{checkpoint, optim::Optimizer, simclr::SimClr};
use crate::worker::files::PART;
use crate::worker::import::zip_archive::{open_archive, read_named};
use crate::worker::import::{File, Reader};
use crate::worker::storage::{StoredRun, curve_file, unknown, unknown::Unknown};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::io::{BufWriter, Write};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// The curve in full precision: the tables are for other programs.
const CURVE: &str = "curve.safetensors";
/// The same in an archive of schema 1.
const FIRST_CURVE: &str = "curve.bin";
/// The key of the schema in `run.json`; an archive of schema 1 has none.
const SCHEMA: &str = "schema";
/// Weights, running statistics and optimiser, to continue training.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Compression gains nothing on weights and features.
const STORED: CompressionMethod = CompressionMethod::Stored;
const PACKED: CompressionMethod = CompressionMethod::Deflated;
/// Most bytes of one file in an imported archive, beside as many as the archive has: an exported one is as large as its
/// record, its curve and its weights.
const MOST: u64 = 2 << 20;
/// A record of more bytes is not packed, so that the archive is as large.
const PACKED_RECORD: usize = 1 << 20;

/// `run.json`.
#[derive(Serialize)]
struct Versioned<'a> {
    schema: u32,
    #[serde(flatten)]
    record: &'a RunRecord,
}

/// Writes an archive from its start to its end and hands it on in parts of [`PART`] bytes, so that it may be larger
/// than memory.
///
/// An error of any method is [`Fault::Internal`]: the bytes could not be handed on.
pub struct ArchiveWriter<W: Write> {
    zip: ZipWriter<StreamWriter<BufWriter<W>>>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive with the record and its fields that this program does not know, the curve, and the texts
    /// about them. `tuned` is the result of the fine-tuning whose weights follow.
    pub fn begin(
        out: W,
        record: &RunRecord,
        unknown: Option<Unknown>,
        curve: &Curve,
        tuned: Option<&FineTuneReport>,
    ) -> Result<Self, Fault> {
        let mut this = Self { zip: ZipWriter::new_stream(BufWriter::with_capacity(PART, out)) };
        let versioned = Versioned { schema: record.schema(), record };
        let json = match unknown {
            Some(unknown) => unknown.merged(&versioned).and_then(|both| serde_json::to_vec_pretty(&both.stored)),
            None => serde_json::to_vec_pretty(&versioned),
        };
        let json = json.map_err(internal)?;
        this.add(archive::RUN, &json, if json.len() > PACKED_RECORD { STORED } else { PACKED })?;
        this.add(archive::CARD, card(record, tuned).as_bytes(), PACKED)?;
        this.add(archive::SCRIPT, archive::LOAD_ENCODER.as_bytes(), PACKED)?;
        this.add(archive::STEPS, tables::steps_csv(curve).as_bytes(), PACKED)?;
        this.add(archive::EPOCHS, tables::epochs_csv(curve).as_bytes(), PACKED)?;
        this.add(CURVE, &curve_file::write(curve).map_err(internal)?, PACKED)?;
        Ok(this)
    }

    /// Adds weights, a safetensors file: [`archive::ENCODER`], [`archive::CLASSIFIER`], [`archive::FINE_TUNED`] or
    /// [`CHECKPOINT`].
    pub fn weights(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        self.add(name, bytes, STORED)
    }

    /// Adds a table, such as [`archive::SEEDS`].
    pub fn table(&mut self, name: &str, text: &str) -> Result<(), Fault> {
        self.add(name, text.as_bytes(), PACKED)
    }

    /// Adds the table of the set's images, and begins the array of their features, [images, `dim`].
    /// [`ArchiveWriter::features`] is called for its rows, in the set's order, and for nothing else until the last one.
    pub fn begin_features(&mut self, set: &Dataset, dim: usize) -> Result<(), Fault> {
        self.add(archive::IMAGES, tables::images_csv(&set.examples, &set.classes).as_bytes(), PACKED)?;
        let images = set.examples.len();
        let large = images as u64 * dim as u64 * 4 >= u64::from(u32::MAX);
        self.start(archive::FEATURES, STORED, large)?;
        self.features(&tables::npy_f32_start(images, dim))
    }

    /// Appends features as 32-bit floats, little-endian.
    pub fn features(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.zip.write_all(bytes).map_err(internal)
    }

    /// Ends the archive.
    pub fn finish(self) -> Result<W, Fault> {
        let out = self.zip.finish().map_err(internal)?.into_inner();
        out.into_inner().map_err(|e| internal(e.into_error()))
    }

    fn add(&mut self, name: &str, bytes: &[u8], method: CompressionMethod) -> Result<(), Fault> {
        self.start(name, method, false)?;
        self.zip.write_all(bytes).map_err(internal)
    }

    /// `large`: the file has 4 GiB or more.
    fn start(&mut self, name: &str, method: CompressionMethod, large: bool) -> Result<(), Fault> {
        let options = SimpleFileOptions::default().compression_method(method).large_file(large);
        self.zip.start_file(name, options).map_err(internal)
    }
}

fn internal(cause: impl Display) -> Fault {
    Fault::Internal { detail: format!("archive: {cause}") }
}

/// The run of an archive that [`ArchiveWriter`] made; only its own files are read. It is checked before anything is made
/// from it: the record by [`RunRecord::check`], and the weights are of the network that it describes.
///
/// # Errors
/// [`Fault::RunArchive`], which names the file that is wrong; [`Fault::Config`].
pub fn unpack(archive: File) -> Result<StoredRun, Fault> {
    let most = MOST + archive.len();
    let mut zip = open_archive(Reader::new(archive)).map_err(|detail| RunArchiveFault::NotAZip { detail })?;
    let mut file = |name: &str| read_named(&mut zip, name, most).map_err(|detail| damaged(name, detail));
    let json = file(archive::RUN)?.ok_or(RunArchiveFault::NotARun)?;
    let schema = schema_of(&json)?;
    // Before its fields that are not known are kept, which takes many times its bytes.
    let record: RunRecord = serde_json::from_slice(&json).map_err(|e| unreadable(schema, &e))?;
    record.check().map_err(|detail| damaged(archive::RUN, detail))?;
    record.config.check().map_err(Fault::Config)?;
    let mut json: serde_json::Value = serde_json::from_slice(&json).map_err(|e| unreadable(schema, &e))?;
    json.as_object_mut().and_then(|json| json.remove(SCHEMA));
    let (record, unknown): (RunRecord, _) = unknown::read(json).map_err(|e| unreadable(schema, &e))?;
    let name = if schema == 1 { FIRST_CURVE } else { CURVE };
    let curve = file(name)?.ok_or_else(|| damaged(name, "it is missing".into()))?;
    let schema = if schema == 1 { Ok(1) } else { curve_file::schema(&curve) }.map_err(|e| damaged(name, e))?;
    if schema > Kind::Curve.schema() {
        return Err(RunArchiveFault::Newer { found: schema }.into());
    }
    let curve = curve_file::read(schema, &curve).map_err(|e| damaged(name, e))?;
    let state = file(CHECKPOINT)?;
    let steps = match &state {
        Some(state) => check(&record, state)?,
        None => 0,
    };
    // A curve that was lost began again at a later step.
    if steps != record.steps || curve.steps.len() > steps as usize {
        let detail = format!("{} steps, the record says {}, the curve {}", steps, record.steps, curve.steps.len());
        return Err(damaged(CHECKPOINT, detail).into());
    }
    Ok(StoredRun { record, curve, state, unknown, lost_curve: None })
}

/// The schema of `run.json`.
fn schema_of(json: &[u8]) -> Result<u32, RunArchiveFault> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default = "first")]
        schema: u32,
    }
    fn first() -> u32 {
        1
    }
    let Named { schema } = serde_json::from_slice(json).map_err(|e| damaged(archive::RUN, e.to_string()))?;
    if schema > Kind::Archive.schema() { Err(RunArchiveFault::Newer { found: schema }) } else { Ok(schema) }
}

/// The fault of a record that is no JSON, or not this program's. A choice that it does not know was made by a newer one.
fn unreadable(schema: u32, error: &serde_json::Error) -> RunArchiveFault {
    let detail = error.to_string();
    match detail.starts_with("unknown variant") {
        true => RunArchiveFault::Newer { found: schema.max(Kind::Archive.schema() + 1) },
        false => damaged(archive::RUN, detail),
    }
}

/// Loads a checkpoint into the record's network; returns the number of its steps.
pub fn check(record: &RunRecord, state: &[u8]) -> Result<u32, RunArchiveFault> {
    let config = &record.config;
    // A network is made only where the bytes may hold its weights.
    let numbers = Cost::of(config);
    let (least, bytes) = (2 * (numbers.parameters + numbers.frozen), state.len());
    if (bytes as u64) < least {
        return Err(damaged(CHECKPOINT, format!("{bytes} bytes, and its network takes more than {least}")));
    }
    let model = SimClr::new(&config.encoder, &config.head, config.seed, &Device::flex().autodiff());
    let loaded = checkpoint::restore(model, &mut Optimizer::new(&config.optimizer), state);
    loaded.map(|(_, steps)| steps).map_err(|e| damaged(CHECKPOINT, e.to_string()))
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
    use crate::worker::import::Bytes;
    use burn::tensor::read_sync as wait;
    use std::io::{Cursor, Read};
    use std::{cell::Cell, rc::Rc};
    use zip::ZipArchive;

    const IMAGES: usize = 24;

    fn set() -> Dataset {
        let pixels = (0..IMAGES * 3 * 256).map(|i| (i * 7 % 256) as u8).collect();
        let example = |i| Example { label: Some(i as u16 % 2), split: Split::Train, name: format!("{i}.png") };
        let classes = vec!["cat".to_owned(), "dog, or =so".to_owned()];
        Dataset { size: 16, classes, examples: (0..IMAGES).map(example).collect(), pixels, ..Dataset::default() }
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
        let curve = Curve { steps, epochs: vec![EpochReport { epoch: 0, knn: 0.5 }], unknown: Vec::new() };
        let run = StoredRun { record, curve, state, unknown: None, lost_curve: None };
        (run, wait(named_tensors::to_safetensors(&trainer.encoder())).unwrap())
    }

    fn packed() -> (StoredRun, Vec<u8>) {
        let (run, encoder) = run();
        let mut archive = ArchiveWriter::begin(Vec::new(), &run.record, None, &run.curve, None).unwrap();
        archive.weights(archive::ENCODER, &encoder).unwrap();
        archive.weights(CHECKPOINT, run.state.as_ref().unwrap()).unwrap();
        archive.begin_features(&set(), 3).unwrap();
        (0..IMAGES).for_each(|_| archive.features(&[0.5f32.to_le_bytes(); 3].concat()).unwrap());
        archive.weights(archive::CLASSIFIER, b"fc").unwrap();
        (run, archive.finish().unwrap())
    }

    fn opened(bytes: &[u8]) -> Result<StoredRun, Fault> {
        unpack(Bytes::file("a.zip", bytes.to_vec()))
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
        assert_eq!(opened(&bytes).unwrap(), run);
    }

    #[test]
    fn an_archive_says_its_schema() {
        let (run, bytes) = packed();
        let json = |change: fn(&mut serde_json::Value)| {
            changed(&bytes, "run.json", |b| {
                let mut json = serde_json::from_slice(&b).unwrap();
                change(&mut json);
                Some(json.to_string().into_bytes())
            })
        };
        let newer = json(|json| json["schema"] = 4.into());
        assert_eq!(opened(&newer).unwrap_err(), RunArchiveFault::Newer { found: 4 }.into());
        let newer = changed(&bytes, "curve.safetensors", |b| {
            let at = b.windows(12).position(|w| w == b"\"schema\":\"2\"").unwrap();
            Some([&b[..at + 10], b"3", &b[at + 11..]].concat())
        });
        assert_eq!(opened(&newer).unwrap_err(), RunArchiveFault::Newer { found: 3 }.into());
        // What a later program adds comes with the run and goes out with it.
        let added = json(|json| (json["mood"], json["config"]["future"]) = ("mine".into(), 7.into()));
        let added = opened(&added).unwrap();
        assert_eq!(added.record, run.record);
        let (unknown, out) = (added.unknown.clone(), Vec::new());
        let mut archive = ArchiveWriter::begin(out, &added.record, unknown, &added.curve, None).unwrap();
        archive.weights(CHECKPOINT, added.state.as_ref().unwrap()).unwrap();
        assert_eq!(opened(&archive.finish().unwrap()).unwrap(), added);
        assert_eq!(added.unknown.unwrap().stored["config"]["future"], 7);
        // The first schema had no number and another curve.
        let first = json(|json| drop(json.as_object_mut().unwrap().remove("schema")));
        let damaged = opened(&first).unwrap_err();
        assert!(matches!(&damaged, Fault::RunArchive(RunArchiveFault::Damaged { file, .. }) if file == "curve.bin"));
    }

    #[test]
    fn other_programs_find_what_they_read() {
        let (_, bytes) = packed();
        let mut zip = open_archive(Reader::new(Bytes::file("a.zip", bytes))).unwrap();
        let mut file = |name: &str| read_named(&mut zip, name, u64::MAX).unwrap().unwrap();
        let npy = file("features.npy");
        assert_eq!((&npy[..6], npy.len()), (&b"\x93NUMPY"[..], 128 + 4 * 3 * IMAGES));
        assert!(npy[128..].chunks(4).all(|value| value == 0.5f32.to_le_bytes()));
        let mut text = |name: &str| String::from_utf8(file(name)).unwrap();
        assert_eq!(text("classifier.safetensors"), "fc");
        assert!(text("README.md").contains("SimCLR"));
        assert!(text("load_encoder.py").contains("load_state_dict"));
        assert_eq!(text("steps.csv").lines().count(), 5);
        assert_eq!(text("epochs.csv").lines().count(), 2);
        assert_eq!(text("images.csv").lines().count(), IMAGES + 1);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text("run.json")).unwrap()["config"]["batch"], 8);
    }

    /// Counts what an archive hands on, and the most bytes at once.
    #[derive(Clone, Default)]
    struct Sink {
        bytes: Rc<Cell<usize>>,
        largest: Rc<Cell<usize>>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.bytes.update(|before| before + bytes.len());
            self.largest.update(|before| before.max(bytes.len()));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// 60,000 images of 512 features: 123 MB pass through one part's room.
    #[test]
    fn features_of_any_number_leave_as_they_come() {
        const DIM: usize = 512;
        let example = Example { label: None, split: Split::Train, name: String::new() };
        let set = Dataset { examples: vec![example; 60_000], ..Dataset::default() };
        let (sink, record) = (Sink::default(), examples::record("a"));
        let mut archive = ArchiveWriter::begin(sink.clone(), &record, None, &Curve::default(), None).unwrap();
        archive.begin_features(&set, DIM).unwrap();
        let batch = vec![7; 4 * DIM * 64];
        let mut written = 0;
        for _ in 0..set.examples.len().div_ceil(64) {
            let rows = &batch[..batch.len().min(4 * DIM * set.examples.len() - written)];
            archive.features(rows).unwrap();
            written += rows.len();
            let held = written.saturating_sub(sink.bytes.get());
            assert!(held <= PART, "{held} of {written} bytes are held");
        }
        archive.finish().unwrap();
        assert_eq!(written, 4 * DIM * set.examples.len());
        assert!(sink.bytes.get() > written && sink.largest.get() <= PART);
    }

    #[test]
    fn broken_and_foreign_archives_are_named() {
        let (_, bytes) = packed();
        let fault = |bytes: &[u8]| match opened(bytes) {
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
        named(changed(&bytes, "curve.safetensors", |_| None), "curve.safetensors");
        named(changed(&bytes, "curve.safetensors", |b| Some(b[..9].to_vec())), "curve.safetensors");
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
        // A setting out of bounds is told as such, and a choice that only a newer program knows.
        let json = |change: fn(&mut serde_json::Value)| {
            changed(&bytes, "run.json", |b| {
                let mut json = serde_json::from_slice(&b).unwrap();
                change(&mut json);
                Some(json.to_string().into_bytes())
            })
        };
        assert!(matches!(opened(&json(|json| json["config"]["temperature"] = 0.0.into())), Err(Fault::Config(_))));
        let newer = json(|json| json["config"]["encoder"]["architecture"] = "ResNet9000".into());
        assert_eq!(fault(&newer), RunArchiveFault::Newer { found: 4 });
        // What contradicts itself, what is far larger than the archive, and a network that its weights cannot fill.
        named(json(|json| json["name"] = "A".repeat(50_000).into()), "run.json");
        let long = changed(&bytes, "run.json", |b| Some([b, vec![b' '; 8 << 20]].concat()));
        named(long, "run.json");
        let large = json(|json| {
            (json["config"]["encoder"]["architecture"], json["config"]["encoder"]["width"]) =
                ("ResNet18".into(), 64.into());
        });
        named(large, "checkpoint.safetensors");
    }
}
