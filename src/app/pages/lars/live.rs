//! The last step: λ of every layer of the run under way on this page.

use super::draw::{Line, lines, number};
use super::state::State;
use super::steps::Shown;
use crate::app::parts::lesson::draw::strings;
use crate::app::text::lars as text;
use crate::core::lesson::lars::live::History;
use crate::core::plot::spread;
use leptos::prelude::*;

/// Columns of the table at most: steps of the run.
const COLUMNS: usize = 5;

pub fn run(state: State) -> Shown {
    state.store.trust.with(|history| match history.range() {
        Some(range) => shown(history, range),
        None => {
            let other = history.layers().is_empty() && state.store.run.get().is_active();
            Shown { words: if other { text::NOT_LARS } else { text::NO_RUN }.into(), ..Shown::default() }
        }
    })
}

fn shown(history: &History, [low, high]: [f64; 2]) -> Shown {
    let moments = history.moments();
    let (first, last) = (moments[0], moments[moments.len() - 1]);
    let all: Vec<Line> = history
        .layers()
        .iter()
        .enumerate()
        .map(|(i, name)| Line { name, points: history.of(i), words: number(f64::from(last.ratios[i])) })
        .collect();
    let columns = spread(&moments, COLUMNS);
    let head = columns.iter().map(|m| text::step(m.step));
    let mut rows: Vec<Vec<String>> = vec![strings([text::LAYER]).into_iter().chain(head).collect()];
    rows.extend(history.layers().iter().enumerate().map(|(i, name)| {
        let cells = columns.iter().map(|m| number(f64::from(m.ratios[i])));
        std::iter::once(name.clone()).chain(cells).collect()
    }));
    let ratios = || last.ratios.iter().copied().map(f64::from);
    let apart = ratios().fold(0.0, f64::max) / ratios().fold(f64::INFINITY, f64::min);
    Shown {
        formula: String::new(),
        words: text::live(last.step, apart),
        picture: lines(&text::live_picture(first.step, last.step), &all, [low, high]),
        caption: text::LIVE_CAPTION.into(),
        rows,
    }
}
