//! The table of stored runs.

use super::page::{Page, ask_delete, name, started};
use crate::app::parts::chart::MOST;
use crate::app::parts::notice::fault_box;
use crate::app::reactive::{act, live, memo};
use crate::app::text::units::percent;
use crate::app::text::{runs as text, weights};
use crate::core::config::run_settings::START;
use crate::core::error::Fault;
use crate::core::run::RunRecord;
use crate::core::run::table::{Column, best, by_data, differing, sorted};
use leptos::prelude::*;

/// Columns before and after those that depend on the runs.
const FIRST: [Column; 5] = [Column::Name, Column::Created, Column::Images, Column::Setting(START), Column::State];
const LAST: [Column; 4] = [Column::ValidationAccuracy, Column::TestAccuracy, Column::MacroF1, Column::Knn];

fn columns(records: &[&RunRecord]) -> Vec<Column> {
    let between = differing(records).into_iter().filter(|column| !FIRST.contains(column));
    FIRST.into_iter().chain(between).chain(LAST).collect()
}

/// Whether a column is there because the runs' settings differ in it.
fn stands_out(key: Column) -> bool {
    matches!(key, Column::Setting(setting) if setting != START)
}

/// Ids of the best run of each set of images.
fn best_ids(records: &[&RunRecord]) -> Vec<String> {
    let of_group = |places: Vec<usize>| {
        let group: Vec<&RunRecord> = places.into_iter().map(|place| records[place]).collect();
        best(&group).map(|place| group[place].id.clone())
    };
    by_data(records).into_iter().filter_map(of_group).collect()
}

#[component]
pub fn Table() -> impl IntoView {
    let page = Page::get();
    let sort = RwSignal::new((Column::Created, true));
    let of_all = move |read: fn(&[&RunRecord]) -> Vec<Column>| {
        page.read(|stored| read(&stored.runs.iter().collect::<Vec<_>>())).unwrap_or_default()
    };
    let shown = memo(move || of_all(columns));
    let sets = memo(move || page.read(|stored| by_data(&stored.runs.iter().collect::<Vec<_>>()).len()).unwrap_or(0));
    let head = move |key: Column| {
        let order = move || match sort.get() {
            (now, descending) if now == key => Some(if descending { "descending" } else { "ascending" }),
            _ => None,
        };
        // Numbers are most wanted from the greatest down.
        let choose = move |_| {
            sort.update(|(now, descending)| {
                *descending = if *now == key { !*descending } else { !matches!(key, Column::Name | Column::Images) };
                *now = key;
            });
        };
        view! {
            <th scope="col" aria-sort=order class:differs=stands_out(key)>
                <button type="button" class="sort" on:click=act(choose)>
                    {text::heading(key)}
                    <span aria-hidden="true">
                        {live(move || match order() {
                            Some("descending") => "↓",
                            Some(_) => "↑",
                            None => "",
                        })}
                    </span>
                </button>
            </th>
        }
    };
    let rows = move || {
        page.read(|stored| {
            let records: Vec<&RunRecord> = stored.runs.iter().collect();
            let best = best_ids(&records);
            let (key, descending) = sort.get();
            let keys = columns(&records);
            sorted(&records, key, descending)
                .into_iter()
                .map(|place| row(page, records[place], &keys, best.contains(&records[place].id), sets.get() > 1))
                .collect_view()
        })
    };
    view! {
        <section class="stack" aria-labelledby="runs-title">
            <h2 id="runs-title">{text::TABLE}</h2>
            <p class="muted">{text::TABLE_HELP}</p>
            {live(move || {
                (sets.get() > 1).then(|| view! { <p class="notice warn">{text::warning(sets.get())}</p> })
            })}
            <div class="scroll runs" tabindex="0" role="region" aria-label=text::TABLE_REGION>
                <table aria-labelledby="runs-title">
                    <thead>
                        <tr>
                            <th scope="col">{text::DRAW}</th>
                            {live(move || shown.get().into_iter().map(head).collect_view())}
                            <td></td>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn row(page: Page, record: &RunRecord, keys: &[Column], best: bool, sets: bool) -> impl IntoView + use<> {
    let (id, called) = (record.id.clone(), name(record));
    let (to_draw, to_open, to_show, shown) = (id.clone(), id.clone(), id.clone(), id.clone());
    let drawn = memo(move || page.drawn.with(|drawn| (drawn.contains(&id), drawn.len() >= MOST)));
    let draw = move |_| {
        page.drawn.update(|drawn| match drawn.iter().position(|other| *other == to_draw) {
            Some(place) => drop(drawn.remove(place)),
            None => drawn.push(to_draw.clone()),
        });
    };
    let cells: Vec<AnyView> = keys.iter().map(|key| cell(page, record, *key, best, sets)).collect();
    let open = move |_| super::panel::open(page, to_open.clone(), None);
    let expanded = move || page.open.with(|open| open.as_ref() == Some(&shown)).to_string();
    view! {
        <tr class:best=best>
            <td>
                <input
                    type="checkbox"
                    aria-label=text::draw(&called)
                    prop:checked=move || drawn.get().0
                    disabled=move || drawn.get() == (false, true)
                    on:change=act(draw)
                />
            </td>
            {cells}
            <td>
                <div class="row-actions">
                    <button type="button" aria-label=text::open(&called) on:click=act(open)>
                        {text::OPEN}
                    </button>
                    <button
                        type="button"
                        aria-label=text::more(&called)
                        aria-expanded=expanded
                        on:click=act(move |_| super::panel::show(page, to_show.clone()))
                    >
                        {text::MORE}
                    </button>
                </div>
            </td>
        </tr>
    }
}

fn cell(page: Page, record: &RunRecord, key: Column, best: bool, sets: bool) -> AnyView {
    let evaluation = record.evaluation.as_ref();
    let number = |value: Option<f64>| value.map_or_else(|| text::NONE.to_owned(), percent);
    let words = match key {
        Column::Name => return view! { <th scope="row">{name(record)}</th> }.into_any(),
        Column::State => {
            let record = record.clone();
            return view! { <td>{live(move || text::state(&record, page.here(&record)))}</td> }.into_any();
        }
        Column::ValidationAccuracy => {
            let mark = best.then(|| view! { <span class="best-mark">{text::BEST}</span> });
            let number = number(record.validation_accuracy().map(f64::from));
            return view! { <td>{number} " " {mark}</td> }.into_any();
        }
        Column::TestAccuracy => {
            let used = (record.evaluations > 0).then(|| {
                view! { <span class="muted nowrap">{text::test_use(record.evaluations)}</span> }
            });
            let number = number(evaluation.map(|e| e.trained.test.accuracy));
            return view! { <td>{number} " " {used}</td> }.into_any();
        }
        Column::Created => started(record),
        Column::Images => text::images(&record.data.sources, record.data.images),
        Column::Setting(setting) if setting == START => weights::start(&record.config),
        Column::Setting(setting) => text::value(setting, &record.config),
        Column::Weights => record.weights.as_ref().map_or_else(|| text::NONE.to_owned(), weights::identity),
        Column::Device => record.device.name.clone(),
        Column::Program => record.program.clone(),
        Column::MacroF1 => number(evaluation.map(|e| e.trained.test.macro_average.f1)),
        Column::Knn => number(record.knn.map(f64::from)),
    };
    let differs = match key {
        Column::Images => sets,
        key => stands_out(key) || matches!(key, Column::Device | Column::Program),
    };
    view! { <td class:differs=differs>{words}</td> }.into_any()
}

/// Runs that cannot be read, and deleting them.
#[component]
pub fn Damaged() -> impl IntoView {
    let page = Page::get();
    move || {
        page.read(|stored| {
            stored
                .damaged
                .iter()
                .map(|(id, cause)| {
                    let run = id.clone();
                    let delete = move |_| ask_delete(page, run.clone(), text::damaged(&run));
                    let button = view! {
                        <button type="button" aria-label=text::delete(&text::damaged(id)) on:click=act(delete)>
                            {text::DELETE}
                        </button>
                    };
                    fault_box(&Fault::Storage(cause.clone()), Some(button.into_any()))
                })
                .collect_view()
        })
    }
}
