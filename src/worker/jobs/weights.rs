//! Published weights: read from a file, kept while the worker lives, put on the device
//! when a run starts from them.

use crate::core::config::Trained;
use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::report::Backend;
use crate::core::run::RunRecord;
use crate::core::weights::{WeightsFault, WeightsIdentity, WeightsReport};
use crate::learn::encoder::Encoder;
use crate::learn::named_tensors;
use crate::learn::published::{self, Loaded};
use crate::protocol::Event;
use crate::worker::device::Compute;
use crate::worker::files;
use crate::worker::jobs::hub;
use crate::worker::mailbox::post;
use crate::worker::session::{Job, Working, with};
use crate::worker::turn::turn;
use burn::tensor::Device;
use std::collections::HashMap;
use web_sys::File;

/// A file is read whole, beside the weights that come of it, into wasm's 4 GB.
const MOST_BYTES: u64 = 1 << 30;

/// Weights at hand, by the network that they are of; on the CPU, whatever device trains.
#[derive(Default)]
pub struct Weights(HashMap<ImageNetEncoder, (Encoder, WeightsIdentity)>);

/// Keeps `encoder`, on the CPU's plain device, as the weights of `report.encoder`; those
/// that were kept of it before go.
pub fn keep(report: &WeightsReport, encoder: Encoder) {
    with(|s| s.weights.0.insert(report.encoder, (encoder, report.identity.clone())));
}

/// The encoder with the weights that were loaded of it, else with those that were fetched and
/// are kept in this browser, on the plain device of `compute`; and which they are.
///
/// # Errors
/// [`Fault::NoWeights`] where there are none; [`Fault::OutOfMemory`] or [`Fault::Internal`] where the
/// device does not take them.
pub async fn loaded(which: ImageNetEncoder, compute: &Compute) -> Result<(Encoder, WeightsIdentity), Fault> {
    let at_hand = || with(|s| s.weights.0.get(&which).cloned());
    if at_hand().is_none() {
        hub::bring_kept(which).await?;
    }
    let (kept, identity) = at_hand().ok_or(Fault::NoWeights { encoder: which })?;
    Ok((on_device(which, kept, compute).await?, identity))
}

/// The weights that a run started from, where they are at hand or kept: others of its network are
/// no baseline of it. None too of a run that does not change its encoder, which is its own.
pub async fn of_run(record: &RunRecord, compute: &Compute) -> Option<Encoder> {
    let which = record.config.encoder.weights().filter(|_| record.config.trained() != Trained::Head)?;
    let fits = |(_, found): &(Encoder, WeightsIdentity)| are_its(record.weights.as_ref(), found);
    let at_hand = with(|s| s.weights.0.get(&which).cloned()).filter(fits);
    let found = match at_hand {
        Some(found) => found,
        // Without taking the place of what is at hand.
        None => hub::kept(which).await.ok()?.filter(fits)?,
    };
    on_device(which, found.0, compute).await.ok()
}

/// Whether a run that started from `started` started from `found`; where its record is from before
/// that was noted, it is taken to be so.
fn are_its(started: Option<&WeightsIdentity>, found: &WeightsIdentity) -> bool {
    started.is_none_or(|started| started.is_same(found))
}

/// What is kept on the CPU, on the plain device of `compute`.
async fn on_device(which: ImageNetEncoder, kept: Encoder, compute: &Compute) -> Result<Encoder, Fault> {
    if compute.report.backend == Backend::Cpu {
        return Ok(kept);
    }
    let failed = |e: named_tensors::WeightsError| Fault::of_device(e.to_string());
    let tensors = named_tensors::tensors(&kept).await.map_err(failed)?;
    named_tensors::load(Encoder::imagenet(which, &compute.device), tensors).map_err(failed)
}

/// Reads the weights of a chosen file, keeps them and tells of which network they are.
pub async fn open(id: u32, files: Vec<File>) -> Result<(), Fault> {
    let _working = Working::begin(Job::Import)?;
    let file = files.into_iter().next().ok_or(Fault::Weights(WeightsFault::Empty))?;
    let file = files::chosen(file.name(), file);
    if file.len() > MOST_BYTES {
        return Err(Fault::Weights(WeightsFault::TooLarge { bytes: file.len() }));
    }
    let bytes = file.read(0, file.len()).map_err(|detail| Fault::Weights(WeightsFault::Unreadable { detail }))?;
    turn().await;
    let read = crate::worker::weights::open(&bytes).and_then(|mut file| published::load(&mut *file, &Device::flex()));
    let Loaded { which, encoder, fingerprint } = read.map_err(Fault::Weights)?;
    let identity = WeightsIdentity { source: file.path().to_owned(), fingerprint };
    let report = WeightsReport { encoder: which, identity, bytes: file.len() };
    keep(&report, encoder);
    post(Some(id), Event::Weights(report));
    Ok(())
}
