//! Messages: faults in words, the worker's own troubles, and what a screen reader says.

use super::widgets::{Button, ShowMore, Table, heads};
use crate::app::client::Client;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::state::{Notice, Store, WorkerState, offline::take_update};
use crate::app::text::{Explanation, fault, images, layout as text};
use crate::core::{error::Fault, error::SkippedFile};
use leptos::prelude::*;

/// What happened and what to do about it.
#[component]
pub fn FaultWords(words: Explanation) -> impl IntoView {
    view! {
        <p class="what">{words.what}</p>
        <p>{words.todo}</p>
    }
}

/// A fault in its place on a page, with an action that the user can take there.
pub fn fault_box(fault: &Fault, action: AnyView) -> AnyView {
    view! {
        <div class="notice bad">
            <div><FaultWords words=fault::fault(fault) /></div>
            {action}
        </div>
    }
    .into_any()
}

/// A fault of this part of the page, read out when it comes.
#[component]
pub fn FaultAlert(
    #[prop(into)] fault: Signal<Option<Fault>>,
    #[prop(optional)] title: Option<&'static str>,
    /// An action that the user can take there.
    #[prop(optional, into)]
    action: ViewFn,
) -> impl IntoView {
    let shown = move |fault: Fault| {
        view! {
            <div class="stack" role="alert">
                {title.map(|title| view! { <h2>{title}</h2> })} {fault_box(&fault, action.run())}
            </div>
        }
    };
    live(move || fault.get().map(&shown))
}

/// Something to know before going on, with an action that helps.
#[component]
pub fn Warning(words: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="notice warn">
            <p>{words}</p>
            {children.map(|children| children())}
        </div>
    }
}

/// All open notices, newest last.
#[component]
pub fn Notices() -> impl IntoView {
    let store = Store::get();
    view! {
        <section class="notices" aria-label=text::NOTICES role="alert">
            <For each=move || store.notices.get() key=|n: &Notice| n.id let:notice>
                <Message notice=notice />
            </For>
            <WorkerTrouble />
            <Show when=move || store.offline.update.get()>
                <div class="notice">
                    <p>{text::UPDATE}</p>
                    <Button label=text::TAKE_UPDATE press=act(|_| take_update()) />
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Message(notice: Notice) -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let ends_worker = notice.fault.ends_worker();
    let dead = move || store.worker.get() == WorkerState::Dead;
    view! {
        <div class="notice bad">
            <div>
                <FaultWords words=fault::fault(&notice.fault) />
                <Show when=move || ends_worker && dead()><p>{text::RESTARTED}</p></Show>
            </div>
            <div class="actions">
                <Show when=move || ends_worker>
                    <button type="button" class:primary=dead on:click=act(move |_| client.restart())>
                        {text::RESTART}
                    </button>
                </Show>
                <Button label=text::DISMISS kind="quiet" press=act(move |_| store.dismiss(notice.id)) />
            </div>
        </div>
    }
}

/// Offers a restart when the worker is silent, or has ended and no notice offers one.
#[component]
fn WorkerTrouble() -> impl IntoView {
    let store = Store::get();
    let client = Client::get();
    let said = memo(move || store.notices.with(|all| all.iter().any(|n| n.fault.ends_worker())));
    move || {
        let silent = match store.worker.get() {
            WorkerState::Silent => true,
            WorkerState::Dead if !said.get() => false,
            _ => return None,
        };
        Some(view! {
            <div class="notice bad">
                <div>
                    <p class="what">{if silent { text::SILENT } else { text::DEAD }}</p>
                    <p>{text::RESTARTED}</p>
                </div>
                <div class="actions">
                    <Show when=move || silent>
                        <Button label=text::WAIT press=act(move |_| client.keep_waiting()) />
                    </Show>
                    <Button label=text::RESTART kind="primary" press=act(move |_| client.restart()) />
                </div>
            </div>
        })
    }
}

/// Rows shown at first and added with each click: a browser is too slow with tens of thousands of rows.
const ROWS: usize = 200;

/// Files that were not used, one by one, with cause and advice.
#[component]
pub fn LeftOutTable(files: Vec<SkippedFile>) -> impl IntoView {
    let all = files.len();
    let files = StoredValue::new(files);
    let shown = RwSignal::new(ROWS.min(all));
    let row = move |index: usize| {
        let (file, why) = files.with_value(|f| (f[index].file.clone(), fault::file_fault(&f[index].fault)));
        view! {
            <tr>
                <th scope="row" class="file-name">{file}</th>
                <td><FaultWords words=why /></td>
            </tr>
        }
    };
    view! {
        <Table class="images-left-out" label=images::LEFT_OUT head=heads("", [images::FILE, images::WHY])>
            <tbody><For each=move || 0..shown.get() key=|index| *index children=row /></tbody>
        </Table>
        <ShowMore shown=shown all=all step=ROWS words=images::show_more />
    }
}

/// Tells screen reader users what a sighted user sees happen; `Copy`, taken by [`Announcer::get`].
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

    /// Says the words whenever they change, but not what they are at first.
    pub fn follow(self, words: impl Fn() -> Option<String> + 'static) {
        Effect::new(move |before: Option<()>| {
            if let (Some(words), Some(())) = (words(), before) {
                self.say(words);
            }
        });
    }
}

/// One polite live region: a screen reader says what [`Announcer::say`] puts in it. The layout has the only one.
#[component]
pub fn LiveRegion() -> impl IntoView {
    let Announcer(words) = Announcer::get();
    view! { <p class="visually-hidden" role="status" aria-live="polite">{words}</p> }
}
