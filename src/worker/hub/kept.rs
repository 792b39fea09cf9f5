//! Published weights as they are kept: `weights/NETWORK/file`, a safetensors file of the encoder's
//! tensors, and `weights/NETWORK/note`, which says what it is and, once it is whole, its sum.

use super::Wanted;
use super::plan::{self, PREFIX};
use crate::core::error::{Fault, StorageFault};
use crate::core::imagenet::ImageNetEncoder;
use crate::core::imagenet::hub::KeptWeights;
use crate::core::weights::{Header, WeightsFault, WeightsFile};
use crate::worker::storage::{Files, Parts, Storage};
use safetensors::tensor::Metadata;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ops::Range;

const FOLDER: &str = "weights";
/// Bytes that are read at once to be summed up.
const PIECE: usize = 1 << 20;

/// What a kept file is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Repository, revision and file.
    pub of: String,
    /// Of the published file, as its server tells it.
    pub etag: Option<String>,
    /// Of the kept file once it is whole, in bytes.
    pub length: u64,
    /// Of the kept file; none while it is not whole.
    pub sha256: Option<String>,
}

fn folder(encoder: ImageNetEncoder) -> String {
    format!("{FOLDER}/{}", encoder.published_as().1)
}

pub fn file_path(encoder: ImageNetEncoder) -> String {
    format!("{}/file", folder(encoder))
}

fn note_path(encoder: ImageNetEncoder) -> String {
    format!("{}/note", folder(encoder))
}

/// What is noted of a file; none where there is none, or a note that can't be read.
pub async fn note<F: Files>(storage: &Storage<F>, encoder: ImageNetEncoder) -> Result<Option<Note>, StorageFault> {
    match storage.get(&note_path(encoder)).await {
        Ok(bytes) => Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok())),
        // It is written again with the file.
        Err(StorageFault::Damaged { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

pub async fn save_note<F: Files>(
    storage: &Storage<F>,
    encoder: ImageNetEncoder,
    note: &Note,
) -> Result<(), StorageFault> {
    let path = note_path(encoder);
    let bytes =
        serde_json::to_vec(note).map_err(|e| StorageFault::Damaged { what: path.clone(), detail: e.to_string() })?;
    storage.put(&path, &bytes).await
}

/// All weights that were fetched, whole or not.
pub async fn list<F: Files>(storage: &Storage<F>) -> Result<Vec<KeptWeights>, StorageFault> {
    let there = storage.files().list(FOLDER).await?;
    let mut kept = Vec::new();
    for encoder in ImageNetEncoder::ALL {
        if there.iter().any(|name| name == encoder.published_as().1) {
            // Another tab may be at it: what can't be read is not whole, and hides nothing else.
            let note = note(storage, encoder).await.ok().flatten();
            kept.push(KeptWeights {
                encoder,
                bytes: note.as_ref().map_or(0, |note| note.length),
                whole: note.is_some_and(|note| note.sha256.is_some() && note.of == encoder.place().path()),
            });
        }
    }
    Ok(kept)
}

/// Forgets what was fetched of an encoder.
///
/// # Errors
/// [`StorageFault::Held`] while it is being fetched.
pub async fn delete<F: Files>(storage: &Storage<F>, encoder: ImageNetEncoder) -> Result<(), StorageFault> {
    storage.remove(&folder(encoder)).await
}

/// Weights that are whole, opened; none where they were not fetched, or not all of them.
///
/// # Errors
/// [`StorageFault::Damaged`] where they are not what they were: they are forgotten then.
pub async fn open<F: Files>(storage: &Storage<F>, wanted: &Wanted<'_>) -> Result<Option<KeptFile<F::Parts>>, Fault> {
    let encoder = wanted.encoder;
    let Some(note) = note(storage, encoder).await? else { return Ok(None) };
    let Some(sum) = note.sha256.filter(|_| note.of == wanted.place.path()) else { return Ok(None) };
    let Some(file) = storage.files().open(&file_path(encoder), false).await? else { return Ok(None) };
    if file.length()? == note.length && sha256(&file)? == sum {
        return Ok(Some(KeptFile::open(file)?));
    }
    drop(file);
    delete(storage, encoder).await?;
    let what = format!("the kept weights of {}", encoder.name());
    Err(StorageFault::Damaged { what, detail: "they are not what was stored".to_owned() }.into())
}

/// The sum of a whole file, in hexadecimal digits.
pub fn sha256(file: &impl Parts) -> Result<String, StorageFault> {
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

/// An open file of kept weights, of which one tensor at a time is in memory.
pub struct KeptFile<P> {
    file: P,
    headers: Vec<Header>,
    /// Where the numbers of each stand.
    places: Vec<Range<u64>>,
}

impl<P: Parts> KeptFile<P> {
    pub fn open(file: P) -> Result<Self, Fault> {
        let damaged = |detail: String| Fault::from(StorageFault::Damaged { what: FOLDER.to_owned(), detail });
        let mut head = vec![0; PREFIX + 1];
        file.read(0, &mut head)?;
        let length = plan::header_length(&head).ok().flatten().ok_or_else(|| damaged("no header".into()))?;
        let mut json = vec![0; length];
        file.read(PREFIX as u64, &mut json)?;
        let metadata: Metadata = serde_json::from_slice(&json).map_err(|e| damaged(e.to_string()))?;
        let data = (PREFIX + length) as u64;
        let names = metadata.offset_keys();
        let infos: Vec<_> = names.iter().filter_map(|name| Some((name, metadata.info(name)?))).collect();
        Ok(Self {
            file,
            headers: infos.iter().map(|(name, info)| plan::header(name, info)).collect(),
            places: infos
                .iter()
                .map(|(_, info)| data + info.data_offsets.0 as u64..data + info.data_offsets.1 as u64)
                .collect(),
        })
    }
}

impl<P: Parts> WeightsFile for KeptFile<P> {
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
