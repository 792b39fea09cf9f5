//! The table of stored runs; runs of equal settings and other seeds are one row, which unfolds.

use super::page::{Page, ask_delete, name, time};
use crate::app::parts::{chart::MOST, files::save, notice::fault_box, widgets::Button};
use crate::app::reactive::{Show, act, live, memo};
use crate::app::text::{confidence, runs as text, units::percent, weights};
use crate::core::config::pretrain_settings::{SEED, START};
use crate::core::run::group::{best, groups, results, rows, seeds};
use crate::core::run::table::{Column, by_data, differing};
use crate::core::run::{RunRecord, StoredReport, archive::tables::runs_csv};
use crate::core::{error::Fault, report::RunState};
use crate::protocol::StoredChange;
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

/// Indices of the best row of each set of images.
fn best_rows(records: &[&RunRecord], rows: &[Vec<usize>]) -> Vec<usize> {
    let firsts: Vec<&RunRecord> = rows.iter().map(|row| records[row[0]]).collect();
    let of_set = |set: Vec<usize>| {
        let rows: Vec<Vec<usize>> = set.iter().map(|&row| rows[row].clone()).collect();
        best(records, &rows).map(|at| set[at])
    };
    by_data(&firsts).into_iter().filter_map(of_set).collect()
}

/// What the rows of the table share.
#[derive(Clone, Copy)]
struct Rows {
    page: Page,
    /// Ids of runs whose groups are unfolded.
    unfolded: RwSignal<Vec<String>>,
    /// As many curves are drawn as look different from each other.
    full: Memo<bool>,
    /// The runs are of several sets of images.
    sets: bool,
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
    let (grouped, unfolded) = (RwSignal::new(true), RwSignal::new(Vec::new()));
    let any_group = memo(move || {
        let few = |stored: &StoredReport| groups(&stored.runs.iter().collect::<Vec<_>>()).len() < stored.runs.len();
        page.read(few).unwrap_or_default()
    });
    let full = memo(move || {
        let drawn = page.drawn.get();
        let of = |stored: &StoredReport| {
            groups(&stored.runs.iter().filter(|run| drawn.contains(&run.id)).collect::<Vec<_>>()).len()
        };
        page.read(of).is_some_and(|curves| curves >= MOST)
    });
    let body = move || {
        let shared = Rows { page, unfolded, full, sets: sets.get() > 1 };
        page.read(|stored| {
            let records: Vec<&RunRecord> = stored.runs.iter().collect();
            let (key, descending) = sort.get();
            let keys = columns(&records);
            let rows = rows(&records, key, descending, grouped.get());
            let best = best_rows(&records, &rows);
            let view = |(at, row): (usize, &Vec<usize>)| {
                let runs: Vec<&RunRecord> = row.iter().map(|&place| records[place]).collect();
                shared.row_or_group(&runs, &keys, best.contains(&at))
            };
            rows.iter().enumerate().map(view).collect_view()
        })
    };
    let csv = move |_| {
        if let Some(table) = page.read(|stored| runs_csv(&stored.runs.iter().collect::<Vec<_>>())) {
            save(text::CSV_FILE, "text/csv;charset=utf-8", &table.into());
        }
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
                let words = if any_group.get() { text::GROUPS_HELP } else { confidence::ONE_SEED };
                several.then(|| view! { <p class="muted small">{words}</p> })
            })}
            <Show when=move || any_group.get()>
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=grouped
                        on:change=act(move |e| grouped.set(event_target_checked(&e)))
                    />
                    {text::GROUPED}
                </label>
            </Show>
            <div class="scroll runs" tabindex="0" role="region" aria-label=text::TABLE_REGION>
                <table aria-labelledby="runs-title">
                    <thead>
                        <tr>
                            <th scope="col">{text::DRAW}</th>
                            {live(move || shown.get().into_iter().map(head).collect_view())}
                            <td></td>
                        </tr>
                    </thead>
                    <tbody>{body}</tbody>
                </table>
            </div>
            <p class="actions"><Button label=text::CSV press=act(csv) /></p>
        </section>
    }
}

impl Rows {
    /// The row of a run, or that of a group and, while it is unfolded, those of its runs.
    fn row_or_group(self, runs: &[&RunRecord], keys: &[Column], best: bool) -> AnyView {
        if let [run] = runs {
            return self.row(run, keys, best).into_any();
        }
        let unfolded = self.unfolded.with(|open| runs.iter().any(|run| open.contains(&run.id)));
        let inner = unfolded.then(|| runs.iter().map(|run| self.row(run, keys, false)).collect_view());
        view! {
            {self.group(runs, keys, best)}
            {inner}
        }
        .into_any()
    }

    fn row(self, record: &RunRecord, keys: &[Column], best: bool) -> impl IntoView + use<> {
        let (page, called) = (self.page, name(record));
        let run = StoredValue::new(record.id.clone());
        let cells: Vec<AnyView> = keys.iter().map(|key| self.cell(record, *key, best)).collect();
        let open = move |_| super::panel::open(page, run.get_value(), None);
        let more = move |_| super::panel::show(page, run.get_value());
        // It owns the id: it may be asked once more after the row is gone, and then a stored value would be too.
        let this = record.id.clone();
        let expanded = move || page.open.with(|open| open.as_ref() == Some(&this)).to_string();
        view! {
            <tr class:best=best>
                <td>{self.draw(vec![record.id.clone()], &called)}</td>
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

    fn group(self, runs: &[&RunRecord], keys: &[Column], best: bool) -> impl IntoView + use<> {
        let unfolded = self.unfolded;
        let ids: Vec<String> = runs.iter().map(|run| run.id.clone()).collect();
        let called = text::group(&name(earliest(runs)), seeds(runs));
        let cells: Vec<AnyView> = keys.iter().map(|key| self.group_cell(runs, *key, best)).collect();
        let (draw, these) = (self.draw(ids.clone(), &called), ids.clone());
        let unfold = move |_| {
            unfolded.update(|open| {
                let before = open.len();
                open.retain(|id| !these.contains(id));
                if open.len() == before {
                    open.extend(these.first().cloned());
                }
            });
        };
        let expanded = move || unfolded.with(|open| ids.iter().any(|id| open.contains(id))).to_string();
        view! {
            <tr class="group" class:best=best>
                <td>{draw}</td>
                {cells}
                <td>
                    <div class="row-actions">
                        <Button label=text::UNFOLD about=called attr:aria-expanded=expanded press=act(unfold) />
                    </div>
                </td>
            </tr>
        }
    }

    /// Ticks runs to be drawn. Where some of a group are, as those before a new seed, the rest needs no curve more.
    fn draw(self, runs: Vec<String>, called: &str) -> impl IntoView + use<> {
        let Self { page, full, .. } = self;
        let of = runs.clone();
        let count = memo(move || page.drawn.with(|drawn| of.iter().filter(|run| drawn.contains(run)).count()));
        let all = runs.len();
        let drawn = move || count.get() == all;
        let draw = move |_| {
            let was = count.get_untracked() == all;
            page.drawn.update(|drawn| {
                drawn.retain(|run| !runs.contains(run));
                if !was {
                    drawn.extend(runs.iter().cloned());
                }
            });
        };
        view! {
            <input
                type="checkbox"
                aria-label=text::draw(called)
                prop:checked=drawn
                prop:indeterminate=move || (1..all).contains(&count.get())
                disabled=move || full.get() && count.get() == 0
                on:change=act(draw)
            />
        }
    }

    fn cell(self, record: &RunRecord, key: Column, best: bool) -> AnyView {
        let page = self.page;
        let number = || key.result(record).map_or_else(|| text::NONE.to_owned(), percent);
        match key {
            Column::Name => view! { <th scope="row">{name(record)}</th> }.into_any(),
            Column::State => {
                let record = record.clone();
                view! { <td>{live(move || text::state(&record, page.here(&record)))}</td> }.into_any()
            }
            Column::ValidationAccuracy => view! { <td>{number()} " " {best_mark(best)}</td> }.into_any(),
            Column::TestAccuracy => {
                let used = (record.evaluations > 0).then(|| {
                    view! { <span class="muted nowrap">{text::test_use(record.evaluations)}</span> }
                });
                view! { <td>{number()} " " {used}</td> }.into_any()
            }
            Column::MacroF1 | Column::Knn => view! { <td>{number()}</td> }.into_any(),
            key => view! { <td class:differs=self.differs(key)>{plain(record, key)}</td> }.into_any(),
        }
    }

    fn group_cell(self, runs: &[&RunRecord], key: Column, best: bool) -> AnyView {
        let first = earliest(runs);
        let words = match key {
            Column::Name => {
                return view! { <th scope="row">{text::group(&name(first), seeds(runs))}</th> }.into_any();
            }
            Column::ValidationAccuracy | Column::TestAccuracy | Column::MacroF1 | Column::Knn => {
                let words = results(runs, key).summary().map_or_else(|| text::NONE.to_owned(), confidence::summary);
                let mark = best_mark(best && key == Column::ValidationAccuracy);
                return view! { <td><span class="nowrap">{words}</span> " " {mark}</td> }.into_any();
            }
            Column::State => {
                let ended = runs.iter().filter(|run| run.state == RunState::Finished).count();
                text::ended(ended, runs.len())
            }
            Column::Created => plain(first, key),
            Column::Setting(setting) if setting == SEED => text::seeds(seeds(runs)),
            key if runs.iter().any(|run| plain(run, key) != plain(first, key)) => text::SEVERAL.to_owned(),
            key => plain(first, key),
        };
        view! { <td class:differs=self.differs(key)>{words}</td> }.into_any()
    }

    fn differs(self, key: Column) -> bool {
        match key {
            Column::Images => self.sets,
            key => stands_out(key) || matches!(key, Column::Device | Column::Program),
        }
    }
}

/// The run of a group that began first.
fn earliest<'a>(runs: &[&'a RunRecord]) -> &'a RunRecord {
    runs.iter().fold(runs[0], |first, run| if run.created < first.created { run } else { first })
}

fn best_mark(best: bool) -> impl IntoView {
    best.then(|| view! { <span class="best-mark">{text::BEST}</span> })
}

/// What stands in a column that is no result and does not change by itself.
fn plain(record: &RunRecord, key: Column) -> String {
    match key {
        Column::Created => time(record.created),
        Column::Images => text::images(&record.data.sources, record.data.images),
        Column::Setting(setting) if setting == START => weights::start(&record.config),
        Column::Setting(setting) => text::value(setting, &record.config),
        Column::Weights => record.weights.as_ref().map_or_else(|| text::NONE.to_owned(), weights::identity),
        Column::Device => record.device.name.clone(),
        Column::Program => record.program.clone(),
        _ => String::new(),
    }
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
