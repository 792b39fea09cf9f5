//! The browser's own file system for this origin (OPFS), as only a worker sees it: files are read and written
//! through access handles. All tabs together have at most one open handle of a file.

use super::file_system::{FileSystem, OpenFile, Usage};
use crate::core::error::StorageFault;
use crate::worker::event_loop::yield_now;
use crate::worker::js::{describe, now, scope};
use js_sys::{IteratorNext, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions, FileSystemSyncAccessHandle,
    StorageEstimate, StorageManager,
};

/// The program's folder: other programs may share the origin.
const FOLDER: &str = "simclr-lab";
/// How long to wait for a file that another task or tab has open, in milliseconds.
const PATIENCE: f64 = 1_000.0;

/// The program's folder in the browser's file system.
#[derive(Clone)]
pub struct Opfs {
    root: FileSystemDirectoryHandle,
}

impl Opfs {
    /// # Errors
    /// [`StorageFault::Unavailable`] if the browser has no such file system (an insecure origin, an old
    /// browser), [`StorageFault::Denied`] if it refuses access (some private windows).
    pub async fn open() -> Result<Self, StorageFault> {
        let missing = || StorageFault::Unavailable { detail: "this browser has no storage.getDirectory".to_owned() };
        // A browser without the method would end the worker when it is called.
        let storage = manager().filter(|storage| has(storage, "getDirectory")).ok_or_else(missing)?;
        let top = wait(storage.get_directory()).await.map_err(|e| fault(FOLDER, &e))?.unchecked_into();
        let root = folder(&top, FOLDER, true).await.map_err(|e| fault(FOLDER, &e))?;
        Ok(Self { root })
    }

    /// The folder of a path and the path's last name; `None` if a folder is missing and `create` is false.
    async fn place<'a>(
        &self,
        path: &'a str,
        create: bool,
    ) -> Result<Option<(FileSystemDirectoryHandle, &'a str)>, StorageFault> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut at = self.root.clone();
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            at = match folder(&at, part, create).await {
                Ok(next) => next,
                Err(error) if !create && exception_name(&error) == "NotFoundError" => return Ok(None),
                Err(error) => return Err(fault(path, &error)),
            };
        }
        Ok(Some((at, name)))
    }

    /// An access handle of a file; `None` if the file is missing and `create` is false.
    async fn access(&self, path: &str, create: bool) -> Result<Option<Handle>, StorageFault> {
        let Some((folder, name)) = self.place(path, create).await? else { return Ok(None) };
        let found = async {
            let options = FileSystemGetFileOptions::new();
            options.set_create(create);
            let file: FileSystemFileHandle =
                wait(folder.get_file_handle_with_options(name, &options)).await?.unchecked_into();
            if !has(&file, "createSyncAccessHandle") {
                return Err(js_sys::Error::new("this browser has no createSyncAccessHandle").into());
            }
            wait(file.create_sync_access_handle()).await
        };
        match found.await {
            Ok(access) => Ok(Some(Handle(access.unchecked_into()))),
            Err(error) if !create && exception_name(&error) == "NotFoundError" => Ok(None),
            Err(error) => Err(fault(path, &error)),
        }
    }

    /// [`Opfs::access`] for a short read or write: waits while the file is held.
    async fn brief(&self, path: &str, create: bool) -> Result<Option<Handle>, StorageFault> {
        let begun = now();
        loop {
            match self.access(path, create).await {
                Err(StorageFault::Held { .. }) if now() - begun < PATIENCE => yield_now().await,
                other => return other,
            }
        }
    }
}

/// An access handle that is closed when it is dropped.
pub struct Handle(FileSystemSyncAccessHandle);

impl Handle {
    /// The file's first bytes, at most `most` of them.
    fn first(&self, most: f64) -> Result<Vec<u8>, JsValue> {
        let (length, mut bytes) = (self.0.get_size()?.min(most) as usize, Vec::new());
        bytes.try_reserve_exact(length).map_err(|error| JsValue::from_str(&error.to_string()))?;
        bytes.resize(length, 0);
        let got = self.0.read_with_u8_array_and_options(&mut bytes, &at(0.0))?;
        bytes.truncate(got as usize);
        Ok(bytes)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A large file that is open.
pub struct LargeFile {
    open: Handle,
    path: String,
}

impl OpenFile for LargeFile {
    fn length(&self) -> Result<u64, StorageFault> {
        self.open.0.get_size().map(|size| size as u64).map_err(|e| fault(&self.path, &e))
    }

    fn read(&self, position: u64, into: &mut [u8]) -> Result<(), StorageFault> {
        let wanted = into.len() as f64;
        let got = self
            .open
            .0
            .read_with_u8_array_and_options(into, &at(position as f64))
            .map_err(|e| fault(&self.path, &e))?;
        let ends = || StorageFault::Damaged { what: self.path.clone(), detail: "it ends early".to_owned() };
        if got == wanted { Ok(()) } else { Err(ends()) }
    }

    fn write(&self, position: u64, bytes: &[u8]) -> Result<(), StorageFault> {
        let full = StorageFault::Full { needed: Some(bytes.len() as u64), free: None };
        let written = self
            .open
            .0
            .write_with_u8_array_and_options(bytes, &at(position as f64))
            .map_err(|e| fault(&self.path, &e))?;
        if written == bytes.len() as f64 { Ok(()) } else { Err(full) }
    }

    fn cut(&self, length: u64) -> Result<(), StorageFault> {
        self.open.0.truncate_with_f64(length as f64).map_err(|e| fault(&self.path, &e))
    }

    fn flush(&self) -> Result<(), StorageFault> {
        self.open.0.flush().map_err(|e| fault(&self.path, &e))
    }
}

impl FileSystem for Opfs {
    type Lock = Handle;
    type OpenFile = LargeFile;

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageFault> {
        let Some(open) = self.brief(path, false).await? else { return Ok(None) };
        open.first(f64::INFINITY).map(Some).map_err(|e| fault(path, &e))
    }

    async fn head(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, StorageFault> {
        let Some(open) = self.brief(path, false).await? else { return Ok(None) };
        open.first(most as f64).map(Some).map_err(|e| fault(path, &e))
    }

    async fn write(&self, path: &str, parts: &[&[u8]]) -> Result<(), StorageFault> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let missing = || StorageFault::NotFound { what: path.to_owned() };
        let open = self.brief(path, true).await?.ok_or_else(missing)?;
        let write = || {
            open.0.truncate_with_f64(0.0)?;
            let mut written = 0.0;
            for part in parts {
                written += open.0.write_with_u8_array_and_options(part, &at(written))?;
            }
            open.0.flush()?;
            Ok(written)
        };
        match write() {
            Ok(written) if written == length as f64 => Ok(()),
            // Some browsers write what fits and throw nothing.
            Ok(_) => Err(StorageFault::Full { needed: Some(length as u64), free: None }),
            Err(error) if exception_name(&error) == "QuotaExceededError" => {
                let free = self.usage().await.ok().map(|u| u.quota.saturating_sub(u.used));
                Err(StorageFault::Full { needed: Some(length as u64), free })
            }
            Err(error) => Err(fault(path, &error)),
        }
    }

    async fn open(&self, path: &str, create: bool) -> Result<Option<LargeFile>, StorageFault> {
        let open = self.brief(path, create).await?;
        Ok(open.map(|open| LargeFile { open, path: path.to_owned() }))
    }

    async fn remove(&self, path: &str) -> Result<(), StorageFault> {
        let Some((folder, name)) = self.place(path, false).await? else { return Ok(()) };
        let begun = now();
        loop {
            let options = FileSystemRemoveOptions::new();
            options.set_recursive(true);
            let error = match wait(folder.remove_entry_with_options(name, &options)).await {
                Ok(_) => return Ok(()),
                Err(error) if exception_name(&error) == "NotFoundError" => return Ok(()),
                Err(error) => fault(path, &error),
            };
            match error {
                // Open for a short read or write.
                StorageFault::Held { .. } if now() - begun < PATIENCE => yield_now().await,
                other => return Err(other),
            }
        }
    }

    async fn list(&self, path: &str) -> Result<Vec<String>, StorageFault> {
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let Some((folder, _)) = self.place(&inside, false).await? else { return Ok(Vec::new()) };
        let listed = async {
            let keys = folder.keys();
            let mut names = Vec::new();
            loop {
                let next: IteratorNext = wait(keys.next()?).await?.unchecked_into();
                if next.done() {
                    return Ok(names);
                }
                names.extend(next.value().as_string());
            }
        };
        let mut names: Vec<String> = listed.await.map_err(|e: JsValue| fault(path, &e))?;
        names.sort();
        Ok(names)
    }

    async fn lock(&self, path: &str) -> Result<Handle, StorageFault> {
        let missing = || StorageFault::NotFound { what: path.to_owned() };
        // This tab may have just let it go.
        self.brief(path, true).await?.ok_or_else(missing)
    }

    async fn usage(&self) -> Result<Usage, StorageFault> {
        let unknown = || StorageFault::Unavailable { detail: "this browser does not tell its storage".to_owned() };
        let estimate = manager().ok_or_else(unknown)?.estimate().map_err(|e| fault(FOLDER, &e))?;
        let estimate: StorageEstimate = wait(estimate).await.map_err(|e| fault(FOLDER, &e))?.unchecked_into();
        let bytes = |number: Option<f64>| number.unwrap_or(0.0) as u64;
        Ok(Usage { used: bytes(estimate.get_usage()), quota: bytes(estimate.get_quota()) })
    }
}

/// `navigator.storage`, which an insecure origin does not have.
fn manager() -> Option<StorageManager> {
    Some(scope().navigator().storage()).filter(|storage| storage.is_truthy())
}

fn has(object: &JsValue, method: &str) -> bool {
    Reflect::get(object, &method.into()).is_ok_and(|method| method.is_function())
}

async fn folder(
    parent: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    wait(parent.get_directory_handle_with_options(name, &options)).await.map(JsCast::unchecked_into)
}

async fn wait(promise: Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

fn at(position: f64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(position);
    options
}

/// The name of a browser's exception; empty for another value.
fn exception_name(error: &JsValue) -> String {
    error.dyn_ref().map(DomException::name).unwrap_or_default()
}

/// The fault behind an exception.
fn fault(path: &str, error: &JsValue) -> StorageFault {
    let (what, detail) = (path.to_owned(), describe(error));
    match exception_name(error).as_str() {
        "NoModificationAllowedError" | "InvalidStateError" => StorageFault::Held { what },
        "QuotaExceededError" => StorageFault::Full { needed: None, free: None },
        "SecurityError" | "NotAllowedError" => StorageFault::Denied { detail },
        "NotFoundError" => StorageFault::NotFound { what },
        _ => StorageFault::Unavailable { detail },
    }
}
