//! A run out of the browser as one archive, and back in.

use super::classify::tuned;
use super::evaluate;
use crate::core::dataset::Split;
use crate::core::error::{Fault, TakeawayFault};
use crate::learn::features::{Features, Stopped, features};
use crate::learn::linear_eval::Examples;
use crate::learn::named_tensors;
use crate::learn::training::Training;
use crate::protocol::Event;
use crate::worker::files;
use crate::worker::jobs::runs;
use crate::worker::keep::new_id;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, with};
use crate::worker::takeaway::{Extras, Run, pack, unpack};
use crate::worker::turn::{now, turn};

/// Milliseconds between two reports of progress.
const TELL_EVERY: f64 = 150.0;

/// Packs the run at hand: weights, tables, features of all its images.
pub async fn export(id: u32) -> Result<(), Fault> {
    let _working = Working::begin(Job::Evaluate)?;
    let collection = with(|s| s.library.collection()).ok_or(Fault::NoDataset)?;
    let store = session::store().await?;
    let tuned = tuned().await;
    let (encoder, snapshot, record, curve) = with(|s| {
        let run = s.run.as_ref()?;
        let (record, curve) = (run.keeper.record.clone(), run.keeper.curve.clone());
        Some((run.trainer.encoder(), run.trainer.snapshot(), record, curve))
    })
    .ok_or(Fault::NoEncoder)?;
    let failed = |e: named_tensors::WeightsError| Fault::of_device(e.to_string());
    let weights = named_tensors::to_safetensors(&encoder).await.map_err(failed)?;
    let state = snapshot.into_bytes().await.map_err(failed)?;
    let all: Vec<u32> = (0..collection.dataset().examples.len() as u32).collect();
    let mut told = now();
    let mut pause = async |part| {
        if now() - told > TELL_EVERY {
            told = now();
            post(Some(id), Event::ExportProgress { part });
        }
        turn().await;
        with(|s| s.wish) != Wish::Cancel
    };
    let h: Features = match features(&encoder, &store, &all, evaluate::batch()?, &mut pause).await {
        Ok(h) => h,
        Err(cause) => return Err(stopped(cause)),
    };
    // The classifier of linear evaluation: the same rows, recipe and seed. The test split
    // is not looked at for this.
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
    let run = Run { record: record.clone(), curve, state: Some(state) };
    let archive = pack(&run, &extras)?;
    post(Some(id), Event::Exported { name: format!("simclr-{name}.zip"), archive });
    Ok(())
}

fn stopped(cause: Stopped) -> Fault {
    match cause {
        Stopped::Failed(fault) => fault,
        Stopped::OnRequest => Fault::Stopped,
    }
}

/// Letters, digits and hyphens of a name, for a file's.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect()
}

/// Stores the run of an archive, beside those that are there; a run of the same id
/// keeps it, and this one gets another.
pub async fn import(id: u32, files: Vec<web_sys::File>) -> Result<(), Fault> {
    let _working = Working::begin(Job::Import)?;
    let nothing = || TakeawayFault::NotAZip { detail: "no file was chosen".to_owned() };
    let file = files::chosen(String::new(), files.into_iter().next().ok_or_else(nothing)?);
    let bytes = file.read(0, file.len()).map_err(|detail| TakeawayFault::NotAZip { detail })?;
    turn().await;
    let Run { mut record, curve, state } = unpack(&bytes)?;
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
        // Half a run helps nobody.
        storage.delete(&record.id).await?;
        return Err(fault.into());
    }
    runs::list(id).await
}

/// Fit to name a folder.
fn is_id(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
