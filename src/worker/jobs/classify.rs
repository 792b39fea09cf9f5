//! Classifies new images and finds the training images that are most like them. The new images are not kept.

use super::pictures::{rgba, stored};
use super::{evaluate, fine_tune::labelled};
use crate::core::dataset::{Dataset, Example, Split};
use crate::core::error::{Fault, SkippedFile};
use crate::core::run::classify::{Classified, ClassifierKind, ClassifyReport, Neighbour};
use crate::core::{dataset::collection::Collection, report::Picture, run::fine_tune::FineTuneConfig};
use crate::learn::features::{Stopped, features, nearest, probabilities};
use crate::learn::{
    checkpoint, encoder::Encoder, fine_tune::Classifier, linear_evaluation::Examples, store::ByteStore,
};
use crate::protocol::{Event, Work, WorkProgress};
use crate::worker::run::{FeatureBank, FeatureKey, TunedClassifier};
use crate::worker::session::{self, Job, JobGuard, of_run, pause_between, with};
use crate::worker::{
    event_loop::yield_now, files::browser_file, import::decode::read_image, mailbox::post, storage::FineTuneFile,
};
use std::rc::Rc;

/// Training images shown beside a new one.
const NEIGHBOURS: usize = 6;
/// Part of the progress that is features; the rest trains the linear classifier.
const FEATURES: f32 = 0.8;

/// Classifies `files`, which are named `names`.
///
/// # Errors
/// [`Fault::NoEncoder`] without a current run, [`Fault::NoLabels`] if no classifier can be trained.
pub async fn classify(names: Vec<String>, files: Vec<web_sys::File>) -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Classify)?;
    let collection = session::collection()?;
    let mut left_out = Vec::new();
    let shown = read(&collection, names, files, &mut left_out).await;
    match classify_all(&collection, &shown, left_out).await {
        Ok(report) => Ok(Event::Classified(report)),
        Err(Stopped::OnRequest) => Ok(Event::Cancelled(Work::Evaluation)),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}

/// The classifier that was fine-tuned last from the current run, also in an earlier visit.
/// A stored one that can't be read counts as missing.
pub async fn tuned_classifier() -> Option<TunedClassifier> {
    let (looked, loaded) = with(|s| {
        let run = s.run.as_ref()?;
        let loaded = s.classifiers.tuned.clone().filter(|tuned| tuned.run == run.id());
        Some((std::mem::replace(&mut s.classifiers.looked, true), loaded))
    })?;
    if looked || loaded.is_some() {
        return loaded;
    }
    let stored = stored_classifier().await?;
    with(|s| s.classifiers.tuned.get_or_insert(stored).clone()).into()
}

/// The classifier as [`FineTuneSaver`](crate::worker::fine_tune_saver::FineTuneSaver) stored it.
async fn stored_classifier() -> Option<TunedClassifier> {
    let (folder, run, run_config, classes) = of_run(|run| {
        let record = &run.saver.record;
        (run.saver.folder(), record.id.clone(), record.config, record.data.classes.len())
    })
    .ok()?;
    let bytes = folder?.read(FineTuneFile::Classifier).await.ok()??;
    let (config, steps): (FineTuneConfig, u32) = serde_json::from_str(&checkpoint::note(&bytes).ok()??).ok()?;
    let device = session::compute().await.ok()?.device.autodiff();
    let classifier = Classifier::unspecified(&run_config, &config, classes, &device);
    Some(TunedClassifier { run, config, steps, classifier: classifier.restore(&bytes).ok()? })
}

/// The files as a set of their own, at the size of the training images.
async fn read(
    collection: &Collection,
    names: Vec<String>,
    files: Vec<web_sys::File>,
    left_out: &mut Vec<SkippedFile>,
) -> Dataset {
    let mut shown = Dataset { size: collection.dataset().size, ..Dataset::default() };
    for (name, file) in names.into_iter().zip(files) {
        match read_image(&browser_file(name.clone(), file), shown.size) {
            Ok(mut pixels) => {
                shown.pixels.append(&mut pixels);
                shown.examples.push(Example { label: None, split: Split::Test, name });
            }
            Err(fault) => left_out.push(SkippedFile { file: name, fault }),
        }
        yield_now().await;
    }
    shown
}

async fn classify_all(
    collection: &Collection,
    shown: &Dataset,
    left_out: Vec<SkippedFile>,
) -> Result<ClassifyReport, Stopped> {
    let tuned = tuned_classifier().await;
    let (run, steps) = of_run(|run| (run.id().to_owned(), run.steps()))?;
    let steps = tuned.as_ref().map_or(steps, |tuned| tuned.steps);
    let config = tuned.as_ref().map(|tuned| tuned.config);
    let classes = collection.dataset().classes.clone();
    let classifier = config.map_or(ClassifierKind::Linear, ClassifierKind::FineTuned);
    let mut report = ClassifyReport { classifier, steps, classes, images: Vec::new(), left_out };
    if shown.examples.is_empty() {
        return Ok(report);
    }
    let encoder = match &tuned {
        Some(tuned) => tuned.classifier.encoder.clone(),
        None => of_run(|run| run.trainer.encoder())?,
    };
    let bank = bank(collection, FeatureKey { run, steps, tuned: config }, &encoder).await?;
    let compute = session::compute().await?;
    let store = ByteStore::new(shown, &compute.device, compute.max_binding as usize);
    let indices: Vec<u32> = (0..shown.examples.len() as u32).collect();
    let mut go_on = async |_: f32| true;
    let rows = features(&encoder, &store, &indices, evaluate::batch()?, &mut go_on).await?;
    let logits = match (&tuned, &bank.linear) {
        (Some(tuned), _) => tuned.classifier.logits(&store, &indices, evaluate::batch()?, &mut go_on).await?,
        (None, Some(linear)) => linear.logits(&rows).await?,
        (None, None) => return Err(Fault::NoLabels.into()),
    };
    for (i, probabilities) in probabilities(&logits).into_iter().enumerate() {
        let neighbours = nearest(&bank.features, rows.row(i), NEIGHBOURS);
        let neighbours = neighbours.into_iter().map(|(place, cosine)| Neighbour {
            picture: stored(collection.dataset(), bank.images[place] as usize),
            cosine,
        });
        report.images.push(Classified { picture: picture(shown, i), probabilities, neighbours: neighbours.collect() });
        yield_now().await;
    }
    Ok(report)
}

fn picture(shown: &Dataset, index: usize) -> Picture {
    Picture { rgba: rgba(shown.image(index)), ..stored(shown, index) }
}

/// The training images' features by the encoder that `key` names: computed before, or now, with progress.
async fn bank(collection: &Collection, key: FeatureKey, encoder: &Encoder) -> Result<Rc<FeatureBank>, Stopped> {
    if let Some(kept) = with(|s| s.classifiers.bank.clone()).filter(|bank| bank.key == key) {
        return Ok(kept);
    }
    let store = session::store().await?;
    let mut pause = pause_between(|part| post(None, Event::Progress(WorkProgress::Classify { part })));
    let dataset = collection.dataset();
    let images: Vec<u32> = dataset.split(Split::Train).into_iter().map(|i| i as u32).collect();
    let own = images.len();
    // Only the linear classifier, whose rate validation chooses, needs validation images.
    let all: Vec<u32> = match key.tuned {
        Some(_) => images.clone(),
        None => images.iter().copied().chain(labelled(collection, Split::Validation).images).collect(),
    };
    let mut rows =
        features(encoder, &store, &all, evaluate::batch()?, &mut async |p| pause(FEATURES * p).await).await?;
    let linear = match key.tuned {
        Some(_) => None,
        None => {
            let examples = Examples::among(dataset, all, &[Split::Train, Split::Validation]).ok_or(Fault::NoLabels)?;
            let seed = of_run(|run| run.config.seed)?;
            let mut share = async |p| pause(FEATURES + (1.0 - FEATURES) * p).await;
            Some(examples.fit(&rows, seed, &mut share).await?.0)
        }
    };
    rows.values.truncate(own * rows.dim);
    let bank = Rc::new(FeatureBank { key, images, features: rows, linear });
    with(|s| s.classifiers.bank = Some(bank.clone()));
    Ok(bank)
}
