//! What fetching needs of a server: the browser's `fetch`, or, in native tests, one in memory
//! that behaves badly. Redirects are the server's own affair.

use std::ops::Range;

/// An answer that has begun.
#[derive(Debug)]
pub struct Answer<B> {
    pub status: u16,
    /// `Content-Range`. None too where the server shows it to its own pages only.
    pub range: Option<String>,
    /// `ETag`, likewise.
    pub etag: Option<String>,
    pub body: B,
}

/// What of an answer is still to come; dropping it ends the transfer.
pub trait Body {
    /// The next bytes, in order; none at the end.
    ///
    /// # Errors
    /// What the browser says where the connection broke.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, String>>;
}

pub trait Server {
    type Body: Body;

    /// Asks for a file, or for a part of it.
    ///
    /// # Errors
    /// What the browser says where there was no answer.
    fn get(&self, url: &str, range: Option<Range<u64>>) -> impl Future<Output = Result<Answer<Self::Body>, String>>;

    /// Leaves it alone for a while.
    fn rest(&self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// A part of a file, as a `Content-Range` names it: `bytes 0-1023/46807446`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRange {
    pub part: Range<u64>,
    /// Length of the whole file, where it is told.
    pub total: Option<u64>,
}

impl ContentRange {
    /// None where it is none.
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

    /// Whether this is what was asked for: as much of it as there is.
    pub fn answers(&self, asked: &Range<u64>) -> bool {
        let ends = self.part.end == asked.end || self.part.end < asked.end && self.total == Some(self.part.end);
        self.part.start == asked.start && ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_strictly() {
        let parse = ContentRange::parse;
        assert_eq!(parse("bytes 0-1023/2000"), Some(ContentRange { part: 0..1024, total: Some(2000) }));
        assert_eq!(parse("bytes 5-5/*"), Some(ContentRange { part: 5..6, total: None }));
        for wrong in ["", "bytes */2000", "items 0-1/2", "bytes 9-3/20", "bytes 0-20/20", "bytes 0-x/9", "bytes 0-9"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        let answers = |text: &str, asked| parse(text).unwrap().answers(&asked);
        assert!(answers("bytes 10-19/100", 10..20) && answers("bytes 90-99/100", 90..120));
        assert!(!answers("bytes 0-9/100", 10..20) && !answers("bytes 10-14/100", 10..20));
        assert!(!answers("bytes 90-99/*", 90..120));
    }
}
