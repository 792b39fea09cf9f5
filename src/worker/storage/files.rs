//! What the storage needs of a file system: the browser's own (`opfs`), or, in
//! native tests, one in memory that can be told to fail.

use crate::core::error::StorageFault;

/// Bytes taken and allowed, as the browser tells them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub used: u64,
    pub quota: u64,
}

/// Files by path, with `/` between folders, which come into being by themselves.
pub trait Files {
    /// Holds a file for this tab alone until it is dropped.
    type Lock;
    /// A large file, open for this tab alone until it is dropped.
    type Parts: Parts;

    /// The whole file; none where there is no such file.
    fn read(&self, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StorageFault>>;

    /// The file's first bytes, at most so many; none where there is no such file.
    fn head(&self, path: &str, most: usize) -> impl Future<Output = Result<Option<Vec<u8>>, StorageFault>>;

    /// Replaces the file by the parts, one after the other. A crash in the middle leaves neither the
    /// old nor the new one whole.
    fn write(&self, path: &str, parts: &[&[u8]]) -> impl Future<Output = Result<(), StorageFault>>;

    /// Opens a file to be read and written in parts, as what is too large to be held in
    /// memory is; none where there is none and none is to be made.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while it is open elsewhere.
    fn open(&self, path: &str, create: bool) -> impl Future<Output = Result<Option<Self::Parts>, StorageFault>>;

    /// Removes a file, or a folder with all that is in it; no fault if it is not there.
    fn remove(&self, path: &str) -> impl Future<Output = Result<(), StorageFault>>;

    /// Names in a folder, in order; none where there is no such folder.
    fn list(&self, folder: &str) -> impl Future<Output = Result<Vec<String>, StorageFault>>;

    /// # Errors
    /// [`StorageFault::Held`] while another tab has the lock.
    fn lock(&self, path: &str) -> impl Future<Output = Result<Self::Lock, StorageFault>>;

    fn usage(&self) -> impl Future<Output = Result<Usage, StorageFault>>;
}

/// A file that is open; positions and lengths in bytes.
pub trait Parts {
    fn length(&self) -> Result<u64, StorageFault>;

    /// Fills `into` with what stands from `at` on.
    ///
    /// # Errors
    /// [`StorageFault::Damaged`] where the file ends before.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), StorageFault>;

    /// Writes over what stands from `at` on, which is at most the file's end.
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), StorageFault>;

    /// Forgets what stands from `length` on.
    fn cut(&self, length: u64) -> Result<(), StorageFault>;

    /// Writes through to the disk.
    fn flush(&self) -> Result<(), StorageFault>;
}
