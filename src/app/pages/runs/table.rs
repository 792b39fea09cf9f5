//! The table of stored runs, and the curves of the runs that are ticked in it.

use super::page::{Page, ask_delete, name, time};
use crate::app::parts::chart::{Chart, MOST, Series};
use crate::app::reactive::{Show, act, derive, live, memo};
use crate::app::text::{confidence, runs as text, weights};
use crate::app::{parts::notice::fault_box, parts::widgets::Button, text::units::percent};
use crate::core::run::table::{Column, best, by_data, differing, sorted};
use crate::core::run::{Curve, RunRecord};
use crate::core::{config::pretrain_settings::START, error::Fault, nt_xent, plot::Rule};
use crate::protocol::{Event, Request, StoredChange};
use leptos::prelude::*;

/// Columns before and after those that depend on the runs.
const FIRST: [Column; 5] = [Column::Name, Column::Created, Column::Images, Column::Setting(START), Column::State];
const LAST: [Column; 4] = [Column::ValidationAccuracy, Column::TestAccuracy, Column::MacroF1, Column::Knn];

fn columns(records: &[&RunRecord]) -> Vec<Column> {
    let between = differing(records).into_iter().filter(|column| !FIRST.contains(column));
    FIRST.into_iter().chain(between).chain(LAST).collect()
}

/// Whether the column is shown because the runs differ in this setting.
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
    let shown = memo(move || page.read(|stored| columns(&stored.runs.iter().collect::<Vec<_>>())).unwrap_or_default());
    let sets = memo(move || page.read(|stored| by_data(&stored.runs.iter().collect::<Vec<_>>()).len()).unwrap_or(0));
    let head = move |key: Column| {
        let order = move || match sort.get() {
            (now, descending) if now == key => Some(if descending { "descending" } else { "ascending" }),
            _ => None,
        };
        // Numbers sort from the greatest at first.
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
            {live(move || {
                let several = page.read(|stored| stored.runs.len() > 1).unwrap_or_default();
                several.then(|| view! { <p class="muted small">{confidence::ONE_SEED}</p> })
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
    let (run, called) = (StoredValue::new(record.id.clone()), name(record));
    let drawn = memo(move || page.drawn.with(|drawn| (drawn.contains(&run.get_value()), drawn.len() >= MOST)));
    let draw = move |_| {
        let run = run.get_value();
        page.drawn.update(|drawn| match drawn.iter().position(|other| *other == run) {
            Some(place) => drop(drawn.remove(place)),
            None => drawn.push(run),
        });
    };
    let cells: Vec<AnyView> = keys.iter().map(|key| cell(page, record, *key, best, sets)).collect();
    let open = move |_| super::panel::open(page, run.get_value(), None);
    let more = move |_| super::panel::show(page, run.get_value());
    // It owns the id: it may be asked once more after the row is gone, and then a stored value would be too.
    let this = record.id.clone();
    let expanded = move || page.open.with(|open| open.as_ref() == Some(&this)).to_string();
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
                    <Button label=text::OPEN about=called.as_str() press=act(open) />
                    <Button label=text::MORE about=called attr:aria-expanded=expanded press=act(more) />
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
        Column::Created => time(record.created),
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

/// Runs that cannot be read, each with a button that deletes it.
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
                    let delete = move |_| ask_delete(page, run.clone(), &text::damaged(&run), true);
                    let button = view! { <Button label=text::DELETE about=text::damaged(id) press=act(delete) /> };
                    fault_box(&Fault::Storage(cause.clone()), button.into_any())
                })
                .collect_view()
        })
    }
}

/// Runs that were deleted in the last day, which can be brought back.
#[component]
pub fn Deleted() -> impl IntoView {
    let page = Page::get();
    let any = memo(move || page.read(|stored| !stored.deleted.is_empty()) == Some(true));
    let line = move |(record, bytes): &(RunRecord, u64)| {
        let (run, called) = (StoredValue::new(record.id.clone()), name(record));
        let back = move |_| page.change(StoredChange::BringBackRun { run: run.get_value() });
        let of_question = called.clone();
        let remove = move |_| ask_delete(page, run.get_value(), &of_question, true);
        view! {
            <li>
                <span>{text::deleted(&called, &time(record.deleted.unwrap_or_default()), *bytes)}</span>
                <span class="row-actions">
                    <Button label=text::UNDO about=called.as_str() press=act(back) />
                    <Button label=text::DELETE_FOR_GOOD about=called.as_str() press=act(remove) />
                </span>
            </li>
        }
    };
    view! {
        <Show when=move || any.get()>
            <section class="card" aria-labelledby="deleted-title">
                <h2 id="deleted-title">{text::DELETED}</h2>
                <p class="muted small">{text::DELETED_HELP}</p>
                <ul class="plain">
                    {live(move || page.read(|stored| stored.deleted.iter().map(line).collect_view()))}
                </ul>
            </section>
        </Show>
    }
}

fn four_digits(y: f64) -> String {
    format!("{y:.4}")
}

fn loss(curve: &Curve) -> Vec<(f64, f64)> {
    curve.steps.iter().map(|s| (f64::from(s.step), f64::from(s.loss))).collect()
}

fn knn(curve: &Curve) -> Vec<(f64, f64)> {
    curve.epochs.iter().map(|e| (f64::from(e.epoch), f64::from(e.knn))).collect()
}

#[component]
pub fn Curves() -> impl IntoView {
    let page = Page::get();
    let curves = RwSignal::new(Vec::<(String, Curve)>::new());
    // All curves are read again with every choice: a run under way has gone on.
    Effect::new(move || {
        let runs = page.drawn.get();
        if runs.is_empty() {
            curves.set(Vec::new());
            return;
        }
        page.client.ask(Request::Curves { runs: runs.clone() }, move |answer| match answer {
            // The choice has changed since.
            Ok(Event::Curves(_)) if page.drawn.try_get_untracked().as_ref() != Some(&runs) => {}
            Ok(Event::Curves(got)) => drop(curves.try_set(got)),
            Ok(_) | Err(Fault::Stopped) => {}
            Err(fault) => drop(page.task.failed.try_set(Some(fault))),
        });
    });
    let series = move |read: fn(&Curve) -> Vec<(f64, f64)>| {
        derive(move || {
            curves.with(|all| {
                all.iter()
                    .filter_map(|(id, curve)| {
                        let called = page.read(|s| s.runs.iter().find(|r| r.id == *id).map(name)).flatten()?;
                        Some((called, read(curve)))
                    })
                    .collect::<Vec<Series>>()
            })
        })
    };
    // The line of chance is drawn only if it is the same for all runs.
    let rules = derive(move || {
        let batches = page.read(|stored| {
            let drawn = curves.with(|all| all.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>());
            let of_drawn = stored.runs.iter().filter(|run| drawn.contains(&run.id));
            of_drawn.map(|run| run.config.batch).collect::<Vec<_>>()
        });
        match batches.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|batch| batch == first) => {
                vec![Rule { y: nt_xent::chance(*first), label: crate::app::text::pretrain::CHANCE.into() }]
            }
            _ => Vec::new(),
        }
    });
    let none = memo(move || curves.with(Vec::is_empty));
    let any_knn = memo(move || curves.with(|all| all.iter().any(|(_, curve)| !curve.epochs.is_empty())));
    view! {
        <section class="stack" aria-labelledby="curves-title">
            <h2 id="curves-title">{text::CURVES}</h2>
            <Show when=move || !none.get() fallback=|| view! { <p class="muted">{text::CURVES_NONE}</p> }>
                <div class="charts">
                    <Chart
                        title=text::LOSS
                        help=text::LOSS_HELP
                        x_name=text::STEP
                        series=series(loss)
                        of_runs=true
                        rules=rules
                        format=four_digits
                    />
                    <Show when=move || any_knn.get()>
                        <Chart
                            title=text::KNN
                            help=text::KNN_HELP
                            x_name=text::EPOCH
                            series=series(knn)
                            of_runs=true
                            format=percent
                        />
                    </Show>
                </div>
            </Show>
        </section>
    }
}
