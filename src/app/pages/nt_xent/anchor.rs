//! Steps 4 to 7: one anchor's row, its softmax, its loss, and the temperature.
//!
//! In a written line the numbers that go in have two digits more than the result.

use super::state::{NtXentSignals, TAU_POSITIONS, controls, six};
use crate::app::parts::lesson::controls::player;
use crate::app::parts::lesson::draw::{digits, formula, plain, rows, table, tex_digits as tex};
use crate::app::text::nt_xent as text;
use crate::core::lesson::nt_xent::anchor::{AnchorCandidate, AnchorRow, LossFormula, mean_loss};
use crate::core::lesson::nt_xent::views::{IMAGES, VIEW_COUNT, VIEWS};
use crate::core::nt_xent::{chance, floor};
use leptos::prelude::*;

/// The table of the anchor's candidates: after a candidate's name and role, the
/// cells that `cells` makes of it and its index.
fn candidates(
    state: NtXentSignals,
    heads: &'static [&'static str],
    cells: impl Fn(&AnchorRow, usize, &AnchorCandidate) -> Vec<String> + Send + 'static,
) -> AnyView {
    table(text::CANDIDATES, move || {
        let row = state.row();
        let mut rows = vec![[text::CANDIDATE, ""].iter().chain(heads).map(|head| (*head).to_owned()).collect()];
        rows.extend(row.candidates.iter().enumerate().map(|(n, c)| {
            let role = if n == 0 { text::POSITIVE } else { text::NEGATIVE };
            [vec![VIEWS[c.pair.1].to_owned(), role.to_owned()], cells(&row, n, c)].concat()
        }));
        rows
    })
}

/// The anchor's logits, and the losses with the tutorial's swapped rows.
pub fn logits(state: NtXentSignals) -> AnyView {
    let logits = candidates(state, &[text::COSINE, text::LOGIT], move |_, _, c| {
        let cosine = plain(c.cosine);
        let division = format!("{cosine} / {} = {}", state.tau.get(), digits(c.logit, 4));
        vec![cosine, division]
    });
    let swapped = table(text::SWAPPED, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let (right, printed) = (AnchorRow::all(&s, tau), LossFormula::SwappedNegatives.rows(&s, tau));
        let negatives =
            |row: &AnchorRow| row.negatives().iter().map(|c| plain(c.cosine)).collect::<Vec<_>>().join(", ");
        let each = right.iter().zip(&printed).map(|(a, b)| {
            let mark = if negatives(a) == negatives(b) { "" } else { " ≠" };
            [VIEWS[a.anchor].into(), negatives(a), six(a.loss), negatives(b) + mark, six(b.loss)]
        });
        let [l, l_printed] = [&right, &printed].map(|all| six(mean_loss(all)));
        let batch = [text::BATCH.into(), String::new(), l, String::new(), l_printed];
        rows(text::SWAPPED_HEADS, each.chain([batch]))
    });
    view! { {controls(state, Some("anchor"))} {logits} {swapped} }.into_any()
}

/// The row's probabilities as numbers and as bars; with `push`, also each negative's part of the push.
fn probabilities(state: NtXentSignals, push: bool) -> AnyView {
    let heads: &'static [&'static str] = &[text::EXP, text::PROBABILITY, text::SHARE];
    let heads = if push { heads } else { &heads[..2] };
    candidates(state, heads, move |row, n, c| {
        // Three columns leave less room.
        let mut cells = vec![digits(c.exp, if push { 4 } else { 6 }), bar(c.probability, n == 0)];
        if push {
            cells.push(n.checked_sub(1).map_or_else(|| "–".to_owned(), |k| bar(row.push_shares()[k], false)));
        }
        cells
    })
}

/// A number, and a bar that fills this part of its cell.
fn bar(part: f64, positive: bool) -> String {
    let class = if positive { "pos" } else { "neg" };
    format!("{}<span class=\"bar {class}\"><i style=\"width:{:.1}%\"></i></span>", digits(part, 4), part * 100.0)
}

/// `e^{0.77/0.5}` of each candidate.
fn powers(row: &AnchorRow, tau: f64) -> Vec<String> {
    row.candidates.iter().map(|c| format!("e^{{{}/{tau}}}", c.cosine)).collect()
}

/// The anchor's softmax.
pub fn softmax(state: NtXentSignals) -> AnyView {
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
    view! { {controls(state, Some("softmax"))} {probabilities(state, false)} {written} }.into_any()
}

/// The loss of the anchor, of every anchor, and of the batch.
pub fn loss(state: NtXentSignals) -> AnyView {
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
        format!("L = \\frac{{{}}}{{{VIEW_COUNT}}} = \\hot{{{}}}", all.join(" + "), tex(s.loss(tau), 6))
    });
    let each = table(text::EACH, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let (right, literal) = (AnchorRow::all(&s, tau), LossFormula::LiteralOrder.rows(&s, tau));
        let each = right.iter().zip(&literal);
        let each = each.map(|(a, b)| [VIEWS[a.anchor].into(), six(a.positive().probability), six(a.loss), six(b.loss)]);
        let batch = [text::BATCH.into(), String::new(), six(mean_loss(&right)), six(mean_loss(&literal))];
        rows(text::EACH_HEADS, each.chain([batch]))
    });
    view! { {controls(state, Some("loss"))} {written} {each} {mean} }.into_any()
}

/// The effect of τ on the probabilities of a row and on the loss.
pub fn temperature(state: NtXentSignals) -> AnyView {
    let play = player(
        text::PLAY,
        false,
        TAU_POSITIONS,
        move || state.tau_position(),
        move |position| state.set_tau_position(position),
    );
    let fractions = formula(move || {
        let (row, tau) = (state.row(), state.tau.get());
        let inside = powers(&row, tau);
        // As printed: exp of the cosine itself, over τ.
        let outside: Vec<String> = row.candidates.iter().map(|c| format!("e^{{{}}}/{tau}", c.cosine)).collect();
        let printed = LossFormula::TauOutside.row(&state.similarities(), row.anchor, tau);
        let line = |name: &str, terms: &[String], p: f64| {
            format!(
                "\\text{{{name}}} \\,\\, & \\frac{{\\pos{{{}}}}}{{{}}} = \\hot{{{}}}",
                terms[0],
                terms.join(" + "),
                tex(p, 6)
            )
        };
        [
            line(text::RIGHT, &inside, row.positive().probability),
            line(text::PRINTED, &outside, printed.positive().probability),
        ]
        .join(" \\\\ ")
    });
    let bounds = formula(move || {
        let tau = state.tau.get();
        format!(
            "\\text{{{}}} &= ln(2 * {IMAGES} - 1) = \\hot{{{}}} \\\\ \
             \\text{{{}}} &= ln(1 + (2 * {IMAGES} - 2) \\, e^{{-{IMAGES}/(({IMAGES} - 1) * {tau})}}) = \\hot{{{}}}",
            text::CHANCE,
            tex(chance(IMAGES), 6),
            text::FLOOR,
            tex(floor(IMAGES, tau), 6)
        )
    });
    let lines = table(text::LOSSES_NOW, move || {
        let (s, tau) = (state.similarities(), state.tau.get());
        let outside = mean_loss(&LossFormula::TauOutside.rows(&s, tau));
        let values = [chance(IMAGES), s.loss(tau), floor(IMAGES, tau), outside];
        rows(text::LOSS_HEADS, text::LINES.iter().zip(values).map(|(name, x)| [(*name).into(), six(x)]))
    });
    view! { {controls(state, Some("temperature"))} {play} {probabilities(state, true)} {lines} {fractions} {bounds} }
        .into_any()
}
