//! One result: accuracy, what it is better than, scores, and the images behind its
//! mistakes.

use super::form::Form;
use crate::app::pages::evaluate::judged::Judged;
use crate::app::pages::evaluate::matrix::Matrix;
use crate::app::pages::evaluate::panel::Panel;
use crate::app::pages::evaluate::scores::Scores;
use crate::app::parts::notice::Announcer;
use crate::app::reactive::{act, live, memo};
use crate::app::router::Link;
use crate::app::state::Store;
use crate::app::text::units::percent;
use crate::app::text::{evaluate, fine_tune as text, sure};
use crate::core::metrics::paired::Comparison;
use crate::core::metrics::resolution::Verdict;
use crate::core::run::fine_tune::{FineTuneConfig, FineTuneReport, TuningStart};
use leptos::prelude::*;

#[component]
pub fn Outcome() -> impl IntoView {
    let store = Store::get();
    let form: Form = expect_context();
    let announcer = Announcer::get();
    let all = store.stored_runs.fine_tuned;
    // None: the newest, whichever that is.
    let chosen = RwSignal::new(None::<FineTuneConfig>);
    let shown =
        memo(move || all.with(|all| all.iter().find(|r| Some(r.config) == chosen.get()).or(all.last()).cloned()));
    let newest = memo(move || all.with(|all| all.last().cloned()));
    Effect::new(move |before: Option<()>| {
        let words = newest.with(|r| r.as_ref().map(|r| text::announced(text::contestant(&r.config), r.test.accuracy)));
        // Not what was there when the page was opened.
        if let (Some(()), Some(words)) = (before, words) {
            announcer.say(words);
        }
    });
    let options = move || {
        let now = shown.with(|r| r.as_ref().map(|r| r.config));
        let stages = form.stages();
        all.with(|all| {
            let options = all.iter().enumerate().rev().map(|(i, r)| {
                let words = text::choice(&text::training(&r.config, r.labels, stages), r.test.accuracy);
                view! { <option value=i.to_string() selected=Some(r.config) == now>{words}</option> }
            });
            options.collect_view()
        })
    };
    let choose = move |event: leptos::ev::Event| {
        let i = event_target_value(&event).parse::<usize>().ok();
        chosen.set(i.and_then(|i| all.with_untracked(|all| all.get(i).map(|r| r.config))));
    };
    view! {
        <section class="card evaluate-result" aria-labelledby="tuned-title">
            <h2 id="tuned-title">{text::RESULT}</h2>
            <label class="tune-choice">
                <span>{text::RESULTS}</span>
                <select on:change=act(choose)>{live(options)}</select>
            </label>
            {live(move || shown.get().map(|r| headline(&r, all, form.stages())))}
            <p>
                <Link to="/classify" attr:class="button">
                    {text::TRY}
                </Link> " " <span class="muted small">{text::TRY_WHICH}</span>
            </p>
        </section>
        {live(move || {
            let classes = store.dataset.with(|set| {
                set.iter().flat_map(|set| &set.classes).map(|c| c.name.clone()).collect::<Vec<_>>()
            });
            // Of a set that was replaced meanwhile nothing can be shown.
            let report = shown.get().filter(|r| r.test.confusion.len() == classes.len())?;
            let judged = StoredValue::new(Judged::fine_tuned(&report, classes));
            let open = RwSignal::new(None);
            Some(
                view! {
                    <Matrix report=judged open=open />
                    <Panel report=judged open=open />
                    <Scores report=judged />
                },
            )
        })}
    }
}

fn headline(r: &FineTuneReport, all: RwSignal<Vec<FineTuneReport>>, stages: u8) -> impl IntoView + use<> {
    let others = all.with(|all| {
        // A start from random weights is of no step of pre-training.
        let comparable =
            |o: &FineTuneReport| o.steps == r.steps || [o, r].iter().any(|x| x.config.start == TuningStart::Random);
        let with_same_labels = |o: &&FineTuneReport| {
            o.config != r.config
                && (o.config.fraction, o.config.seed) == (r.config.fraction, r.config.seed)
                && comparable(o)
        };
        let compare = |o: &FineTuneReport| {
            let comparison = Comparison::paired(&r.predicted, &o.predicted, &r.truth);
            sure::verdict(&text::than(&o.config, stages), Verdict::of(&comparison, r.truth.len()))
        };
        let others = all.iter().filter(with_same_labels).map(compare);
        others.map(|words| view! { <li>{words}</li> }).collect_view()
    });
    view! {
        <p class="headline">
            <strong>{percent(r.test.accuracy)}</strong> " " {evaluate::headline(r.test_images.len())} " "
            <span class="muted small">{sure::interval(&r.test)}</span>
        </p>
        <ul class="verdicts">{others}</ul>
        {sure::resolution(&r.test).map(|words| view! { <p class="muted small">{words}</p> })}
        <p class="muted small">{text::behind(&r.config, r.labels, r.steps, r.seconds)}</p>
    }
}
