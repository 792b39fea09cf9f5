//! Published weights: read from a chosen file or fetched and kept in this browser,
//! loaded while the worker lives, put on the device when a run starts from them.
//!
//! A fetch waits for the network, so it is not a job and goes on beside one. Summing and
//! reading the weights at its end holds the thread.

use crate::core::weights_file::{WeightsFault, WeightsFile, WeightsIdentity, WeightsReport};
use crate::core::{config::TrainedPart, error::Fault, imagenet::ImageNetEncoder, report::Backend, run::RunRecord};
use crate::learn::published::{self, Loaded};
use crate::learn::{encoder::Encoder, named_tensors};
use crate::protocol::{Event, WorkProgress};
use crate::worker::event_loop::{Throttle, yield_now};
use crate::worker::session::{self, Job, JobGuard, with};
use crate::worker::weights_download::{DownloadWatch, Wanted, stored};
use crate::worker::{
    device::Compute, files, mailbox::post, storage::OpenFile, weights_download::browser::Browser,
    weights_download::fetch::open_or_fetch,
};
use burn::tensor::Device;
use std::cell::RefCell;
use web_sys::{AbortController, AbortSignal, File};

/// A file is read whole, beside the weights that it holds, into wasm's 4 GB.
const MOST_BYTES: u64 = 1 << 30;

thread_local! {
    /// Ends the current fetch.
    static FETCH: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

/// The encoder with its published weights, on the plain device of `compute`, and which weights they
/// are: the loaded ones, else those that are kept in this browser.
///
/// # Errors
/// [`Fault::NoWeights`] without either; [`Fault::OutOfMemory`] or [`Fault::Internal`] if the device does not take them.
pub async fn loaded(which: ImageNetEncoder, compute: &Compute) -> Result<(Encoder, WeightsIdentity), Fault> {
    let found = || with(|s| s.weights.get(which));
    if found().is_none()
        && let Some((bytes, network)) = open_kept(which).await?
    {
        post(None, Event::Weights(keep_loaded(bytes, network)));
    }
    let (encoder, identity) = found().ok_or(Fault::NoWeights { encoder: which })?;
    Ok((on_device(which, encoder, compute).await?, identity))
}

/// The weights that a run started from, if they are loaded or kept. Other weights of the same network
/// are not its baseline, and a run that does not change its encoder is its own baseline: None.
pub async fn baseline_of(record: &RunRecord, compute: &Compute) -> Option<Encoder> {
    let which = record.config.encoder.weights().filter(|_| record.config.trained() != TrainedPart::Head)?;
    // Old records do not say which weights they started from: any are taken to be the ones.
    let fits = |found: &WeightsIdentity| record.weights.as_ref().is_none_or(|started| started.is_same(found));
    let found = match with(|s| s.weights.get(which)).filter(|(_, identity)| fits(identity)) {
        Some((encoder, _)) => encoder,
        // These do not replace the loaded ones.
        None => {
            let (_, network) = open_kept(which).await.ok()??;
            fits(&identity_of(&network)).then_some(network.encoder)?
        }
    };
    on_device(which, found, compute).await.ok()
}

/// Moves an encoder from the CPU to the plain device of `compute`.
async fn on_device(which: ImageNetEncoder, encoder: Encoder, compute: &Compute) -> Result<Encoder, Fault> {
    if compute.report.backend == Backend::Cpu {
        return Ok(encoder);
    }
    let failed = |e: named_tensors::WeightsError| Fault::of_device(e.to_string());
    let tensors = named_tensors::tensors(&encoder).await.map_err(failed)?;
    named_tensors::load(Encoder::imagenet(which, &compute.device), tensors).map_err(failed)
}

/// Loads the weights of a chosen file; the answer says of which network they are.
pub async fn open(files: Vec<File>) -> Result<Event, Fault> {
    let _guard = JobGuard::begin(Job::Import)?;
    let file = files.into_iter().next().ok_or(Fault::Weights(WeightsFault::Empty))?;
    let file = files::browser_file(file.name(), file);
    if file.len() > MOST_BYTES {
        return Err(Fault::Weights(WeightsFault::TooLarge { bytes: file.len() }));
    }
    let bytes = file.read(0, file.len()).map_err(|detail| Fault::Weights(WeightsFault::Unreadable { detail }))?;
    yield_now().await;
    let read =
        crate::worker::open_weights::open(&bytes).and_then(|mut file| published::load(&mut *file, &Device::flex()));
    let Loaded { which, encoder, fingerprint } = read.map_err(Fault::Weights)?;
    let identity = WeightsIdentity { source: file.path().to_owned(), fingerprint };
    let report = WeightsReport { encoder: which, identity, bytes: file.len() };
    with(|s| s.weights.insert(&report, encoder));
    Ok(Event::Weights(report))
}

/// Ends the current fetch, if any: its request too, as a server that does not answer would hold up a cancel.
pub fn cancel() {
    FETCH.with_borrow(|fetch| fetch.iter().for_each(AbortController::abort));
}

/// [`cancel`], and waits until nothing is written any more.
pub async fn cancel_and_wait() {
    cancel();
    while FETCH.with_borrow(Option::is_some) {
        yield_now().await;
    }
}

/// Marks a fetch as under way until this is dropped. There is one at a time.
struct FetchGuard;

impl FetchGuard {
    /// # Errors
    /// [`Fault::Busy`] during another fetch.
    fn begin() -> Result<(Self, AbortSignal), Fault> {
        FETCH.with_borrow_mut(|fetch| {
            if fetch.is_some() {
                return Err(Fault::Busy);
            }
            let controller = AbortController::new().map_err(|e| Fault::Internal { detail: format!("{e:?}") })?;
            let signal = controller.signal();
            *fetch = Some(controller);
            Ok((Self, signal))
        })
    }
}

impl Drop for FetchGuard {
    fn drop(&mut self) {
        FETCH.set(None);
    }
}

/// Reports a fetch to the page, whose user may cancel it.
struct Reporter {
    throttle: Throttle,
    signal: AbortSignal,
}

impl DownloadWatch for Reporter {
    fn received(&self, received: u64, total: u64) {
        if self.throttle.is_due() || received == total {
            post(None, Event::Progress(WorkProgress::Fetch { received, total }));
        }
    }

    fn cancelled(&self) -> bool {
        self.signal.aborted()
    }
}

/// Loads the weights of `encoder`: kept ones, else from the Hub at `address`.
pub async fn fetch(encoder: ImageNetEncoder, address: &str) -> Result<Event, Fault> {
    let (_guard, signal) = FetchGuard::begin()?;
    let storage = session::storage().await?;
    let (published, tensors) = (encoder.published_file(), tensors(encoder));
    let url = published.url(address);
    let wanted = Wanted { encoder, published, url: &url, tensors: &tensors };
    let server = Browser::new(signal.clone());
    let reporter = Reporter { throttle: Throttle::of_progress(), signal };
    let (bytes, network) = read(open_or_fetch(&storage, &server, &wanted, &reporter).await?).await?;
    Ok(Event::Weights(keep_loaded(bytes, network)))
}

/// Reads weights that are kept in this browser, if any; with their bytes.
async fn open_kept(encoder: ImageNetEncoder) -> Result<Option<(u64, Loaded)>, Fault> {
    // Without storage nothing is kept.
    let Ok(storage) = session::storage().await else { return Ok(None) };
    let tensors = tensors(encoder);
    let wanted = Wanted { encoder, published: encoder.published_file(), url: "", tensors: &tensors };
    match stored::open(&storage, &wanted).await? {
        Some(file) => Ok(Some(read(file).await?)),
        None => Ok(None),
    }
}

/// Reads the weights of a file into their network; with their bytes.
async fn read<P: OpenFile>(mut file: stored::StoredFile<P>) -> Result<(u64, Loaded), Fault> {
    yield_now().await;
    let loaded = published::load(&mut file, &Device::flex())?;
    let bytes = file.tensors().iter().map(|t| t.shape.iter().product::<usize>() * t.number.bytes().unwrap_or(0));
    Ok((bytes.map(|bytes| bytes as u64).sum(), loaded))
}

fn identity_of(network: &Loaded) -> WeightsIdentity {
    let source = network.which.published_file().repository.to_owned();
    WeightsIdentity { source, fingerprint: network.fingerprint.clone() }
}

/// Keeps a network loaded.
fn keep_loaded(bytes: u64, network: Loaded) -> WeightsReport {
    let report = WeightsReport { encoder: network.which, identity: identity_of(&network), bytes };
    with(|s| s.weights.insert(&report, network.encoder));
    report
}

fn tensors(encoder: ImageNetEncoder) -> Vec<(String, Vec<usize>)> {
    published::tensors(&Encoder::imagenet(encoder, &Device::flex()))
}
