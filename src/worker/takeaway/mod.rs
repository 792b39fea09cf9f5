//! A run as one archive to take home, and back: what other programs read (weights,
//! tables, features, a Python file) beside what this one needs to go on with it.

use crate::core::dataset::Dataset;
use crate::core::error::{Fault, TakeawayFault};
use crate::core::run::fine_tune::FineTuneReport;
use crate::core::run::takeaway::{self, card, csv, npy};
use crate::core::run::{Curve, RunRecord};
use crate::learn::checkpoint;
use crate::learn::features::Features;
use crate::learn::optim::Optimizer;
use crate::learn::simclr::SimClr;
use burn::tensor::Device;
use std::io::{Cursor, Read, Write};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The curve in full precision: the tables are for people.
const CURVE: &str = "curve.bin";
/// Weights, running statistics and optimiser, to go on training.
const CHECKPOINT: &str = "checkpoint.safetensors";
/// Most bytes of one file in an archive that is read back.
const MOST: u64 = 1 << 30;

/// A run with all that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub record: RunRecord,
    pub curve: Curve,
    /// See [`checkpoint`]; none before the first save.
    pub state: Option<Vec<u8>>,
}

/// What is made of a run for other programs.
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
/// [`Fault::Internal`]; memory is the one thing that can be missing.
pub fn pack(run: &Run, extras: &Extras) -> Result<Vec<u8>, Fault> {
    let internal = |e: String| Fault::Internal { detail: format!("archive: {e}") };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Weights and features are noise to a packer.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut add = |name: &str, bytes: &[u8], options: SimpleFileOptions| -> Result<(), Fault> {
        zip.start_file(name, options).map_err(|e| internal(e.to_string()))?;
        zip.write_all(bytes).map_err(|e| internal(e.to_string()))
    };
    let json = serde_json::to_vec_pretty(&run.record).map_err(|e| internal(e.to_string()))?;
    let curve = postcard::to_allocvec(&run.curve).map_err(|e| internal(e.to_string()))?;
    add(takeaway::RUN, &json, packed)?;
    add(
        takeaway::CARD,
        card::card(&run.record, extras.fine_tuned.as_ref().map(|(_, report)| *report)).as_bytes(),
        packed,
    )?;
    add(takeaway::SCRIPT, takeaway::LOAD_ENCODER.as_bytes(), packed)?;
    add(takeaway::ENCODER, &extras.encoder, stored)?;
    if let Some(classifier) = &extras.classifier {
        add(takeaway::CLASSIFIER, classifier, stored)?;
    }
    if let Some((weights, _)) = &extras.fine_tuned {
        add(takeaway::FINE_TUNED, weights, stored)?;
    }
    add(takeaway::STEPS, csv::steps(&run.curve).as_bytes(), packed)?;
    add(takeaway::EPOCHS, csv::epochs(&run.curve).as_bytes(), packed)?;
    if let Some((features, set)) = extras.features {
        add(takeaway::FEATURES, &npy::f32_matrix(&features.values, features.rows(), features.dim), stored)?;
        add(takeaway::IMAGES, csv::images(&set.examples, &set.classes).as_bytes(), packed)?;
    }
    add(CURVE, &curve, packed)?;
    if let Some(state) = &run.state {
        add(CHECKPOINT, state, stored)?;
    }
    zip.finish().map(Cursor::into_inner).map_err(|e| internal(e.to_string()))
}

/// The run of an archive that [`pack`] made, looked through: its weights are of the
/// network that its record describes.
///
/// # Errors
/// [`Fault::Takeaway`], which names the file that is wrong.
pub fn unpack(bytes: &[u8]) -> Result<Run, Fault> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| TakeawayFault::NotAZip { detail: words(e) })?;
    let json = file(&mut zip, takeaway::RUN)?.ok_or(TakeawayFault::NotARun)?;
    let record: RunRecord = serde_json::from_slice(&json).map_err(|e| damaged(takeaway::RUN, e.to_string()))?;
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
    Ok(Run { record, curve, state })
}

/// Loads a checkpoint into the record's network; the steps behind it.
fn check(record: &RunRecord, state: &[u8]) -> Result<u32, TakeawayFault> {
    let config = &record.config;
    let model = SimClr::new(&config.encoder, &config.head, config.seed, &Device::flex().autodiff());
    let loaded = checkpoint::restore(model, &mut Optimizer::new(&config.optimizer), state);
    loaded.map(|(_, steps)| steps).map_err(|e| damaged(CHECKPOINT, e.to_string()))
}

/// One file; none where there is none of this name.
fn file(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Option<Vec<u8>>, TakeawayFault> {
    let mut entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(damaged(name, words(error))),
    };
    if entry.size() > MOST {
        return Err(damaged(name, format!("{} bytes", entry.size())));
    }
    let mut bytes = Vec::new();
    // Not as many as the entry claims: that may be a lie.
    match entry.by_ref().take(MOST).read_to_end(&mut bytes) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) => Err(damaged(name, error.to_string())),
    }
}

fn damaged(file: &str, detail: String) -> TakeawayFault {
    TakeawayFault::Damaged { file: file.to_owned(), detail }
}

fn words(error: ZipError) -> String {
    match error {
        ZipError::InvalidArchive(detail) => detail.into_owned(),
        other => other.to_string(),
    }
}

impl From<TakeawayFault> for Fault {
    fn from(fault: TakeawayFault) -> Self {
        Self::Takeaway(fault)
    }
}

#[cfg(test)]
mod tests;
