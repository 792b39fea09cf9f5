//! Before a long run: what to expect of it on these images, and the button that compares it with what takes minutes.

use super::settings::{ENCODER_SETTINGS, START_SETTING};
use crate::app::parts::widgets::{Button, focus_section};
use crate::app::parts::{repeat::SeedsSelect, setting_field::RefusedValues};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::{fine_tune::share, parts, starts as text};
use crate::app::{client::Client, router::Router, state::Store};
use crate::core::config::{Architecture, EncoderConfig, RunConfig, pretrain_settings::START};
use crate::core::report::{Backend, DatasetReport};
use crate::core::run::queue::{QueueChange, QueueState};
use crate::core::run::starts::{Start, Starts};
use crate::core::run::{DataIdentity, fine_tune::FRACTIONS};
use crate::core::{dataset::split, error::Fault, imagenet::ImageNetEncoder};
use crate::protocol::Request;
use leptos::prelude::*;

#[component]
pub fn CompareStarts() -> impl IntoView {
    let (store, client, router) = (Store::get(), Client::get(), Router::get());
    let refused: RefusedValues = expect_context();
    let (fraction, seeds, asked) = (RwSignal::new(100_u8), RwSignal::new(1_usize), RwSignal::new(false));
    if store.stored_runs.stored_weights.with_untracked(Option::is_none) {
        client.ask(Request::DownloadedWeights, |_| {});
    }
    if store.stored_runs.queue.with_untracked(Option::is_none) {
        client.ask(Request::Queue, |_| {});
    }
    let net = memo(move || store.config.with(|c| ImageNetEncoder::of(c.encoder.architecture)));
    let starts = memo(move || Starts {
        config: store.config.get(),
        published: net.get().filter(|net| store.has_weights(*net)),
        fraction: fraction.get(),
        seeds: seeds.get(),
    });
    // Training images, images of all splits, and labelled classes.
    let images = memo(move || {
        let count =
            |d: &DatasetReport| (d.training_images(), d.images, d.classes.iter().filter(|c| c.train > 0).count());
        store.dataset.with(|d| d.as_ref().map(count))
    });
    let labelled = memo(move || store.dataset.with(|d| d.as_ref().is_some_and(|d| d.can_evaluate())));
    // What a contestant does not accept of the settings.
    let faults = memo(move || {
        let train = images.get().map_or(0, |(train, ..)| train);
        starts.with(|starts| starts.check(train).err().unwrap_or_default())
    });
    // Whether the queue has other images left to train on than those loaded.
    let bound = memo(move || {
        let loaded = store.dataset.with(|d| d.as_ref().map(DataIdentity::from));
        let is_for = |loaded| store.stored_runs.queue.with(|q| q.as_ref().is_none_or(|q| q.is_for(&loaded)));
        loaded.is_some_and(|loaded| !is_for(loaded))
    });
    let too_large = memo(move || {
        let backend = store.device.with(|d| d.as_ref().map(|d| d.backend))?;
        let ((train, all, classes), starts) = (images.get()?, starts.get());
        let labelled = store.dataset.with(|d| d.as_ref().map_or(0, |d| d.classes.iter().map(|c| c.train).sum()));
        match starts.fits(train, all, split::labelled_count(labelled, classes, starts.fraction), backend) {
            Err(Fault::NeedsMemory { need, limit }) => Some((need, limit)),
            _ => None,
        }
    });
    let batch_of =
        memo(move || images.get().map(|(train, ..)| train).filter(|train| store.config.with(|c| c.batch) > *train));
    let resting = move || store.stored_runs.queue.with(|q| q.as_ref().is_none_or(|q| q.state == QueueState::Resting));
    let ready = memo(move || {
        let size = store.config.with(|c| c.image_size);
        let (fits, idle) = (
            store.dataset.with(|d| d.as_ref().is_some_and(|d| d.size == size)),
            store.import.with(Option::is_none) && !store.encoder_in_use() && !asked.get() && resting(),
        );
        let enough = batch_of.get().is_none() && too_large.get().is_none();
        let sound = enough && faults.with(Vec::is_empty) && !refused.any();
        fits && idle && sound && labelled.get() && !bound.get()
    });
    // The faults of SimCLR's own settings stand at their fields.
    let why_not = move || {
        let sound = store.config.with(|c| c.check().is_ok());
        let faults = sound.then(|| faults.with(|all| all.iter().map(text::refuses).collect::<Vec<_>>()));
        let mut why = faults.unwrap_or_default();
        why.extend(batch_of.get().map(text::batch_too_large));
        why.extend(too_large.get().map(|(need, limit)| text::too_large(need, limit)));
        why.extend(bound.get().then(|| text::OTHER_IMAGES.to_owned()));
        why.join(" ")
    };
    let begin = move |_| {
        let Some((train, ..)) = images.get_untracked() else { return };
        asked.set(true);
        let runs = starts.with_untracked(|starts| starts.contestants(train));
        client.ask_or_notify(Request::ChangeQueue(QueueChange::AddWith(runs)), move |answer| {
            asked.try_set(false);
            if answer.is_some() {
                client.send(Request::StartQueue);
                router.go("/runs");
            }
        });
    };
    let choose = move |_| {
        let net = net.get_untracked().or(ImageNetEncoder::of(Architecture::ResNet18));
        let Some(encoder) = net.map(EncoderConfig::with_weights) else { return };
        let mut config = RunConfig { encoder, ..store.config.get_untracked() };
        config.settle(START);
        store.take_settings(config);
        if let Some(settings) = document().get_element_by_id(ENCODER_SETTINGS) {
            let _ = settings.set_attribute("open", "");
        }
        focus_section(START_SETTING);
    };
    let device = move || {
        store.device.with(|d| d.as_ref().map(|d| if d.backend == Backend::Cpu { parts::CPU } else { parts::WEBGPU }))
    };
    let times = move || {
        let backend = store.device.with(|d| d.as_ref().map(|d| d.backend));
        let timed = store.estimate.get().filter(|estimate| Some(estimate.backend) == backend);
        let known = timed.zip(images.get());
        let of = |start| {
            let takes = |(estimate, (train, all, _)): &(_, (usize, usize, usize))| {
                starts.with(|starts| starts.milliseconds(start, estimate, *train, *all))
            };
            text::takes(start, known.as_ref().and_then(takes))
        };
        let published = starts.with(|starts| starts.weights().is_some());
        let all = Start::ALL.into_iter().filter(|start| published || !start.needs_published());
        all.map(|start| view! { <li>{of(start)}</li> }).collect_view()
    };
    let lacks = memo(move || starts.with(|starts| starts.weights().is_none()));
    // Whether the encoder has the weights' stem and width.
    let as_published = memo(move || store.config.with(|c| c.encoder.could_start_from().is_some()));
    let option = |percent: u8| view! { <option value=percent selected=move || fraction.get() == percent>{share(percent)}</option> };
    let pick = move |e| fraction.set(event_target_value(&e).parse().unwrap_or(100));
    view! {
        <section class="card stack" aria-labelledby="starts-title">
            <h2 id="starts-title">{text::TITLE}</h2>
            <p>
                {live(move || images.get().map(|(train, _, classes)| text::images(train, classes, device())))} " "
                {live(move || images.get().map(|(train, ..)| text::expect(train)))}
            </p>
            <ul class="plain">{live(times)}</ul>
            <Show when=move || lacks.get()>
                <p>{live(move || text::lacks(net.get().map(ImageNetEncoder::name), as_published.get()))}</p>
                <div class="actions"><Button label=text::CHOOSE_WEIGHTS press=act(choose) /></div>
            </Show>
            <div class="inline">
                <label>
                    {text::FRACTION}
                    <select on:change=act(pick)>{FRACTIONS.map(option).collect_view()}</select>
                </label>
                <SeedsSelect seeds=seeds least=1 />
                <Button label=text::BUTTON disabled=derive(move || !ready.get()) press=act(begin) />
            </div>
            <p class="small field-fault">{live(why_not)}</p>
            <Show when=move || !labelled.get()><p class="muted small">{text::NO_LABELS}</p></Show>
            <p class="muted small">
                {text::HELP} " " {live(move || store.config.with(text::rule))} " " {text::TIMES_HELP}
            </p>
        </section>
    }
}
