//! Downloads published weights from the Hugging Face Hub, or a mirror of it, into this browser.
//!
//! | module | does |
//! |---|---|
//! | `fetch` | asks for the header, then for ranges; continues after a cut; else takes the whole file |
//! | `stored` | the stored files: which bytes they take of a published one; opened, listed, deleted |
//! | `browser` | a server over the browser's `fetch` |
//!
//! Here stands what they share: what to fetch, who hears of it, and what fetching needs of a server. That is
//! the browser's `fetch`, or, in native tests, a server in memory that behaves badly. Redirects are the
//! server's own affair.

pub mod browser;
pub mod fetch;
pub mod stored;
#[cfg(test)]
mod tests;

use crate::core::{architecture::PublishedFile, imagenet::ImageNetEncoder};
use std::ops::Range;

/// What to fetch.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub encoder: ImageNetEncoder,
    /// The published file.
    pub published: &'a PublishedFile,
    /// Its address.
    pub url: &'a str,
    /// Names and shapes of the encoder's tensors.
    pub tensors: &'a [(String, Vec<usize>)],
}

/// Hears of a download's progress and may cancel it.
pub trait DownloadWatch {
    /// `received` bytes of `total` are stored.
    fn received(&self, received: u64, total: u64);

    /// Whether the download is cancelled.
    fn cancelled(&self) -> bool;
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Answer<B> {
    pub status: u16,
    /// `Content-Range`; also `None` if the server shows it to its own pages only.
    pub range: Option<String>,
    /// `ETag`, in the same way.
    pub etag: Option<String>,
    pub body: B,
}

/// The body of an answer; dropping it ends the transfer.
pub trait Body {
    /// The next bytes, in order; `None` at the end.
    ///
    /// # Errors
    /// The browser's message about a broken connection.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, String>>;
}

pub trait Server {
    type Body: Body;

    /// Requests a file, or a part of it.
    ///
    /// # Errors
    /// The browser's message if there was no answer.
    fn get(&self, url: &str, range: Option<Range<u64>>) -> impl Future<Output = Result<Answer<Self::Body>, String>>;

    /// Waits before the next request.
    fn rest(&self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// A part of a file, as in a `Content-Range`: `bytes 0-1023/46807446`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRange {
    pub part: Range<u64>,
    /// Length of the whole file, if the server gives it.
    pub total: Option<u64>,
}

impl ContentRange {
    /// `None` if `text` is not a `Content-Range`.
    pub fn parse(text: &str) -> Option<Self> {
        let (part, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = part.trim().split_once('-')?;
        let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        let end = last.checked_add(1)?;
        (first < end && total.is_none_or(|total| end <= total)).then_some(Self { part: first..end, total })
    }

    /// Whether this is the part that was asked for, as far as the file has it.
    pub fn answers(&self, asked: &Range<u64>) -> bool {
        let ends = self.part.end == asked.end || self.part.end < asked.end && self.total == Some(self.part.end);
        self.part.start == asked.start && ends
    }
}
