//! Drops are taken anywhere on this page: beside the marked area, the browser
//! would leave the program and open the file.

use super::files::Dropped;
use super::import::Importer;
use leptos::ev;
use leptos::prelude::*;

/// Takes drops on the whole page for as long as the calling component lives.
pub fn accept_on_page(importer: Importer) {
    let over = window_event_listener(ev::dragover, |event| event.prevent_default());
    let drop = window_event_listener(ev::drop, move |event| {
        event.prevent_default();
        let Some(dropped) = event.data_transfer().map(|transfer| Dropped::of(&transfer)) else { return };
        if untrack(|| importer.allowed()) {
            take(importer, dropped);
        }
    });
    on_cleanup(move || {
        over.remove();
        drop.remove();
    });
}

fn take(importer: Importer, dropped: Dropped) {
    importer.nothing.set(false);
    importer.listing.set(Some(0));
    leptos::task::spawn_local(async move {
        let files = dropped.files(importer.listing).await;
        // Gone where the user has left the page meanwhile.
        if importer.listing.try_set(None).is_none() {
            importer.files(files);
        }
    });
}
