//! Asks before something is deleted. Escape closes it, as "keep" does.

use crate::app::reactive::act;
use crate::app::text::runs as text;
use leptos::html::Dialog;
use leptos::prelude::*;

#[derive(Clone)]
pub struct Question {
    pub title: String,
    pub words: &'static str,
    pub yes: &'static str,
    pub act: Callback<()>,
}

#[component]
pub fn Ask(question: RwSignal<Option<Question>>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match question.with(Option::is_some) {
            true if !dialog.open() => drop(dialog.show_modal()),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let of = move |read: fn(&Question) -> String| {
        move || question.with(|question| question.as_ref().map(read).unwrap_or_default())
    };
    let yes = move |_| {
        if let Some(question) = question.get_untracked() {
            question.act.run(());
        }
        question.set(None);
    };
    view! {
        <dialog
            class="panel ask"
            node_ref=dialog
            aria-labelledby="ask-title"
            aria-describedby="ask-words"
            on:close=act(move |_| question.set(None))
        >
            <h2 id="ask-title">{of(|q| q.title.clone())}</h2>
            <p id="ask-words">{of(|q| q.words.to_owned())}</p>
            <div class="actions">
                <button type="button" class="primary" on:click=act(move |_| question.set(None))>
                    {text::CANCEL}
                </button>
                <button type="button" on:click=act(yes)>
                    {of(|q| q.yes.to_owned())}
                </button>
            </div>
        </dialog>
    }
}
