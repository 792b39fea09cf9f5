//! Exports: the current run as an archive, and its encoder alone. Imports a run.

use super::{classify::tuned_classifier, evaluate};
use crate::core::dataset::Split;
use crate::core::error::{Fault, RunArchiveFault};
use crate::learn::features::{Features, Stopped, features};
use crate::learn::{linear_eval::Examples, named_tensors, training::Training};
use crate::protocol::{Event, WorkProgress};
use crate::worker::run_archive::{Extras, pack, unpack};
use crate::worker::session::{self, Job, JobGuard, of_run, pause_between};
use crate::worker::{
    event_loop::yield_now, files, jobs::stored_runs, mailbox::post, run_saver::new_id, storage::StoredRun,
};

/// The encoder's weights and the configuration that made them.
pub async fn encoder() -> Result<Event, Fault> {
    let (encoder, config) = of_run(|run| (run.trainer.encoder(), run.config))?;
    let internal = |detail| Fault::Internal { detail };
    let safetensors = named_tensors::to_safetensors(&encoder).await.map_err(|e| internal(e.to_string()))?;
    let config_json = serde_json::to_string_pretty(&config).map_err(|e| internal(e.to_string()))?;
    Ok(Event::Encoder { safetensors, config_json })
}

/// Packs the current run: weights, tables, features of all its images.
pub async fn run() -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Evaluate)?;
    let collection = session::collection()?;
    let store = session::store().await?;
    let tuned = tuned_classifier().await;
    let (encoder, snapshot, record, curve) = of_run(|run| {
        (run.trainer.encoder(), run.trainer.snapshot(), run.saver.record.clone(), run.saver.curve.clone())
    })?;
    let failed = |e: named_tensors::WeightsError| Fault::of_device(e.to_string());
    let weights = named_tensors::to_safetensors(&encoder).await.map_err(failed)?;
    let state = snapshot.into_bytes().await.map_err(failed)?;
    let all: Vec<u32> = (0..collection.dataset().examples.len() as u32).collect();
    let mut pause = pause_between(|part| post(None, Event::Progress(WorkProgress::Export { part })));
    let h: Features = features(&encoder, &store, &all, evaluate::batch()?, &mut pause).await.map_err(stopped)?;
    // The classifier of linear evaluation: the same rows, recipe and seed. It does not use the test split.
    let examples = Examples::among(collection.dataset(), all, &[Split::Train, Split::Validation]);
    let classifier = match &examples {
        None => None,
        Some(examples) => {
            let (classifier, _) = examples.fit(&h, record.config.seed, &mut pause).await.map_err(stopped)?;
            let tensors = classifier.tensors().await.map_err(stopped)?;
            Some(named_tensors::pack(&tensors).map_err(failed)?)
        }
    };
    let tuned = match &tuned {
        None => None,
        Some(tuned) => Some((tuned.classifier.to_safetensors().await.map_err(failed)?, tuned.config)),
    };
    let report = |config| record.fine_tuned.iter().find(|report| report.config == config);
    let fine_tuned = tuned.and_then(|(weights, config)| Some((weights, report(config)?.clone())));
    let fine_tuned = fine_tuned.as_ref().map(|(weights, report)| (weights.clone(), report));
    let name = if record.name.is_empty() { record.id.clone() } else { file_name(&record.name) };
    let extras = Extras { encoder: weights, classifier, fine_tuned, features: Some((&h, collection.dataset())) };
    let run = StoredRun { record: record.clone(), curve, state: Some(state) };
    let archive = pack(&run, &extras)?;
    Ok(Event::Exported { name: format!("simclr-{name}.zip"), archive })
}

fn stopped(cause: Stopped) -> Fault {
    match cause {
        Stopped::Failed(fault) => fault,
        Stopped::OnRequest => Fault::Stopped,
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
    let file = files::browser_file(String::new(), files.into_iter().next().ok_or_else(nothing)?);
    let bytes = file.read(0, file.len()).map_err(|detail| RunArchiveFault::NotAZip { detail })?;
    yield_now().await;
    let StoredRun { mut record, curve, state } = unpack(&bytes)?;
    let storage = session::storage().await?;
    if !is_id(&record.id) || storage.record(&record.id).await?.is_some() {
        record.id = new_id(js_sys::Date::now());
    }
    let lock = storage.hold(&record.id).await?;
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
