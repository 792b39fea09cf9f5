//! What fine-tuning leaves beside a run: one value each, in two slots like the others.

use super::files::Files;
use super::{RUNS, Storage, path};
use crate::core::error::StorageFault;
use crate::core::run::slots::Slot;

/// Which value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// A list of trainings that is not finished.
    Tuning,
    /// The last classifier that was fine-tuned from the pre-trained encoder.
    Classifier,
}

impl Extra {
    fn name(self) -> &'static str {
        match self {
            Self::Tuning => "tuning",
            Self::Classifier => "classifier",
        }
    }
}

impl<F: Files> Storage<F> {
    /// The value; none where none was stored.
    pub async fn extra(&self, id: &str, extra: Extra) -> Result<Option<Vec<u8>>, StorageFault> {
        self.get(&path(id, extra.name())).await
    }

    /// Stores it beside a run that is stored; nothing where the run is gone, whose folder would come
    /// back.
    pub async fn save_extra(&self, id: &str, extra: Extra, bytes: &[u8]) -> Result<(), StorageFault> {
        match self.files.list(RUNS).await?.iter().any(|run| run == id) {
            true => self.put(&path(id, extra.name()), bytes).await,
            false => Ok(()),
        }
    }

    /// Removes it; no fault where there is none.
    pub async fn remove_extra(&self, id: &str, extra: Extra) -> Result<(), StorageFault> {
        let path = path(id, extra.name());
        // The older one first: cut off between the two, the newest is what stays.
        let older = self.known.borrow().get(&path).map_or(Slot::A, |(_, older)| *older);
        for slot in [older, older.other()] {
            self.files.remove(&super::slot_path(&path, slot)).await?;
        }
        self.forget(&path);
        Ok(())
    }
}
