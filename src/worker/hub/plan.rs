//! Which bytes of a published file are fetched, and where they go in the file that is kept: the
//! encoder's tensors, side by side, behind a header of their own. What is kept is a safetensors
//! file like any other, without the classifier.

use crate::core::error::StorageFault;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::weights::recognise::{plain_name, recognise};
use crate::core::weights::{Header, WeightsFault, not_a_float};
use crate::learn::published::number;
use crate::worker::storage::Parts;
use crate::worker::weights::not_weights;
use safetensors::tensor::{Metadata, TensorInfo};
use std::ops::Range;

/// The length of a header stands before it in so many bytes.
pub const PREFIX: usize = 8;
/// Most bytes of a header: that of ResNet-101 has 60 KB.
const MOST_HEADER: u64 = 16 << 20;
/// Bytes between two tensors that are fetched with them and dropped: less than a request costs.
const GAP: u64 = 64 << 10;

/// Bytes that are wanted, in both files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// In the published file.
    from: u64,
    /// In the kept one.
    to: u64,
    length: u64,
}

/// What is fetched of a file. Positions are in bytes.
#[derive(Debug)]
pub struct Plan {
    /// How the kept file begins.
    pub header: Vec<u8>,
    /// Length of the published file, by its header.
    pub published: u64,
    /// Length of the kept file.
    pub kept: u64,
    /// In the order of both files, apart from each other.
    spans: Vec<Span>,
}

impl Plan {
    /// Reads a published file's beginning; none where its header is not all there yet.
    ///
    /// # Errors
    /// [`WeightsFault`] where it is no safetensors file, or not of `encoder`, whose `tensors` are
    /// names and shapes.
    pub fn read(
        head: &[u8],
        encoder: ImageNetEncoder,
        tensors: &[(String, Vec<usize>)],
    ) -> Result<Option<Self>, WeightsFault> {
        let Some(length) = header_length(head)? else { return Ok(None) };
        let Some(json) = head.get(PREFIX..PREFIX + length) else { return Ok(None) };
        let metadata: Metadata = serde_json::from_slice(json)
            .map_err(|e| WeightsFault::Damaged { detail: format!("not a readable safetensors header ({e})") })?;
        Self::new((PREFIX + length) as u64, &metadata, encoder, tensors).map(Some)
    }

    fn new(
        data: u64,
        metadata: &Metadata,
        encoder: ImageNetEncoder,
        tensors: &[(String, Vec<usize>)],
    ) -> Result<Self, WeightsFault> {
        let all: Vec<(Header, TensorInfo)> = metadata
            .offset_keys()
            .iter()
            .filter_map(|name| Some((header(plain_name(name), metadata.info(name)?), metadata.info(name)?.clone())))
            .collect();
        let listed: Vec<Header> = all.iter().map(|(header, _)| header.clone()).collect();
        recognise(&listed, &[(encoder, tensors.to_vec())])?;

        let wanted: Vec<&(Header, TensorInfo)> =
            all.iter().filter(|(header, _)| tensors.iter().any(|(name, _)| *name == header.name)).collect();
        if let Some((other, _)) = wanted.iter().find(|(header, _)| header.number.bytes().is_none()) {
            return Err(not_a_float(other));
        }
        let mut end = 0;
        let mut kept = Vec::new();
        for (header, info) in &wanted {
            let start = end;
            end += info.data_offsets.1 - info.data_offsets.0;
            kept.push((header.name.clone(), TensorInfo { data_offsets: (start, end), ..info.clone() }));
        }
        let header = Metadata::new(None, kept)
            .map_err(|e| e.to_string())
            .and_then(|metadata| serde_json::to_vec(&metadata).map_err(|e| e.to_string()))
            .map(framed)
            .map_err(|detail| WeightsFault::Damaged { detail })?;

        let mut spans: Vec<Span> = Vec::new();
        let mut to = header.len() as u64;
        for (_, info) in &wanted {
            let (from, length) =
                (data + info.data_offsets.0 as u64, (info.data_offsets.1 - info.data_offsets.0) as u64);
            match spans.last_mut() {
                Some(last) if last.from + last.length == from => last.length += length,
                _ => spans.push(Span { from, to, length }),
            }
            to += length;
        }
        Ok(Self { kept: to, published: data + metadata.data_len() as u64, header, spans })
    }

    /// The next part of the published file to ask for, where the kept one has `done` bytes; none
    /// where it has all.
    pub fn next(&self, done: u64) -> Option<Range<u64>> {
        let first = self.spans.iter().position(|span| done < span.to + span.length)?;
        let span = self.spans[first];
        let start = span.from + done.saturating_sub(span.to);
        let mut end = span.from + span.length;
        for next in &self.spans[first + 1..] {
            if next.from - end > GAP {
                break;
            }
            end = next.from + next.length;
        }
        Some(start..end)
    }

    /// How many bytes of the kept file are there once all of the published file before `at` is.
    pub fn done(&self, at: u64) -> u64 {
        let before = self.spans.iter().rev().find(|span| span.from < at);
        before.map_or(self.header.len() as u64, |span| span.to + (at - span.from).min(span.length))
    }

    /// Writes what is wanted of `bytes`, which stand at `at` in the published file.
    pub fn put(&self, file: &impl Parts, at: u64, bytes: &[u8]) -> Result<(), StorageFault> {
        let end = at + bytes.len() as u64;
        for span in self.spans.iter().filter(|span| span.from < end && at < span.from + span.length) {
            let (from, until) = (at.max(span.from), end.min(span.from + span.length));
            file.write(span.to + (from - span.from), &bytes[(from - at) as usize..(until - at) as usize])?;
        }
        Ok(())
    }
}

/// Length of a safetensors header, without its prefix; none where the file's beginning is not
/// all there yet.
///
/// # Errors
/// [`WeightsFault::NotWeights`] where the file begins in another way.
pub fn header_length(head: &[u8]) -> Result<Option<usize>, WeightsFault> {
    let Some((prefix, rest)) = head.split_first_chunk::<PREFIX>() else { return Ok(None) };
    let length = u64::from_le_bytes(*prefix);
    match rest.first() {
        None => Ok(None),
        Some(b'{') if length <= MOST_HEADER => Ok(Some(length as usize)),
        Some(_) => Err(not_weights(head)),
    }
}

/// A tensor as files list it.
pub fn header(name: &str, info: &TensorInfo) -> Header {
    Header { name: name.to_owned(), shape: info.shape.clone(), number: number(info.dtype) }
}

/// A header with its length before it; spaces put the numbers after it at a multiple of eight.
fn framed(mut json: Vec<u8>) -> Vec<u8> {
    json.resize(json.len().next_multiple_of(PREFIX), b' ');
    let mut framed = (json.len() as u64).to_le_bytes().to_vec();
    framed.append(&mut json);
    framed
}
