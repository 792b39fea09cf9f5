//! The browser's `File` objects as byte sources, read in parts, synchronously, which only a worker may; and a file made
//! in parts.

use super::js::describe;
use crate::worker::import::{File, FileSource};
use js_sys::{Array, Uint8Array};
use std::io;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag, FileReaderSync, Url};

/// Bytes of one part of a file that leaves memory as it is made.
pub const PART: usize = 8 << 20;

/// A file that the user chose; holds no bytes.
struct BrowserFile {
    path: String,
    file: web_sys::File,
}

/// `file` under the path that it has in the chosen folder.
pub fn browser_file(path: String, file: web_sys::File) -> File {
    Rc::new(BrowserFile { path, file })
}

impl FileSource for BrowserFile {
    fn path(&self) -> &str {
        &self.path
    }

    fn len(&self) -> u64 {
        self.file.size() as u64
    }

    fn read(&self, start: u64, end: u64) -> Result<Vec<u8>, String> {
        let message = |error: JsValue| describe(&error);
        let part = self.file.slice_with_f64_and_f64(start as f64, end as f64).map_err(message)?;
        let buffer = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&part)).map_err(message)?;
        let (array, mut bytes) = (Uint8Array::new(&buffer), Vec::new());
        bytes.try_reserve_exact(array.length() as usize).map_err(|error| error.to_string())?;
        bytes.resize(array.length() as usize, 0);
        array.copy_to(&mut bytes);
        Ok(bytes)
    }
}

/// Bytes that leave the program's memory, each write as a `Blob`, which the browser may put on disk.
#[derive(Default)]
pub struct BlobWriter {
    parts: Array,
}

impl BlobWriter {
    /// The address of one file of this media type made of all parts; the page revokes it.
    ///
    /// # Errors
    /// The browser's message.
    pub fn address(self, kind: &str) -> Result<String, String> {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let whole = Blob::new_with_blob_sequence_and_options(&self.parts, &options);
        whole.and_then(|whole| Url::create_object_url_with_blob(&whole)).map_err(|error| describe(&error))
    }
}

impl io::Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(PART)];
        let part = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))
            .map_err(|error| io::Error::other(describe(&error)))?;
        self.parts.push(&part);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
