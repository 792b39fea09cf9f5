//! What the user has chosen for the next import, and sending it off.

use crate::app::client::Client;
use crate::app::state::Store;
use crate::protocol::{ImportRole, Request};
use leptos::prelude::*;
use web_sys::File;

/// Images a class of the sample set.
const SAMPLE_IMAGES: u32 = 200;

/// A file and its path relative to what was chosen.
pub type Chosen = (String, File);

/// Settings of the next import; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
pub struct Importer {
    store: Store,
    client: Client,
    pub role: RwSignal<ImportRole>,
    pub size: RwSignal<usize>,
    /// As typed; [`Importer::seed`] reads it.
    pub seed_text: RwSignal<String>,
    /// Files seen while a dropped folder is listed.
    pub listing: RwSignal<Option<usize>>,
    /// Something was dropped that holds no file.
    pub nothing: RwSignal<bool>,
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
            nothing: RwSignal::new(false),
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
            && self.store.evaluating.with(Option::is_none)
            && self.listing.with(Option::is_none)
            && self.seed().is_some()
    }

    pub fn sample(self) {
        if let Some((size, seed)) = self.begin() {
            self.client.send(Request::LoadSample { images_per_class: SAMPLE_IMAGES, seed, size });
        }
    }

    pub fn files(self, chosen: Vec<Chosen>) {
        self.nothing.set(chosen.is_empty());
        if chosen.is_empty() {
            return;
        }
        if let Some((size, seed)) = self.begin() {
            let role = if self.store.dataset.with_untracked(Option::is_some) {
                self.role.get_untracked()
            } else {
                ImportRole::New
            };
            let (paths, files) = chosen.into_iter().unzip();
            self.client.send_files(Request::Import { role, paths, size, seed }, files);
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
        self.nothing.set(false);
        self.store.split_seed.set(seed);
        Some((self.size.get_untracked() as u32, seed))
    }
}
