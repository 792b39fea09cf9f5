//! The confusion matrix; its numbers are buttons that open the images behind.

use super::judged::Judgement;
use super::mistakes::{ByClass, Mistakes};
use super::panel::Cell;
use crate::app::reactive::act;
use crate::app::text::evaluate as text;
use leptos::ev::KeyboardEvent;
use leptos::html::Table;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// With more classes than this the matrix is a list of its largest mistakes, and
/// one of its rows at a time.
const MOST: usize = 30;

#[component]
pub fn Matrix(report: Judgement, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let classes = report.with_value(|r| r.classes.len());
    let inside = if classes > MOST {
        view! { <Mistakes report=report open=open /><ByClass report=report open=open /> }.into_any()
    } else {
        view! { <Grid report=report open=open /> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="matrix-title">
            <h2 id="matrix-title">{text::MATRIX}</h2>
            {inside}
        </section>
    }
}

#[component]
fn Grid(report: Judgement, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let table = NodeRef::<Table>::new();
    let head = report.with_value(|r| {
        let names = r.classes.iter().map(|name| {
            let label = name.clone();
            view! {
                <th scope="col" class="said" title=label>
                    <span>{name.clone()}</span>
                </th>
            }
        });
        names.collect_view()
    });
    let rows = report.with_value(|r| {
        let rows = r.classes.iter().enumerate().map(|(truth, name)| {
            let total = r.test.support.get(truth).copied().unwrap_or_default();
            let cells = (0..r.classes.len())
                .map(|said| {
                    let count = r.test.confusion[truth][said];
                    number(report, open, Cell { truth, said }, count, total)
                })
                .collect_view();
            view! {
                <tr>
                    <th scope="row" class="truth" title=name.clone()>
                        {name.clone()}
                    </th>
                    {cells}
                </tr>
            }
        });
        rows.collect_view()
    });
    let columns = report.with_value(|r| r.classes.len());
    view! {
        <p class="muted small">{text::MATRIX_HELP}</p>
        <div class="scroll-x" tabindex="0" role="group" aria-labelledby="matrix-title">
            <table class="matrix" node_ref=table on:keydown=act(move |event| move_focus(&event, table, columns))>
                <thead>
                    <tr>
                        <th scope="col" class="corner">{text::TRUTH}</th>
                        <th scope="colgroup" colspan=columns class="axis">{text::SAID}</th>
                    </tr>
                    <tr>
                        <td></td>
                        {head}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// One cell: a button where there are images behind it.
fn number(report: Judgement, open: RwSignal<Option<Cell>>, cell: Cell, count: u32, total: u32) -> impl IntoView {
    let Cell { truth, said } = cell;
    let share = f64::from(count) / f64::from(total.max(1));
    let class = if truth == said { "right" } else { "wrong" };
    let inside = if count == 0 {
        view! { <span class="none">"0"</span> }.into_any()
    } else {
        let label = report.with_value(|r| text::cell(count, &r.classes[truth], &r.classes[said]));
        view! {
            <button
                type="button"
                class="cell"
                data-cell=format!("{truth}-{said}")
                aria-label=label
                aria-haspopup="dialog"
                on:click=act(move |_| open.set(Some(cell)))
            >
                {count}
            </button>
        }
        .into_any()
    };
    view! {
        <td class=class style=format!("--share: {share:.3}")>
            {inside}
        </td>
    }
}

/// Arrow keys go to the next number in their direction, over empty cells.
fn move_focus(event: &KeyboardEvent, table: NodeRef<Table>, classes: usize) {
    let (down, right) = match event.key().as_str() {
        "ArrowUp" => (-1, 0),
        "ArrowDown" => (1, 0),
        "ArrowLeft" => (0, -1),
        "ArrowRight" => (0, 1),
        _ => return,
    };
    let target = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok());
    let at = target.and_then(|t| t.get_attribute("data-cell"));
    let Some((row, column)) = at.as_deref().and_then(|at| at.split_once('-')) else { return };
    let (Ok(mut row), Ok(mut column)) = (row.parse::<i64>(), column.parse::<i64>()) else { return };
    let Some(table) = table.get_untracked() else { return };
    // Not the page's scrolling.
    event.prevent_default();
    let inside = 0..classes as i64;
    loop {
        (row, column) = (row + down, column + right);
        if !inside.contains(&row) || !inside.contains(&column) {
            return;
        }
        let found = table.query_selector(&format!("[data-cell='{row}-{column}']")).ok().flatten();
        if let Some(button) = found.and_then(|b| b.dyn_into::<HtmlElement>().ok()) {
            let _ = button.focus();
            return;
        }
    }
}
