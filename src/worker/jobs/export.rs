//! Exports: the current run as an archive, and its encoder alone. Imports a run.

use super::{classify::tuned_classifier, evaluate};
use crate::core::run::{RunEvent, RunRecord, archive, group::is_repeat, group::seeds};
use crate::core::{dataset::Split, error::Fault, error::RunArchiveFault, error::StorageFault};
use crate::learn::features::each_batch;
use crate::learn::{linear_evaluation::Examples, named_tensors, training::Training};
use crate::protocol::{Event, WorkProgress};
use crate::worker::files::{BlobWriter, browser_file};
use crate::worker::run_archive::{ArchiveWriter, CHECKPOINT, unpack};
use crate::worker::session::{self, Job, JobGuard, of_run, pause_between, with};
use crate::worker::storage::{FileSystem, Listing, OpenFile, StoredRun};
use crate::worker::{
    event_loop::yield_now, feature_file::FeatureFile, jobs::stored_runs, mailbox::post, run_saver::new_id,
};
use std::cell::RefCell;

/// The file of features while an export is under way.
const SCRATCH: &str = "export";

/// The encoder's weights and the configuration that made them.
pub async fn encoder() -> Result<Event, Fault> {
    let (encoder, config) = of_run(|run| (run.trainer.encoder(), run.config))?;
    let internal = |detail| Fault::Internal { detail };
    let safetensors = named_tensors::to_safetensors(&encoder).await.map_err(|e| internal(e.to_string()))?;
    let config_json = serde_json::to_string_pretty(&config).map_err(|e| internal(e.to_string()))?;
    Ok(Event::Encoder { safetensors, config_json })
}

/// Packs the current run: weights, tables, features of all its images. What is packed leaves memory as it comes, and so
/// do the features that the classifier of linear evaluation is trained on.
pub async fn run() -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Evaluate)?;
    let packed = pack().await;
    if let Ok(storage) = session::storage().await {
        // What cannot be removed is overwritten by the next export.
        let _ = storage.files().remove(SCRATCH).await;
    }
    packed
}

async fn pack() -> Result<Event, Fault> {
    let collection = session::collection()?;
    let store = session::store().await?;
    let tuned = tuned_classifier().await;
    let (encoder, snapshot, record, curve) = of_run(|run| {
        (run.trainer.encoder(), run.trainer.snapshot(), run.saver.record.clone(), run.saver.curve.clone())
    })?;
    let failed = |e: named_tensors::WeightsError| Fault::of_device(e.to_string());
    let tuned = tuned.and_then(|tuned| {
        let report = record.fine_tuned.iter().find(|report| report.config == tuned.config)?;
        Some((report, tuned.classifier))
    });
    let report = tuned.as_ref().map(|(report, _)| *report);
    let unknown = session::storage().await.ok().and_then(|storage| storage.unknown(&record.id));
    let mut archive = ArchiveWriter::begin(BlobWriter::default(), &record, unknown, &curve, report)?;
    if let Ok(storage) = session::storage().await
        && let Ok(Listing { runs, .. }) = storage.list(js_sys::Date::now()).await
    {
        let group: Vec<&RunRecord> = runs.iter().filter(|run| is_repeat(run, &record)).collect();
        if seeds(&group) > 1 {
            archive.table(archive::SEEDS, &archive::tables::runs_csv(&group))?;
        }
    }
    archive.weights(archive::ENCODER, &named_tensors::to_safetensors(&encoder).await.map_err(failed)?)?;
    if let Some((_, classifier)) = tuned {
        archive.weights(archive::FINE_TUNED, &classifier.to_safetensors().await.map_err(failed)?)?;
    }
    archive.weights(CHECKPOINT, &snapshot.into_bytes().await.map_err(failed)?)?;

    let (set, dim) = (collection.dataset(), record.config.encoder.features());
    let all: Vec<u32> = (0..set.examples.len() as u32).collect();
    // The classifier of linear evaluation: the same rows, recipe and seed. It does not use the test split.
    let examples = Examples::among(set, all.iter().copied(), &[Split::Train, Split::Validation]);
    let mut kept = match examples {
        Some(examples) => Some((examples, FeatureFile::new(scratch(all.len() as u64 * dim as u64 * 4).await, dim))),
        None => None,
    };
    archive.begin_features(set, dim)?;
    let take = &mut |rows: &[f32], _| {
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        archive.features(&bytes)?;
        Ok(kept.iter_mut().try_for_each(|(_, file)| file.append(&bytes))?)
    };
    let mut pause = pause_between(|part| post(None, Event::Progress(WorkProgress::Export { part })));
    let batch = evaluate::batch()?;
    let encoder = encoder.evaluated();
    each_batch(|images| encoder.forward(images), &store, &all, batch, take, &mut pause).await?;
    if let Some((examples, file)) = kept {
        let (classifier, _) = examples.fit(&file, record.config.seed, &mut pause).await?;
        file.check()?;
        let tensors = classifier.tensors().await?;
        archive.weights(archive::CLASSIFIER, &named_tensors::pack(&tensors).map_err(failed)?)?;
    }
    let saved = with(|s| {
        let run = s.run.as_mut().filter(|run| run.id() == record.id)?;
        Some(run.saver.save_event(RunEvent::Exported))
    });
    if let Some(saved) = saved {
        saved.await;
    }
    let name = if record.name.is_empty() { record.id.clone() } else { file_name(&record.name) };
    let address = archive.finish()?.address("application/zip").map_err(|detail| Fault::Internal { detail })?;
    Ok(Event::Exported { name: format!("simclr-{name}.zip"), address })
}

/// Room for the features, as a file, or in memory where the browser stores nothing or has no room.
async fn scratch(bytes: u64) -> Box<dyn OpenFile> {
    let file = async {
        let file = session::storage().await?.files().open(SCRATCH, true).await?;
        file.iter().try_for_each(|file| file.cut(bytes))?;
        Ok::<_, StorageFault>(file)
    };
    match file.await {
        Ok(Some(file)) => Box::new(file),
        _ => Box::new(RefCell::new(Vec::new())),
    }
}

/// A name as part of a file name: letters, digits and hyphens.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect()
}

/// Stores the run of an archive beside the other runs. If one of them has its id, this run gets another.
pub async fn import_run(files: Vec<web_sys::File>) -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    let nothing = || RunArchiveFault::NotAZip { detail: "no file was chosen".to_owned() };
    let file = browser_file(String::new(), files.into_iter().next().ok_or_else(nothing)?);
    yield_now().await;
    let StoredRun { mut record, curve, state, unknown, .. } = unpack(file)?;
    let (storage, now) = (session::storage().await?, js_sys::Date::now());
    if !is_id(&record.id) || storage.stored_record(&record.id).await != Ok(None) {
        record.id = new_id(now);
    }
    record.deleted = None;
    record.happened(RunEvent::Imported, now);
    let lock = storage.hold(&record.id).await?;
    storage.adopt(&record.id, unknown);
    let saved = match &state {
        Some(state) => storage.save(&record, &curve, state).await,
        None => storage.save_record(&record).await,
    };
    drop(lock);
    if let Err(fault) = saved {
        // A run that is stored in part is of no use.
        storage.delete(&record.id).await?;
        return Err(fault.into());
    }
    stored_runs::list().await
}

/// Whether it can name a folder.
fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
