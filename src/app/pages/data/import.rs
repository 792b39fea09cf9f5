//! What the user has chosen for the next import, and sending it off.

use crate::app::client::Client;
use crate::app::parts::files::{Dropped, Listed};
use crate::app::state::Store;
use crate::app::text::data as text;
use crate::core::error::Fault;
use crate::protocol::{ImportRole, Request};
use leptos::prelude::*;

/// Images a class of the sample set.
const SAMPLE_IMAGES: u32 = 200;

/// Settings of the next import; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
pub struct Importer {
    store: Store,
    client: Client,
    pub role: RwSignal<ImportRole>,
    pub size: RwSignal<usize>,
    /// As typed; [`Importer::seed`] reads it.
    pub seed_text: RwSignal<String>,
    /// The files seen while a dropped folder is listed.
    pub listing: RwSignal<Option<usize>>,
    /// Number of the last listing, so that one that was cancelled ends.
    listings: StoredValue<u32>,
    /// Why what was dropped was not taken.
    pub refusal: RwSignal<Option<&'static str>>,
}

impl Importer {
    pub fn new() -> Self {
        let store = Store::get();
        Self {
            store,
            client: Client::get(),
            role: RwSignal::new(ImportRole::New),
            size: RwSignal::new(store.config.with_untracked(|c| c.image_size)),
            seed_text: RwSignal::new(store.split_seed.get_untracked().to_string()),
            listing: RwSignal::new(None),
            listings: StoredValue::new(0),
            refusal: RwSignal::new(None),
        }
    }

    /// The split seed as typed; none where it is not a number.
    pub fn seed(self) -> Option<u64> {
        self.seed_text.with(|text| text.trim().parse().ok())
    }

    /// Whether images may change now: not while something else is under way.
    pub fn allowed(self) -> bool {
        !self.store.run_open()
            && self.store.import.with(Option::is_none)
            && !self.store.encoder_in_use()
            && self.listing.with(Option::is_none)
            && self.seed().is_some()
    }

    /// Imports what was dropped, after it was listed.
    pub fn drop(self, dropped: Dropped) {
        if !untrack(|| self.may_drop()) {
            return;
        }
        let listing = self.list();
        leptos::task::spawn_local(async move {
            // `None` if the user has cancelled, or left the page.
            if let Some(listed) = dropped.files(|files| self.listed(listing, files)).await
                && self.listed(listing, listed.files.len())
            {
                self.end_listing();
                self.files(listed);
            }
        });
    }

    /// [`Importer::allowed`]; tells the user why if not.
    fn may_drop(self) -> bool {
        let allowed = self.allowed();
        if !allowed && self.seed().is_none() {
            self.refusal.set(Some(text::SEED_BAD));
        } else if !allowed {
            self.store.notify(Fault::Busy);
        }
        allowed
    }

    /// Begins to list a dropped folder; returns the listing's number.
    fn list(self) -> u32 {
        self.refusal.set(None);
        self.listing.set(Some(0));
        self.listings.update_value(|n| *n += 1);
        self.listings.get_value()
    }

    /// So many files were found; false where the listing was cancelled, or the
    /// user has left the page.
    fn listed(self, listing: u32, files: usize) -> bool {
        let goes_on = self.listings.try_get_value() == Some(listing)
            && self.listing.try_with_untracked(Option::is_some) == Some(true);
        // A number that changes with every file would only cost time.
        if goes_on && files.is_multiple_of(100) && self.listing.get_untracked() != Some(files) {
            self.listing.set(Some(files));
        }
        goes_on
    }

    /// The listing is complete, or cancelled.
    pub fn end_listing(self) {
        self.listing.set(None);
    }

    pub fn sample(self) {
        if let Some((size, seed)) = self.begin() {
            self.client.send(Request::LoadSample { images_per_class: SAMPLE_IMAGES, seed, size });
        }
    }

    pub fn files(self, Listed { files, refused }: Listed) {
        if files.is_empty() && refused.is_empty() {
            self.refusal.set(Some(text::NOTHING_DROPPED));
            return;
        }
        if let Some((size, seed)) = self.begin() {
            let role = if self.store.dataset.with_untracked(Option::is_some) {
                self.role.get_untracked()
            } else {
                ImportRole::New
            };
            let (paths, files) = files.into_iter().unzip();
            self.client.send_files(Request::Import { role, paths, refused, size, seed }, files);
        }
    }

    /// Reads what was chosen before at the size and seed chosen now.
    pub fn again(self) {
        if let Some((size, seed)) = self.begin() {
            self.client.send(Request::Resize { size, seed });
        }
    }

    /// Size and seed of an import that may start.
    fn begin(self) -> Option<(u32, u64)> {
        if !untrack(|| self.allowed()) {
            return None;
        }
        let seed = untrack(|| self.seed())?;
        self.refusal.set(None);
        self.store.split_seed.set(seed);
        Some((self.size.get_untracked() as u32, seed))
    }
}
