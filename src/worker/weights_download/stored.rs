//! Published weights as they are stored: `weights/NETWORK/file`, a safetensors file of the encoder's tensors,
//! and `weights/NETWORK/note`, which says what the file is and, once it is whole, its sum.
//!
//! [`Plan`] says which bytes of a published file are fetched, and where they go in the stored one: the
//! encoder's tensors, side by side, behind a header of their own, without the classifier.

use super::Wanted;
use crate::core::error::{Fault, StorageFault};
use crate::core::imagenet::{DownloadedWeights, ImageNetEncoder};
use crate::core::run::stored::Kind;
use crate::core::weights_file::recognise::{plain_name, recognise};
use crate::core::weights_file::{Header, WeightsFault, WeightsFile, not_a_float};
use crate::learn::published::number;
use crate::worker::open_weights::not_weights;
use crate::worker::storage::{FileSystem, OpenFile, Storage};
use safetensors::tensor::{Metadata, TensorInfo};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Bytes before a header, which hold its length.
pub const PREFIX: usize = 8;
/// Most bytes of a header: that of ResNet-101 has 60 KB.
const MOST_HEADER: u64 = 16 << 20;
/// A gap of at most this many bytes between two tensors is fetched with them and dropped: that costs less than
/// another request.
const GAP: u64 = 64 << 10;

/// Wanted bytes, in both files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Position in the published file.
    from: u64,
    /// Position in the stored file.
    to: u64,
    length: u64,
}

/// The parts to fetch of a published file. Positions are in bytes.
#[derive(Debug)]
pub struct Plan {
    /// The start of the stored file.
    pub header: Vec<u8>,
    /// Length of the published file, by its header.
    pub published: u64,
    /// Length of the stored file.
    pub stored: u64,
    /// In the order of both files, with gaps between them.
    spans: Vec<Span>,
}

impl Plan {
    /// Plans from the beginning of a published file; `None` if the header is not complete yet.
    ///
    /// # Errors
    /// [`WeightsFault`] if it is not a safetensors file, or not one of `encoder`, whose `tensors` are names and shapes.
    pub fn read(
        head: &[u8],
        encoder: ImageNetEncoder,
        tensors: &[(String, Vec<usize>)],
    ) -> Result<Option<Self>, WeightsFault> {
        let Some(length) = header_length(head)? else { return Ok(None) };
        let Some(json) = head.get(PREFIX..PREFIX + length) else { return Ok(None) };
        let metadata: Metadata = serde_json::from_slice(json)
            .map_err(|e| WeightsFault::Damaged { detail: format!("not a readable safetensors header ({e})") })?;
        let data = (PREFIX + length) as u64;
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
        Ok(Some(Self { stored: to, published: data + metadata.data_len() as u64, header, spans }))
    }

    /// The next part of the published file to request if the stored one has `done` bytes; `None` if it is complete.
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

    /// How many bytes the stored file has once everything before `at` in the published one is received.
    pub fn done(&self, at: u64) -> u64 {
        let before = self.spans.iter().rev().find(|span| span.from < at);
        before.map_or(self.header.len() as u64, |span| span.to + (at - span.from).min(span.length))
    }

    /// Writes the wanted part of `bytes`, which are at `at` in the published file.
    pub fn put(&self, file: &impl OpenFile, at: u64, bytes: &[u8]) -> Result<(), StorageFault> {
        let end = at + bytes.len() as u64;
        for span in self.spans.iter().filter(|span| span.from < end && at < span.from + span.length) {
            let (from, until) = (at.max(span.from), end.min(span.from + span.length));
            file.write(span.to + (from - span.from), &bytes[(from - at) as usize..(until - at) as usize])?;
        }
        Ok(())
    }
}

/// Length of a safetensors header, without its prefix; `None` if `head` is too short to tell.
///
/// # Errors
/// [`WeightsFault::NotWeights`] if the file begins in another way.
pub fn header_length(head: &[u8]) -> Result<Option<usize>, WeightsFault> {
    let Some((prefix, rest)) = head.split_first_chunk::<PREFIX>() else { return Ok(None) };
    let length = u64::from_le_bytes(*prefix);
    match rest.first() {
        None => Ok(None),
        Some(b'{') if length <= MOST_HEADER => Ok(Some(length as usize)),
        Some(_) => Err(not_weights(head)),
    }
}

/// A tensor as a file lists it.
fn header(name: &str, info: &TensorInfo) -> Header {
    Header { name: name.to_owned(), shape: info.shape.clone(), number: number(info.dtype) }
}

/// A header with its length before it, padded by spaces so that the numbers begin at a multiple of eight bytes.
fn framed(mut json: Vec<u8>) -> Vec<u8> {
    json.resize(json.len().next_multiple_of(PREFIX), b' ');
    let mut framed = (json.len() as u64).to_le_bytes().to_vec();
    framed.append(&mut json);
    framed
}

const FOLDER: &str = "weights";
/// Bytes of one read for a checksum.
const PIECE: usize = 1 << 20;

/// What a stored file is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Repository, revision and file.
    pub of: String,
    /// `ETag` of the published file.
    pub etag: Option<String>,
    /// Length of the complete stored file in bytes.
    pub length: u64,
    /// Checksum of the stored file; `None` while it is not complete.
    pub sha256: Option<String>,
}

fn folder(encoder: ImageNetEncoder) -> String {
    format!("{FOLDER}/{}", encoder.weights().called)
}

pub fn file_path(encoder: ImageNetEncoder) -> String {
    format!("{}/file", folder(encoder))
}

fn note_path(encoder: ImageNetEncoder) -> String {
    format!("{}/{}", folder(encoder), Kind::WeightsNote.name())
}

/// The note of a stored file; `None` if there is no note, or only a damaged one.
pub async fn note<F: FileSystem>(storage: &Storage<F>, encoder: ImageNetEncoder) -> Result<Option<Note>, StorageFault> {
    match storage.get_json(&note_path(encoder), Kind::WeightsNote).await {
        // The next download writes the note again.
        Err(StorageFault::Damaged { .. }) => Ok(None),
        note => note,
    }
}

pub async fn save_note<F: FileSystem>(
    storage: &Storage<F>,
    encoder: ImageNetEncoder,
    note: &Note,
) -> Result<(), StorageFault> {
    storage.put_json(&note_path(encoder), Kind::WeightsNote, note).await
}

/// All downloaded weights, complete or not.
pub async fn list<F: FileSystem>(storage: &Storage<F>) -> Result<Vec<DownloadedWeights>, StorageFault> {
    let there = storage.files().list(FOLDER).await?;
    let mut kept = Vec::new();
    for encoder in ImageNetEncoder::all() {
        if there.iter().any(|name| name == encoder.weights().called) {
            // Another tab may be writing. A note that can't be read counts as incomplete weights, and the list
            // continues.
            let note = note(storage, encoder).await.ok().flatten();
            kept.push(DownloadedWeights {
                encoder,
                bytes: note.as_ref().map_or(0, |note| note.length),
                whole: note.is_some_and(|note| note.sha256.is_some() && note.of == encoder.published_file().path()),
            });
        }
    }
    Ok(kept)
}

/// Deletes the stored weights of an encoder.
///
/// # Errors
/// [`StorageFault::Held`] while it is being fetched.
pub async fn delete<F: FileSystem>(storage: &Storage<F>, encoder: ImageNetEncoder) -> Result<(), StorageFault> {
    storage.remove(&folder(encoder)).await
}

/// Opens complete weights; `None` if they were not downloaded, or not all of them.
///
/// # Errors
/// [`StorageFault::Damaged`] if they have changed; they are deleted then.
pub async fn open<F: FileSystem>(
    storage: &Storage<F>,
    wanted: &Wanted<'_>,
) -> Result<Option<StoredFile<F::OpenFile>>, Fault> {
    let encoder = wanted.encoder;
    let Some(note) = note(storage, encoder).await? else { return Ok(None) };
    let Some(sum) = note.sha256.filter(|_| note.of == wanted.published.path()) else { return Ok(None) };
    let Some(file) = storage.files().open(&file_path(encoder), false).await? else { return Ok(None) };
    if file.length()? == note.length && sha256(&file)? == sum {
        return Ok(Some(StoredFile::open(file)?));
    }
    drop(file);
    delete(storage, encoder).await?;
    let what = format!("the kept weights of {}", encoder.name());
    Err(StorageFault::Damaged { what, detail: "they are not what was stored".to_owned() }.into())
}

/// The SHA-256 of a whole file, in hexadecimal digits.
pub fn sha256(file: &impl OpenFile) -> Result<String, StorageFault> {
    let mut sum = Sha256::new();
    let (mut at, length) = (0, file.length()?);
    let mut piece = vec![0; PIECE];
    while at < length {
        let part = &mut piece[..PIECE.min((length - at) as usize)];
        file.read(at, part)?;
        sum.update(&part);
        at += part.len() as u64;
    }
    Ok(hex(&sum.finalize()))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An open file of stored weights. One tensor at a time is in memory.
pub struct StoredFile<P> {
    file: P,
    headers: Vec<Header>,
    /// Positions of each tensor's numbers in bytes.
    places: Vec<Range<u64>>,
}

impl<P: OpenFile> StoredFile<P> {
    pub fn open(file: P) -> Result<Self, Fault> {
        let damaged = |detail: String| Fault::from(StorageFault::Damaged { what: FOLDER.to_owned(), detail });
        let mut head = vec![0; PREFIX + 1];
        file.read(0, &mut head)?;
        let length = header_length(&head).ok().flatten().ok_or_else(|| damaged("no header".into()))?;
        let mut json = vec![0; length];
        file.read(PREFIX as u64, &mut json)?;
        let metadata: Metadata = serde_json::from_slice(&json).map_err(|e| damaged(e.to_string()))?;
        let data = (PREFIX + length) as u64;
        let names = metadata.offset_keys();
        let infos: Vec<_> = names.iter().filter_map(|name| Some((name, metadata.info(name)?))).collect();
        Ok(Self {
            file,
            headers: infos.iter().map(|(name, info)| header(name, info)).collect(),
            places: infos
                .iter()
                .map(|(_, info)| data + info.data_offsets.0 as u64..data + info.data_offsets.1 as u64)
                .collect(),
        })
    }
}

impl<P: OpenFile> WeightsFile for StoredFile<P> {
    fn tensors(&self) -> &[Header] {
        &self.headers
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        let place = &self.places[index];
        let mut bytes = vec![0; (place.end - place.start) as usize];
        self.file
            .read(place.start, &mut bytes)
            .map_err(|_| WeightsFault::Damaged { detail: format!("{} can't be read", self.headers[index].name) })?;
        Ok(self.headers[index].number.widen(&bytes))
    }
}
