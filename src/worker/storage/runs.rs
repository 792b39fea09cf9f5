//! The stored runs as a whole: listed, copied, deleted, brought back.

use super::{FileSystem, OpenFile, RUNS, Storage, path};
use crate::core::error::StorageFault;
use crate::core::run::{DELETED_FOR, RunRecord, slots::Slot, stored::Kind};

/// The stored runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Newest first; these and the next as [`RunRecord::for_a_list`] gives them.
    pub runs: Vec<RunRecord>,
    /// Runs that can still be brought back, with their bytes; the one that was deleted last first.
    pub deleted: Vec<(RunRecord, u64)>,
    /// Folders whose record can't be read, with the cause.
    pub damaged: Vec<(String, StorageFault)>,
}

impl<F: FileSystem> Storage<F> {
    /// Every stored run. A run that can't be read is listed as damaged; one that was deleted [`DELETED_FOR`] before
    /// `now` is removed. Only records that have changed since the last call are read.
    pub async fn list(&self, now: f64) -> Result<Listing, StorageFault> {
        let mut listing = Listing::default();
        for id in self.files.list(RUNS).await? {
            match self.listed(&id).await {
                Ok(Some(record)) => match record.deleted {
                    None => listing.runs.push(record),
                    // It stays while another tab reads it.
                    Some(at) if now - at > DELETED_FOR && self.delete(&id).await.is_ok() => {}
                    Some(_) => listing.deleted.push((record, self.bytes(&id).await)),
                },
                // A folder that was just made, or one of another program.
                Ok(None) => {}
                Err(fault) => listing.damaged.push((id, fault)),
            }
        }
        listing.runs.sort_by(|a, b| b.created.total_cmp(&a.created).then_with(|| b.id.cmp(&a.id)));
        let when = |(run, _): &(RunRecord, u64)| run.deleted.unwrap_or(0.0);
        listing.deleted.sort_by(|a, b| when(b).total_cmp(&when(a)));
        Ok(listing)
    }

    /// Bytes of a run's files, as far as they can be opened.
    async fn bytes(&self, id: &str) -> u64 {
        let folder = format!("{RUNS}/{id}");
        let mut bytes = 0;
        for name in self.files.list(&folder).await.unwrap_or_default() {
            if let Ok(Some(file)) = self.files.open(&format!("{folder}/{name}"), false).await {
                bytes += file.length().unwrap_or(0);
            }
        }
        bytes
    }

    /// A run's record for a list, from memory if its newest slot is the one that was read.
    async fn listed(&self, id: &str) -> Result<Option<RunRecord>, StorageFault> {
        let path = path(id, Kind::Record);
        let heads = [self.look(&path, Slot::A).await?, self.look(&path, Slot::B).await?];
        let newest = heads.into_iter().flatten().max();
        let known = self.listed.borrow().get(id).filter(|(head, _)| Some(*head) == newest).cloned();
        if let Some((_, record)) = known {
            return Ok(Some(record));
        }
        let record = self.stored_record(id).await?.map(RunRecord::for_a_list);
        // A slot that was cut off can come again under the same head.
        let read = self.known.borrow().get(&path).map(|next| next.generation.wrapping_sub(1));
        let mut listed = self.listed.borrow_mut();
        listed.remove(id);
        if let (Some(head), Some(record)) = (newest.filter(|head| Some(head.generation) == read), &record) {
            listed.insert(id.to_owned(), (head, record.clone()));
        }
        Ok(record)
    }

    /// Marks a run as deleted at a time in milliseconds since 1970, or brings it back. A run whose mark cannot be
    /// written, as it can't be read or there is no room, is removed for good. The caller must not hold it.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it, [`StorageFault::NotFound`] if there is nothing to bring
    /// back.
    pub async fn mark_deleted(&self, id: &str, at: Option<f64>) -> Result<(), StorageFault> {
        if at.is_none() && self.stored_record(id).await?.is_none() {
            return Err(StorageFault::NotFound { what: id.to_owned() });
        }
        let lock = self.lock(id).await?;
        let marked = async {
            let missing = || StorageFault::NotFound { what: id.to_owned() };
            let record = self.stored_record(id).await?.ok_or_else(missing)?;
            self.save_record(&RunRecord { deleted: at, ..record }).await
        };
        let marked = marked.await;
        drop(lock);
        let unmarkable = |fault: &StorageFault| {
            use StorageFault::{Damaged, Full, Newer, NotFound};
            matches!(fault, Damaged { .. } | Full { .. } | Newer { .. } | NotFound { .. })
        };
        match marked {
            Err(fault) if at.is_some() && unmarkable(&fault) => self.remove(&format!("{RUNS}/{id}")).await,
            marked => marked,
        }
    }

    /// Copies all that is stored of a run to the run of `record`, which is new. The caller holds the run that is copied.
    pub async fn copy(&self, from: &str, record: &RunRecord) -> Result<(), StorageFault> {
        let lock = self.hold(&record.id).await?;
        self.adopt(&record.id, self.unknown(from));
        let copied = async {
            self.save_record(record).await?;
            for kind in [Kind::Curve, Kind::Classifier, Kind::Tuning, Kind::Checkpoint] {
                match self.read(&path(from, kind), kind).await {
                    Ok(Some((schema, bytes))) => self.write(&path(&record.id, kind), kind, schema, &bytes).await?,
                    Ok(None) => {}
                    // A run that opens without it can be copied without it.
                    Err(StorageFault::Damaged { .. }) if kind != Kind::Checkpoint => {}
                    Err(fault) => return Err(fault),
                }
            }
            Ok(())
        };
        let copied = copied.await;
        drop(lock);
        match copied {
            Ok(()) => Ok(()),
            // A part of a run is of no use.
            Err(fault) => self.delete(&record.id).await.and(Err(fault)),
        }
    }

    /// Removes a run for good. The caller must not hold it.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it.
    pub async fn delete(&self, id: &str) -> Result<(), StorageFault> {
        drop(self.lock(id).await?);
        self.remove(&format!("{RUNS}/{id}")).await
    }

    /// Removes everything that is stored, except runs that other tabs work with. Returns those.
    pub async fn delete_all(&self) -> Result<Vec<String>, StorageFault> {
        let mut held = Vec::new();
        for id in self.files.list(RUNS).await? {
            match self.delete(&id).await {
                Err(StorageFault::Held { .. }) => held.push(id),
                other => other?,
            }
        }
        for name in self.files.list("").await? {
            if name != RUNS {
                match self.files.remove(&name).await {
                    Err(StorageFault::Held { .. }) => held.push(name.clone()),
                    other => other?,
                }
            }
        }
        self.forget("");
        Ok(held)
    }
}
