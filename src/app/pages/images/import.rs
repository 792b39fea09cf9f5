//! What the user has chosen for the next import, and the request for it.

use crate::app::parts::files::{Dropped, Listed};
use crate::app::text::images as text;
use crate::app::{client::Client, state::Store};
use crate::core::{error::Fault, sample::IMAGES_PER_CLASS};
use crate::protocol::{ImageSource, ImportRole, Request};
use leptos::prelude::*;
use web_sys::File;

/// Settings of the next import; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
pub struct ImportForm {
    store: Store,
    client: Client,
    pub role: RwSignal<ImportRole>,
    pub size: RwSignal<usize>,
    /// As typed; [`ImportForm::seed`] reads it.
    pub seed_text: RwSignal<String>,
    /// Number of files found so far in a dropped folder; `None` when no listing is under way.
    pub listing: RwSignal<Option<usize>>,
    /// Number of the last listing. A listing with a lower number was cancelled.
    listings: StoredValue<u32>,
    /// Why the last drop was refused.
    pub refusal: RwSignal<Option<&'static str>>,
}

impl ImportForm {
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

    /// The split seed as typed; `None` if it is not a number.
    pub fn seed(self) -> Option<u64> {
        self.seed_text.with(|text| text.trim().parse().ok())
    }

    /// Whether an import may start: no other work is under way, and the seed is a number.
    pub fn allowed(self) -> bool {
        !self.store.run_open()
            && self.store.import.with(Option::is_none)
            && !self.store.encoder_in_use()
            && self.listing.with(Option::is_none)
            && self.seed().is_some()
    }

    /// Imports what was dropped, after it was listed; tells the user why if no import may start.
    pub fn drop(self, dropped: Dropped) {
        if untrack(|| self.seed().is_none()) {
            return self.refusal.set(Some(text::SEED_BAD));
        }
        if !untrack(|| self.allowed()) {
            return self.store.notify(Fault::Busy);
        }
        self.refusal.set(None);
        self.listing.set(Some(0));
        self.listings.update_value(|n| *n += 1);
        let listing = self.listings.get_value();
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

    /// Notes that `files` were found. False if the listing was cancelled, or the user has left the page.
    fn listed(self, listing: u32, files: usize) -> bool {
        let current = self.listings.try_get_value() == Some(listing)
            && self.listing.try_with_untracked(Option::is_some) == Some(true);
        // A number that changes with every file would only cost time.
        if current && files.is_multiple_of(100) && self.listing.get_untracked() != Some(files) {
            self.listing.set(Some(files));
        }
        current
    }

    /// The listing is complete, or cancelled.
    pub fn end_listing(self) {
        self.listing.set(None);
    }

    /// The form of this page; call it inside a component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Imports the sample set.
    pub fn sample(self) {
        self.load(ImageSource::Sample { images_per_class: IMAGES_PER_CLASS as u32 }, Vec::new());
    }

    /// Imports chosen files.
    pub fn files(self, Listed { files, refused }: Listed) {
        if files.is_empty() && refused.is_empty() {
            self.refusal.set(Some(text::NOTHING_DROPPED));
            return;
        }
        let loaded = self.store.dataset.with_untracked(Option::is_some);
        let role = if loaded { self.role.get_untracked() } else { ImportRole::New };
        let (paths, files) = files.into_iter().unzip();
        self.load(ImageSource::Files { role, paths, refused }, files);
    }

    /// Reads the loaded files again, with the size and seed as they are now.
    pub fn again(self) {
        self.load(ImageSource::Again, Vec::new());
    }

    /// Begins an import, if one may start.
    fn load(self, source: ImageSource, files: Vec<File>) {
        let Some(seed) = untrack(|| self.seed().filter(|_| self.allowed())) else { return };
        self.refusal.set(None);
        self.store.split_seed.set(seed);
        self.client.send_files(Request::Load { source, size: self.size.get_untracked() as u32, seed }, files);
    }
}
