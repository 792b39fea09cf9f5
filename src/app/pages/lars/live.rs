//! The last step: λ of every layer of the run on this page, or of the recorded
//! one until there is any.

use super::draw::{Line, lines, number, tex};
use super::state::State;
use super::steps::Shown;
use crate::app::parts::lesson::draw::strings;
use crate::app::reactive::{live, memo};
use crate::app::router::Link;
use crate::app::text::lars as text;
use crate::core::lars::adapts;
use crate::core::lesson::lars::layer::{ends, spread as spread_of};
use crate::core::lesson::lars::live::History;
use crate::core::lesson::lars::recorded::runs;
use crate::core::plot::spread;
use crate::core::report::TrustRatios;
use leptos::prelude::*;

/// Columns of the table at most: steps of the run.
const COLUMNS: usize = 5;

pub fn run(state: State) -> Shown {
    state.store.trust.with(|history| match history.range() {
        Some(range) => shown(history, range),
        None => {
            let other = history.layers().is_empty() && state.store.run.get().is_active();
            let history = recorded();
            let words = if other { text::NOT_LARS } else { text::NO_RUN }.into();
            history.range().map_or_else(Shown::default, |range| Shown { words, ..shown(&history, range) })
        }
    })
}

/// Where a run of one's own is started; nothing once there is one.
pub fn start(state: State) -> AnyView {
    let none = memo(move || state.store.trust.with(|history| history.range().is_none()));
    view! {
        {live(move || {
            none.get()
                .then(|| {
                    view! {
                        <div class="actions">
                            <Link to="/pretrain" attr:class="button">{text::TO_PRETRAIN}</Link>
                        </div>
                    }
                })
        })}
    }
    .into_any()
}

fn recorded() -> History {
    let run = &runs()[0];
    let names = run.tensors.iter().filter(|t| adapts(&t.shape)).map(|t| t.name.to_owned());
    let mut history = History::new(names.collect());
    for moment in &run.moments {
        let ratios = moment.parts().iter().map(|p| p.ratio as f32).collect();
        history.push(&TrustRatios { step: moment.step, ratios });
    }
    history
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
    let ratios = last.ratios.iter().copied().map(f64::from);
    let [least, most] = ends(ratios.clone());
    let apart = spread_of(ratios);
    Shown {
        formula: format!(
            "\\frac{{λ_{{max}}}}{{λ_{{min}}}} = \\frac{{{}}}{{{}}} = \\hot{{{apart:.1}}}",
            tex(most),
            tex(least)
        ),
        words: text::live(last.step, apart),
        picture: lines(&text::live_picture(first.step, last.step), &all, [low, high]),
        tables: vec![(text::LIVE_CAPTION.into(), rows)],
    }
}
