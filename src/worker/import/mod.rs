//! From chosen files to images of one size: folders, zip archives, tables of labels and CIFAR-10's batches.
//!
//! Nothing here knows the browser: files come through [`FileSource`], so native tests cover all of it.

pub mod decode;
pub mod file_kind;
pub mod importer;
pub mod library;
pub mod listing;
pub mod zip_archive;

#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

/// A chosen file, read synchronously: a worker has `FileReaderSync`.
pub trait FileSource {
    /// Path within the chosen folder; for a single file its name.
    fn path(&self) -> &str;

    /// Size in bytes.
    fn len(&self) -> u64;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes `start..end`; both at most [`FileSource::len`].
    ///
    /// # Errors
    /// The browser's or system's message, for example that the file has changed or is gone.
    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, String>;
}

/// A handle that stays open, so that another size can be read later.
pub type File = Rc<dyn FileSource>;

/// A file in memory.
#[derive(Clone, Debug)]
pub struct Bytes {
    path: String,
    bytes: Vec<u8>,
}

impl Bytes {
    /// A file named `path` that holds `bytes`.
    pub fn file(path: &str, bytes: Vec<u8>) -> File {
        Rc::new(Self { path: path.to_owned(), bytes })
    }
}

impl FileSource for Bytes {
    fn path(&self) -> &str {
        &self.path
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, String> {
        let range = start as usize..end as usize;
        self.bytes.get(range).map(<[u8]>::to_vec).ok_or_else(|| "read past the end".to_owned())
    }
}

/// Bytes of one read: entries of an archive lie side by side, and a read by the browser costs about as much
/// time as this many bytes.
const READ_AHEAD: u64 = 256 * 1024;

/// A file as a seekable stream that holds one window of it.
pub struct Reader {
    file: File,
    position: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl Reader {
    pub fn new(file: File) -> Self {
        Self { file, position: 0, window: Vec::new(), window_start: 0 }
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.file.len();
        if self.position >= length || out.is_empty() {
            return Ok(0);
        }
        let inside = self.position.checked_sub(self.window_start).filter(|&at| at < self.window.len() as u64);
        let at = match inside {
            Some(at) => at as usize,
            None => {
                let end = length.min(self.position + READ_AHEAD.max(out.len() as u64));
                self.window = self.file.read(self.position, end).map_err(io::Error::other)?;
                self.window_start = self.position;
                0
            }
        };
        let count = out.len().min(self.window.len() - at);
        out[..count].copy_from_slice(&self.window[at..at + count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
