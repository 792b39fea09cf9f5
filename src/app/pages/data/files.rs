//! Files out of the browser's two ways to hand them over: a file input and a
//! drop.

use super::import::Chosen;
use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry,
    FileSystemFileEntry,
};

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

    /// All files, folders gone through to the bottom. A file that the browser
    /// refuses is left to the count of files, not an error: it has been moved
    /// or deleted since.
    pub async fn files(self, found: RwSignal<Option<usize>>) -> Vec<Chosen> {
        let mut files = self.plain;
        let mut waiting = self.entries;
        waiting.reverse();
        while let Some(entry) = waiting.pop() {
            if entry.is_directory() {
                let mut inside = children(entry.unchecked_ref()).await;
                inside.reverse();
                waiting.append(&mut inside);
            } else if let Some(file) = file_of(entry.unchecked_ref()).await {
                files.push((entry.full_path().trim_start_matches('/').to_owned(), file));
                if files.len().is_multiple_of(100) {
                    found.try_set(Some(files.len()));
                }
            }
        }
        files
    }
}

async fn file_of(entry: &FileSystemFileEntry) -> Option<File> {
    promise(|done, fail| entry.file_with_callback_and_callback(done, fail)).await?.dyn_into().ok()
}

/// Everything in a folder: the browser gives at most 100 entries a call, and an
/// empty list at the end.
async fn children(folder: &FileSystemDirectoryEntry) -> Vec<FileSystemEntry> {
    let reader: FileSystemDirectoryReader = folder.create_reader();
    let mut all = Vec::new();
    loop {
        let some = promise(|done, fail| {
            // Throws only where the callbacks are missing.
            let _ = reader.read_entries_with_callback_and_callback(done, fail);
        })
        .await;
        let some: Array = some.and_then(|list| list.dyn_into().ok()).unwrap_or_default();
        if some.length() == 0 {
            return all;
        }
        all.extend(some.iter().map(JsCast::unchecked_into::<FileSystemEntry>));
    }
}

/// Awaits a function of two callbacks; none where the second was called.
async fn promise(call: impl Fn(&Function, &Function)) -> Option<JsValue> {
    let promise = Promise::new(&mut |done, fail| call(&done, &fail));
    JsFuture::from(promise).await.ok()
}
