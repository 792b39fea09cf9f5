//! For sets whose matrix nobody can read: its largest cells off the diagonal, and
//! every other cell by its class.

use super::judged::Judgement;
use super::panel::Cell;
use crate::app::reactive::act;
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
        cells.into_iter().map(|(n, cell)| button(report, open, n, cell)).collect::<Vec<_>>()
    });
    let none = list.is_empty();
    view! {
        <h3>{text::MISTAKES}</h3>
        <p class="muted small">{if none { text::NO_MISTAKES } else { text::MISTAKES_HELP }}</p>
        <ul class="mistakes">{list}</ul>
    }
}

/// One cell as an item of a list.
fn button(report: Judgement, open: RwSignal<Option<Cell>>, images: u32, cell: Cell) -> impl IntoView {
    let label = report.with_value(|r| text::cell(images, &r.classes[cell.truth], &r.classes[cell.said]));
    view! {
        <li>
            <button type="button" aria-haspopup="dialog" on:click=act(move |_| open.set(Some(cell)))>
                {label}
            </button>
        </li>
    }
}

/// One row of the matrix, of the class that is chosen.
#[component]
pub fn ByClass(report: Judgement, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let chosen = RwSignal::new(0_usize);
    let options = report.with_value(|r| {
        let classes = r.classes.iter().zip(&r.test.confusion).zip(&r.test.support).enumerate();
        let options = classes.map(|(i, ((name, row), &all))| {
            view! { <option value=i.to_string()>{text::class_choice(name, row[i], all)}</option> }
        });
        options.collect_view()
    });
    let cells = move || {
        let truth = chosen.get();
        let mut cells: Vec<(u32, usize)> = report.with_value(|r| {
            let row = r.test.confusion[truth].iter().enumerate();
            row.filter(|(_, n)| **n > 0).map(|(said, &n)| (n, said)).collect()
        });
        // What was recognised first, then the largest mistakes.
        cells.sort_by_key(|(n, said)| (*said != truth, std::cmp::Reverse(*n)));
        if cells.is_empty() {
            return view! { <p class="muted small">{text::NO_TEST_IMAGES}</p> }.into_any();
        }
        let list = cells.into_iter().map(|(n, said)| button(report, open, n, Cell { truth, said })).collect_view();
        view! { <ul class="mistakes">{list}</ul> }.into_any()
    };
    view! {
        <h3>{text::BY_CLASS}</h3>
        <p class="muted small" id="by-class-help">{text::BY_CLASS_HELP}</p>
        <label class="by-class">
            {text::TRUTH}
            <select
                aria-describedby="by-class-help"
                on:change=act(move |e| chosen.set(event_target_value(&e).parse().unwrap_or_default()))
            >
                {options}
            </select>
        </label>
        {cells}
    }
}
