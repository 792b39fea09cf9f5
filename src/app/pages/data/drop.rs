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
        if untrack(|| importer.may_drop()) {
            take(importer, dropped);
        }
    });
    on_cleanup(move || {
        over.remove();
        drop.remove();
    });
}

fn take(importer: Importer, dropped: Dropped) {
    let listing = importer.list();
    leptos::task::spawn_local(async move {
        // None where the user has cancelled, or left the page.
        if let Some(listed) = dropped.files(|files| importer.listed(listing, files)).await
            && importer.listed(listing, listed.files.len())
        {
            importer.end_listing();
            importer.files(listed);
        }
    });
}
