//! The browser's own file system for this origin (OPFS), as only a worker sees
//! it: files are read and written through access handles, of which there is one a
//! file over all tabs.

use super::files::{Files, Parts, Usage};
use crate::core::error::StorageFault;
use crate::worker::event_loop::yield_now;
use crate::worker::js::{describe, now};
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

// web-sys has these too, each behind a feature of its own that would rebuild all
// that uses web-sys; a dozen methods are not worth that.
#[wasm_bindgen]
extern "C" {
    type StorageManager;
    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = storage)]
    static STORAGE: Option<StorageManager>;
    #[wasm_bindgen(method, catch, js_name = getDirectory)]
    fn get_directory(this: &StorageManager) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn estimate(this: &StorageManager) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    type Directory;
    #[wasm_bindgen(method, catch, js_name = getDirectoryHandle)]
    fn get_directory_handle(this: &Directory, name: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getFileHandle)]
    fn get_file_handle(this: &Directory, name: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEntry)]
    fn remove_entry(this: &Directory, name: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn keys(this: &Directory) -> Result<js_sys::AsyncIterator, JsValue>;

    type FileHandle;
    #[wasm_bindgen(method, catch, js_name = createSyncAccessHandle)]
    fn create_sync_access_handle(this: &FileHandle) -> Result<Promise, JsValue>;

    type Access;
    #[wasm_bindgen(method, catch, js_name = getSize)]
    fn get_size(this: &Access) -> Result<f64, JsValue>;
    // Into and from wasm's own memory, without a copy.
    #[wasm_bindgen(method, catch, js_name = read)]
    fn read_slice(this: &Access, into: &mut [u8], options: &Object) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch, js_name = write)]
    fn write_slice(this: &Access, from: &[u8], options: &Object) -> Result<f64, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn truncate(this: &Access, size: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn flush(this: &Access) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn close(this: &Access);
}

/// Name of the program's folder: other programs may share the origin.
const FOLDER: &str = "simclr-lab";
/// Milliseconds that a file is waited for which another task or tab reads, writes or
/// removes.
const PATIENCE: f64 = 1_000.0;

/// The program's folder in the browser's file system.
#[derive(Clone)]
pub struct Opfs {
    root: Directory,
}

impl Opfs {
    /// # Errors
    /// [`StorageFault::Unavailable`] where the browser has no such file system (an
    /// insecure origin, an old browser), [`StorageFault::Denied`] where it refuses
    /// it (some private windows).
    pub async fn open() -> Result<Self, StorageFault> {
        let none = || StorageFault::Unavailable { detail: "this browser has no storage.getDirectory".to_owned() };
        let top = STORAGE.with(|storage| match storage {
            Some(storage) => storage.get_directory().map_err(|e| fault(FOLDER, &e)),
            None => Err(none()),
        })?;
        let top: Directory = wait(top).await.map_err(|e| fault(FOLDER, &e))?.unchecked_into();
        let root = folder(&top, FOLDER, true).await.map_err(|e| fault(FOLDER, &e))?;
        Ok(Self { root })
    }

    /// The folder of a path and the last name of it; none where a folder is missing
    /// and not to be made.
    async fn place<'a>(&self, path: &'a str, create: bool) -> Result<Option<(Directory, &'a str)>, StorageFault> {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut at = self.root.clone();
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            at = match folder(&at, part, create).await {
                Ok(next) => next,
                Err(error) if !create && is(&error, "NotFoundError") => return Ok(None),
                Err(error) => return Err(fault(path, &error)),
            };
        }
        Ok(Some((at, name)))
    }

    /// An access handle of a file; none where there is no file and none is to be made.
    async fn access(&self, path: &str, create: bool) -> Result<Option<Open>, StorageFault> {
        let Some((folder, name)) = self.place(path, create).await? else { return Ok(None) };
        let found = async {
            let handle = wait(folder.get_file_handle(name, &flag("create", create))?).await?;
            wait(handle.unchecked_into::<FileHandle>().create_sync_access_handle()?).await
        };
        match found.await {
            Ok(access) => Ok(Some(Open(access.unchecked_into()))),
            Err(error) if !create && is(&error, "NotFoundError") => Ok(None),
            Err(error) => Err(fault(path, &error)),
        }
    }

    /// [`Opfs::access`] to read or to write, which takes moments: one that is held is
    /// waited for.
    async fn brief(&self, path: &str, create: bool) -> Result<Option<Open>, StorageFault> {
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
pub struct Open(Access);

impl Open {
    /// At most so many bytes from the file's beginning.
    fn first(&self, most: f64) -> Result<Vec<u8>, JsValue> {
        let mut bytes = vec![0; self.0.get_size()?.min(most) as usize];
        let got = self.0.read_slice(&mut bytes, &at(0.0))?;
        bytes.truncate(got as usize);
        Ok(bytes)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A large file that is open.
pub struct Large {
    open: Open,
    path: String,
}

impl Parts for Large {
    fn length(&self) -> Result<u64, StorageFault> {
        self.open.0.get_size().map(|size| size as u64).map_err(|e| fault(&self.path, &e))
    }

    fn read(&self, position: u64, into: &mut [u8]) -> Result<(), StorageFault> {
        let wanted = into.len() as f64;
        let got = self.open.0.read_slice(into, &at(position as f64)).map_err(|e| fault(&self.path, &e))?;
        let ends = || StorageFault::Damaged { what: self.path.clone(), detail: "it ends early".to_owned() };
        if got == wanted { Ok(()) } else { Err(ends()) }
    }

    fn write(&self, position: u64, bytes: &[u8]) -> Result<(), StorageFault> {
        let full = StorageFault::Full { needed: Some(bytes.len() as u64), free: None };
        let written = self.open.0.write_slice(bytes, &at(position as f64)).map_err(|e| fault(&self.path, &e))?;
        if written == bytes.len() as f64 { Ok(()) } else { Err(full) }
    }

    fn cut(&self, length: u64) -> Result<(), StorageFault> {
        self.open.0.truncate(length as f64).map_err(|e| fault(&self.path, &e))
    }

    fn flush(&self) -> Result<(), StorageFault> {
        self.open.0.flush().map_err(|e| fault(&self.path, &e))
    }
}

impl Files for Opfs {
    type Lock = Open;
    type Parts = Large;

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
            open.0.truncate(0.0)?;
            let mut written = 0.0;
            for part in parts {
                written += open.0.write_slice(part, &at(written))?;
            }
            open.0.flush()?;
            Ok(written)
        };
        match write() {
            Ok(written) if written == length as f64 => Ok(()),
            // Some browsers write what fits and raise nothing.
            Ok(_) => Err(StorageFault::Full { needed: Some(length as u64), free: None }),
            Err(error) if is(&error, "QuotaExceededError") => {
                let free = self.usage().await.ok().map(|u| u.quota.saturating_sub(u.used));
                Err(StorageFault::Full { needed: Some(length as u64), free })
            }
            Err(error) => Err(fault(path, &error)),
        }
    }

    async fn open(&self, path: &str, create: bool) -> Result<Option<Large>, StorageFault> {
        let open = self.brief(path, create).await?;
        Ok(open.map(|open| Large { open, path: path.to_owned() }))
    }

    async fn remove(&self, path: &str) -> Result<(), StorageFault> {
        let Some((folder, name)) = self.place(path, false).await? else { return Ok(()) };
        let begun = now();
        loop {
            let removed = async { wait(folder.remove_entry(name, &flag("recursive", true))?).await };
            let error = match removed.await {
                Ok(_) => return Ok(()),
                Err(error) if is(&error, "NotFoundError") => return Ok(()),
                Err(error) => fault(path, &error),
            };
            match error {
                // Open to be read or written, which takes moments.
                StorageFault::Held { .. } if now() - begun < PATIENCE => yield_now().await,
                other => return Err(other),
            }
        }
    }

    async fn list(&self, path: &str) -> Result<Vec<String>, StorageFault> {
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let Some((folder, _)) = self.place(&inside, false).await? else { return Ok(Vec::new()) };
        let listed = async {
            let keys = folder.keys()?;
            let mut names = Vec::new();
            loop {
                let next = wait(keys.next()?).await?;
                if Reflect::get(&next, &"done".into())?.is_truthy() {
                    return Ok(names);
                }
                names.extend(Reflect::get(&next, &"value".into())?.as_string());
            }
        };
        let mut names: Vec<String> = listed.await.map_err(|e: JsValue| fault(path, &e))?;
        names.sort();
        Ok(names)
    }

    async fn lock(&self, path: &str) -> Result<Open, StorageFault> {
        let missing = || StorageFault::NotFound { what: path.to_owned() };
        self.access(path, true).await?.ok_or_else(missing)
    }

    async fn usage(&self) -> Result<Usage, StorageFault> {
        let estimate = STORAGE.with(|storage| storage.as_ref().map(StorageManager::estimate));
        let unknown = || StorageFault::Unavailable { detail: "this browser does not tell its storage".to_owned() };
        let estimate = wait(estimate.ok_or_else(unknown)?.map_err(|e| fault(FOLDER, &e))?).await;
        let estimate = estimate.map_err(|e| fault(FOLDER, &e))?;
        let number = |name: &str| Reflect::get(&estimate, &name.into()).ok().and_then(|v| v.as_f64()).unwrap_or(0.0);
        Ok(Usage { used: number("usage") as u64, quota: number("quota") as u64 })
    }
}

async fn folder(parent: &Directory, name: &str, create: bool) -> Result<Directory, JsValue> {
    wait(parent.get_directory_handle(name, &flag("create", create))?).await.map(JsCast::unchecked_into)
}

async fn wait(promise: Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

fn flag(name: &str, value: bool) -> Object {
    object(name, &value.into())
}

fn at(position: f64) -> Object {
    object("at", &position.into())
}

fn object(name: &str, value: &JsValue) -> Object {
    let object = Object::new();
    // A plain object takes any field.
    let _ = Reflect::set(&object, &name.into(), value);
    object
}

/// Whether an exception is of this name, as browsers define them.
fn is(error: &JsValue, name: &str) -> bool {
    Reflect::get(error, &"name".into()).ok().and_then(|n| n.as_string()).is_some_and(|n| n == name)
}

/// What an exception means.
fn fault(path: &str, error: &JsValue) -> StorageFault {
    let (what, detail) = (path.to_owned(), describe(error));
    if is(error, "NoModificationAllowedError") || is(error, "InvalidStateError") {
        StorageFault::Held { what }
    } else if is(error, "QuotaExceededError") {
        StorageFault::Full { needed: None, free: None }
    } else if is(error, "SecurityError") || is(error, "NotAllowedError") {
        StorageFault::Denied { detail }
    } else if is(error, "NotFoundError") {
        StorageFault::NotFound { what }
    } else {
        StorageFault::Unavailable { detail }
    }
}
