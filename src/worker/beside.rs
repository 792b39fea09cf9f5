//! What is stored beside the run at hand while something is made of it.

use super::keep::line;
use super::session::with;
use super::storage::opfs::Opfs;
use super::storage::{Extra, Storage};
use crate::core::error::StorageFault;
use crate::learn::checkpoint::Snapshot;
use std::rc::Rc;

/// The place of a run that this tab holds.
#[derive(Clone)]
pub struct Beside {
    storage: Rc<Storage<Opfs>>,
    run: String,
}

impl Beside {
    pub fn new(storage: Rc<Storage<Opfs>>, run: String) -> Self {
        Self { storage, run }
    }

    /// Of the run at hand; none without one, or where nothing can be stored.
    pub fn run_at_hand() -> Option<Self> {
        with(|s| s.run.as_ref()?.keeper.beside())
    }

    /// What was stored, or none.
    pub async fn read(&self, extra: Extra) -> Result<Option<Vec<u8>>, StorageFault> {
        self.storage.extra(&self.run, extra).await
    }

    /// Reads `snapshot` and stores it, in the order of the calls.
    pub fn save(&self, extra: Extra, snapshot: Snapshot) -> impl Future<Output = Result<(), StorageFault>> + use<> {
        let (this, place) = (self.clone(), line());
        async move {
            place.reached().await;
            let bytes = snapshot.into_bytes().await;
            let bytes = bytes.map_err(|error| StorageFault::Unavailable { detail: error.to_string() })?;
            this.storage.save_extra(&this.run, extra, &bytes).await
        }
    }

    /// Removes what was stored, in the order of the calls.
    pub fn remove(&self, extra: Extra) -> impl Future<Output = Result<(), StorageFault>> + use<> {
        let (this, place) = (self.clone(), line());
        async move {
            place.reached().await;
            this.storage.remove_extra(&this.run, extra).await
        }
    }
}
