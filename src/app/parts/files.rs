//! Files in and out: drops and choices of the user, and downloads.

use crate::app::{client::error_text, parts::widgets::Button, reactive::act};
use crate::core::{error::FileFault, error::SkippedFile};
use js_sys::{Array, Function, Promise, Reflect};
use leptos::prelude::*;
use leptos::{ev, html};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemDirectoryReader,
    FileSystemEntry, FileSystemFileEntry, HtmlAnchorElement, Url,
};

/// A marked area that lights up while files are dragged over it. [`accept_drops`] takes the drop.
#[component]
pub fn DropArea(children: Children) -> impl IntoView {
    let over = RwSignal::new(false);
    view! {
        <div
            class="images-drop"
            class:over=move || over.get()
            on:dragenter=act(move |_| over.set(true))
            on:dragover=act(move |_| over.set(true))
            on:dragleave=act(move |_| over.set(false))
            on:drop=act(move |_| over.set(false))
        >
            {children()}
        </div>
    }
}

/// A button for a file, or for many where it is `multiple`, for the keyboard and for phones.
/// `attributes` are the input's own, with their values: `webkitdirectory`, `capture` and the like.
#[component]
pub fn Choose(
    #[prop(into)] label: Signal<&'static str>,
    #[prop(optional, into)] closed: Signal<bool>,
    #[prop(optional, into)] attributes: Vec<(&'static str, &'static str)>,
    #[prop(optional)] multiple: bool,
    /// Gets what was chosen.
    take: Box<dyn Fn(FileList)>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            attributes.iter().for_each(|(name, value)| drop(input.set_attribute(name, value)));
        }
    });
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let chosen = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let files = input.files();
        files.into_iter().for_each(&take);
        // Else choosing the same again would be no change.
        input.set_value("");
    };
    view! {
        <Button label=move || label.get() disabled=closed press=act(open) />
        <input type="file" hidden multiple=multiple node_ref=input on:change=act(chosen) />
    }
}

/// A file and its path relative to what was chosen.
pub type Chosen = (String, File);

/// What was chosen or dropped.
pub struct Listed {
    pub files: Vec<Chosen>,
    /// What the browser did not hand over.
    pub refused: Vec<SkippedFile>,
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

/// Files and folders that were dropped. They are taken out of the event at once,
/// because the browser empties it as soon as the event has been handled.
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

    /// All files, also those in folders at any depth. `found` gets the number of files
    /// so far; the search ends when it returns false. A file or folder that the browser
    /// refuses (it was moved, deleted or locked since) is listed as refused.
    pub async fn files(self, found: impl Fn(usize) -> bool) -> Option<Listed> {
        let mut listed = Listed { files: self.plain, refused: Vec::new() };
        let mut entries = self.entries;
        entries.reverse();
        while let Some(entry) = entries.pop() {
            if !found(listed.files.len()) {
                return None;
            }
            let path = entry.full_path().trim_start_matches('/').to_owned();
            let result = if entry.is_directory() {
                let mut inside = Vec::new();
                let result = children(entry.unchecked_ref(), &mut inside).await;
                entries.extend(inside.into_iter().rev());
                result
            } else {
                file_of(entry.unchecked_ref()).await.map(|file| listed.files.push((path.clone(), file)))
            };
            if let Err(error) = result {
                let fault = FileFault::Unreadable { detail: error_text(&error) };
                listed.refused.push(SkippedFile { file: path, fault });
            }
        }
        Some(listed)
    }
}

/// Takes drops on the whole page for as long as the calling component lives: without this, a browser would leave the
/// program and open a file that is dropped beside the marked area.
pub fn accept_drops(take: impl Fn(Dropped) + 'static) {
    let over = window_event_listener(ev::dragover, |event| event.prevent_default());
    let drop = window_event_listener(ev::drop, move |event| {
        event.prevent_default();
        if let Some(transfer) = event.data_transfer() {
            take(Dropped::of(&transfer));
        }
    });
    on_cleanup(move || {
        over.remove();
        drop.remove();
    });
}

async fn file_of(entry: &FileSystemFileEntry) -> Result<File, JsValue> {
    promise(|done, fail| entry.file_with_callback_and_callback(done, fail)).await?.dyn_into()
}

/// Puts everything in a folder into `all`: the browser gives at most 100 entries a call, and an empty list at the end.
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

/// Hands a file to the browser to download: `content` is a string or a typed array; `kind` its media type.
pub fn save(name: &str, kind: &str, content: &JsValue) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(content);
    let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) else { return };
    if let Ok(address) = Url::create_object_url_with_blob(&blob) {
        download(name, address);
    }
}

/// Hands the file at an object URL to the browser to download, and revokes the URL.
pub fn download(name: &str, address: String) {
    let Ok(anchor) = document().create_element("a") else { return };
    let anchor: HtmlAnchorElement = anchor.unchecked_into();
    anchor.set_href(&address);
    anchor.set_download(name);
    anchor.click();
    // The browser reads the file after this task has ended.
    set_timeout(move || drop(Url::revoke_object_url(&address)), Duration::from_secs(60));
}
