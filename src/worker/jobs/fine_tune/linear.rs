//! The list's trainings of a classifier alone: linear evaluation with some of the labels.

use super::{List, chosen, encoder, labelled, report, set};
use crate::core::dataset::Split;
use crate::core::error::Fault;
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneEpoch, FineTuneReport};
use crate::learn::features::{Stopped, features};
use crate::learn::linear_eval::Examples;
use crate::protocol::Event;
use crate::worker::jobs::evaluate;
use crate::worker::mailbox::post;
use crate::worker::session::{Wish, with};
use crate::worker::turn::{now, turn};

/// Part of the progress that is features; the rest trains the classifier.
const FEATURES: f32 = 0.8;
/// Milliseconds between two reports of progress.
const TELL_EVERY: f64 = 150.0;

/// A linear classifier on frozen features, with the labels of `config`; none where a
/// wish cut it short.
pub async fn linear(list: &List, config: &FineTuneConfig) -> Result<Option<FineTuneReport>, Fault> {
    let begun = now();
    let (collection, store) = set().await?;
    let train = chosen(&collection, config);
    let [validation, test] = [Split::Validation, Split::Test].map(|split| labelled(&collection, split));
    let parts = [&train, &validation, &test];
    let all: Vec<u32> = parts.into_iter().flat_map(|part| part.images.iter().copied()).collect();
    let splits = [Split::Train, Split::Validation, Split::Test];
    let examples = Examples::among(collection.dataset(), all.iter().copied(), &splits).ok_or(Fault::NoLabels)?;
    let mut progress = list.progress(config, RunState::Running(Phase::Evaluate { percent: 0 }));
    progress.labels = examples.to_train_on();
    post(None, Event::FineTune(progress.clone()));
    let (encoder, _) = encoder(config.start)?;
    let mut told = now();
    let mut pause = async |part: f32| {
        if now() - told > TELL_EVERY {
            told = now();
            progress.state = RunState::Running(Phase::Evaluate { percent: (100.0 * part) as u8 });
            post(None, Event::FineTune(progress.clone()));
        }
        turn().await;
        with(|s| s.wish) == Wish::GoOn
    };
    let done = async {
        let rows =
            features(&encoder, &store, &all, evaluate::batch()?, &mut async |p| pause(FEATURES * p).await).await?;
        let mut share = async |p| pause(FEATURES + (1.0 - FEATURES) * p).await;
        examples.fit(&rows, config.seed, &mut share).await
    };
    match done.await {
        Ok((_, linear)) => {
            let seconds = ((now() - begun) / 1000.0) as f32;
            let epochs = vec![FineTuneEpoch {
                epoch: linear.chosen_epoch,
                loss: None,
                validation_accuracy: linear.validation_accuracy,
            }];
            Ok(Some(report(*config, examples.to_train_on(), epochs, &test, linear.predicted, seconds)))
        }
        Err(Stopped::OnRequest) => Ok(None),
        Err(Stopped::Failed(fault)) => Err(fault),
    }
}
