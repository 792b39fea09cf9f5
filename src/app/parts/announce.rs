//! One polite live region: what a sighted user sees happen, in a sentence.

use leptos::prelude::*;

/// What is announced; `Copy`, taken by [`Announcer::get`].
#[derive(Clone, Copy)]
pub struct Announcer(RwSignal<String>);

impl Announcer {
    pub(super) fn new() -> Self {
        Self(RwSignal::default())
    }

    /// The announcer of this page; call it inside a component.
    pub fn get() -> Self {
        expect_context()
    }

    /// Has a screen reader say `words` when it is next free.
    pub fn say(self, words: impl Into<String>) {
        self.0.set(words.into());
    }
}

/// The region itself; once a page, by the layout.
#[component]
pub fn LiveRegion() -> impl IntoView {
    let Announcer(words) = Announcer::get();
    view! {
        <p class="visually-hidden" role="status" aria-live="polite">
            {words}
        </p>
    }
}
