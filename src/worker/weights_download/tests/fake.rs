//! A server that behaves as a test wants it.

use crate::worker::weights_download::{Answer, Body, Server};
use std::cell::{Cell, RefCell};
use std::ops::Range;

/// Bytes of a file that arrive at once.
const CHUNK: usize = 300;

#[derive(Clone, Copy, Default, PartialEq)]
pub enum Ranges {
    #[default]
    Given,
    /// Answered with the whole file.
    Ignored,
    Refused,
    /// Another part than was asked for.
    Shifted,
    /// `Content-Range` can't be seen.
    Hidden,
}

#[derive(Default)]
pub struct Fake {
    pub file: Vec<u8>,
    pub ranges: Ranges,
    pub etag: RefCell<Option<&'static str>>,
    /// Statuses that are answered first; 0: nothing is.
    pub first: RefCell<Vec<u16>>,
    /// Bytes after which a connection breaks, one a request.
    pub cuts: RefCell<Vec<usize>>,
    /// A connection that breaks only ends, as if that were all.
    pub quietly: bool,
    pub asked: RefCell<Vec<Option<Range<u64>>>>,
    pub sent: Cell<usize>,
    /// Milliseconds that it was left alone.
    pub rested: Cell<u32>,
}

pub struct Bytes<'a> {
    bytes: Vec<u8>,
    at: usize,
    cut: Option<usize>,
    fake: &'a Fake,
}

impl Body for Bytes<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        let end = (self.at + CHUNK).min(self.cut.unwrap_or(usize::MAX)).min(self.bytes.len());
        let part = self.bytes[self.at..end].to_vec();
        self.fake.sent.set(self.fake.sent.get() + part.len());
        self.at = end;
        match part.is_empty() {
            true if self.cut == Some(self.at) && !self.fake.quietly => Err("connection reset".into()),
            true => Ok(None),
            false => Ok(Some(part)),
        }
    }
}

fn first_of<T>(list: &RefCell<Vec<T>>) -> Option<T> {
    let mut list = list.borrow_mut();
    if list.is_empty() { None } else { Some(list.remove(0)) }
}

impl<'f> Server for &'f Fake {
    type Body = Bytes<'f>;

    async fn get(&self, url: &str, range: Option<Range<u64>>) -> Result<Answer<Bytes<'f>>, String> {
        assert_eq!(url, "https://hub.test/timm/net/resolve/main/model.safetensors");
        self.asked.borrow_mut().push(range.clone());
        let length = self.file.len() as u64;
        let early = first_of(&self.first);
        let (status, part) = match (early, range, self.ranges) {
            (Some(0), ..) => return Err("no connection".into()),
            (Some(status), ..) => (status, 0..0),
            (_, None, _) | (_, _, Ranges::Ignored) => (200, 0..length),
            (_, _, Ranges::Refused) => (416, 0..0),
            (_, Some(range), Ranges::Shifted) => (206, range.start.saturating_sub(8)..range.end.min(length) - 8),
            (_, Some(range), _) => (206, range.start.min(length)..range.end.min(length)),
        };
        let told = (status == 206 && self.ranges != Ranges::Hidden)
            .then(|| format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1)));
        let bytes = self.file[part.start as usize..part.end as usize].to_vec();
        let etag = self.etag.borrow().map(str::to_owned);
        Ok(Answer { status, range: told, etag, body: Bytes { bytes, at: 0, cut: first_of(&self.cuts), fake: self } })
    }

    async fn rest(&self, milliseconds: u32) {
        self.rested.set(self.rested.get() + milliseconds);
    }
}
