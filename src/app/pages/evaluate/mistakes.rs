//! The largest cells off the diagonal, for sets whose matrix nobody can read.

use super::judged::Judgement;
use super::panel::Cell;
use crate::app::text::evaluate as text;
use leptos::prelude::*;

/// Mistakes listed.
const MOST: usize = 40;

#[component]
pub fn Mistakes(report: Judgement, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let list = report.with_value(|r| {
        let mut cells: Vec<(u32, Cell)> = r
            .test
            .confusion
            .iter()
            .enumerate()
            .flat_map(|(truth, row)| row.iter().enumerate().map(move |(said, &n)| (n, Cell { truth, said })))
            .filter(|(n, cell)| *n > 0 && cell.truth != cell.said)
            .collect();
        // Stable: of equal counts the first class stays first.
        cells.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        cells.truncate(MOST);
        cells
            .into_iter()
            .map(|(n, cell)| {
                let label = text::cell(n, &r.classes[cell.truth], &r.classes[cell.said]);
                view! {
                    <li>
                        <button type="button" aria-haspopup="dialog" on:click=move |_| open.set(Some(cell))>
                            {label}
                        </button>
                    </li>
                }
            })
            .collect::<Vec<_>>()
    });
    let none = list.is_empty();
    view! {
        <h3>{text::MISTAKES}</h3>
        <p class="muted small">{if none { text::NO_MISTAKES } else { text::MISTAKES_HELP }}</p>
        <ul class="mistakes">{list}</ul>
    }
}
