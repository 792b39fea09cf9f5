//! Steps 4 to 6: one anchor's row, its softmax and its loss; and what chooses anchor and temperature.

use super::draw::{bar, digits, formula, number, plain, six, strings, table, tex};
use super::state::State;
use crate::app::reactive::{act, live};
use crate::app::text::nt_xent as text;
use crate::core::lesson::matrix::N;
use crate::core::lesson::row::{Row, mean_loss};
use crate::core::lesson::slips::{self, Variant};
use crate::core::lesson::temperature as heat;
use crate::core::lesson::views::VIEWS;
use leptos::prelude::*;

/// The temperature, and where `group` names its radio buttons also the anchor:
/// on the page of all steps each step needs a group of its own.
pub fn controls(state: State, group: Option<&'static str>) -> AnyView {
    let anchor = move |group: &'static str, i: usize| {
        view! {
            <label>
                <input type="radio" name=group prop:checked=move || state.anchor.get() == i on:change=act(move |_| state.anchor.set(i)) />
                <span>{VIEWS[i]}</span>
            </label>
        }
    };
    let quick = [1.0, 0.5, 0.1].map(|tau| {
        view! {
            <button aria-pressed=move || (state.tau.get() == tau).to_string() on:click=act(move |_| state.tau.set(tau))>
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
                <output class="field-value">{live(move || state.tau.get())}</output>
            </label>
            <input
                type="range"
                min="0"
                max=heat::LAST
                aria-label=text::TAU
                aria-valuetext=move || state.tau.get().to_string()
                prop:value=move || heat::position(state.tau.get())
                on:input=act(slide)
            />
            <div class="lesson-quick">{quick.collect_view()}</div>
        </div>
    }
    .into_any()
}

pub fn role(first: bool) -> &'static str {
    if first { text::POSITIVE } else { text::NEGATIVE }
}

pub fn anchor(state: State) -> AnyView {
    let logits = table(text::CANDIDATES, move || {
        let (row, tau) = (state.row(), state.tau.get());
        let mut rows = vec![strings([text::CANDIDATE, "", text::COSINE, text::LOGIT])];
        rows.extend(row.candidates.iter().enumerate().map(|(n, c)| {
            let division = format!("{} / {tau} = {}", plain(c.cosine), number(c.logit));
            strings([VIEWS[c.pair.1], role(n == 0), &plain(c.cosine), &division])
        }));
        rows
    });
    let swapped = table(text::SWAPPED, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let (right, printed) = (Row::all(&s, tau), slips::rows(Variant::SwappedNegatives, &s, tau));
        let negatives = |row: &Row| row.negatives().iter().map(|c| plain(c.cosine)).collect::<Vec<_>>().join(", ");
        let mut rows = vec![strings(text::SWAPPED_HEADS)];
        rows.extend(right.iter().zip(&printed).map(|(a, b)| {
            let mark = if negatives(a) == negatives(b) { "" } else { " ≠" };
            strings([VIEWS[a.anchor], &negatives(a), &six(a.loss), &(negatives(b) + mark), &six(b.loss)])
        }));
        let (l, l_printed) = (six(mean_loss(&right)), six(mean_loss(&printed)));
        rows.push(strings([text::BATCH, "", &l, "", &l_printed]));
        rows
    });
    view! { {controls(state, Some("anchor"))} {logits} {swapped} }.into_any()
}

/// The row's probabilities, as numbers and as bars; with `push`, also which
/// negatives dominate.
pub fn shares(state: State, push: bool) -> AnyView {
    table(text::CANDIDATES, move || {
        let row = state.row();
        let heads = [text::CANDIDATE, "", text::EXP, text::PROBABILITY, text::SHARE];
        let parts = heat::shares(&row);
        // A column more leaves less room.
        let places = if push { 4 } else { 6 };
        let cells = heads.len() - usize::from(!push);
        let mut rows = vec![strings(heads)];
        rows.extend(row.candidates.iter().enumerate().map(|(n, c)| {
            let share = n.checked_sub(1).map_or_else(|| "–".to_owned(), |k| bar(parts[k], false));
            strings([VIEWS[c.pair.1], role(n == 0), &digits(c.exp, places), &bar(c.probability, n == 0), &share])
        }));
        rows.iter_mut().for_each(|row| row.truncate(cells));
        rows
    })
}

/// `e^{0.77/0.5}` of each candidate.
pub fn powers(row: &Row, tau: f64) -> Vec<String> {
    row.candidates.iter().map(|c| format!("e^{{{}/{tau}}}", c.cosine)).collect()
}

// Here and below, what goes into a line has two digits more than what comes out.
pub fn softmax(state: State) -> AnyView {
    let written = formula(move || {
        let (row, tau) = (state.row(), state.tau.get());
        let exps: Vec<String> = row.candidates.iter().map(|c| tex(c.exp, 6)).collect();
        let powers = powers(&row, tau);
        format!(
            "p &= \\frac{{\\pos{{{}}}}}{{{}}} \\\\ &= \\frac{{{}}}{{{}}} \\\\ &= \\frac{{{}}}{{{}}} = \\hot{{{}}}",
            powers[0],
            powers.join(" + "),
            exps[0],
            exps.join(" + "),
            exps[0],
            tex(row.sum, 5),
            tex(row.positive().probability, 4)
        )
    });
    view! { {controls(state, Some("softmax"))} {shares(state, false)} {written} }.into_any()
}

pub fn loss(state: State) -> AnyView {
    let written = formula(move || {
        let row = state.row();
        let p = row.positive().probability;
        // Near 1 a probability's digits do not tell its logarithm.
        let p = if p < 0.99 { tex(p, 8) } else { format!("\\frac{{1}}{{1 + {}}}", tex(row.odds(), 8)) };
        format!("ℓ = -ln \\, {p} = \\hot{{{}}}", tex(row.loss, 6))
    });
    let mean = formula(move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let all: Vec<String> = s.losses(tau).iter().map(|l| tex(*l, 8)).collect();
        format!("L = \\frac{{{}}}{{{N}}} = \\hot{{{}}}", all.join(" + "), tex(s.loss(tau), 6))
    });
    let each = table(text::EACH, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let (right, literal) = (Row::all(&s, tau), slips::rows(Variant::LiteralOrder, &s, tau));
        let mut rows = vec![strings(text::EACH_HEADS)];
        rows.extend(
            right
                .iter()
                .zip(&literal)
                .map(|(a, b)| strings([VIEWS[a.anchor], &six(a.positive().probability), &six(a.loss), &six(b.loss)])),
        );
        rows.push(strings([text::BATCH, "", &six(mean_loss(&right)), &six(mean_loss(&literal))]));
        rows
    });
    view! { {controls(state, Some("loss"))} {written} {each} {mean} }.into_any()
}
