//! The marked area for files, and buttons that open the browser's own choice of them.

use crate::app::reactive::{act, live};
use leptos::html;
use leptos::prelude::*;
use web_sys::FileList;

/// Lights up while files are dragged over it; a drop is taken on the whole page.
#[component]
pub fn DropArea(children: Children) -> impl IntoView {
    let over = RwSignal::new(false);
    view! {
        <div
            class="data-drop"
            class:over=move || over.get()
            on:dragenter=act(move |_| over.set(true))
            on:dragover=act(move |_| over.set(true))
            on:dragleave=act(move |_| over.set(false))
            on:drop=act(move |_| over.set(false))
        >
            {children()}
        </div>
    }
}

/// A button for a file, or for many where it is `multiple`, for the keyboard and for phones.
/// `attributes` are the input's own, with their values: `webkitdirectory`, `capture` and the like.
#[component]
pub fn Choose(
    #[prop(into)] label: Signal<&'static str>,
    #[prop(into)] closed: Signal<bool>,
    #[prop(optional, into)] attributes: Vec<(&'static str, &'static str)>,
    #[prop(optional)] multiple: bool,
    /// Gets what was chosen.
    take: Box<dyn Fn(FileList)>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            attributes.iter().for_each(|(name, value)| drop(input.set_attribute(name, value)));
        }
    });
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let chosen = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let files = input.files();
        files.into_iter().for_each(&take);
        // Else choosing the same again would be no change.
        input.set_value("");
    };
    view! {
        <button type="button" disabled=closed on:click=act(open)>
            {live(move || label.get())}
        </button>
        <input type="file" hidden multiple=multiple node_ref=input on:change=act(chosen) />
    }
}
