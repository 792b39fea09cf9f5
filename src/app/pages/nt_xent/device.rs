//! Step 9: the same batch through the code that trains.

use super::state::{NtXentSignals, batch_now, controls, reset};
use crate::app::parts::lesson::draw::{digits, formula, rows, table, tex_digits as tex};
use crate::app::reactive::{act, live, memo};
use crate::app::{client::Client, parts::device::described, state::Store, text::nt_xent as text};
use crate::core::lesson::nt_xent::device::{LessonBatch, LessonReport, LossComparison};
use crate::core::lesson::nt_xent::views::{VIEW_COUNT, VIEWS};
use crate::core::{lesson::nt_xent::cosines::Cosines, report::DeviceReport};
use crate::protocol::{Event, Request};
use leptos::prelude::*;

/// Decimals of both numbers: one more than 32-bit floats hold.
const DIGITS: usize = 8;

/// The training code's answer, compared with the lesson's numbers.
#[derive(Clone, PartialEq)]
struct TrainingAnswer {
    device: DeviceReport,
    /// ℓ of each anchor, then L.
    losses: Vec<LossComparison>,
    /// Largest difference of an entry of the gradient.
    gradient: f64,
}

impl TrainingAnswer {
    fn new(report: LessonReport, cosines: &Cosines, z: &[f64], tau: f64) -> Self {
        let losses = report.compare(&cosines.similarities(), tau);
        let gradient = report.gradient_difference(z, VIEW_COUNT, tau);
        Self { device: report.device, losses, gradient }
    }
}

/// Sends the batch to the training code, and shows the answer.
pub fn device(state: NtXentSignals) -> AnyView {
    let store = Store::get();
    let client = Client::get();
    let (busy, failed, report) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(None::<TrainingAnswer>));
    // Compared by value, since the address sets both again when it is written.
    let batch = memo(move || (state.tau.get(), state.cosines.get()));
    let run = move |_| {
        let (tau, cosines) = batch.get_untracked();
        let Ok(z) = cosines.embedding() else { return };
        busy.set(true);
        failed.set(false);
        client.ask(Request::NtXent(LessonBatch::new(&z, VIEW_COUNT, tau)), move |answer| {
            if batch.try_get_untracked() != Some((tau, cosines)) {
                return;
            }
            busy.try_set(false);
            match answer {
                Ok(Event::NtXent(found)) => drop(report.try_set(Some(TrainingAnswer::new(found, &cosines, &z, tau)))),
                Ok(_) => {}
                Err(fault) => {
                    failed.try_set(true);
                    store.notify(fault);
                }
            }
        });
    };
    // A change of the batch removes the answer to the one before. Read in the effect, since a memo that was never read
    // does not know what it follows.
    Effect::new(move |before: Option<()>| {
        batch.with(|_| ());
        if before.is_some() {
            busy.set(false);
            failed.set(false);
            report.set(None);
        }
    });
    let possible = memo(move || state.cosines.with(|c| c.embedding().is_ok()));
    let example = memo(move || state.cosines.with(Cosines::is_example));
    let status = move || match (possible.get(), failed.get()) {
        (false, _) => Some(text::IMPOSSIBLE_HERE),
        (true, true) => Some(text::NOT_COMPUTED),
        (true, false) => None,
    };
    view! {
        {controls(state, None)} {batch_now(state)}
        <div class="actions">
            <button class="primary" disabled=move || busy.get() || !possible.get() on:click=act(run)>
                {live(move || if busy.get() { text::RUNNING } else { text::RUN })}
            </button>
        </div>
        <p role="status">{status}</p>
        {live(move || (!example.get()).then(|| reset(state, || ())))}
        <div class="lesson-answer" aria-live="polite">{live(move || report.get().map(shown))}</div>
    }
    .into_any()
}

fn shown(answer: TrainingAnswer) -> AnyView {
    let device = answer.device.clone();
    let difference = answer.losses.last().map(|l| {
        let [lesson, training] = [l.lesson, l.training].map(|x| tex(x, DIGITS));
        format!("|{lesson} - {training}| = \\hot{{{}}}", tex(l.difference(), 4))
    });
    let cells = move || {
        let losses = VIEWS.iter().chain([&text::BATCH]).zip(&answer.losses).map(|(name, l)| {
            let [lesson, training] = [l.lesson, l.training].map(|x| digits(x, DIGITS));
            [(*name).into(), lesson, training, digits(l.difference(), 4)]
        });
        let gradient = [text::GRADIENT.into(), String::new(), String::new(), digits(answer.gradient, 4)];
        rows(["", text::LESSON, text::TRAINING, text::DIFFERENCE], losses.chain([gradient]))
    };
    view! {
        {described(text::COMPUTED_ON, device)}
        {table(text::BOTH, cells)}
        {difference.map(|written| formula(move || written.clone()))}
    }
    .into_any()
}
