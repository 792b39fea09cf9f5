//! Step 7: what τ does to the weights of a row and to the loss.

use super::draw::{formula, six, strings, table, tex};
use super::row::{controls, powers, shares};
use super::state::State;
use crate::app::parts::lesson::{Range, player};
use crate::app::text::nt_xent as text;
use crate::core::lesson::matrix::N;
use crate::core::lesson::row::mean_loss;
use crate::core::lesson::slips::{self, Variant};
use crate::core::lesson::temperature as heat;
use crate::core::nt_xent::{chance, floor};
use leptos::prelude::*;

/// Images of the example.
const IMAGES: usize = N / 2;

pub fn temperature(state: State) -> AnyView {
    let positions = Range { min: 0.0, max: f64::from(heat::LAST), step: 1.0 };
    let play = player(
        text::PLAY,
        false,
        positions,
        move || f64::from(heat::position(state.tau.get_untracked())),
        move |at| state.tau.set(heat::at(at as u32)),
    );
    let fractions = formula(move || {
        let (tau, s) = (state.tau.get(), state.similarities());
        let anchor = state.anchor.get();
        let row = state.row();
        let inside = powers(&row, tau);
        // As printed: exp of the cosine itself, over τ.
        let outside: Vec<String> =
            powers(&row, 1.0).iter().map(|e| format!("{}/{tau}", e.replace("/1}", "}"))).collect();
        let printed = slips::row(Variant::TauOutside, &s, anchor, tau);
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
        let outside = mean_loss(&slips::rows(Variant::TauOutside, &s, tau));
        let values = [chance(IMAGES), s.loss(tau), floor(IMAGES, tau), outside];
        let mut rows = vec![strings(["", "L"])];
        rows.extend(text::LINES.iter().zip(values).map(|(name, x)| strings([name, &six(x)])));
        rows
    });
    view! { {controls(state, Some("temperature"))} {play} {shares(state, true)} {lines} {fractions} {bounds} }
        .into_any()
}
