//! The stored runs as a whole: listed, copied, deleted, brought back.

use super::{FileSystem, OpenFile, RUNS, Storage, path, slot_path};
use crate::core::error::StorageFault;
use crate::core::run::slots::{self, HEADER, Head, Slot};
use crate::core::run::{DELETED_FOR, RunRecord, stored::Kind};

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

/// Whether a run was deleted so long ago that it goes for good.
fn is_over(record: &RunRecord, now: f64) -> bool {
    record.deleted.is_some_and(|at| now - at > DELETED_FOR)
}

impl<F: FileSystem> Storage<F> {
    /// Every stored run. A run that can't be read is listed as damaged; one that was deleted [`DELETED_FOR`] before
    /// `now` is removed. Only records that have changed since the last call are read.
    pub async fn list(&self, now: f64) -> Result<Listing, StorageFault> {
        let mut listing = Listing::default();
        let ids = self.files.list(RUNS).await?;
        self.listed.borrow_mut().retain(|id, _| ids.contains(id));
        for id in ids {
            let mut listed = self.listed(&id).await;
            if listed.as_ref().is_ok_and(|record| record.as_ref().is_some_and(|record| is_over(record, now))) {
                match self.purge(&id, now).await {
                    Ok(true) => continue,
                    Ok(false) => listed = self.listed(&id).await,
                    // It stays while another tab reads it.
                    Err(_) => {}
                }
            }
            match listed {
                Ok(Some(record)) => match record.deleted {
                    None => listing.runs.push(record),
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

    /// Removes a run that was deleted long enough ago; false if it is not one, as another tab has brought it back.
    pub(super) async fn purge(&self, id: &str, now: f64) -> Result<bool, StorageFault> {
        let lock = self.lock(id).await?;
        let over = self.stored_record(id).await?.is_some_and(|record| is_over(&record, now));
        drop(lock);
        if over {
            self.remove(&format!("{RUNS}/{id}")).await?;
        }
        Ok(over)
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
        let mut newest: Option<(Head, Vec<u8>)> = None;
        for slot in [Slot::A, Slot::B] {
            let header = self.files.head(&slot_path(&path, slot), HEADER).await?;
            let found = header.and_then(|header| Some((slots::look(&header).ok()?, header)));
            newest = newest.max(found);
        }
        // All of the header: a run that was removed and imported again can have a record of the same generation.
        let is_newest = |header: &Vec<u8>| newest.as_ref().is_some_and(|(_, newest)| newest == header);
        let known = self.listed.borrow().get(id).filter(|(header, _)| is_newest(header)).cloned();
        if let Some((_, record)) = known {
            return Ok(Some(record));
        }
        let record = self.stored_record(id).await?.map(RunRecord::for_a_list);
        // A slot that was cut off can come again under the same head.
        let read = self.known.borrow().get(&path).map(|next| next.generation.wrapping_sub(1));
        let mut listed = self.listed.borrow_mut();
        listed.remove(id);
        let newest = newest.filter(|(head, _)| Some(head.generation) == read);
        if let (Some((_, header)), Some(record)) = (newest, &record) {
            listed.insert(id.to_owned(), (header, record.clone()));
        }
        Ok(record)
    }

    /// Marks a run as deleted at a time in milliseconds since 1970, or brings it back. A run whose mark cannot be
    /// written as there is no room is removed for good, and so is a folder without a record. The caller must not hold it.
    ///
    /// # Errors
    /// [`StorageFault::Held`] while another tab works with it, [`StorageFault::NotFound`] if there is nothing to bring
    /// back, [`StorageFault::Damaged`] or [`StorageFault::Newer`] if its record can't be read; the run then stays.
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
        let unmarkable =
            |fault: &StorageFault| matches!(fault, StorageFault::Full { .. } | StorageFault::NotFound { .. });
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
