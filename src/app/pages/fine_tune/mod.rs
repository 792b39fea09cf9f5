//! Fine-tuning: the encoder with a classifier on few labels, beside its baselines.

mod results;
mod settings;

use crate::app::parts::requirements::missing;
use crate::app::parts::widgets::{Fact, Meter, PageHead, WorkControls};
use crate::app::reactive::{Show, derive, live, memo};
use crate::app::state::{PendingControl, Store};
use crate::app::text::fine_tune as text;
use crate::app::text::units::{duration, percent};
use crate::app::{client::Client, parts::notice::Announcer, parts::stored_runs::not_saved, text::pretrain::of};
use crate::core::report::{Phase, RunState};
use crate::core::run::fine_tune::FineTuneProgress;
use crate::protocol::{Paused, Request, Work};
use leptos::prelude::*;
use settings::Form;

/// The page `/fine-tune`. Results stay in sight whatever is missing for new ones.
#[component]
pub fn FineTune() -> impl IntoView {
    let store = Store::get();
    provide_context(Form::new(store));
    let lacks = memo(move || missing(store));
    let begun = memo(move || store.stored_runs.fine_tuning.with(Option::is_some));
    let any = memo(move || store.stored_runs.fine_tuned.with(|all| !all.is_empty()));
    let why = [text::NO_IMAGES, text::NO_LABELS, text::NO_ENCODER, text::TRAINING];
    view! {
        <div class="evaluate">
            <PageHead title=text::TITLE lead=text::INTRO />
            {live(move || match lacks.get() {
                Some(lacks) => lacks.view(why, &text::WHAT_LIST),
                None => {
                    view! {
                        <Show when=move || begun.get()><Progress /></Show>
                        <settings::Settings />
                    }
                        .into_any()
                }
            })}
            <Show when=move || lacks.get().is_none() || any.get()><results::FractionChart /></Show>
            <Show when=move || any.get()><results::OneResult /></Show>
        </div>
    }
}

/// Milliseconds until the end of the list, by the time of a step. Linear classifiers, which take seconds, do not count.
fn left(p: &FineTuneProgress) -> Option<f64> {
    if p.milliseconds <= 0.0 || p.total_steps == 0 {
        return None;
    }
    Some(f64::from(p.total_steps - p.step + p.steps_ahead) * f64::from(p.milliseconds))
}

/// Part of the list that is done; every training counts the same.
fn part(p: &FineTuneProgress) -> f64 {
    let own = match p.state {
        RunState::Running(Phase::Evaluate { percent }) if p.total_steps == 0 => f64::from(percent) / 100.0,
        _ => f64::from(p.step) / f64::from(p.total_steps.max(1)),
    };
    ((p.place as f64 + own) / p.of.max(1) as f64).min(1.0)
}

fn state_words(p: &FineTuneProgress) -> &'static str {
    match p.state {
        // Validation after an epoch is part of the training.
        RunState::Running(Phase::Evaluate { .. }) if p.total_steps > 0 => text::state(RunState::Running(Phase::Train)),
        state => text::state(state),
    }
}

/// The trainings under way: which, how far, and the buttons that their state allows.
#[component]
fn Progress() -> impl IntoView {
    let store = Store::get();
    let form: Form = expect_context();
    let announcer = Announcer::get();
    let progress = store.stored_runs.fine_tuning;
    let read = move |f: fn(&FineTuneProgress) -> Option<String>| progress.with(|p| p.as_ref().and_then(f));
    let state = memo(move || progress.with(|p| p.as_ref().map_or("", state_words)));
    announcer.follow(move || Some(state.get().to_owned()));
    let over = memo(move || progress.with(|p| p.as_ref().is_none_or(|p| p.state.is_over())));
    let done = derive(move || progress.with(|p| p.as_ref().map(part)));
    let what = move || progress.with(|p| p.as_ref().map(|p| text::training(&p.config, p.labels, form.stages())));
    // The linear classifier has neither steps nor epochs.
    let steps = |p: &FineTuneProgress| (p.total_steps > 0).then(|| of(p.step, p.total_steps));
    let epoch = |p: &FineTuneProgress| {
        let epochs = p.config.total_epochs(p.labels);
        (p.total_steps > 0).then(|| of((p.epochs_done() + 1).min(epochs), epochs))
    };
    // Not every epoch is validated.
    let validation =
        |p: &FineTuneProgress| p.epochs.iter().rev().find_map(|e| e.validation_accuracy).map(|v| percent(v.into()));
    let unsaved = memo(move || progress.with(|p| p.as_ref().and_then(|p| p.not_saved.clone())));
    view! {
        <section class="card run" aria-labelledby="tuning-title">
            <h2 id="tuning-title">{text::RUN}</h2>
            <Meter label=state part=done />
            <Show when=move || !over.get()>
                <p>{live(what)}</p>
                <dl class="facts">
                    <Fact name=text::PLACE value=move || read(|p| Some(text::place(p.place, p.of))) />
                    <Fact name=text::STEP value=move || read(steps) />
                    <Fact name=text::EPOCH value=move || read(epoch) />
                    <Fact name=text::VALIDATION value=move || read(validation) />
                    <Fact name=text::LEFT value=move || read(|p| left(p).map(|ms| duration(ms / 1000.0))) />
                </dl>
                <Buttons />
            </Show>
            {live(move || unsaved.get().map(|cause| view! { <p class="small field-fault">{not_saved(cause)}</p> }))}
        </section>
    }
}

#[component]
fn Buttons() -> impl IntoView {
    let (store, client) = (Store::get(), Client::get());
    let paused =
        memo(move || store.stored_runs.fine_tuning.with(|p| p.as_ref().is_some_and(|p| p.state == RunState::Paused)));
    let pending = RwSignal::new(None::<PendingControl>);
    Effect::new(move || {
        paused.with(|_| ());
        pending.set(None);
    });
    let press = move |control: PendingControl| {
        pending.set(Some(control));
        let request = match control {
            PendingControl::Pause => Request::Pause,
            PendingControl::Resume => Request::Resume(Paused::FineTune),
            PendingControl::Cancel => Request::Cancel(Work::FineTune),
        };
        client.ask_or_notify(request, move |answer| {
            if answer.is_none() {
                pending.try_set(None);
            }
        });
    };
    let held = derive(move || pending.with(Option::is_some));
    view! {
        <div class="actions">
            <WorkControls paused=paused pending=pending held=held press=Callback::new(press) />
        </div>
    }
}
