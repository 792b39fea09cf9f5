//! The confusion matrix. Its numbers are buttons that open the images behind them. A set with too
//! many classes has a list of its largest mistakes and one row of the matrix in its place.

use super::predictions::Predictions;
use crate::app::client::{Client, Task};
use crate::app::parts::notice::FaultAlert;
use crate::app::parts::widgets::{Button, Picture, modal};
use crate::app::reactive::{Show, act, live};
use crate::app::text::{evaluate as text, images, units::counted};
use crate::core::dataset::folders;
use crate::core::report::Picture as Pixels;
use crate::protocol::{Event, Request};
use leptos::ev::KeyboardEvent;
use leptos::html::Table;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A matrix of more classes is shown as a list of its largest mistakes, and one row at a time.
const MOST_CLASSES: usize = 30;

#[component]
pub fn Matrix(report: Predictions) -> impl IntoView {
    let open = RwSignal::new(None);
    let classes = report.with_value(|r| r.classes.len());
    let inside = if classes > MOST_CLASSES {
        view! { <Mistakes report=report open=open /><ByClass report=report open=open /> }.into_any()
    } else {
        view! { <Grid report=report open=open /> }.into_any()
    };
    view! {
        <section class="card" aria-labelledby="matrix-title">
            <h2 id="matrix-title">{text::MATRIX}</h2>
            {inside}
        </section>
        <CellImages report=report open=open />
    }
}

#[component]
fn Grid(report: Predictions, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let table = NodeRef::<Table>::new();
    let (columns, head, rows) = report.with_value(|r| {
        let names = r.classes.iter().map(|name| {
            view! { <th scope="col" class="said" title=name.clone()><span>{name.clone()}</span></th> }
        });
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
                    <th scope="row" class="truth" title=name.clone()>{name.clone()}</th>
                    {cells}
                </tr>
            }
        });
        (r.classes.len(), names.collect_view(), rows.collect_view())
    });
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

/// One cell: a button, unless its count is 0.
fn number(report: Predictions, open: RwSignal<Option<Cell>>, cell: Cell, count: u32, total: u32) -> impl IntoView {
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
    view! { <td class=class style=format!("--share: {share:.3}")>{inside}</td> }
}

/// Arrow keys move the focus to the next button in their direction, skipping empty cells.
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
    // The page does not scroll.
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

/// The most mistakes listed.
const MOST_MISTAKES: usize = 40;

#[component]
fn Mistakes(report: Predictions, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let list = report.with_value(|r| {
        let mut cells: Vec<(u32, Cell)> = r
            .test
            .confusion
            .iter()
            .enumerate()
            .flat_map(|(truth, row)| row.iter().enumerate().map(move |(said, &n)| (n, Cell { truth, said })))
            .filter(|(n, cell)| *n > 0 && cell.truth != cell.said)
            .collect();
        // The sort is stable: of equal counts the first class stays first.
        cells.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        cells.truncate(MOST_MISTAKES);
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
fn button(report: Predictions, open: RwSignal<Option<Cell>>, images: u32, cell: Cell) -> impl IntoView {
    let label = report.with_value(|r| text::cell(images, &r.classes[cell.truth], &r.classes[cell.said]));
    view! {
        <li>
            <button type="button" aria-haspopup="dialog" on:click=act(move |_| open.set(Some(cell)))>{label}</button>
        </li>
    }
}

/// The row of the matrix of a class that the user chooses.
#[component]
fn ByClass(report: Predictions, open: RwSignal<Option<Cell>>) -> impl IntoView {
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
        // Recognised images first, then the largest mistakes.
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

/// Images fetched at a time.
const PAGE: usize = 48;

/// A cell by class indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    truth: usize,
    said: usize,
}

/// A dialog over the page while a cell is open.
#[component]
fn CellImages(report: Predictions, open: RwSignal<Option<Cell>>) -> impl IntoView {
    let dialog = modal(move || open.with(Option::is_some));
    let title =
        move || open.get().map(|c| report.with_value(|r| text::cell_title(&r.classes[c.truth], &r.classes[c.said])));
    view! {
        <dialog class="panel" node_ref=dialog aria-labelledby="panel-title" on:close=act(move |_| open.set(None))>
            <div class="panel-head">
                <h2 id="panel-title">{title}</h2>
                <Button label=text::CLOSE kind="quiet" press=act(move |_| open.set(None)) />
            </div>
            {live(move || open.get().map(|cell| view! { <Images report=report cell=cell /> }))}
        </dialog>
    }
}

#[component]
fn Images(report: Predictions, cell: Cell) -> impl IntoView {
    let client = Client::get();
    let indices = report.with_value(|r| {
        let all = r.truth.iter().zip(&r.predicted).zip(&r.test_images);
        let of_cell = all.filter(|((t, p), _)| usize::from(**t) == cell.truth && usize::from(**p) == cell.said);
        of_cell.map(|(_, &index)| index).collect::<Vec<_>>()
    });
    let total = indices.len();
    let indices = StoredValue::new(indices);
    let pictures = RwSignal::new(Vec::<Pixels>::new());
    let task = Task::default();
    let more = move || {
        let from = pictures.with_untracked(Vec::len);
        let indices = indices.with_value(|all| all[from..(from + PAGE).min(total)].to_vec());
        client.run(task, Request::Pictures { indices }, Vec::new(), move |answer| {
            if let Event::Pictures(mut list) = answer {
                pictures.try_update(|all| all.append(&mut list));
            }
        });
    };
    more();
    let shown = move || pictures.with(Vec::len);
    let rest = move || !task.busy.get() && (1..total).contains(&shown());
    let figure = |pixels: Pixels| {
        let name = pixels.name.clone();
        // The folder is the class, which the heading says.
        let short = folders::file_name(&name).to_owned();
        view! {
            <li>
                <figure>
                    <Picture pixels=pixels alt=name.clone() />
                    <figcaption class="file-name" title=name>{short}</figcaption>
                </figure>
            </li>
        }
    };
    view! {
        <p class="muted small">{counted(total, "image")}</p>
        <FaultAlert fault=task.failed />
        <ul class="panel-images" aria-busy=move || task.busy.get().to_string()>
            <For each=move || pictures.get() key=|p| p.index children=figure />
        </ul>
        <Show when=move || task.busy.get()><p role="status">{text::LOADING_PICTURES}</p></Show>
        <Show when=rest>
            <Button label=move || images::show_more(shown(), total) press=act(move |_| more()) />
        </Show>
    }
}
