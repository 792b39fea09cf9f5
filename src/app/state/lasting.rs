//! Whether the browser promises to keep what this site stores. Without a promise it may delete all of it.

use super::Store;
use crate::app::{browser, reactive::memo};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The browser was asked, in this visit or an earlier one. It may ask the person in turn, who is not to be asked again.
const ASKED: &str = "asked-to-keep";

/// Asks the browser to keep what is stored, once the first run is. Call it once a page.
pub fn install(store: Store) {
    let saved = store.stored_runs.saved;
    let stored = memo(move || saved.with(|saved| saved.as_ref().is_some_and(|saved| saved.fault.is_none())));
    Effect::new(move || {
        if stored.get() && browser::remembered(ASKED).is_none() {
            browser::remember(ASKED, Some("yes"));
            look_up(store, true);
        }
    });
}

/// Looks up whether the browser promises it; where it does not, `ask` asks it to.
pub fn look_up(store: Store, ask: bool) {
    spawn_local(async move {
        let mut promised = browser::keeps_storage(false).await;
        if ask && promised == Some(false) {
            promised = browser::keeps_storage(true).await;
        }
        store.stored_runs.lasting.try_set(promised);
    });
}
