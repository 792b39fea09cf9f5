//! Files out of the browser's two ways to hand them over: a file input and a
//! drop.

use crate::app::client::words;
use crate::core::error::FileFault;
use crate::core::report::LeftOut;
use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry,
};

/// A file and its path relative to what was chosen.
pub type Chosen = (String, File);

/// What was chosen or dropped.
pub struct Listed {
    pub files: Vec<Chosen>,
    /// What the browser did not hand over.
    pub refused: Vec<LeftOut>,
}

/// Files of an input, with paths where a folder was chosen.
pub fn of_list(list: &FileList) -> Vec<Chosen> {
    (0..list.length())
        .filter_map(|i| list.get(i))
        .map(|file| {
            let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|p| p.as_string());
            (path.filter(|p| !p.is_empty()).unwrap_or_else(|| file.name()), file)
        })
        .collect()
}

/// What was dropped, taken out of the event: the browser empties it as soon as
/// the event has been handled.
pub struct Dropped {
    entries: Vec<FileSystemEntry>,
    plain: Vec<Chosen>,
}

impl Dropped {
    pub fn of(transfer: &DataTransfer) -> Self {
        let items = transfer.items();
        let entries: Vec<_> =
            (0..items.length()).filter_map(|i| items.get(i)?.webkit_get_as_entry().ok().flatten()).collect();
        // Entries cover the files too; a browser without them has the list only.
        let plain = match entries.is_empty() {
            true => transfer.files().map(|list| of_list(&list)).unwrap_or_default(),
            false => Vec::new(),
        };
        Self { entries, plain }
    }

    /// All files, folders gone through to the bottom; `found` is told their
    /// number now and then, and ends the search by returning false. A file or
    /// folder that the browser refuses (it was moved, deleted or locked since)
    /// is named.
    pub async fn files(self, found: impl Fn(usize) -> bool) -> Option<Listed> {
        let mut listed = Listed { files: self.plain, refused: Vec::new() };
        let mut waiting = self.entries;
        waiting.reverse();
        while let Some(entry) = waiting.pop() {
            if !found(listed.files.len()) {
                return None;
            }
            let path = entry.full_path().trim_start_matches('/').to_owned();
            let result = if entry.is_directory() {
                let mut inside = Vec::new();
                let result = children(entry.unchecked_ref(), &mut inside).await;
                waiting.extend(inside.into_iter().rev());
                result
            } else {
                file_of(entry.unchecked_ref()).await.map(|file| listed.files.push((path.clone(), file)))
            };
            if let Err(error) = result {
                let fault = FileFault::Unreadable { detail: words(&error) };
                listed.refused.push(LeftOut { file: path, fault });
            }
        }
        Some(listed)
    }
}

async fn file_of(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    promise(|done, fail| entry.file_with_callback_and_callback(done, fail)).await?.dyn_into()
}

/// Puts everything in a folder into `all`: the browser gives at most 100 entries
/// a call, and an empty list at the end.
async fn children(folder: &FileSystemDirectoryEntry, all: &mut Vec<FileSystemEntry>) -> Result<(), JsValue> {
    let reader: FileSystemDirectoryReader = folder.create_reader();
    loop {
        let some = promise(|done, fail| {
            // Throws only where the callbacks are missing.
            let _ = reader.read_entries_with_callback_and_callback(done, fail);
        })
        .await?;
        let some: Array = some.dyn_into()?;
        if some.length() == 0 {
            return Ok(());
        }
        all.extend(some.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}

/// Awaits a function of two callbacks, the second for an error.
async fn promise(call: impl Fn(&Function, &Function)) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |done, fail| call(&done, &fail));
    JsFuture::from(promise).await
}
