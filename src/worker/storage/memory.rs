//! A file system in memory for native tests, which fails as browsers do.

use super::file_system::{FileSystem, OpenFile, Usage};
use crate::core::error::StorageFault;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// FileSystem in memory. A clone is another tab over the same files.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    held: Rc<RefCell<BTreeSet<String>>>,
    /// Most bytes in all files together; 0: no limit.
    pub quota: Rc<Cell<u64>>,
    /// Number of writes that succeed before one is cut off in the middle, as by a crash.
    pub writes_before_crash: Rc<Cell<Option<usize>>>,
    /// Writes to open files that were not flushed yet.
    pub unflushed: Rc<Cell<usize>>,
    /// The browser refuses everything.
    pub denied: Rc<Cell<bool>>,
    /// Files that were read whole.
    pub whole_reads: Rc<Cell<usize>>,
}

/// Holds a path until it is dropped.
#[derive(Debug)]
pub struct Held {
    path: String,
    held: Rc<RefCell<BTreeSet<String>>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.held.borrow_mut().remove(&self.path);
    }
}

impl Memory {
    fn allowed(&self) -> Result<(), StorageFault> {
        if self.denied.get() {
            return Err(StorageFault::Denied { detail: "no permission".to_owned() });
        }
        Ok(())
    }

    /// Changes a byte of a file, as a broken disk would.
    pub fn corrupt(&self, path: &str, at: usize) {
        if let Some(byte) = self.files.borrow_mut().get_mut(path).and_then(|file| file.get_mut(at)) {
            *byte ^= 0x40;
        }
    }

    pub fn paths(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }

    /// Whether there is room to replace `before` bytes by `bytes`.
    fn room(&self, before: u64, bytes: u64) -> Result<(), StorageFault> {
        let (used, quota) = (self.used() - before, self.quota.get());
        if quota > 0 && used + bytes > quota {
            return Err(StorageFault::Full { needed: Some(bytes), free: Some(quota.saturating_sub(used)) });
        }
        Ok(())
    }

    fn used(&self) -> u64 {
        self.files.borrow().values().map(|file| file.len() as u64).sum()
    }
}

/// A file that is open.
#[derive(Debug)]
pub struct Open {
    files: Memory,
    held: Held,
}

impl Open {
    fn with<T>(&self, f: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        f(self.files.files.borrow_mut().entry(self.held.path.clone()).or_default())
    }
}

impl OpenFile for Open {
    fn length(&self) -> Result<u64, StorageFault> {
        Ok(self.with(|file| file.len() as u64))
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), StorageFault> {
        self.with(|file| {
            let ends = || StorageFault::Damaged { what: self.held.path.clone(), detail: "it ends early".into() };
            into.copy_from_slice(file.get(at as usize..at as usize + into.len()).ok_or_else(ends)?);
            Ok(())
        })
    }

    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), StorageFault> {
        self.files.allowed()?;
        let end = at + bytes.len() as u64;
        let length = self.length()?;
        assert!(at <= length, "a hole in {}", self.held.path);
        self.files.room(length, end.max(length))?;
        self.with(|file| {
            file.resize(file.len().max(end as usize), 0);
            file[at as usize..end as usize].copy_from_slice(bytes);
        });
        self.files.unflushed.update(|writes| writes + 1);
        Ok(())
    }

    fn cut(&self, length: u64) -> Result<(), StorageFault> {
        self.files.room(self.length()?, length)?;
        self.with(|file| file.resize(length as usize, 0));
        Ok(())
    }

    fn flush(&self) -> Result<(), StorageFault> {
        self.files.unflushed.set(0);
        Ok(())
    }
}

impl FileSystem for Memory {
    type Lock = Held;
    type OpenFile = Open;

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageFault> {
        self.allowed()?;
        if self.held.borrow().contains(path) {
            return Err(StorageFault::Held { what: path.to_owned() });
        }
        self.whole_reads.update(|reads| reads + 1);
        Ok(self.files.borrow().get(path).cloned())
    }

    async fn head(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, StorageFault> {
        let whole = self.read(path).await?;
        self.whole_reads.update(|reads| reads - 1);
        Ok(whole.map(|bytes| bytes[..bytes.len().min(most)].to_vec()))
    }

    async fn write(&self, path: &str, parts: &[&[u8]]) -> Result<(), StorageFault> {
        self.allowed()?;
        let bytes = &parts.concat();
        let before = self.files.borrow().get(path).map_or(0, |file| file.len() as u64);
        self.room(before, bytes.len() as u64)?;
        let whole = match self.writes_before_crash.get() {
            Some(0) => false,
            Some(left) => {
                self.writes_before_crash.set(Some(left - 1));
                true
            }
            None => true,
        };
        let kept = if whole { bytes } else { &bytes[..bytes.len() / 2] };
        self.files.borrow_mut().insert(path.to_owned(), kept.to_vec());
        if whole { Ok(()) } else { Err(StorageFault::Unavailable { detail: "crashed".to_owned() }) }
    }

    async fn open(&self, path: &str, create: bool) -> Result<Option<Open>, StorageFault> {
        self.allowed()?;
        if !create && !self.files.borrow().contains_key(path) {
            return Ok(None);
        }
        let held = self.lock(path).await?;
        self.files.borrow_mut().entry(path.to_owned()).or_default();
        Ok(Some(Open { files: self.clone(), held }))
    }

    async fn remove(&self, path: &str) -> Result<(), StorageFault> {
        self.allowed()?;
        if self.held.borrow().iter().any(|held| held == path || held.starts_with(&format!("{path}/"))) {
            return Err(StorageFault::Held { what: path.to_owned() });
        }
        let folder = format!("{path}/");
        self.files.borrow_mut().retain(|name, _| name != path && !name.starts_with(&folder));
        Ok(())
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, StorageFault> {
        self.allowed()?;
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let files = self.files.borrow();
        let inside = files.keys().filter_map(|path| path.strip_prefix(&start)?.split('/').next());
        let names: BTreeSet<&str> = inside.collect();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    async fn lock(&self, path: &str) -> Result<Held, StorageFault> {
        self.allowed()?;
        if !self.held.borrow_mut().insert(path.to_owned()) {
            return Err(StorageFault::Held { what: path.to_owned() });
        }
        Ok(Held { path: path.to_owned(), held: self.held.clone() })
    }

    async fn usage(&self) -> Result<Usage, StorageFault> {
        self.allowed()?;
        Ok(Usage { used: self.used(), quota: self.quota.get() })
    }
}
