//! Published weights from the Hugging Face Hub, or a mirror of it, kept in this browser.
//!
//! | module | does |
//! |---|---|
//! | `plan` | which bytes of a published file are wanted, and where they are kept |
//! | `server` | what is needed of a server |
//! | `fetch` | asks for the header, then for ranges; goes on after a cut; else the whole file |
//! | `kept` | the files that are kept: opened and compared with their sums, listed, forgotten |
//! | `browser` | a server over the browser's `fetch` |

pub mod browser;
mod fetch;
pub mod kept;
mod plan;
pub mod server;

use crate::core::error::Fault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::imagenet::addresses::Place;
use crate::worker::storage::{Files, Storage};
use kept::KeptFile;
use server::Server;

/// What is to be fetched.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub encoder: ImageNetEncoder,
    /// What is known of the published file.
    pub place: &'a Place,
    /// Where it is asked for.
    pub url: &'a str,
    /// Names and shapes of the encoder's tensors.
    pub tensors: &'a [(String, Vec<usize>)],
}

/// Who waits for it.
pub trait Watch {
    /// So many bytes of all are there.
    fn received(&self, received: u64, total: u64);

    /// Whether to give up.
    fn cancelled(&self) -> bool;
}

/// The weights of an encoder: those that are kept, else fetched and then kept. A fetch that was
/// cut off goes on where it stopped.
///
/// # Errors
/// As [`kept::open`] and `Fetch::run` have it.
pub async fn bring<F: Files, S: Server>(
    storage: &Storage<F>,
    server: &S,
    wanted: &Wanted<'_>,
    watch: &dyn Watch,
) -> Result<KeptFile<F::Parts>, Fault> {
    match kept::open(storage, wanted).await? {
        Some(file) => Ok(file),
        None => KeptFile::open(fetch::Fetch::new(storage, server, wanted, watch).run().await?),
    }
}

#[cfg(test)]
mod tests;
