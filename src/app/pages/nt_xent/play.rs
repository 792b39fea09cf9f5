//! Steps 2 to 7, and 9: what is moved, and the numbers that follow.

use super::draw::{bar, formula, number, power, strings, table};
use super::state::State;
use crate::app::client::Client;
use crate::app::parts::device::backend;
use crate::app::state::Store;
use crate::app::text::nt_xent as text;
use crate::core::lesson::device::{LessonBatch, LessonReport};
use crate::core::lesson::matrix::{Cosines, N};
use crate::core::lesson::row::{Row, mean_loss};
use crate::core::lesson::slips::{self, Variant};
use crate::core::lesson::{VIEWS, temperature as heat};
use crate::core::nt_xent::{chance, floor};
use crate::protocol::{Event, Request};
use leptos::prelude::*;

pub fn similarities(state: State) -> AnyView {
    let wrong = RwSignal::new(false);
    let cell = move |i: usize, k: usize| {
        let value = Memo::new(move |_| state.cosines.with(|c| c.get(i, k)));
        let warm = move || format!("--heat: {:.0}%", value.get().powi(2) * 45.0);
        let set = move |event: leptos::ev::Event| {
            let typed = event_target_value(&event).parse().unwrap_or(f64::NAN);
            let taken = state.cosines.try_update(|c| c.set(i, k, typed)).unwrap_or(false);
            wrong.set(!taken);
            if !taken {
                let target: web_sys::HtmlInputElement = event_target(&event);
                target.set_value(&value.get_untracked().to_string());
            }
        };
        let inside = if i == k {
            view! { <span>"1"</span> }.into_any()
        } else {
            view! {
                <input
                    type="number"
                    min="-1"
                    max="1"
                    step="0.01"
                    aria-label=text::entry(i, k)
                    prop:value=move || value.get().to_string()
                    on:change=set
                />
            }
            .into_any()
        };
        view! { <td class:cold=move || value.get() < 0.0 style=warm>{inside}</td> }
    };
    let rows = (0..N).map(|i| {
        view! {
            <tr>
                <th scope="row">{VIEWS[i]}</th>
                {(0..N).map(|k| cell(i, k)).collect_view()}
            </tr>
        }
    });
    let verdict = move || match state.cosines.with(Cosines::embedding) {
        Ok(_) => text::POSSIBLE.to_owned(),
        Err(reason) => text::impossible(reason),
    };
    view! {
        <table class="lesson-matrix">
            <caption>{text::MATRIX}</caption>
            <thead>
                <tr>
                    <td></td>
                    {VIEWS.map(|view| view! { <th scope="col">{view}</th> }).collect_view()}
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
        <p role="alert">{move || wrong.get().then_some(text::OUT_OF_RANGE)}</p>
        <p role="status">{verdict}</p>
        {batch_now(state)}
        {reset(state)}
    }
    .into_any()
}

fn reset(state: State) -> AnyView {
    view! {
        <div class="actions">
            <button on:click=move |_| state.cosines.set(Cosines::default())>{text::RESET}</button>
        </div>
    }
    .into_any()
}

/// The batch's loss as everything stands.
fn batch_now(state: State) -> AnyView {
    let loss = move || format!("L = {:.6} at τ = {}", state.similarities().loss(state.tau.get()), state.tau.get());
    view! { <p class="lesson-result"><strong>{text::NOW}": "</strong>{loss}</p> }.into_any()
}

pub fn mask(state: State) -> AnyView {
    table(text::MASK, move || {
        let s = state.similarities();
        let mut rows = vec![[""].iter().chain(&VIEWS).map(|v| (*v).to_owned()).collect()];
        for (i, view) in VIEWS.iter().enumerate() {
            let cell = |k: usize| {
                let (class, word) = match k {
                    _ if k == i => ("out", text::OUT),
                    _ if k == s.positive(i) => ("pos", text::POSITIVE),
                    _ => ("neg", text::NEGATIVE),
                };
                let number = if k == i { "–".into() } else { s.cosine(i, k).to_string().replace('-', "−") };
                format!("<span class=\"role {class}\">{number}<small>{word}</small></span>")
            };
            rows.push(std::iter::once((*view).to_owned()).chain((0..N).map(cell)).collect());
        }
        rows
    })
}

/// The temperature, and where `group` names its radio buttons also the anchor:
/// on the page of all steps each step needs a group of its own.
pub fn controls(state: State, group: Option<&'static str>) -> AnyView {
    let anchor = move |group: &'static str, i: usize| {
        view! {
            <label>
                <input type="radio" name=group prop:checked=move || state.anchor.get() == i on:change=move |_| state.anchor.set(i) />
                <span>{VIEWS[i]}</span>
            </label>
        }
    };
    let quick = [1.0, 0.5, 0.1].map(|tau| {
        view! {
            <button aria-pressed=move || (state.tau.get() == tau).to_string() on:click=move |_| state.tau.set(tau)>
                {format!("τ = {tau}")}
            </button>
        }
    });
    let slide = move |event: leptos::ev::Event| {
        if let Ok(position) = event_target_value(&event).parse() {
            state.tau.set(heat::at(position));
        }
    };
    view! {
        {group
            .map(|group| {
                view! {
                    <fieldset class="segments">
                        <legend>{text::ANCHOR}</legend>
                        <div>{(0..N).map(|i| anchor(group, i)).collect_view()}</div>
                    </fieldset>
                }
            })}
        <div class="field">
            <label class="field-head">
                <span>{text::TAU}</span>
                <output class="field-value">{move || state.tau.get()}</output>
            </label>
            <input
                type="range"
                min="0"
                max=heat::LAST
                aria-label=text::TAU
                aria-valuetext=move || state.tau.get().to_string()
                prop:value=move || heat::position(state.tau.get())
                on:input=slide
            />
            <div class="lesson-quick">{quick.collect_view()}</div>
        </div>
    }
    .into_any()
}

fn role(first: bool) -> &'static str {
    if first { text::POSITIVE } else { text::NEGATIVE }
}

pub fn anchor(state: State) -> AnyView {
    let logits = table(text::CANDIDATES, move || {
        let (row, tau) = (state.row(), state.tau.get());
        let mut rows = vec![strings([text::CANDIDATE, "", text::COSINE, text::LOGIT])];
        rows.extend(row.candidates.iter().enumerate().map(|(n, c)| {
            let division = format!("{} / {tau} = {}", c.cosine, number(c.logit)).replace('-', "−");
            strings([VIEWS[c.pair.1], role(n == 0), &c.cosine.to_string(), &division])
        }));
        rows
    });
    let swapped = table(text::SWAPPED, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let (right, printed) = (Row::all(&s, tau), slips::rows(Variant::SwappedNegatives, &s, tau));
        let negatives = |row: &Row| row.negatives().iter().map(|c| c.cosine.to_string()).collect::<Vec<_>>().join(", ");
        let mut rows = vec![strings(text::SWAPPED_HEADS)];
        rows.extend(right.iter().zip(&printed).map(|(a, b)| {
            let mark = if negatives(a) == negatives(b) { "" } else { " ≠" };
            strings([
                VIEWS[a.anchor],
                &negatives(a),
                &format!("{:.6}", a.loss),
                &(negatives(b) + mark),
                &format!("{:.6}", b.loss),
            ])
        }));
        let (l, l_printed) = (format!("{:.6}", mean_loss(&right)), format!("{:.6}", mean_loss(&printed)));
        rows.push(strings([text::BATCH, "", &l, "", &l_printed]));
        rows
    });
    view! { {controls(state, Some("anchor"))} {logits} {swapped} }.into_any()
}

/// The row's probabilities, as numbers and as bars.
fn shares(state: State) -> AnyView {
    table(text::CANDIDATES, move || {
        let row = state.row();
        let mut rows = vec![strings([text::CANDIDATE, "", text::EXP, text::PROBABILITY])];
        rows.extend(
            row.candidates
                .iter()
                .enumerate()
                .map(|(n, c)| strings([VIEWS[c.pair.1], role(n == 0), &number(c.exp), &bar(c.probability, n == 0)])),
        );
        rows
    })
}

/// A number in a formula; the powers of ten of `number` typeset.
fn tex(x: f64) -> String {
    power(&number(x))
}

pub fn softmax(state: State) -> AnyView {
    let written = formula(move || {
        let (row, tau) = (state.row(), state.tau.get());
        let c = &row.candidates;
        let sum: Vec<String> = c.iter().map(|c| tex(c.exp)).collect();
        let powers: Vec<String> = c.iter().map(|c| format!("e^{{{}/{tau}}}", c.cosine)).collect();
        format!(
            "p &= \\frac{{\\pos{{{}}}}}{{{}}} \\\\ &= \\frac{{{}}}{{{}}} \\\\ &= \\frac{{{}}}{{{}}} = \\hot{{{}}}",
            powers[0],
            powers.join(" + "),
            sum[0],
            sum.join(" + "),
            sum[0],
            tex(row.sum),
            tex(c[0].probability)
        )
    });
    view! { {controls(state, Some("softmax"))} {shares(state)} {written} }.into_any()
}

pub fn loss(state: State) -> AnyView {
    let written = formula(move || {
        let row = state.row();
        format!("ℓ = -ln {} = \\hot{{{}}}", tex(row.positive().probability), tex(row.loss))
    });
    let mean = formula(move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let all: Vec<String> = s.losses(tau).iter().map(|l| tex(*l)).collect();
        format!("L = \\frac{{{}}}{{4}} = \\hot{{{:.6}}}", all.join(" + "), s.loss(tau))
    });
    let each = table(text::EACH, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let (right, literal) = (Row::all(&s, tau), slips::rows(Variant::LiteralOrder, &s, tau));
        let mut rows = vec![strings(text::EACH_HEADS)];
        rows.extend(right.iter().zip(&literal).map(|(a, b)| {
            let six = |x: f64| format!("{x:.6}");
            strings([VIEWS[a.anchor], &six(a.positive().probability), &six(a.loss), &six(b.loss)])
        }));
        let (l, l_literal) = (format!("{:.6}", mean_loss(&right)), format!("{:.6}", mean_loss(&literal)));
        rows.push(strings([text::BATCH, "", &l, &l_literal]));
        rows
    });
    view! { {controls(state, Some("loss"))} {written} {each} {mean} }.into_any()
}

pub fn temperature(state: State) -> AnyView {
    let lines = table(text::NOW, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let outside = mean_loss(&slips::rows(Variant::TauOutside, &s, tau));
        let line = |name: &str, x: f64| strings([name, &format!("{x:.6}")]);
        vec![
            strings(["", "L"]),
            line(text::LINES[0], chance(2)),
            line(text::LINES[1], s.loss(tau)),
            line(text::LINES[2], floor(2, tau)),
            line(text::LINES[3], outside),
        ]
    });
    view! { {controls(state, Some("temperature"))} {shares(state)} {lines} }.into_any()
}

pub fn device(state: State) -> AnyView {
    let store = Store::get();
    let client = Client::get();
    let (busy, report) = (RwSignal::new(false), RwSignal::new(None::<(LessonReport, f64)>));
    let run = move |_| {
        let Ok(z) = state.cosines.with_untracked(Cosines::embedding) else { return };
        let tau = state.tau.get_untracked();
        let right = state.cosines.with_untracked(Cosines::similarities).loss(tau);
        let z = z.into_iter().map(|x| x as f32).collect();
        busy.set(true);
        client.ask(Request::NtXent(LessonBatch { z, dim: N as u32, temperature: tau as f32 }), move |answer| {
            busy.try_set(false);
            match answer {
                Ok(Event::NtXent(found)) => drop(report.try_set(Some((found, right)))),
                Ok(_) => {}
                Err(fault) => store.notify(fault),
            }
        });
    };
    let possible = Memo::new(move |_| state.cosines.with(|c| c.embedding().is_ok()));
    let shown = move || {
        let (found, right) = report.get()?;
        let (name, loss) = (backend(&found.device.backend).to_owned(), f64::from(found.loss));
        Some(table(text::NOW, move || {
            let line = |name: &str, value: &str| strings([name, value]);
            vec![
                line(text::DEVICE, &name),
                line(text::LESSON, &format!("{right:.7}")),
                line(text::TRAINING, &format!("{loss:.7}")),
                line(text::DIFFERENCE, &format!("{:.1e}", (loss - right).abs())),
            ]
        }))
    };
    view! {
        {controls(state, None)} {batch_now(state)}
        <div class="actions">
            <button class="primary" disabled=move || busy.get() || !possible.get() on:click=run>
                {move || if busy.get() { text::RUNNING } else { text::RUN }}
            </button>
        </div>
        <p role="status">{move || (!possible.get()).then_some(text::IMPOSSIBLE_HERE)}</p>
        <div aria-live="polite">{shown}</div>
    }
    .into_any()
}
