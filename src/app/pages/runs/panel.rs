//! One run: opened, described, shared, copied, deleted, or begun anew with one setting changed.

use super::page::{Page, ask_delete, name, time};
use crate::app::parts::widgets::{Button, focus_section};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{runs as text, settings};
use crate::app::{
    browser, parts::notice::Announcer, parts::unfinished::NeedsImages, router::base_url, text::fault::one_field,
    text::weights::started_from,
};
use crate::core::config::pretrain_settings::{RunSetting, SETTINGS, TEMPERATURE, from_key, to_query};
use crate::core::error::{ConfigFault, Fault};
use crate::core::run::{Happened, MOST_NOTES, RunRecord, queue::QueueChange};
use crate::core::{config::RunConfig, run::table::like, run::unfinished::UnfinishedRun};
use crate::protocol::{Request, StoredChange};
use leptos::prelude::*;

const PANEL: &str = "run-panel";

/// Shows a run's panel, or closes it.
pub fn show(page: Page, run: String) {
    let same = page.open.with_untracked(|open| open.as_ref() == Some(&run));
    page.open.set(if same { None } else { Some(run) });
    focus_section(PANEL);
}

/// Opens a run and goes to it. If its images are missing, its panel says so.
pub fn open(page: Page, run: String, in_chunks_of: Option<usize>) {
    let (router, failed, shown, lacks) = (page.router, page.task.failed, page.open, page.lacks);
    failed.set(None);
    lacks.set(None);
    page.client.ask(Request::OpenRun { run: run.clone(), in_chunks_of }, move |answer| match answer {
        Ok(_) => router.go("/pretrain"),
        Err(Fault::Stopped) => {}
        Err(fault) => {
            if matches!(fault, Fault::WrongImages { .. }) {
                lacks.try_set(Some(run.clone()));
                shown.try_set(Some(run));
            }
            failed.try_set(Some(fault));
        }
    });
}

#[component]
pub fn Panel() -> impl IntoView {
    let page = Page::get();
    // Made anew only for another run: what is typed stays, and a press is not lost, when the list comes again.
    let run = memo(move || page.open.get().filter(|id| find(page, id).is_some()));
    move || {
        let record = run.get().and_then(|id| untrack(|| find(page, &id)));
        record.map(|record| view! { <OpenPanel record=record /> })
    }
}

fn find(page: Page, id: &str) -> Option<RunRecord> {
    page.read(|stored| stored.runs.iter().find(|record| record.id == id).cloned()).flatten()
}

#[component]
fn OpenPanel(record: RunRecord) -> impl IntoView {
    let page = Page::get();
    let now = StoredValue::new(record.id.clone());
    let now = memo(move || now.with_value(|id| find(page, id)));
    view! {
        <section class="card" id=PANEL tabindex="-1" aria-labelledby="panel-title">
            <div class="card-head">
                <h2 id="panel-title">{live(move || now.with(|now| now.as_ref().map(name)))}</h2>
                <Button label=text::CLOSE kind="quiet" press=act(move |_| page.open.set(None)) />
            </div>
            {live(move || now.get().map(|record| view! { <About record=record /> }))}
            <Describe record=record.clone() />
            <Like record=record />
        </section>
    }
}

/// What a run is, what happened to it, and what can be done with it.
#[component]
fn About(record: RunRecord) -> impl IntoView {
    let page = Page::get();
    let called = StoredValue::new(name(&record));
    let run = StoredValue::new(record.id.clone());
    let copy = move |_| {
        let (run, name) = (run.get_value(), text::copy_name(&called.get_value()));
        let change = StoredChange::CopyRun { run, name };
        page.send_then(Request::ChangeStored(change), move || page.announcer.say(text::DUPLICATED));
    };
    let needed = UnfinishedRun::of_images(record.config.image_size, &record.data);
    // A run that ran out of memory can go on with fewer images at once.
    let smaller = record.can_resume().then(|| record.config.in_smaller_chunks()).flatten();
    let lacks = memo(move || page.lacks.get() == Some(run.get_value()));
    let entry = |(place, entry): (usize, &Happened)| {
        let of = |id: &str| untrack(|| find(page, id)).map_or_else(|| id.to_owned(), |record| name(&record));
        view! { <li>{time(entry.at)} " " {text::happened(entry, record.was_cut_off(place), of)}</li> }
    };
    let history = record.history.iter().enumerate().map(entry).collect_view();
    view! {
        <Show when=move || lacks.get()>
            <div class="notice warn"><NeedsImages run=needed.clone() /></div>
        </Show>
        <div class="actions">
            <Button label=text::OPEN kind="primary" press=act(move |_| open(page, run.get_value(), None)) />
            {smaller
                .map(|smaller| {
                    view! {
                        <Button
                            label=text::open_smaller(smaller.chunk)
                            press=act(move |_| open(page, run.get_value(), Some(smaller.chunk)))
                        />
                    }
                })}
            <CopyLink record=record.clone() />
            <Button label=text::DUPLICATE press=act(copy) />
            <Button
                label=text::DELETE
                press=act(move |_| ask_delete(page, run.get_value(), &called.get_value(), false))
            />
        </div>
        {record.chunk_changes.iter().map(|change| view! { <p class="small">{text::rechunked(change)}</p> }).collect_view()}
        {smaller.map(|smaller| view! { <p class="muted small">{text::smaller_help(&smaller)}</p> })}
        {record.weights.as_ref().map(|weights| view! { <p class="small">{started_from(weights)}</p> })}
        {(!record.history.is_empty())
            .then(|| {
                view! {
                    <details>
                        <summary>{text::HISTORY}</summary>
                        <ol class="small">{history}</ol>
                    </details>
                }
            })}
    }
}

/// A run's name and notes.
#[component]
fn Describe(record: RunRecord) -> impl IntoView {
    let page = Page::get();
    let run = StoredValue::new(record.id);
    let (given, notes) = (RwSignal::new(record.name), RwSignal::new(record.notes));
    let length = memo(move || notes.with(|notes| notes.chars().count()));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if length.get_untracked() <= MOST_NOTES {
            let name = given.get_untracked().trim().to_owned();
            page.change(StoredChange::DescribeRun { run: run.get_value(), name, notes: notes.get_untracked() });
        }
    };
    view! {
        <form class="stack" on:submit=act(save)>
            <label>
                {text::NAME}
                <input
                    type="text"
                    maxlength="80"
                    prop:value=given
                    on:input=act(move |e| given.set(event_target_value(&e)))
                />
            </label>
            <label>
                {text::NOTES}
                <textarea
                    rows="3"
                    prop:value=notes
                    on:input=act(move |e| notes.set(event_target_value(&e)))
                ></textarea>
            </label>
            <p class="small field-fault" role="alert">
                {live(move || (length.get() > MOST_NOTES).then(|| text::notes_too_long(length.get())))}
            </p>
            <p class="actions"><button type="submit">{text::SAVE_NAME}</button></p>
        </form>
    }
}

/// Copies the settings with their seed as a link, which never holds images.
#[component]
fn CopyLink(record: RunRecord) -> impl IntoView {
    let announcer = Announcer::get();
    let link = format!("{}pretrain/?{}", base_url(), to_query(&record.config));
    let said = RwSignal::new(None::<bool>);
    let address = link.clone();
    let copy = move |_| {
        let address = address.clone();
        leptos::task::spawn_local(async move {
            let copied = browser::copy(&address).await;
            said.try_set(Some(copied));
            if copied {
                announcer.say(text::COPIED);
            }
        });
    };
    view! {
        <Button label=text::COPY press=act(copy) />
        {live(move || {
            said.get()
                .map(|copied| {
                    view! {
                        <p class="link-shown">
                            {copied.then(|| view! { <span class="muted small">{text::COPIED}</span> })}
                            <input type="text" readonly aria-label=text::LINK value=link.clone() />
                        </p>
                    }
                })
        })}
    }
}

/// "Start a run like this, but …": with one setting changed.
#[component]
fn Like(record: RunRecord) -> impl IntoView {
    let page = Page::get();
    let config = record.config;
    let setting = RwSignal::new(TEMPERATURE);
    let value = RwSignal::new(TEMPERATURE.get(&config).to_string());
    let faults = RwSignal::new(Vec::<ConfigFault>::new());
    let busy = memo(move || page.store.run_open());
    let choose = move |key: String| {
        if let Some(chosen) = from_key(&key) {
            faults.set(Vec::new());
            value.set(chosen.get(&config).to_string());
            setting.set(chosen);
        }
    };
    let record = StoredValue::new(record);
    let with = move |f: &dyn Fn(RunConfig)| match record
        .with_value(|record| like(record, setting.get_untracked(), &value.get_untracked()))
    {
        Ok(config) => {
            faults.set(Vec::new());
            f(config);
        }
        Err(wrong) => faults.set(wrong),
    };
    let set_up = move |config| {
        page.store.take_settings(config);
        page.router.go("/pretrain");
    };
    let start = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        with(&|config| {
            set_up(config);
            page.client.send(Request::Start { config });
        });
    };
    let queued = RwSignal::new(false);
    let enqueue = move |_| {
        queued.set(false);
        with(&|config| {
            page.send_then(Request::ChangeQueue(QueueChange::Add(vec![config])), move || {
                queued.try_set(true);
            });
        });
    };
    let no_images = memo(move || page.store.dataset.with(Option::is_none));
    view! {
        <form class="stack" on:submit=act(start)>
            <h3>{text::LIKE}</h3>
            <p class="muted small">{text::LIKE_HELP}</p>
            <div class="inline">
                <SettingSelect label=text::LIKE_SETTING setting=setting choose=choose />
                <label>{text::LIKE_VALUE} {live(move || value_input(setting.get(), value))}</label>
            </div>
            <div class="actions">
                <button type="submit" disabled=move || busy.get() || no_images.get()>{text::LIKE_START}</button>
                <Button label=text::LIKE_QUEUE press=act(enqueue) />
                <Button label=text::LIKE_GO kind="quiet" disabled=busy press=act(move |_| with(&set_up)) />
            </div>
            <p class="small muted" role="status">{live(move || queued.get().then_some(text::LIKE_QUEUED))}</p>
            <p class="small field-fault" role="alert">
                {live(move || faults.with(|all| all.iter().map(one_field).collect::<Vec<_>>().join(" ")))}
            </p>
            <Show when=move || busy.get()><p class="small muted">{text::RUN_OPEN}</p></Show>
        </form>
    }
}

/// A list of all settings.
#[component]
pub fn SettingSelect(
    label: &'static str,
    #[prop(into)] setting: Signal<RunSetting>,
    choose: impl Fn(String) + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <label>
            {label}
            <select on:change=act(move |e| choose(event_target_value(&e)))>
                {SETTINGS
                    .iter()
                    .map(|one| {
                        view! {
                            <option value=one.key selected=move || setting.get() == one>{settings::label(one)}</option>
                        }
                    })
                    .collect_view()}
            </select>
        </label>
    }
}

fn value_input(setting: RunSetting, value: RwSignal<String>) -> AnyView {
    let Some(all) = setting.bounds.all_values() else {
        return view! {
            <input
                type="text"
                inputmode="decimal"
                prop:value=value
                on:input=act(move |e| value.set(event_target_value(&e)))
            />
        }
        .into_any();
    };
    let options = all.into_iter().map(|key| {
        let (words, now) = (settings::choice(&key).to_owned(), key.clone());
        view! { <option value=key selected=move || value.get() == now>{words}</option> }
    });
    view! { <select on:change=act(move |e| value.set(event_target_value(&e)))>{options.collect_view()}</select> }
        .into_any()
}
