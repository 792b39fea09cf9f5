//! New images for a trained classifier: what they are, and which training images
//! are most like them. Nothing of them is kept.

use super::evaluate;
use super::fine_tune::labelled;
use super::pictures::{rgba, stored};
use crate::core::dataset::collection::Collection;
use crate::core::dataset::{Dataset, Example, Split};
use crate::core::error::Fault;
use crate::core::report::{LeftOut, Picture};
use crate::core::run::classify::{Classified, ClassifyReport, Judge, Neighbour};
use crate::core::run::fine_tune::FineTuneConfig;
use crate::learn::checkpoint;
use crate::learn::classify::{nearest, probabilities};
use crate::learn::encoder::Encoder;
use crate::learn::features::{Features, Stopped, features};
use crate::learn::fine_tune::Classifier;
use crate::learn::linear_eval::{Examples, LinearClassifier};
use crate::learn::store::ByteStore;
use crate::protocol::Event;
use crate::worker::beside::Beside;
use crate::worker::files::chosen;
use crate::worker::import::single;
use crate::worker::mailbox::post;
use crate::worker::session::{self, Job, Wish, Working, with};
use crate::worker::storage::Extra;
use crate::worker::turn::{now, turn};
use std::rc::Rc;

/// Training images shown beside a new one.
const NEIGHBOURS: usize = 6;
/// Part of the progress that is features; the rest trains the linear classifier.
const FEATURES: f32 = 0.8;

/// What is kept between two requests.
#[derive(Default)]
pub struct Kept {
    /// The last classifier that was fine-tuned from the pre-trained encoder.
    pub tuned: Option<Tuned>,
    /// It was looked for among what is stored.
    looked: bool,
    bank: Option<Rc<Bank>>,
}

#[derive(Clone)]
pub struct Tuned {
    /// The run whose encoder it started from.
    pub run: String,
    pub config: FineTuneConfig,
    /// Steps of pre-training that it started from.
    pub steps: u32,
    pub classifier: Classifier,
}

/// Which encoder made some features.
#[derive(Clone, PartialEq)]
struct Key {
    run: String,
    steps: u32,
    tuned: Option<FineTuneConfig>,
}

/// The training images by their features.
struct Bank {
    key: Key,
    images: Vec<u32>,
    features: Features,
    /// Where nothing was fine-tuned.
    linear: Option<LinearClassifier>,
}

/// Answers with what the classifier says of `files`, named `names`.
///
/// # Errors
/// [`Fault::NoEncoder`] without a run at hand, [`Fault::NoLabels`] where no classifier
/// can be trained.
pub async fn classify(id: u32, names: Vec<String>, files: Vec<web_sys::File>) -> Result<(), Fault> {
    let _working = Working::begin(Job::Classify)?;
    let collection = with(|s| s.library.collection()).ok_or(Fault::NoDataset)?;
    let mut left_out = Vec::new();
    let shown = read(&collection, names, files, &mut left_out).await;
    match judge(&collection, &shown, left_out).await {
        Ok(report) => post(Some(id), Event::Classified(report)),
        Err(Stopped::OnRequest) => post(Some(id), Event::EvaluationCancelled),
        Err(Stopped::Failed(fault)) => return Err(fault),
    }
    Ok(())
}

/// The classifier that was fine-tuned last from the run at hand, in an earlier visit too;
/// one that can't be read is none.
pub async fn tuned() -> Option<Tuned> {
    let (looked, kept) = with(|s| {
        let run = s.run.as_ref()?;
        let kept = s.classify.tuned.clone().filter(|tuned| tuned.run == run.keeper.record.id);
        Some((std::mem::replace(&mut s.classify.looked, true), kept))
    })?;
    if looked || kept.is_some() {
        return kept;
    }
    let stored = stored_classifier().await?;
    with(|s| s.classify.tuned.get_or_insert(stored).clone()).into()
}

/// As [`Saver::save_classifier`](super::fine_tune::Saver::save_classifier) left it.
async fn stored_classifier() -> Option<Tuned> {
    let (run, encoder, classes) = with(|s| {
        let record = &s.run.as_ref()?.keeper.record;
        Some((record.id.clone(), record.config.encoder, record.data.classes.len()))
    })?;
    let bytes = Beside::run_at_hand()?.read(Extra::Classifier).await.ok()??;
    let (config, steps): (FineTuneConfig, u32) = serde_json::from_str(&checkpoint::note(&bytes).ok()??).ok()?;
    let device = session::compute().await.ok()?.device.autodiff();
    let network = Encoder::new(&encoder, &device);
    let classifier = Classifier::new(network, encoder.features(), classes, config.seed, &device);
    Some(Tuned { run, config, steps, classifier: classifier.restore(&bytes).ok()? })
}

/// The files as a set of their own, at the size of the training images.
async fn read(
    collection: &Collection,
    names: Vec<String>,
    files: Vec<web_sys::File>,
    left_out: &mut Vec<LeftOut>,
) -> Dataset {
    let mut shown = Dataset { size: collection.dataset().size, ..Dataset::default() };
    for (name, file) in names.into_iter().zip(files) {
        match single::read(&chosen(name.clone(), file), shown.size) {
            Ok(mut pixels) => {
                shown.pixels.append(&mut pixels);
                shown.examples.push(Example { label: None, split: Split::Test, name });
            }
            Err(fault) => left_out.push(LeftOut { file: name, fault }),
        }
        turn().await;
    }
    shown
}

async fn judge(collection: &Collection, shown: &Dataset, left_out: Vec<LeftOut>) -> Result<ClassifyReport, Stopped> {
    let tuned = tuned().await;
    let (run, steps) =
        with(|s| s.run.as_ref().map(|run| (run.keeper.record.id.clone(), run.steps()))).ok_or(Fault::NoEncoder)?;
    let steps = tuned.as_ref().map_or(steps, |tuned| tuned.steps);
    let config = tuned.as_ref().map(|tuned| tuned.config);
    let classes = collection.dataset().classes.clone();
    let judge = config.map_or(Judge::Linear, Judge::FineTuned);
    let mut report = ClassifyReport { judge, steps, classes, images: Vec::new(), left_out };
    if shown.examples.is_empty() {
        return Ok(report);
    }
    let encoder = match &tuned {
        Some(tuned) => tuned.classifier.encoder.clone(),
        None => with(|s| s.run.as_ref().map(|run| run.trainer.encoder())).ok_or(Fault::NoEncoder)?,
    };
    let bank = bank(collection, Key { run, steps, tuned: config }, &encoder).await?;
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
        turn().await;
    }
    Ok(report)
}

fn picture(shown: &Dataset, index: usize) -> Picture {
    Picture { rgba: rgba(shown.image(index)), ..stored(shown, index) }
}

/// The training images' features by the encoder that `key` names: kept, or computed
/// now, with progress.
async fn bank(collection: &Collection, key: Key, encoder: &Encoder) -> Result<Rc<Bank>, Stopped> {
    if let Some(kept) = with(|s| s.classify.bank.clone()).filter(|bank| bank.key == key) {
        return Ok(kept);
    }
    let store = session::store().await?;
    let mut told = now();
    let mut pause = async |part: f32| {
        if now() - told > 150.0 {
            told = now();
            post(None, Event::Classifying { part });
        }
        turn().await;
        with(|s| s.wish) == Wish::GoOn
    };
    let dataset = collection.dataset();
    let images: Vec<u32> = dataset.split(Split::Train).into_iter().map(|i| i as u32).collect();
    let own = images.len();
    // Validation chooses the linear classifier's rate; nothing else asks for it.
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
            let seed = with(|s| s.run.as_ref().map(|run| run.config.seed)).ok_or(Fault::NoEncoder)?;
            let mut share = async |p| pause(FEATURES + (1.0 - FEATURES) * p).await;
            Some(examples.fit(&rows, seed, &mut share).await?.0)
        }
    };
    rows.values.truncate(own * rows.dim);
    let bank = Rc::new(Bank { key, images, features: rows, linear });
    with(|s| s.classify.bank = Some(bank.clone()));
    Ok(bank)
}
