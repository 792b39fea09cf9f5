//! Opening a file of weights, whatever its format: safetensors, or a PyTorch state dict in the
//! zip format of today or the one before it.

use super::import::sniff::{HEAD, Kind, sniff};
use crate::core::weights::legacy::{LegacyFile, MAGIC};
use crate::core::weights::state_dict::{self, Stored};
use crate::core::weights::{Header, WeightsFault, WeightsFile, pickle};
use crate::learn::published::SafetensorsFile;
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Most bytes of the pickle of a state dict: a large one has 200 KB.
const MOST_PICKLE: u64 = 32 << 20;

/// Opens a file of weights by its bytes; its name is not asked. Nothing of it is run.
///
/// # Errors
/// [`WeightsFault`]: what the file seems to be where it is none, or what is wrong with it.
pub fn open(bytes: &[u8]) -> Result<Box<dyn WeightsFile + '_>, WeightsFault> {
    if bytes.is_empty() {
        return Err(WeightsFault::Empty);
    }
    if bytes.starts_with(MAGIC) {
        return Ok(Box::new(LegacyFile::open(bytes)?));
    }
    // A safetensors file begins with the length of its header, which is JSON.
    if bytes.get(8) == Some(&b'{') {
        return Ok(Box::new(SafetensorsFile::open(bytes)?));
    }
    match sniff(&bytes[..bytes.len().min(HEAD)]) {
        Kind::Zip => Ok(Box::new(TorchFile::open(bytes)?)),
        _ => Err(not_weights(bytes)),
    }
}

/// What a file gets that holds no weights, by its first bytes.
pub fn not_weights(head: &[u8]) -> WeightsFault {
    WeightsFault::NotWeights { looks_like: words(sniff(&head[..head.len().min(HEAD)])) }
}

fn words(kind: Kind) -> Option<String> {
    match kind {
        Kind::Image(format) => Some(format!("{format:?} image")),
        Kind::Heic => Some("HEIC image".into()),
        Kind::Avif => Some("AVIF image".into()),
        Kind::Zip => Some("zip archive".into()),
        Kind::Other(name) => Some(name.into()),
        Kind::Unknown => None,
    }
}

/// What `torch.save` has written since version 1.6: a zip archive with `data.pkl` and
/// `data/<key>`, all in one folder.
struct TorchFile<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder's name and a slash, or nothing.
    folder: String,
    headers: Vec<Header>,
    tensors: Vec<Stored>,
}

impl<'a> TorchFile<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, WeightsFault> {
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
        let names: Vec<String> = zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
        let folder = |file: &str| {
            let of =
                |name: &String| name.strip_suffix(file).filter(|f| f.is_empty() || f.ends_with('/')).map(str::to_owned);
            names.iter().find_map(of)
        };
        let Some(folder) = folder("data.pkl") else {
            return Err(WeightsFault::NotWeights { looks_like: Some("zip archive without data.pkl".into()) });
        };
        if names.contains(&format!("{folder}constants.pkl")) {
            return Err(WeightsFault::TorchScript);
        }
        let order = entry(&mut zip, &format!("{folder}byteorder"), 16)?;
        if order.is_some_and(|order| order.starts_with(b"big")) {
            return Err(WeightsFault::Damaged { detail: "its numbers begin with their greatest byte".into() });
        }
        let pickled = entry(&mut zip, &format!("{folder}data.pkl"), MOST_PICKLE)?.unwrap_or_default();
        let tensors = state_dict::tensors(&pickle::read(&pickled)?)?;
        let headers = tensors.iter().map(|tensor| tensor.header.clone()).collect();
        Ok(Self { zip, folder, headers, tensors })
    }
}

impl WeightsFile for TorchFile<'_> {
    fn tensors(&self) -> &[Header] {
        &self.headers
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        let tensor = &self.tensors[index];
        let Some(width) = tensor.header.number.bytes() else {
            return Err(crate::core::weights::not_a_float(&tensor.header));
        };
        let name = format!("{}data/{}", self.folder, tensor.key);
        let most = tensor.count as u64 * width as u64;
        let missing = || WeightsFault::Damaged { detail: format!("it has no {name}") };
        tensor.values(&entry(&mut self.zip, &name, most)?.ok_or_else(missing)?)
    }
}

/// One file of the archive, its checksum compared; none where there is none of this name.
fn entry(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str, most: u64) -> Result<Option<Vec<u8>>, WeightsFault> {
    let mut entry = match zip.by_name(name) {
        Ok(entry) => entry,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    // One more than there may be, so that too many are noticed.
    let (mut bytes, limit) = (Vec::new(), most.saturating_add(1));
    let broken = |detail: String| WeightsFault::Damaged { detail: format!("{name}: {detail}") };
    entry.by_ref().take(limit).read_to_end(&mut bytes).map_err(|e| broken(e.to_string()))?;
    if bytes.len() as u64 > most {
        return Err(broken(format!("more than {most} bytes")));
    }
    Ok(Some(bytes))
}

fn unreadable(error: ZipError) -> WeightsFault {
    let detail = match error {
        ZipError::InvalidArchive(detail) => detail.into_owned(),
        other => other.to_string(),
    };
    WeightsFault::Damaged { detail: format!("not a readable zip archive ({detail})") }
}

#[cfg(test)]
mod tests;
