//! Published weights that are fetched and kept in this browser: brought, listed, forgotten.
//!
//! A fetch waits for the network, so it is no job: it goes beside one. Once all is there it has the
//! thread for as long as summing and reading the weights takes.

use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::weights::{WeightsFile, WeightsIdentity, WeightsReport};
use crate::learn::encoder::Encoder;
use crate::learn::published::{self, Loaded};
use crate::protocol::Event;
use crate::worker::hub::browser::Browser;
use crate::worker::hub::{Wanted, Watch, bring, kept};
use crate::worker::jobs::{runs, weights as jobs_weights};
use crate::worker::mailbox::post;
use crate::worker::session;
use crate::worker::storage::Parts;
use crate::worker::turn::{now, turn};
use burn::tensor::Device;
use std::cell::{Cell, RefCell};
use web_sys::{AbortController, AbortSignal};

/// Milliseconds between two reports of progress.
const OFTEN: f64 = 100.0;

thread_local! {
    /// The fetch under way.
    static LINE: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

/// Ends the fetch under way, if any: it and its request, as a server that says nothing would hold
/// up a cancel.
pub fn hang_up() {
    LINE.with_borrow(|line| line.iter().for_each(AbortController::abort));
}

/// [`hang_up`], and waits until nothing is written any more.
pub async fn end() {
    hang_up();
    while LINE.with_borrow(Option::is_some) {
        turn().await;
    }
}

/// The line while it is open; there is one at a time.
struct Line;

impl Line {
    /// # Errors
    /// [`Fault::Busy`] while something is fetched.
    fn open() -> Result<(Self, AbortSignal), Fault> {
        LINE.with_borrow_mut(|line| {
            if line.is_some() {
                return Err(Fault::Busy);
            }
            let controller = AbortController::new().map_err(|e| Fault::Internal { detail: format!("{e:?}") })?;
            let signal = controller.signal();
            *line = Some(controller);
            Ok((Self, signal))
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        LINE.set(None);
    }
}

/// The visitor, who sees how far it is and may press Cancel.
struct Visitor {
    request: u32,
    told: Cell<f64>,
    line: AbortSignal,
}

impl Watch for Visitor {
    fn received(&self, received: u64, total: u64) {
        if now() - self.told.get() >= OFTEN || received == total {
            self.told.set(now());
            post(Some(self.request), Event::WeightsProgress { received, total });
        }
    }

    fn cancelled(&self) -> bool {
        self.line.aborted()
    }
}

/// Brings the weights of `encoder`, kept ones or from the Hub at `address`, and tells that they are
/// at hand.
pub async fn fetch(id: u32, encoder: ImageNetEncoder, address: &str) -> Result<(), Fault> {
    let (_line, signal) = Line::open()?;
    let storage = session::storage().await?;
    let (place, tensors) = (encoder.place(), tensors(encoder));
    let url = place.url(address);
    let wanted = Wanted { encoder, place, url: &url, tensors: &tensors };
    let server = Browser::new(signal.clone());
    let visitor = Visitor { request: id, told: Cell::new(0.0), line: signal };
    let (bytes, network) = read(bring(&storage, &server, &wanted, &visitor).await?).await?;
    post(Some(id), Event::Weights(at_hand(bytes, network)));
    Ok(())
}

/// Loads weights that are kept in this browser, and tells that they are at hand; nothing where
/// none are.
pub async fn bring_kept(encoder: ImageNetEncoder) -> Result<(), Fault> {
    if let Some((file, network)) = open_kept(encoder).await? {
        post(None, Event::Weights(at_hand(file, network)));
    }
    Ok(())
}

/// Weights that are kept in this browser, and which they are; none where none are.
pub async fn kept(encoder: ImageNetEncoder) -> Result<Option<(Encoder, WeightsIdentity)>, Fault> {
    Ok(open_kept(encoder).await?.map(|(_, loaded)| identified(loaded)))
}

async fn open_kept(encoder: ImageNetEncoder) -> Result<Option<(u64, Loaded)>, Fault> {
    // Without storage nothing is kept.
    let Ok(storage) = session::storage().await else { return Ok(None) };
    let tensors = tensors(encoder);
    let wanted = Wanted { encoder, place: encoder.place(), url: "", tensors: &tensors };
    match kept::open(&storage, &wanted).await? {
        Some(file) => Ok(Some(read(file).await?)),
        None => Ok(None),
    }
}

/// Puts the weights of a file into their network; with their bytes.
async fn read<P: Parts>(mut file: kept::KeptFile<P>) -> Result<(u64, Loaded), Fault> {
    turn().await;
    let loaded = published::load(&mut file, &Device::flex())?;
    let bytes = file.tensors().iter().map(|t| t.shape.iter().product::<usize>() * t.number.bytes().unwrap_or(0));
    Ok((bytes.map(|bytes| bytes as u64).sum(), loaded))
}

fn identified(loaded: Loaded) -> (Encoder, WeightsIdentity) {
    let source = loaded.which.place().repository.to_owned();
    (loaded.encoder, WeightsIdentity { source, fingerprint: loaded.fingerprint })
}

/// Keeps a network at hand.
fn at_hand(bytes: u64, loaded: Loaded) -> WeightsReport {
    let encoder = loaded.which;
    let (network, identity) = identified(loaded);
    let report = WeightsReport { encoder, identity, bytes };
    jobs_weights::keep(&report, network);
    report
}

fn tensors(encoder: ImageNetEncoder) -> Vec<(String, Vec<usize>)> {
    published::tensors(&Encoder::imagenet(encoder, &Device::flex()))
}

/// Tells which weights are kept.
pub async fn tell_kept(id: u32) -> Result<(), Fault> {
    let list = kept::list(&*session::storage().await?).await?;
    post(Some(id), Event::KeptWeights(list));
    Ok(())
}

/// Removes kept weights; those at hand stay until the worker ends.
pub async fn forget(id: u32, encoder: ImageNetEncoder) -> Result<(), Fault> {
    kept::delete(&*session::storage().await?, encoder).await?;
    runs::list(id).await
}
