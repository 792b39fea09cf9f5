//! The queue: what comes next, how it is started and stopped.

use super::page::Page;
use crate::app::parts::notice::FaultWords;
use crate::app::parts::unfinished::NeedsImages;
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{fault, runs as text};
use crate::core::config::run_settings::{RunSetting, SETTINGS};
use crate::core::error::Fault;
use crate::core::run::hint::Hint;
use crate::core::run::queue::{Entry, EntryState, QueueChange, QueueReport, QueueState};
use crate::protocol::Request;
use leptos::prelude::*;

/// The settings in which entries differ.
fn differing(entries: &[Entry]) -> Vec<RunSetting> {
    let Some((first, rest)) = entries.split_first() else { return Vec::new() };
    let differs = |one: &RunSetting| rest.iter().any(|entry| one.get(&entry.config) != one.get(&first.config));
    SETTINGS.iter().filter(differs).collect()
}

#[component]
pub fn QueueCard() -> impl IntoView {
    let page = Page::get();
    let queue = page.store.stored_runs.queue;
    let read = move |f: fn(&QueueReport) -> usize| queue.with(|report| report.as_ref().map_or(0, f));
    let all = memo(move || read(|report| report.queue.counts().all()));
    let over = memo(move || read(|report| report.queue.counts().over()));
    let unfinished = memo(move || queue.with(|report| report.as_ref().is_some_and(QueueReport::unfinished)));
    let state = memo(move || queue.with(|report| report.as_ref().map(|r| r.state).unwrap_or_default()));
    let failed = RwSignal::new(None::<Fault>);
    let send = move |request: Request| {
        failed.set(None);
        page.client.ask(request, move |answer| match answer {
            Ok(_) | Err(Fault::Stopped) => {}
            Err(fault) => drop(failed.try_set(Some(fault))),
        });
    };
    let rows = move || {
        queue.with(|report| {
            let Some(report) = report else { return Vec::new() };
            let settings = differing(report.queue.entries());
            let entries = report.queue.entries().iter().enumerate();
            entries
                .map(|(place, entry)| {
                    let line = text::settings_line(&settings, &entry.config);
                    view! { <Row line=line entry=entry.clone() place=place state=report.state send=Callback::new(send) /> }
                })
                .collect()
        })
    };
    let trouble = move || {
        let fault = failed.get()?;
        let data = queue.with(|report| report.as_ref().and_then(|report| report.data.clone()));
        let size = queue.with(|report| Some(report.as_ref()?.queue.entries().first()?.config.image_size as u32));
        let inside = match (&fault, data) {
            (Fault::WrongImages { .. }, Some(data)) => {
                let hint = Hint {
                    size: size.unwrap_or(0),
                    images: data.images,
                    sources: data.sources,
                    split_seed: data.split_seed,
                    ..Hint::default()
                };
                view! { <NeedsImages hint=hint /> }.into_any()
            }
            _ => view! { <div><FaultWords words=fault::fault(&fault) /></div> }.into_any(),
        };
        Some(view! { <div class="notice warn" role="alert">{inside}</div> })
    };
    let resting = move || state.get() == QueueState::Resting;
    view! {
        <section class="card" aria-labelledby="queue-title">
            <h2 id="queue-title">{text::QUEUE}</h2>
            <p class="muted">{text::QUEUE_HELP}</p>
            <Show when=move || all.get() != 0 fallback=|| view! { <p>{text::QUEUE_EMPTY}</p> }>
                <p role="status">{live(move || text::queue_state(state.get(), over.get(), all.get()))}</p>
                <ol class="plain">{rows}</ol>
            </Show>
            {trouble}
            <Show when=move || all.get() != 0>
                <div class="actions">
                    <Show when=move || resting() && unfinished.get()>
                        <button type="button" class="primary" on:click=act(move |_| send(Request::StartQueue))>
                            {text::QUEUE_START}
                        </button>
                    </Show>
                    <Show when=move || state.get() == QueueState::Going>
                        <button type="button" on:click=act(move |_| send(Request::ChangeQueue(QueueChange::Stop)))>
                            {text::QUEUE_STOP}
                        </button>
                    </Show>
                    <Show when=move || over.get() != 0>
                        <button
                            type="button"
                            on:click=act(move |_| send(Request::ChangeQueue(QueueChange::ClearOver)))
                        >
                            {text::QUEUE_CLEAR}
                        </button>
                    </Show>
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Row(line: String, entry: Entry, place: usize, state: QueueState, send: Callback<Request>) -> impl IntoView {
    let id = entry.id;
    let button = |words: &'static str, change: QueueChange| {
        let label = format!("{words}: {line}");
        view! {
            <button
                type="button"
                class="quiet"
                aria-label=label
                on:click=act(move |_| send.run(Request::ChangeQueue(change.clone())))
            >
                {words}
            </button>
        }
    };
    let waiting = entry.state == EntryState::Waiting;
    let cut_off = state == QueueState::Resting && matches!(entry.state, EntryState::Running(_));
    let again = matches!(entry.state, EntryState::Skipped | EntryState::Failed(_));
    let at_work = matches!(entry.state, EntryState::Running(_)) && !cut_off;
    view! {
        <li>
            <span>
                {line.clone()} <br /> <span class="muted small">{text::entry(&entry.state, state)}</span>
            </span>
            <span class="row-actions">
                {(waiting && place > 0).then(|| button(text::UP, QueueChange::Move { id, place: place - 1 }))}
                {waiting.then(|| button(text::DOWN, QueueChange::Move { id, place: place + 1 }))}
                {(waiting || cut_off).then(|| button(text::SKIP, QueueChange::Skip(id)))}
                {again.then(|| button(text::AGAIN, QueueChange::Again(id)))}
                {(!at_work).then(|| button(text::REMOVE, QueueChange::Remove(id)))}
            </span>
        </li>
    }
}
