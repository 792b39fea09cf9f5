//! Trying a trained classifier on images that it has never seen.

mod input;
mod result;

use crate::app::client::Client;
use crate::app::pages::data::left_out::LeftOutTable;
use crate::app::parts::announce::Announcer;
use crate::app::parts::meter::Meter;
use crate::app::parts::notice::FaultWords;
use crate::app::parts::waits::{Missing, missing};
use crate::app::state::Store;
use crate::app::text::units::whole_percent;
use crate::app::text::{classify as text, fault};
use crate::core::error::Fault;
use crate::core::run::classify::{ClassifyReport, MOST};
use crate::protocol::{Event, Request};
use input::Input;
use leptos::prelude::*;
use web_sys::File;

/// What is asked and answered; `Copy`, shared by the parts of this page.
#[derive(Clone, Copy)]
struct Try {
    store: Store,
    client: Client,
    announcer: Announcer,
    busy: RwSignal<bool>,
    /// Files chosen, where they were too many.
    too_many: RwSignal<Option<usize>>,
    report: RwSignal<Option<ClassifyReport>>,
    failed: RwSignal<Option<Fault>>,
}

impl Try {
    fn new(store: Store) -> Self {
        Self {
            store,
            client: Client::get(),
            announcer: Announcer::get(),
            busy: RwSignal::default(),
            too_many: RwSignal::default(),
            report: RwSignal::default(),
            failed: RwSignal::default(),
        }
    }

    fn allowed(self) -> bool {
        !self.busy.get() && !self.store.shelf.is_tuning() && missing(self.store).is_none()
    }

    fn show(self, mut chosen: Vec<(String, File)>) {
        if chosen.is_empty() || !untrack(|| self.allowed()) {
            return;
        }
        self.too_many.set(Some(chosen.len()).filter(|n| *n > MOST));
        chosen.truncate(MOST);
        let (names, files) = chosen.into_iter().unzip();
        self.busy.set(true);
        self.failed.set(None);
        self.client.ask_files(Request::Classify { names }, files, move |answer| {
            self.store.shelf.classifying.set(None);
            self.busy.try_set(false);
            match answer {
                Ok(Event::Classified(report)) => {
                    self.announcer.say(result::summary(&report));
                    self.report.try_set(Some(report));
                }
                // Cancelled, or given up with the worker.
                Ok(_) | Err(Fault::Stopped) => {}
                Err(fault) => drop(self.failed.try_set(Some(fault))),
            }
        });
    }
}

/// The page `/use`.
#[component]
pub fn Classify() -> impl IntoView {
    let store = Store::get();
    let this = Try::new(store);
    provide_context(this);
    let lacks = Memo::new(move |_| missing(store));
    let waits = move |lacks: Missing| {
        lacks.view([text::NO_IMAGES, text::NO_LABELS, text::NO_ENCODER, text::TRAINING], &text::WHAT_LIST)
    };
    view! {
        <div class="evaluate">
            <div class="page-head">
                <h1>{text::TITLE}</h1>
                <p class="lead">{text::INTRO}</p>
            </div>
            {move || match lacks.get() {
                Some(lacks) => waits(lacks),
                None => view! { <Input /> }.into_any(),
            }}
            <Show when=move || this.busy.get()>
                <Busy />
            </Show>
            {move || {
                this.failed
                    .get()
                    .map(|f| {
                        view! {
                            <section class="data-failed" role="alert">
                                <FaultWords words=fault::fault(&f) />
                            </section>
                        }
                    })
            }}
            {move || {
                this.report
                    .get()
                    .map(|report| {
                        let bad = report.left_out.clone();
                        view! {
                            {(!bad.is_empty())
                                .then(|| {
                                    view! {
                                        <section class="card" aria-labelledby="bad-title">
                                            <h2 id="bad-title">{text::BAD_FILES}</h2>
                                            <LeftOutTable files=bad />
                                        </section>
                                    }
                                })}
                            <result::Answers report=report />
                        }
                    })
            }}
        </div>
    }
}

#[component]
fn Busy() -> impl IntoView {
    let Try { store, client, .. } = expect_context();
    let part = Signal::derive(move || store.shelf.classifying.get().map(f64::from));
    let label = Signal::derive(move || if part.get().is_some() { text::BUSY_ONCE } else { text::BUSY }.to_owned());
    let detail = Signal::derive(move || part.get().map_or_else(String::new, whole_percent));
    view! {
        <section class="card" aria-label=text::BUSY>
            <Meter label=label part=part detail=detail />
            <p>
                <button type="button" on:click=move |_| client.send(Request::CancelEvaluation)>
                    {text::CANCEL}
                </button>
            </p>
        </section>
    }
}
