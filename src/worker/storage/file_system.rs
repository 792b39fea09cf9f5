//! What the storage needs of a file system: that is the browser's own (`opfs`), or, in native tests, one in
//! memory that fails on request.

use crate::core::error::StorageFault;
use std::cell::RefCell;

/// Bytes used and allowed, by the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub used: u64,
    pub quota: u64,
}

/// Files by path, with `/` between folders. Folders are made when they are needed.
pub trait FileSystem {
    /// Holds a file for this tab alone until it is dropped.
    type Lock;
    /// A large file, open for this tab alone until it is dropped.
    type OpenFile: OpenFile;

    /// The whole file; `None` if there is no such file.
    fn read(&self, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StorageFault>>;

    /// The file's first bytes, at most `most` of them; `None` if there is no such file.
    fn head(&self, path: &str, most: usize) -> impl Future<Output = Result<Option<Vec<u8>>, StorageFault>>;

    /// Replaces the file by the parts, one after the other. A crash in the middle leaves neither the old nor
    /// the new file whole.
    fn write(&self, path: &str, parts: &[&[u8]]) -> impl Future<Output = Result<(), StorageFault>>;

    /// Opens a file that is too large for memory, to read and write parts of it. `None` if it does not exist
    /// and `create` is false.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another task or tab has it open.
    fn open(&self, path: &str, create: bool) -> impl Future<Output = Result<Option<Self::OpenFile>, StorageFault>>;

    /// Removes a file, or a folder with its contents; no fault if it does not exist.
    fn remove(&self, path: &str) -> impl Future<Output = Result<(), StorageFault>>;

    /// Names in a folder, in order; empty if there is no such folder.
    fn list(&self, folder: &str) -> impl Future<Output = Result<Vec<String>, StorageFault>>;

    /// # Errors
    /// [`StorageFault::Held`] while another tab has the lock.
    fn lock(&self, path: &str) -> impl Future<Output = Result<Self::Lock, StorageFault>>;

    fn usage(&self) -> impl Future<Output = Result<Usage, StorageFault>>;
}

/// An open file; positions and lengths are in bytes.
pub trait OpenFile {
    fn length(&self) -> Result<u64, StorageFault>;

    /// Fills `into` with the bytes from `at` on.
    ///
    /// # Errors
    /// [`StorageFault::Damaged`] if the file ends before.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), StorageFault>;

    /// Overwrites the bytes from `at` on; `at` is at most the file's end.
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), StorageFault>;

    /// Cuts the file to `length`, or makes it so long; what is new is 0.
    fn cut(&self, length: u64) -> Result<(), StorageFault>;

    /// Writes through to the disk.
    fn flush(&self) -> Result<(), StorageFault>;
}

/// A file in memory, for a browser that stores nothing.
impl OpenFile for RefCell<Vec<u8>> {
    fn length(&self) -> Result<u64, StorageFault> {
        Ok(self.borrow().len() as u64)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), StorageFault> {
        let ends = || StorageFault::Damaged { what: "a file in memory".to_owned(), detail: "it ends early".to_owned() };
        let at = at as usize;
        into.copy_from_slice(self.borrow().get(at..at + into.len()).ok_or_else(ends)?);
        Ok(())
    }

    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), StorageFault> {
        let (mut file, end) = (self.borrow_mut(), at as usize + bytes.len());
        let length = file.len().max(end);
        file.resize(length, 0);
        file[at as usize..end].copy_from_slice(bytes);
        Ok(())
    }

    fn cut(&self, length: u64) -> Result<(), StorageFault> {
        self.borrow_mut().resize(length as usize, 0);
        Ok(())
    }

    fn flush(&self) -> Result<(), StorageFault> {
        Ok(())
    }
}
