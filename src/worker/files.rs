//! The browser's `File` objects as byte sources: read in parts, synchronously, which only a worker may.

use super::js::describe;
use crate::worker::import::{File, FileSource};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::FileReaderSync;

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
        Ok(js_sys::Uint8Array::new(&buffer).to_vec())
    }
}
