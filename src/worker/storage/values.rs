//! A stored value: two slots with a checksum and a schema, of which the newest good one counts.

use super::{FileSystem, Next, Storage, damaged, slot_path, unknown};
use crate::core::error::StorageFault;
use crate::core::run::slots::{self, Chosen, HEADER, Head, NoSlot, Slot, SlotFault};
use crate::core::run::stored::Kind;
use serde::{Serialize, de::DeserializeOwned};

/// What two slots hold.
struct Found {
    chosen: Result<Chosen, NoSlot>,
    /// The newest good value with its schema.
    value: Option<(u32, Vec<u8>)>,
}

impl<F: FileSystem> Storage<F> {
    /// A value that is stored as JSON; `None` if it was never stored.
    pub async fn get_json<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        kind: Kind,
    ) -> Result<Option<T>, StorageFault> {
        let Some(bytes) = self.get(path, kind).await? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes).and_then(unknown::read);
        let (value, unknown) = read.map_err(|e| damaged(path, e.to_string()))?;
        let mut all = self.unknown.borrow_mut();
        all.remove(path);
        all.extend(unknown.map(|unknown| (path.to_owned(), unknown)));
        Ok(Some(value))
    }

    /// Replaces a value by `value` as JSON, with the fields of the one before that this program does not know.
    pub async fn put_json<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        kind: Kind,
        value: &T,
    ) -> Result<(), StorageFault> {
        self.write_json(path, kind, kind.schema(), value).await
    }

    /// [`Storage::put_json`] of a value that has an older schema.
    pub(super) async fn write_json<T: Serialize + DeserializeOwned>(
        &self,
        path: &str,
        kind: Kind,
        schema: u32,
        value: &T,
    ) -> Result<(), StorageFault> {
        if !self.known.borrow().contains_key(path) {
            match self.get_json::<T>(path, kind).await {
                // Nothing of it can be kept.
                Err(StorageFault::Damaged { .. }) => {}
                before => drop(before?),
            }
        }
        let unwritable = |e: serde_json::Error| damaged(path, e.to_string());
        let unknown = self.unknown.borrow().get(path).map(|unknown| unknown.merged(value));
        let unknown = unknown.transpose().map_err(unwritable)?;
        let bytes = match &unknown {
            Some(unknown) => serde_json::to_vec(&unknown.stored),
            None => serde_json::to_vec(value),
        };
        self.write(path, kind, schema, &bytes.map_err(unwritable)?).await?;
        self.unknown.borrow_mut().extend(unknown.map(|unknown| (path.to_owned(), unknown)));
        Ok(())
    }

    /// The newest good value of two slots; `None` if it was never stored.
    ///
    /// # Errors
    /// [`StorageFault::Damaged`] if there is a slot, but no good one; [`StorageFault::Newer`] if there is one of a
    /// newer program.
    pub async fn get(&self, path: &str, kind: Kind) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(self.read(path, kind).await?.map(|(_, bytes)| bytes))
    }

    /// [`Storage::get`], with the value's schema.
    pub(super) async fn read(&self, path: &str, kind: Kind) -> Result<Option<(u32, Vec<u8>)>, StorageFault> {
        let found = self.find(path, kind).await?;
        let next = match found.chosen {
            // The very first write was cut off: nothing was stored yet.
            Err(NoSlot { a: SlotFault::TooShort, b: SlotFault::Absent }) => return Ok(None),
            Err(NoSlot { a, b }) => return Err(damaged(path, format!("{a:?}, {b:?}"))),
            Ok(_) => found.next(),
        };
        let mut known = self.known.borrow_mut();
        // A write may have ended since the slots were looked at.
        if known.get(path).is_none_or(|known| known.generation <= next.generation) {
            known.insert(path.to_owned(), next);
        }
        Ok(found.value)
    }

    /// Replaces a value: writes the slot that does not hold the newest good one.
    ///
    /// # Errors
    /// [`StorageFault::Newer`] if a newer program has written it.
    pub async fn put(&self, path: &str, kind: Kind, payload: &[u8]) -> Result<(), StorageFault> {
        self.write(path, kind, kind.schema(), payload).await
    }

    /// [`Storage::put`] of bytes that have an older schema.
    pub(super) async fn write(&self, path: &str, kind: Kind, schema: u32, payload: &[u8]) -> Result<(), StorageFault> {
        let known = self.known.borrow().get(path).copied();
        let Next { generation, slot, schema: before } = match known {
            Some(known) => known,
            None => self.find(path, kind).await?.next(),
        };
        let (header, checksum) = slots::frame(Head { generation, schema }, payload);
        // If this fails, the next write takes the same slot: the other one is still good.
        self.files.write(&slot_path(path, slot), &[&header, payload, &checksum]).await?;
        let next = Next { generation: generation + 1, slot: slot.other(), schema: Some(schema) };
        self.known.borrow_mut().insert(path.to_owned(), next);
        if before.is_some_and(|before| before < schema) {
            self.files.remove(&slot_path(path, slot.other())).await?;
        }
        Ok(())
    }

    /// The newest good slot. One slot at a time is in memory: a checkpoint is large.
    async fn find(&self, path: &str, kind: Kind) -> Result<Found, StorageFault> {
        let most = kind.most_bytes();
        let [mut a, mut b] = [self.look(path, Slot::A, most).await?, self.look(path, Slot::B, most).await?];
        let mut value = None;
        for slot in slots::newer_first(a, b) {
            let claim = if slot == Slot::A { &mut a } else { &mut b };
            // Of the slot behind the newest good one only a newer schema matters.
            if !claim.is_ok_and(|head| value.is_none() || head.schema > kind.schema()) {
                continue;
            }
            let read = self.files.read(&slot_path(path, slot)).await?;
            match read.ok_or(SlotFault::Absent).and_then(slots::unpack) {
                Ok((Head { schema, .. }, _)) if schema > kind.schema() => {
                    return Err(StorageFault::Newer { what: path.to_owned(), found: schema });
                }
                Ok((head, payload)) => {
                    *claim = Ok(head);
                    value = Some((head.schema, payload));
                }
                Err(fault) => *claim = Err(fault),
            }
        }
        Ok(Found { chosen: slots::choose(a, b), value })
    }

    /// What a slot claims; one of more than `most` bytes is as good as damaged.
    pub(super) async fn look(
        &self,
        path: &str,
        slot: Slot,
        most: u64,
    ) -> Result<Result<Head, SlotFault>, StorageFault> {
        let head = self.files.head(&slot_path(path, slot), HEADER).await?;
        Ok(head.ok_or(SlotFault::Absent).and_then(|head| match slots::claimed(&head) {
            Some(bytes) if bytes > most => Err(SlotFault::Damaged),
            _ => slots::look(&head),
        }))
    }

    /// # Errors
    /// [`StorageFault::Newer`] if a newer program has written the value.
    pub(super) async fn refuse_newer(&self, path: &str, kind: Kind) -> Result<(), StorageFault> {
        for slot in [Slot::A, Slot::B] {
            if self.look(path, slot, u64::MAX).await?.is_ok_and(|head| head.schema > kind.schema()) {
                self.find(path, kind).await?;
            }
        }
        Ok(())
    }
}

impl Found {
    /// Where to write next. If no slot is good, there is nothing to protect.
    fn next(&self) -> Next {
        let (generation, slot) = self.chosen.map_or((1, Slot::A), |chosen| (chosen.generation, chosen.write));
        Next { generation, slot, schema: self.value.as_ref().map(|(schema, _)| *schema) }
    }
}
